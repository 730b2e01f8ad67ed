// The steps of instructions: added, moved and removed in place, limits shown by kind. Without this
// file the numbers, the boxes "Remove" and the spare step do the same.
(() => {
  const EXPECTED = { check: "Expected answer", text: "Expected text", scan: "Expected code", consumption: "Materials expected" };
  const part = (step, name) => step.querySelector(`[name$="-${name}"]`);
  const live = (list) => [...list.children].filter((step) => !part(step, "DELETE").checked);
  const say = (list, words) => { list.closest("form").querySelector("[data-steps-said]").textContent = words; };
  const typed = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

  // What the kind does not ask for is put away, unless something stands in it or is wrong with it.
  function fit(step) {
    const kind = part(step, "kind").value;
    step.querySelectorAll("[data-for]").forEach((box) => {
      const field = box.querySelector("input");
      box.hidden = !box.dataset.for.split(" ").includes(kind) && !field.value && !box.querySelector(".field-error");
    });
    const label = step.querySelector(".span-expected label");
    if (label && EXPECTED[kind]) label.firstChild.textContent = `${EXPECTED[kind]} `;
  }
  function name(step) {
    step.querySelector("[data-step-name]").textContent = part(step, "code").value || "New step";
  }
  function number(list) {
    const steps = live(list);
    steps.forEach((step, at) => {
      part(step, "ORDER").value = at + 1;
      step.querySelector("[data-step-up]").disabled = at === 0;
      step.querySelector("[data-step-down]").disabled = at === steps.length - 1;
    });
  }
  function dress(step) {
    step.querySelectorAll("[data-step-order], [data-step-delete]").forEach((box) => { box.hidden = true; });
    step.querySelectorAll("[data-step-up], [data-step-down], [data-step-remove]").forEach((button) => { button.hidden = false; });
    step.hidden = part(step, "DELETE").checked;
    fit(step);
    name(step);
  }
  function blank(list) {
    const form = list.closest("form"), total = form.elements[`${list.dataset.steps}-TOTAL_FORMS`];
    const at = Number(total.value);
    if (at >= Number(form.elements[`${list.dataset.steps}-MAX_NUM_FORMS`].value)) {
      say(list, "No more steps fit into one record.");
      return null;
    }
    const holder = document.createElement("template");
    holder.innerHTML = form.querySelector("[data-step-blank]").innerHTML.replaceAll("__prefix__", at);
    const step = holder.content.firstElementChild;
    total.value = at + 1;
    return step;
  }
  function add(list, after) {
    const step = blank(list);
    if (!step) return;
    if (after) after.after(step); else list.append(step);
    dress(step);
    number(list);
    part(step, "code").focus();
    say(list, "A step was added.");
  }
  function move(list, step, by) {
    const steps = live(list), at = steps.indexOf(step), other = steps[at + by];
    if (!other) return;
    const focused = document.activeElement;
    if (by < 0) other.before(step); else other.after(step);
    number(list);
    if (step.contains(focused)) (focused.disabled ? step.querySelector(`[data-step-${by < 0 ? "down" : "up"}]`) : focused).focus();
    typed(part(step, "ORDER"));
    step.scrollIntoView({ block: "nearest" });
    say(list, `${part(step, "code").value || "The step"} is now number ${at + by + 1} of ${steps.length}.`);
  }
  // A removed step goes when the draft is saved; until then it can be kept.
  function offer(list, step) {
    const undo = document.createElement("p"), button = document.createElement("button");
    undo.className = "master-step-gone";
    undo.append(`Step ${part(step, "code").value || "without a code"} will be removed. `);
    Object.assign(button, { type: "button", className: "btn btn-sm", textContent: "Keep it" });
    undo.append(button);
    list.closest("form").querySelector("[data-step-add]").before(undo);
    button.addEventListener("click", () => {
      undo.remove();
      part(step, "DELETE").checked = false;
      step.hidden = false;
      number(list);
      typed(part(step, "DELETE"));
      part(step, "code").focus();
    });
  }
  function remove(list, step) {
    const steps = live(list), at = steps.indexOf(step), next = steps[at + 1] || steps[at - 1];
    part(step, "DELETE").checked = true;
    step.hidden = true;
    number(list);
    typed(part(step, "DELETE"));
    offer(list, step);
    (next ? part(next, "code") : list.closest("form").querySelector("[data-step-add]")).focus();
    say(list, "The step will be removed when you save.");
  }
  // Steps that were added, and typed into, before the page was left: their fields come back too.
  function again(list) {
    const form = list.closest("form");
    let kept;
    try { kept = JSON.parse(sessionStorage.getItem(`keep:${document.body.dataset.person || ""}:${form.dataset.keep}`)); } catch { return; }
    if (!kept) return;
    const most = Math.max(-1, ...Object.keys(kept).map((key) => Number(/^steps-(\d+)-code$/.exec(key)?.[1] ?? -1)));
    while (Number(form.elements[`${list.dataset.steps}-TOTAL_FORMS`].value) <= most) {
      const step = blank(list);
      if (!step) break;
      list.append(step);
      step.querySelectorAll("input, select, textarea").forEach((field) => {
        if (field.type === "checkbox") field.checked = kept[`${field.name}=${field.value}`] ?? field.checked;
        else field.value = kept[field.name] ?? field.value;
      });
    }
    const place = (step) => Number(part(step, "ORDER").value) || Infinity;
    [...list.children].sort((one, other) => place(one) - place(other)).forEach((step) => list.append(step));
  }
  // The spare step is for those without this file; the first of an empty record stays.
  function trim(list) {
    const total = list.closest("form").elements[`${list.dataset.steps}-TOTAL_FORMS`];
    const last = () => list.querySelector(`[name="${list.dataset.steps}-${Number(total.value) - 1}-code"]`)?.closest("[data-step]");
    const isBlank = (step) => ["code", "title", "instruction", "unit", "lower", "upper", "expected"].every((name) => !part(step, name).value);
    for (let step = last(); list.children.length > 1 && step && isBlank(step); step = last()) {
      step.remove();
      total.value = Number(total.value) - 1;
    }
  }
  function prepare(from, isNew) {
    from.querySelectorAll("[data-steps]").forEach((list) => {
      if (isNew) again(list);
      trim(list);
      [...list.children].forEach((step) => { dress(step); if (step.hidden) offer(list, step); });
      number(list);
      list.closest("form").querySelectorAll("[data-step-add], [data-steps-hint]").forEach((one) => { one.hidden = false; });
    });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step-add], [data-step-up], [data-step-down], [data-step-remove]");
    if (!button) return;
    const list = button.closest("form").querySelector("[data-steps]"), step = button.closest("[data-step]");
    if (button.matches("[data-step-add]")) add(list);
    else if (button.matches("[data-step-up]")) move(list, step, -1);
    else if (button.matches("[data-step-down]")) move(list, step, 1);
    else remove(list, step);
  });
  document.addEventListener("keydown", (event) => {
    const step = event.altKey && !event.ctrlKey && !event.metaKey && event.target.closest("[data-step]");
    if (!step || !["ArrowUp", "ArrowDown", "Enter"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Enter") add(step.parentElement, step);
    else move(step.parentElement, step, event.key === "ArrowUp" ? -1 : 1);
  });
  document.addEventListener("input", (event) => {
    const step = event.target.closest("[data-step]");
    if (step) { fit(step); name(step); }
  });
  prepare(document, true);
  document.addEventListener("htmx:load", (event) => prepare(event.target.closest(".verb") || event.target, false));
})();
