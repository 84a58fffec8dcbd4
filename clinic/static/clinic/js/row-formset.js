// Rows of a Django formset, added and taken away in the page.
//   <… data-formset="injections">         the formset's prefix; holds everything below and the management form
//     <tbody data-formset-rows>           one element [data-formset-row] per form
//     <template data-formset-empty>       the empty form, with __prefix__
//     <button type="button" data-formset-add hidden>   and in each row   <button type="button" data-formset-remove hidden>
//     <output data-formset-sum="units">   the sum of all fields of that name; [hidden] around it goes with data-formset-only
//     <select data-formset-copy>          a new row takes over what the row before it says
// A saved row is ticked for deletion and hidden; a new one leaves, and the ones behind it move up.
for (const formset of document.querySelectorAll("[data-formset]")) start(formset);

function start(formset) {
  const prefix = formset.dataset.formset;
  const rows = formset.querySelector("[data-formset-rows]");
  const empty = formset.querySelector("template[data-formset-empty]");
  const count = formset.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
  const initial = Number(formset.querySelector(`[name="${prefix}-INITIAL_FORMS"]`)?.value ?? 0);

  showButtons(formset);
  total(formset);

  formset.addEventListener("input", () => total(formset));
  formset.addEventListener("click", (event) => {
    if (event.target.closest("[data-formset-add]")) add();
    const remove = event.target.closest("[data-formset-remove]");
    if (remove) take(remove.closest("[data-formset-row]"));
  });

  function add() {
    const holder = document.createElement("template");
    holder.innerHTML = empty.innerHTML.replaceAll("__prefix__", count.value);
    const row = holder.content.querySelector("[data-formset-row]");
    copy(rows.lastElementChild, row);
    rows.append(row);
    count.value = Number(count.value) + 1;
    showButtons(row);
    row.querySelector("select, input:not([type=hidden])")?.focus();
    changed();
  }

  function take(row) {
    const all = [...rows.querySelectorAll("[data-formset-row]")];
    const index = all.indexOf(row);
    const beside = (all[index + 1] ?? all[index - 1])?.querySelector("select, input:not([type=hidden])");
    const deleted = row.querySelector(`[name="${prefix}-${index}-DELETE"]`);
    if (index < initial && deleted) {
      deleted.checked = true;
      row.hidden = true;
    } else {
      row.remove();
      for (let number = index + 1; number < all.length; number += 1) renumber(all[number], prefix, number, number - 1);
      count.value = Number(count.value) - 1;
    }
    (beside ?? formset.querySelector("[data-formset-add]"))?.focus();
    changed();
  }

  function changed() {
    total(formset);
    formset.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function renumber(row, prefix, from, to) {
  const pattern = `${prefix}-${from}-`;
  for (const element of [row, ...row.querySelectorAll("*")]) {
    for (const attribute of element.attributes) {
      if (attribute.value.includes(pattern)) attribute.value = attribute.value.replaceAll(pattern, `${prefix}-${to}-`);
    }
  }
}

function copy(before, row) {
  const fields = before?.querySelectorAll("[data-formset-copy]") ?? [];
  row.querySelectorAll("[data-formset-copy]").forEach((field, index) => {
    if (fields[index]) field.value = fields[index].value;
  });
}

function showButtons(root) {
  for (const button of root.querySelectorAll("[data-formset-add], [data-formset-remove], [data-formset-only]")) button.hidden = false;
}

function total(formset) {
  for (const output of formset.querySelectorAll("[data-formset-sum]")) {
    const fields = formset.querySelectorAll(`[data-formset-row]:not([hidden]) [name$="-${output.dataset.formsetSum}"]`);
    const sum = [...fields].reduce((before, field) => before + hundredths(field.value), 0);
    output.value = String(sum / 100);
  }
}

// Units have at most two decimal places; whole hundredths keep the sum exact.
function hundredths(text) {
  const value = Number(text.trim().replace(",", "."));
  return Number.isFinite(value) && value > 0 ? Math.round(value * 100) : 0;
}
