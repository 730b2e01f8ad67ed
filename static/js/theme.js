// Light or dark, settled before the first paint: the system's wish, or what was chosen here.
(() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const apply = () => { root.dataset.bsTheme = chosen() || (system.matches ? "dark" : "light"); };
  apply();
  system.addEventListener("change", apply);
  window.toggleTheme = () => {
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", next); } catch { /* private window: for this page only */ }
    root.dataset.bsTheme = next;
    document.dispatchEvent(new CustomEvent("theme"));
  };
})();
