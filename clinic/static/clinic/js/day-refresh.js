// The day sheet asks for itself every 20 seconds while somebody looks at it. Rows never move under a pointer or the focus:
// then a button says how many changes wait. What is older than a minute says that it is not live.
const STALE = 60_000;
let fresh = Date.now();
let wanted = false; // somebody asked to see the changes

const sheet = () => document.querySelector("[data-live]");
const part = (name) => sheet()?.querySelector(`[data-live-${name}]`);
const refresh = () => sheet()?.dispatchEvent(new CustomEvent("refresh"));

document.addEventListener("htmx:configRequest", (event) => {
  if (event.target !== sheet()) return;
  if (document.hidden) event.preventDefault();
  else event.detail.headers["If-None-Match"] = event.target.dataset.stamp;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== sheet()) return;
  const answer = event.detail.xhr;
  const ours = answer.getResponseHeader("ETag"); // a sign-in page is not
  if (!ours) {
    event.detail.shouldSwap = false;
    return;
  }
  fresh = Date.now();
  event.detail.shouldSwap = answer.status === 200 && (wanted || !inUse());
  wanted = false;
  if (event.detail.shouldSwap) return;
  if (answer.status === 304) showTime(answer.getResponseHeader("X-Updated"));
  else offer(Number(answer.getResponseHeader("X-Changes")));
});

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-live-show]")) return;
  wanted = true;
  refresh();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});

window.setInterval(() => {
  const late = part("late");
  if (!late) return;
  late.hidden = Date.now() - fresh < STALE;
  if (!late.hidden && !late.textContent) late.textContent = late.dataset.text.replace("TIME", clock(fresh));
}, 5_000);

// In use: the pointer or the focus is among the rows, or a menu is open.
function inUse() {
  const rows = [...sheet().querySelectorAll(".day-table tbody, .board")];
  return rows.some((part) => part.matches(":hover") || part.contains(document.activeElement) || part.querySelector("details[open]"));
}

function offer(number) {
  const button = part("show");
  if (!number) return;
  const words = number === 1 ? button.dataset.one : button.dataset.many.replace("N", number);
  if (button.textContent === words && !button.hidden) return;
  button.textContent = words;
  button.hidden = false;
  document.getElementById("status").textContent = words;
}

function showTime(time) {
  const shown = part("updated");
  if (shown && time) shown.textContent = shown.textContent.replace(/\d\d:\d\d/, time);
  const late = part("late");
  if (late) late.textContent = "";
}

function clock(moment) {
  return new Date(moment).toTimeString().slice(0, 5);
}
