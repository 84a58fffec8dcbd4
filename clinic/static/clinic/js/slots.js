// The times of a form[data-slots], on its page or in a row. A chosen time is held: the panel asks for it at the event
// "slot-chosen", and for the verdict of another day at "day-chosen". A listed and a typed time never stand side by side.
const formOf = (event) => event.target.closest?.("form[data-slots]");

document.addEventListener("change", (event) => {
  const form = formOf(event);
  if (!form || event.target.name !== "slot") return;
  if (form.elements.starts) form.elements.starts.value = "";
  send(form, "[data-slot-panel]", "slot-chosen");
});

document.addEventListener("input", (event) => {
  const form = formOf(event);
  if (form && event.target.name === "starts" && event.target.value) {
    for (const radio of form.querySelectorAll("[name=slot]:checked")) radio.checked = false;
  }
});

// Enter chooses a time; the button that confirms it is the next stop.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !formOf(event) || event.target.name !== "slot") return;
  event.preventDefault();
  if (!event.target.checked) event.target.click();
  if (event.target.closest(".day-part")) document.getElementById("confirm")?.focus();
});

// Another day was chosen in the month: the typed day follows, and the panel speaks of it.
document.addEventListener("click", (event) => {
  const form = formOf(event);
  if (!form) return;
  const day = event.target.closest("#month [name=use_day]");
  if (day && form.elements.on) form.elements.on.value = day.value;
  if (event.target.closest("[name=take]") && form.elements.starts) form.elements.starts.value = "";
});

document.addEventListener("htmx:afterSettle", (event) => {
  const form = formOf(event);
  if (!form) return;
  if (event.target.id === "day-times") mark(form, form.querySelector("#chosen-day")?.value);
  if (["month", "day-times"].includes(event.target.id)) send(form, "[data-day-panel]", "day-chosen");
});

// A pressed day brings its times alone: its frame in the month moves here.
function mark(form, day) {
  for (const cell of form.querySelectorAll("#month td.month-chosen")) {
    cell.classList.remove("month-chosen");
    cell.querySelector("[aria-current]")?.removeAttribute("aria-current");
  }
  const pressed = document.getElementById(`day-${day}`);
  pressed?.setAttribute("aria-current", "date");
  pressed?.closest("td").classList.add("month-chosen");
}

function send(form, to, name) {
  form.querySelector(to)?.dispatchEvent(new CustomEvent(name));
}
