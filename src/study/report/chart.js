"use strict";
// A small plotter: lines, steps, stacked areas and points in SVG, with a reader that follows the
// pointer or the arrow keys, and zoom by dragging. It knows nothing of margins.
const NS = "http://www.w3.org/2000/svg";
const DASH = ["", "6 3", "2 2", "8 3 2 3", "1 3", "10 4"];
const make = (tag, attrs, parent) => {
  const node = document.createElementNS(NS, tag);
  for (const k in attrs) node.setAttribute(k, attrs[k]);
  if (parent) parent.append(node);
  return node;
};
const html = (tag, attrs, text) => {
  const node = document.createElement(tag);
  for (const k in attrs) node.setAttribute(k, attrs[k]);
  if (text !== undefined) node.textContent = text;
  return node;
};
const stamp = (s, long) => new Date(s * 1000).toISOString().slice(0, long ? 16 : 10).replace("T", " ");

function ticks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw) || raw;
  const out = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) out.push(Math.abs(v) < step * 1e-9 ? 0 : v);
  return out;
}
function logTicks(low, high) {
  const out = [], all = high / low < 30 ? [1, 2, 3, 5] : high / low < 1000 ? [1, 3] : [1];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++)
    for (const m of all) { const v = m * 10 ** e; if (v >= low && v <= high) out.push(v); }
  return out.length > 1 ? out : ticks(low, high, 4);
}
function steps(from, to, step) {
  const out = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) out.push(t);
  return out;
}
function timeTicks(from, to, count) {
  const day = 86400, lengths = [3600, 21600, day, 2 * day, 7 * day, 14 * day, 30.44 * day, 91.3 * day, 182.6 * day, 365.25 * day];
  const step = lengths.find(s => (to - from) / s <= count) || 365.25 * day;
  if (step < 28 * day) return steps(from, to, step).map(t => [t, step < day ? stamp(t, true).slice(5) : stamp(t)]);
  const months = Math.max(1, Math.round(step / (30.44 * day)));
  const out = [], d = new Date(from * 1000);
  for (let y = d.getUTCFullYear(), m = 0; ; m += months) {
    const t = Date.UTC(y, m, 1) / 1000;
    if (t > to) return out;
    if (t >= from) out.push([t, stamp(t).slice(0, 7)]);
  }
}

// spec: {title, x, time, log, logX, stacked, height, lines: [{name, y, colour, dash, step, width,
//        dots, off, stroke}], marks: [{name, x, y}], diagonal, show: v => text, showX}
function chart(figure, spec) {
  const state = figure.state || (figure.state = { off: {}, range: null });
  for (const l of spec.lines) if (!(l.name in state.off)) state.off[l.name] = !!l.off;
  figure.replaceChildren(html("figcaption", {}, spec.title));
  const width = Math.max(280, figure.clientWidth), height = spec.height || (width < 500 ? 250 : 330);
  const box = { left: 58, right: width - 10, top: 10, bottom: height - 26 };
  legend(figure, spec, state);
  if (!spec.x.length && !spec.lines.some(l => l.x)) {
    figure.append(html("p", { class: "empty" }, "Nothing to draw for this choice."));
    return;
  }
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: 0, "aria-label": figure.getAttribute("aria-label") });
  figure.append(svg);
  const scale = scales(spec, state, box);
  axes(svg, spec, scale, box);
  const clip = "clip-" + figure.dataset.chart;
  make("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top }, make("clipPath", { id: clip }, svg));
  const layer = make("g", { "clip-path": `url(#${clip})` }, svg);
  if (spec.stacked) areas(layer, spec, scale); else drawLines(layer, spec, state, scale);
  for (const m of spec.marks || []) m.x.forEach((x, i) => {
    if (m.y[i] === null) return;
    const [cx, cy] = [scale.x(x), scale.y(m.y[i])];
    make("path", { d: `M${cx - 3.5} ${cy - 3.5}l7 7m0 -7l-7 7`, class: "breach" }, layer);
  });
  reader(figure, svg, spec, state, scale, box);
}

function legend(figure, spec, state) {
  const list = html("div", { class: "legend", role: "group", "aria-label": "Lines shown" });
  // Lines of one name are shown and hidden together.
  for (const l of spec.lines.filter((l, i) => spec.lines.findIndex(o => o.name === l.name) === i)) {
    const button = html("button", { type: "button", "aria-pressed": String(!state.off[l.name]) });
    const svg = make("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" });
    if (spec.stacked) make("rect", { width: 22, height: 10, style: `fill:${l.colour}` }, svg);
    else make("path", { d: "M0 5H22", style: `stroke:${l.colour};stroke-width:2.5;stroke-dasharray:${l.dash || "none"}` }, svg);
    button.append(svg, l.name);
    if (spec.stacked) button.disabled = true;
    else button.onclick = () => { state.off[l.name] = !state.off[l.name]; chart(figure, spec); };
    list.append(button);
  }
  for (const m of spec.marks || []) if (m.name) list.append(html("span", { class: "note" }, "× " + m.name));
  const csv = html("button", { type: "button" }, "CSV");
  csv.onclick = () => save(figure.dataset.chart + ".csv", table(spec));
  list.append(csv);
  if (state.range) {
    const all = html("button", { type: "button" }, "whole span");
    all.onclick = () => { state.range = null; chart(figure, spec); };
    list.append(all);
  }
  figure.append(list);
}
function table(spec) {
  const rows = [];
  for (const l of spec.lines) (l.x || spec.x).forEach((x, i) => rows.push([l.name, spec.time ? stamp(x, true) : x, l.y[i]].join(",")));
  return "line,x,y\n" + rows.join("\n") + "\n";
}
function save(name, text) {
  const link = html("a", { download: name, href: URL.createObjectURL(new Blob([text])) });
  link.click();
  URL.revokeObjectURL(link.href);
}

function scales(spec, state, box) {
  const shown = spec.lines.filter(l => !state.off[l.name]);
  const xs = spec.lines.flatMap(l => l.x || []).concat(spec.x).filter(v => v !== null);
  let [x0, x1] = state.range || [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))];
  if (x0 === x1) { x0 -= 1; x1 += 1; }
  const inside = (x, y) => x >= x0 && x <= x1 && y !== null && isFinite(y) && (!spec.log || y > 0);
  let low = Infinity, high = -Infinity;
  for (const l of shown.concat(spec.marks || [])) (l.x || spec.x).forEach((x, i) => {
    if (inside(x, l.y[i])) { low = Math.min(low, l.y[i]); high = Math.max(high, l.y[i]); }
  });
  if (spec.stacked) [low, high] = [0, 1];
  else if (low > high) [low, high] = spec.log ? [1e-3, 1] : [0, 1];
  else if (spec.log) { low /= 1.1; high *= 1.1; }
  else { const pad = (high - low || Math.abs(high) || 1) * 0.05; if (low !== 0) low -= pad; high += pad; }
  const lx = spec.logX ? Math.log : v => v, ly = spec.log ? Math.log : v => v;
  if (spec.logX) { x0 /= 1.25; x1 *= 1.25; }
  const pad = spec.points ? (x1 - x0) * 0.06 : 0;
  if (!spec.logX) { x0 -= pad; x1 += pad; }
  return {
    x0, x1, low, high,
    x: v => box.left + (lx(v) - lx(x0)) / (lx(x1) - lx(x0)) * (box.right - box.left),
    y: v => box.bottom - (ly(v) - ly(low)) / (ly(high) - ly(low)) * (box.bottom - box.top),
    back: px => x0 + (px - box.left) / (box.right - box.left) * (x1 - x0),
  };
}

// Labels with as many digits as the distance between ticks asks for.
function spaced(values, show) {
  const step = values.length > 1 ? values.slice(1).reduce((a, v, i) => Math.min(a, v - values[i]), Infinity) : 0;
  return v => show(v, step);
}
function axes(svg, spec, scale, box) {
  const yt = spec.log ? logTicks(scale.low, scale.high) : ticks(scale.low, scale.high, 5);
  const yShow = spaced(yt, spec.show), room = Math.floor((box.right - box.left) / 95);
  for (const v of yt) {
    const y = scale.y(v);
    make("line", { x1: box.left, x2: box.right, y1: y, y2: y, class: "grid" }, svg);
    make("text", { x: box.left - 6, y: y + 4, "text-anchor": "end", class: "axis" }, svg).textContent = yShow(v);
  }
  const values = spec.time ? [] : spec.logX ? logTicks(scale.x0, scale.x1) : ticks(scale.x0, scale.x1, room);
  const xt = spec.time ? timeTicks(scale.x0, scale.x1, room) : values.map(v => [v, spaced(values, spec.showX)(v)]);
  for (const [v, label] of xt) {
    const x = scale.x(v);
    make("line", { x1: x, x2: x, y1: box.bottom, y2: box.bottom + 4, class: "grid" }, svg);
    if (x < box.left + 14 && spec.time || x > box.right - 24) continue;
    make("text", { x, y: box.bottom + 17, "text-anchor": "middle", class: "axis" }, svg).textContent = label;
  }
  if (spec.diagonal) {
    const [a, b] = [Math.max(scale.x0, scale.low), Math.min(scale.x1, scale.high)];
    make("line", { x1: scale.x(a), y1: scale.y(a), x2: scale.x(b), y2: scale.y(b), class: "cursor" }, svg);
  }
}

function drawLines(layer, spec, state, scale) {
  for (const l of spec.lines) {
    if (state.off[l.name]) continue;
    const xs = l.x || spec.x;
    let d = "", pen = false;
    const path = make("path", { style: `fill:none;stroke:${l.colour};stroke-width:${l.width || 1.3};stroke-linejoin:round;stroke-dasharray:${l.dash || "none"};opacity:${l.opacity || 1}` }, layer);
    xs.forEach((x, i) => {
      const v = l.y[i];
      if (v === null || v === undefined || (spec.log && v <= 0)) { pen = false; return; }
      const [px, py] = [scale.x(x).toFixed(1), scale.y(v).toFixed(1)];
      d += pen ? (l.step ? `H${px}V${py}` : `L${px} ${py}`) : `M${px} ${py}`;
      pen = true;
      if (l.dots) make("circle", { cx: px, cy: py, r: l.hollow ? 4 : 4.5, style: `stroke:${l.colour};stroke-width:2;fill:${l.hollow ? "var(--paper)" : l.colour}` }, layer);
    });
    if (l.alone) path.remove(); else path.setAttribute("d", d);
  }
}
function areas(layer, spec, scale) {
  const base = spec.x.map(() => 0);
  for (const l of spec.lines) {
    let up = "", down = "";
    spec.x.forEach((x, i) => {
      const px = scale.x(x).toFixed(1), low = base[i];
      base[i] += l.y[i] || 0;
      up += `${i ? "L" : "M"}${px} ${scale.y(base[i]).toFixed(1)}`;
      down = `L${px} ${scale.y(low).toFixed(1)}` + down;
    });
    make("path", { d: up + down + "Z", style: `fill:${l.colour}` }, layer);
  }
}

function reader(figure, svg, spec, state, scale, box) {
  const out = html("p", { class: "readout", "aria-live": "polite" }, spec.hint || "");
  figure.append(out);
  if (!spec.x.length) return;
  const line = make("line", { y1: box.top, y2: box.bottom, class: "cursor", visibility: "hidden" }, svg);
  const drag = make("rect", { y: box.top, height: box.bottom - box.top, class: "drag", visibility: "hidden" }, svg);
  let at = -1, from = null;
  const show = i => {
    at = Math.max(0, Math.min(spec.x.length - 1, i));
    const x = scale.x(spec.x[at]);
    for (const k of ["x1", "x2"]) line.setAttribute(k, x);
    line.setAttribute("visibility", "visible");
    out.replaceChildren(html("b", {}, spec.time ? stamp(spec.x[at], true) + " UTC" : spec.showX(spec.x[at])));
    for (const l of spec.lines) {
      const v = l.y[at];
      if (!state.off[l.name] && v !== null && v !== undefined) out.append(" · " + l.name + " ", html("b", {}, spec.show(v)));
    }
  };
  const where = e => {
    const r = svg.getBoundingClientRect();
    return scale.back((e.clientX - r.left) / r.width * svg.viewBox.baseVal.width);
  };
  const nearest = v => {
    let lo = 0, hi = spec.x.length - 1;
    while (hi - lo > 1) { const mid = (lo + hi) >> 1; if (spec.x[mid] < v) lo = mid; else hi = mid; }
    return v - spec.x[lo] < spec.x[hi] - v ? lo : hi;
  };
  svg.onpointermove = e => {
    const v = where(e);
    show(nearest(v));
    if (from === null) return;
    const [a, b] = [scale.x(Math.min(from, v)), scale.x(Math.max(from, v))];
    drag.setAttribute("x", a);
    drag.setAttribute("width", Math.max(0, b - a));
    drag.setAttribute("visibility", "visible");
  };
  svg.onpointerdown = e => { if (e.pointerType === "mouse") { from = where(e); e.preventDefault(); svg.focus(); } };
  svg.onpointerup = e => {
    if (from === null) return;
    const [a, b] = [from, where(e)].sort((p, q) => p - q);
    from = null;
    drag.setAttribute("visibility", "hidden");
    if (spec.x.filter(x => x >= a && x <= b).length > 5) { state.range = [a, b]; chart(figure, spec); }
  };
  svg.onpointerleave = () => { from = null; drag.setAttribute("visibility", "hidden"); };
  svg.ondblclick = () => { state.range = null; chart(figure, spec); };
  svg.onkeydown = e => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[e.key];
    if (!step) return;
    e.preventDefault();
    show(at < 0 ? 0 : at + step);
  };
}
