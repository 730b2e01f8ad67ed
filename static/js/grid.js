// Results grid: Enter and the arrow keys walk from value to value; the form is sent by its button.
(() => {
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("[data-grid]");
    const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!field || !step || event.ctrlKey || event.metaKey) return;
    const fields = [...field.form.querySelectorAll("[data-grid]")];
    const next = fields[fields.indexOf(field) + step];
    event.preventDefault();
    if (next) { next.focus(); next.select(); }
    else if (event.key === "Enter") field.form.querySelector("button[type=submit]").focus();
  });
})();
