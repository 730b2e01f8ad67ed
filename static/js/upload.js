// Uploading: what was chosen, by name, and how far sending has come. The form works without this file.
(() => {
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const input = form.querySelector("input[type=file]"), drop = form.querySelector(".drop");
  const chosen = form.querySelector("[data-chosen-files]"), progress = form.querySelector("progress");
  const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
  const list = () => chosen.replaceChildren(...[...input.files].map((file) => {
    const line = document.createElement("li");
    line.textContent = `${file.name}, ${size(file.size)}`;
    return line;
  }));
  input.addEventListener("change", list);
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("drop-over"));
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("drop-over"));
  form.addEventListener("htmx:xhr:progress", (event) => {
    progress.hidden = false;
    if (event.detail.lengthComputable) progress.value = (100 * event.detail.loaded) / event.detail.total;
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== form) return;
    progress.hidden = true;
    progress.value = 0;
    if (event.detail.successful) { input.value = ""; list(); }
  });
})();
