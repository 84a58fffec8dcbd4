// Panels under the rows of .due-list: one at a time, and Esc closes it. The button that opened it has the focus again.
const panels = () => document.querySelectorAll(".due-list .row-panel [data-panel]");

document.addEventListener("htmx:beforeSwap", (event) => {
  const body = event.target.closest?.(".due-list tbody");
  if (!body) return;
  for (const panel of panels()) if (!body.contains(panel)) panel.closest(".row-panel").remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const body = event.target === document.body ? document : event.target.closest?.(".due-list tbody");
  body?.querySelector("[data-panel] [data-close]")?.click();
});

// One call is about all of a patient's courses: their other rows are read again.
document.addEventListener("htmx:afterSwap", (event) => {
  const body = event.target.closest?.(".due-list tbody") ?? event.detail.elt?.closest?.(".due-list tbody");
  const patient = body?.querySelector(".row-panel .notice-success") && body.dataset.patient;
  if (!patient) return;
  for (const other of document.querySelectorAll(`.due-list tbody[data-patient="${patient}"]`)) {
    if (other !== body) window.htmx.ajax("GET", other.dataset.row, { target: other, swap: "outerHTML" });
  }
});

// A panel that was opened has the focus, where something is wrong in it the field; one that was closed gives it back to
// the button that opened it.
let opened = "";
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.closest?.(".row-actions")) opened = event.detail.elt.getAttribute("href");
});

document.addEventListener("htmx:afterSettle", (event) => {
  const asked = event.detail.requestConfig?.elt;
  if (asked?.matches?.("[data-close]")) document.querySelector(`.due-list a[href="${opened}"]`)?.focus();
  const panel = asked?.closest?.(".row-actions, [data-panel]") && panels()[0];
  if (!panel) return;
  const wrong = panel.querySelector(".is-invalid");
  if (wrong || !panel.contains(document.activeElement)) (wrong ?? panel.querySelector("input:not([type=hidden]), select, button, a"))?.focus();
});

// On a phone the tabs scroll: the open one is in sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
