// Tables of form rows: one more row at the end, numbered on. Without this file the spare rows serve.
(() => {
  const prepare = () => document.querySelectorAll("[data-add-row]").forEach((button) => { button.hidden = false; });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-row]");
    if (!button) return;
    const name = button.dataset.addRow, form = button.form;
    const total = form.elements[`${name}-TOTAL_FORMS`], most = Number(form.elements[`${name}-MAX_NUM_FORMS`].value);
    const body = form.querySelector(`[data-rows="${name}"] tbody`), last = body.lastElementChild;
    const number = Number(total.value);
    if (number >= most) { button.disabled = true; return; }
    const row = last.cloneNode(true);
    row.querySelectorAll(".field-error").forEach((error) => error.remove());
    row.querySelectorAll("input, select").forEach((field) => {
      field.name = field.name.replace(`-${number - 1}-`, `-${number}-`);
      field.id = field.id.replace(`-${number - 1}-`, `-${number}-`);
      field.classList.remove("is-invalid");
      if (field.type === "checkbox") field.checked = field.name.endsWith("-required");
      else field.value = "";
    });
    body.append(row);
    total.value = number + 1;
    row.querySelector("input").focus();
  });
  prepare();
  document.addEventListener("htmx:load", prepare);
})();
