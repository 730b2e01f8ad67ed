// Lists: j and k walk, enter opens; chosen columns and saved views live in the address.
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, dialog, .dropdown-menu") || event.ctrlKey || event.metaKey || event.altKey) return;
    const table = document.querySelector("table[data-keyboard]");
    if (!table) return;
    const rows = all("tbody tr", table);
    const at = rows.findIndex((row) => row.classList.contains("row-at"));
    if (event.key === "Enter" && at >= 0 && !event.target.closest("a, button")) {
      rows[at].querySelector("a")?.click();
    } else if (event.key === "j" || event.key === "k") {
      const next = Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)));
      rows.forEach((row, i) => row.classList.toggle("row-at", i === next));
      rows[next]?.scrollIntoView({ block: "nearest" });
    }
  });

  const go = (query) => { location.search = query.toString(); };
  document.addEventListener("change", (event) => {
    const box = event.target.closest("[data-column]");
    if (!box) return;
    event.stopPropagation();
    const boxes = all("[data-column]", box.closest(".columns-menu"));
    const names = boxes.filter((one) => one.checked).map((one) => one.dataset.column);
    if (!names.length) { box.checked = true; return; }
    const query = new URLSearchParams(location.search);
    query.set("columns", names.join(","));
    go(query);
  }, true);

  // Saved views: a name for an address, in this browser.
  const stored = (path) => { try { return JSON.parse(localStorage.getItem(`views:${path}`)) || {}; } catch { return {}; } };
  const store = (path, views) => { try { localStorage.setItem(`views:${path}`, JSON.stringify(views)); } catch { /* forbidden here */ } };
  function item(tag, words, act) {
    const made = document.createElement(tag);
    made.className = "dropdown-item";
    made.textContent = words;
    if (act) made.addEventListener("click", act);
    return made;
  }
  function draw(holder) {
    const path = holder.dataset.views, menu = holder.querySelector(".views-menu"), views = stored(path);
    menu.replaceChildren();
    for (const [name, query] of Object.entries(views)) {
      const line = document.createElement("span");
      line.className = "view-line";
      const link = item("a", name);
      link.href = path + query;
      const away = item("button", "×", () => { delete views[name]; store(path, views); draw(holder); });
      away.className = "btn btn-ghost btn-icon";
      away.setAttribute("aria-label", `Forget ${name}`);
      line.append(link, away);
      menu.append(line);
    }
    const form = document.createElement("form");
    form.className = "view-new";
    const field = document.createElement("input");
    Object.assign(field, { className: "form-control", placeholder: "Name this view", maxLength: 40, required: true });
    field.setAttribute("aria-label", "Name of the view");
    const button = document.createElement("button");
    button.className = "btn";
    button.textContent = "Keep";
    form.append(field, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      const query = new URLSearchParams(location.search);
      query.delete("page");
      views[field.value.trim()] = `?${query}`;
      store(path, views);
      draw(holder);
    });
    menu.append(form);
  }
  const prepare = () => all("[data-views]").forEach(draw);
  document.addEventListener("htmx:load", prepare);
  prepare();
})();
