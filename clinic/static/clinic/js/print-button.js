// [data-print] opens the browser's print window. The button is `hidden` in the page, because without script it could do nothing.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
