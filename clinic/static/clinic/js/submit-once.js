// A form that is on its way cannot be sent again; its pressed button shows that it is busy.
// Forms with data-download leave the page where it is, so they stay live.
const sent = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || "download" in form.dataset || isHtmx(form, event.submitter)) return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  event.submitter?.setAttribute("aria-busy", "true");
});

// A page that comes back from the browser's memory starts fresh.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) sent.delete(form);
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

function isHtmx(form, submitter) {
  return form.hasAttribute("hx-post") || Boolean(submitter?.hasAttribute("hx-post"));
}
