// Panels under the rows of .due-list: one at a time, and Esc closes it. The button that opened it has the focus again.
const panels = () => document.querySelectorAll(".due-list .row-panel [data-panel]");

document.addEventListener("htmx:beforeSwap", (event) => {
  const body = event.target.closest?.(".due-list tbody");
  if (!body) return;
  for (const panel of panels()) if (!body.contains(panel)) panel.closest(".row-panel").remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.target.closest?.("[data-panel]")?.querySelector("[data-close]")?.click();
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

// A panel that was closed gives the focus back to the button that opened it.
let opened = "";
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.closest?.(".row-actions")) opened = event.detail.elt.getAttribute("href");
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.requestConfig?.elt?.matches?.("[data-close]")) document.querySelector(`.due-list a[href="${opened}"]`)?.focus();
});

// On a phone the tabs scroll: the open one is in sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
