// A request that did not arrive, or was not answered well, says so in one line and keeps the page as it is.
const line = document.querySelector("[data-connection-line]");

if (line) {
  document.addEventListener("htmx:sendError", () => show(line.dataset.lost));
  document.addEventListener("htmx:timeout", () => show(line.dataset.lost));
  document.addEventListener("htmx:responseError", (event) => {
    show(event.detail.xhr.status === 401 || event.detail.xhr.status === 403 ? line.dataset.refused : line.dataset.failed);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) show("");
  });
}

function show(text) {
  if (line.textContent !== text) line.textContent = text;
}
