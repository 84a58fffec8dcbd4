// Filters apply at once: a change in a form[data-auto-submit] sends it, and its [data-apply] button is not needed.
const hideApply = (root) => {
  for (const button of root.querySelectorAll("form[data-auto-submit] [data-apply]")) button.hidden = true;
};

hideApply(document);
document.addEventListener("htmx:afterSwap", (event) => hideApply(event.target));
document.addEventListener("change", (event) => event.target.closest?.("form[data-auto-submit]")?.requestSubmit());
