// The admin's search-as-you-type choices get the name of their label, which their own script leaves out.
// jQuery runs what waits for the page in the order of asking, and this file is loaded after the admin's.
window.django.jQuery(() => {
  for (const choice of document.querySelectorAll("select.admin-autocomplete[id]")) {
    const label = document.querySelector(`label[for="${choice.id}"]`);
    const shown = document.getElementById(`select2-${choice.id}-container`);
    if (label && shown) shown.setAttribute("aria-label", label.textContent.trim().replace(/:$/, ""));
  }
});
