// Layered graphs (genealogy): nodes by state, a click goes to the record. The table below has the same.
(() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colours = ["grey", "blue", "amber", "green", "red"];
  const style = () => [
    { selector: "node", style: {
      shape: "round-rectangle", label: "data(text)", "text-wrap": "wrap", "text-valign": "center", "text-halign": "center",
      "font-family": getComputedStyle(document.body).fontFamily, "font-size": 12, "line-height": 1.3, width: 168, height: 58, "text-max-width": 156,
      "border-width": 1.5, "background-color": css("--s-grey-bg"), "border-color": css("--s-grey"), color: css("--s-grey-text") } },
    ...colours.map((colour) => ({ selector: `node.${colour}`, style: {
      "background-color": css(`--s-${colour}-bg`), "border-color": css(`--s-${colour}`), color: css(`--s-${colour}-text`) } })),
    { selector: "node.root", style: { "border-width": 4 } },
    { selector: "node:active, node.at", style: { "overlay-opacity": 0.08 } },
    { selector: "edge", style: {
      "curve-style": "bezier", "target-arrow-shape": "triangle", "arrow-scale": 0.9, width: 1.5, label: "data(text)",
      "font-size": 10, "line-color": css("--line-strong"), "target-arrow-color": css("--line-strong"),
      color: css("--ink-soft"), "text-background-color": css("--surface"), "text-background-opacity": 1, "text-background-padding": 2 } },
  ];
  function elements(data, root) {
    const known = new Set(data.nodes.map((node) => node.key));
    return [
      ...data.nodes.map((node) => ({
        data: { id: node.key, url: node.url || "", text: [node.label || node.key, [node.kind || (node.record_type || "").replaceAll("_", " "), node.word].filter(Boolean).join(" · ")].join("\n") },
        classes: `${node.colour || "grey"}${node.key === root ? " root" : ""}`,
      })),
      ...data.edges.filter((edge) => known.has(edge.from) && known.has(edge.to)).map((edge, i) => ({
        data: { id: `edge-${i}`, source: edge.from, target: edge.to, text: edge.quantity ? `${edge.quantity} ${edge.unit || ""}`.trim() : "" },
      })),
    ];
  }
  async function draw(box) {
    if (box.dataset.drawn) return;
    box.dataset.drawn = "1";
    const inline = document.getElementById(`${box.dataset.graph}-data`);
    const data = inline ? JSON.parse(inline.textContent) : await (await fetch(box.dataset.url)).json();
    const graph = cytoscape({
      container: box,
      elements: elements(data, box.dataset.root),
      style: style(),
      layout: { name: "dagre", rankDir: "LR", nodeSep: 18, rankSep: 70, padding: 16, fit: true },
      minZoom: 0.2, maxZoom: 2, userZoomingEnabled: false, boxSelectionEnabled: false, autoungrabify: true,
    });
    const level = Math.min(1, Math.max(0.6, graph.zoom())); // readable before complete: it can be moved
    if (level !== graph.zoom()) {
      const fits = level < graph.zoom();
      graph.zoom(level);
      graph.center(!fits && graph.nodes(".root").nonempty() ? graph.nodes(".root") : graph.nodes());
    }
    graph.on("tap", "node", (event) => { const url = event.target.data("url"); if (url) location.href = url; });
    graph.on("mouseover", "node", (event) => { event.target.addClass("at"); box.classList.toggle("can-open", Boolean(event.target.data("url"))); });
    graph.on("mouseout", "node", (event) => { event.target.removeClass("at"); box.classList.remove("can-open"); });
    const tools = box.closest(".graph-figure");
    tools?.addEventListener("click", (event) => {
      const how = event.target.closest("[data-graph-zoom]")?.dataset.graphZoom;
      if (how === "fit") graph.fit(undefined, 16);
      else if (how) graph.zoom({ level: graph.zoom() * (how === "in" ? 1.25 : 0.8), renderedPosition: { x: box.clientWidth / 2, y: box.clientHeight / 2 } });
    });
    document.addEventListener("theme", () => graph.style(style()));
  }
  const prepare = (from = document) => from.querySelectorAll("[data-graph]").forEach((box) => draw(box).catch(() => { box.textContent = "The picture could not be drawn; the table has the same."; }));
  document.addEventListener("htmx:load", (event) => prepare(event.target));
  prepare();
})();
