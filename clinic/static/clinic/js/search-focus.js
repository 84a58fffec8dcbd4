// Ctrl+K or Cmd+K puts the cursor into the search field, from anywhere.
const field = document.querySelector("[data-search]");

if (field) {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || event.altKey || event.shiftKey || event.ctrlKey === event.metaKey) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}
