// Dialogs, what was typed, ended sessions, clocks. Every page works without this file.
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Dialogs: a link with data-dialog opens its page's form over this page.
  const dialog = $("#dialog");
  let opener = null;
  async function open(link) {
    if (opener === link) return; // a double click asks once
    opener = link;
    const answer = await fetch(link.href, { headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
    if (!answer.ok || answer.redirected) throw new Error("a page of its own");
    const form = await answer.text();
    if (opener !== link) return; // another link was pressed meanwhile
    $("#dialog-body").innerHTML = form;
    htmx.process($("#dialog-body"));
    prepare($("#dialog-body"));
    if (!dialog.open) dialog.showModal();
    ($("input:not([type=hidden]), textarea, select", dialog) || $(".verb", dialog))?.focus();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && dialog && window.htmx && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      open(link).catch(() => { opener = null; location.href = link.href; });
    } else if (event.target.closest("[data-dialog-close]") && dialog?.open) {
      event.preventDefault();
      dialog.close();
    } else if (event.target.closest("[data-theme-toggle]")) {
      window.toggleTheme();
    } else if (event.target.closest("[data-back]")) {
      history.back();
    } else if (event.target.closest("[data-print]")) {
      window.print();
    }
  });
  dialog?.addEventListener("close", () => { $("#dialog-body").replaceChildren(); opener?.focus(); opener = null; });

  // What was typed is kept in this tab, for this person, until it has been taken.
  const keyOf = (form) => `keep:${document.body.dataset.person || ""}:${form.dataset.keep}`;
  const kept = (field) => field.name && !/otp$/.test(field.name) && !["password", "file", "hidden", "submit"].includes(field.type);
  function save(form) {
    const typed = {};
    for (const field of form.elements) {
      if (!kept(field)) continue;
      if (field.type === "checkbox" || field.type === "radio") typed[`${field.name}=${field.value}`] = field.checked;
      else typed[field.name] = field.value;
    }
    try { sessionStorage.setItem(keyOf(form), JSON.stringify(typed)); } catch { /* full or forbidden */ }
  }
  function restore(form) {
    let typed;
    try { typed = JSON.parse(sessionStorage.getItem(keyOf(form))); } catch { return; }
    if (!typed) return;
    for (const field of form.elements) {
      if (!kept(field)) continue;
      const key = field.type === "checkbox" || field.type === "radio" ? `${field.name}=${field.value}` : field.name;
      if (!(key in typed)) continue;
      if (key === field.name) field.value = typed[key]; else field.checked = typed[key];
    }
  }
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-keep]");
    if (form) save(form);
  });
  function prepare(from) {
    all("form[data-keep]", from).forEach(restore);
    for (const box of all(".table-scroll:not([tabindex])", from)) {
      // Whoever has no mouse scrolls a wide table with the arrow keys.
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) Object.assign(box, { tabIndex: 0, role: "region", ariaLabel: "Table" });
    }
    tick();
  }

  // What went wrong on the way is said in the form; it stays as it is.
  function say(near, words, link) {
    const place = near.closest(".verb") || $("#messages");
    if (!place) return;
    $(".notice", place)?.remove();
    const notice = document.createElement("div");
    notice.className = "alert alert-warning notice";
    notice.setAttribute("role", "alert");
    notice.append(words);
    if (link) {
      const anchor = document.createElement("a");
      Object.assign(anchor, { href: link, target: "_blank", rel: "noopener", textContent: "Sign in again" });
      notice.append(" ", anchor);
    }
    place.prepend(notice);
    notice.scrollIntoView({ block: "nearest" });
  }
  const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.split("=")[1];
  document.addEventListener("htmx:configRequest", (event) => {
    // Signing in again in another tab renews the token; the form still has the old one.
    const token = cookie("csrftoken") || cookie("__Host-csrftoken");
    if (token && event.detail.verb !== "get") {
      event.detail.headers["X-CSRFToken"] = token;
      if (event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = token;
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    const number = event.detail.xhr.getResponseHeader("X-Request-ID");
    if (status === 401) say(event.target, "You have been signed out. What you typed is still here: sign in in another tab, then press again.", "/accounts/login/");
    else if (status === 404) say(event.target, "This record is no longer here, or not among those you may see.");
    else say(event.target, `Something broke on our side. Nothing was saved, and what you typed is still here. Number of this request: ${number}.`);
  });
  document.addEventListener("htmx:sendError", (event) => say(event.target, "No connection. What you typed is still here: press again when you are back."));
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const form = event.target.closest?.("form[data-keep]");
    if (form && event.detail.requestConfig.verb === "post" && event.detail.xhr.status < 400) {
      try { sessionStorage.removeItem(keyOf(form)); } catch { /* nothing was kept */ }
    }
  });
  document.addEventListener("htmx:load", (event) => {
    tick(event.target);
    const wrong = $("[role=alert]", event.target);
    if (wrong) { wrong.tabIndex = -1; wrong.focus(); }
  });

  // Relative times go on by themselves.
  const span = (seconds) => {
    const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(minutes / 1440);
    if (hours < 1) return `${minutes} min`;
    if (days < 1) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    if (days < 3) return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
    if (days < 60) return `${days} days`;
    return days < 730 ? `${Math.floor(days / 30)} months` : `${Math.floor(days / 365)} years`;
  };
  function tick(from = document) {
    for (const time of all("time[data-time]", from)) {
      const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
      const words = Math.abs(seconds) < 60 ? "now" : seconds > 0 ? `in ${span(seconds)}` : `${span(-seconds)} ago`;
      if (time.dataset.time === "both") time.textContent = `${words}, ${time.dataset.exact}`;
      else if (time.dataset.time === "rel") time.textContent = words;
      time.title = `${words} · ${time.dataset.exact}`;
    }
  }
  setInterval(tick, 30000);

  // "/" goes to the nearest search field.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
    const field = $(".filter-search input") || $("#find");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  });
  prepare(document);
})();
