// An idle session ends; what was typed stays in this tab for the same person. The server ends it
// by itself a little later (cdmo/access/gate.py); this page only says so in time.
(() => {
  const { person, idle } = document.body.dataset;
  const keys = () => Object.keys(sessionStorage).filter((key) => /^(keep|again):/.test(key));
  const forget = (which) => { try { keys().filter(which).forEach((key) => sessionStorage.removeItem(key)); } catch { /* forbidden */ } };

  // What somebody typed is for nobody else: not for whoever signs in next, not after signing out.
  if (person) forget((key) => !key.startsWith(`keep:${person}:`) && key !== `again:${person}`);
  document.addEventListener("submit", (event) => {
    if (new URL(event.target.action, location).pathname === "/accounts/logout/") forget(() => true);
  });
  if (!person || !Number(idle)) return;

  const limit = Number(idle) * 1000, every = Math.min(60000, limit / 10), warn = Math.min(120000, limit / 4);
  const SEEN = `seen:${person}`; // all tabs of this browser share one session
  let told = Date.now(), lastPing = Date.now(), box = null;
  const seen = () => { try { return Math.max(told, Number(localStorage.getItem(SEEN)) || 0); } catch { return told; } };
  const token = () => document.cookie.split("; ").find((part) => /^(__Host-)?csrftoken=/.test(part))?.split("=")[1] || document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
  const post = (address, headers = {}) => fetch(address, { method: "POST", headers: { "X-CSRFToken": token(), ...headers }, redirect: "manual" });

  function active() {
    if (box) return; // the question wants an answer
    told = Date.now();
    try { localStorage.setItem(SEEN, told); } catch { /* forbidden */ }
    if (told - lastPing > every) ping();
  }
  function ping() {
    lastPing = Date.now();
    post("/accounts/alive/").catch(() => { /* no connection: the next one tells */ });
  }
  for (const what of ["keydown", "pointerdown", "input", "wheel", "touchstart"]) document.addEventListener(what, active, { capture: true, passive: true });

  // What a page asks by itself does not mean that somebody is there.
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.triggeringEvent) event.detail.headers["X-Unattended"] = "1";
  });

  function ask() {
    box = document.createElement("dialog");
    box.className = "sheet idle-sheet";
    box.setAttribute("aria-labelledby", "idle-title");
    box.innerHTML = '<div class="verb"><div class="verb-head"><h2 class="verb-title" id="idle-title">Are you still there?</h2></div><p>You will be signed out in <strong data-left></strong>. What you typed stays in this tab and is here again when you sign in.</p><div class="verb-foot"><button class="btn" type="button" data-out>Sign out now</button><button class="btn btn-primary" type="button" data-stay>Stay signed in</button></div></div>';
    document.body.append(box);
    box.addEventListener("close", stay);
    box.querySelector("[data-stay]").addEventListener("click", () => box.close());
    box.querySelector("[data-out]").addEventListener("click", end);
    box.showModal();
    box.querySelector("[data-stay]").focus();
  }
  function stay() {
    box?.remove();
    box = null;
    active();
    ping();
  }
  async function end() {
    clearInterval(timer);
    const form = document.querySelector("#dialog[open] form[data-keep]");
    try { sessionStorage.setItem(`again:${person}`, JSON.stringify({ page: location.pathname, dialog: form?.dataset.keep || "" })); } catch { /* full or forbidden */ }
    try { await post("/accounts/logout/", { "X-Unattended": "1" }); } catch { /* the server ends it itself */ }
    location.href = `/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
  }
  const timer = setInterval(() => {
    const left = seen() + limit - Date.now();
    if (left <= 0) { end(); return; }
    if (left <= warn && !box) ask();
    else if (left > warn && box) { box.removeEventListener("close", stay); box.remove(); box = null; } // another tab said so
    if (box) box.querySelector("[data-left]").textContent = `${Math.ceil(left / 1000)} s`;
  }, 500);

  // Back after signing in again: open the dialog that was open; app.js fills in what was typed.
  window.addEventListener("load", () => {
    let again;
    try {
      again = JSON.parse(sessionStorage.getItem(`again:${person}`));
      sessionStorage.removeItem(`again:${person}`);
    } catch { return; }
    if (!again?.dialog || again.page !== location.pathname) return;
    [...document.querySelectorAll("a[data-dialog]")].find((link) => new URL(link.href).pathname === again.dialog)?.click();
  });
})();
