// A heat map by hour (across) and day (down) of the week; darker is further from the middle.
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

// spec: {title, note, file, grids: [{name, values: 168, middle, show: v => text}]}
function grids(figure, spec) {
  figure.replaceChildren(html("figcaption", {}, spec.title), html("p", { class: "note" }, spec.note));
  const hours = [...Array(24).keys()].filter(h => spec.grids.some(g => DAYS.some((_, d) => known(g.values[24 * d + h]))));
  const bar = html("div", { class: "legend" }), csv = html("button", { type: "button", class: "csv" }, "CSV");
  csv.onclick = () => {
    const rows = DAYS.flatMap((day, d) => hours.map(h => [day, h, ...spec.grids.map(g => g.values[24 * d + h])]));
    save(spec.file + ".csv", [["day", "hour", ...spec.grids.map(g => g.name)], ...rows].map(r => r.map(quoted).join(",")).join("\n") + "\n");
  };
  bar.append(csv);
  figure.append(bar);
  if (!hours.length) { figure.append(html("p", { class: "empty" }, "Nothing to draw for this choice.")); return; }
  const width = Math.max(280, figure.clientWidth), wide = Math.min(46, (width - 52) / hours.length), tall = 18;
  const out = html("p", { class: "readout" }, "Point at a field.");
  const svg = make("svg", { viewBox: `0 0 ${width} ${spec.grids.length * (7 * tall + 44)}`, role: "img", "aria-label": figure.getAttribute("aria-label") });
  spec.grids.forEach((g, k) => {
    const top = k * (7 * tall + 44) + 16, all = g.values.filter(known);
    const far = all.reduce((a, v) => Math.max(a, Math.abs(v - g.middle)), 0) || 1;
    make("text", { x: 44, y: top - 4, class: "axis strong" }, svg).textContent = g.name;
    hours.forEach((h, i) => { if (!(i % (wide < 20 ? 3 : 1))) make("text", { x: 44 + (i + .5) * wide, y: top + 7 * tall + 12, "text-anchor": "middle", class: "axis" }, svg).textContent = String(h).padStart(2, "0"); });
    DAYS.forEach((day, d) => {
      make("text", { x: 38, y: top + d * tall + 13, "text-anchor": "end", class: "axis" }, svg).textContent = day;
      hours.forEach((h, i) => {
        const v = g.values[24 * d + h];
        if (!known(v)) return;
        const above = v >= g.middle, cell = { x: 44 + i * wide, y: top + d * tall, width: wide - 1, height: tall - 1 };
        const rect = make("rect", { ...cell, style: `fill:var(${above ? "--c2" : "--c1"});fill-opacity:${(Math.abs(v - g.middle) / far).toFixed(3)};stroke:var(--line);stroke-width:.5`, "data-field": "" }, svg);
        rect.onpointerenter = () => out.replaceChildren(html("b", {}, `${day} ${String(h).padStart(2, "0")}:00 UTC`), ` · ${g.name} `, html("b", {}, g.show(v)));
        make("title", {}, rect).textContent = `${day} ${h}:00 ${g.show(v)}`;
      });
    });
  });
  figure.append(svg, out);
}
