// A small plotter: lines, steps, stacked areas, bars and points in SVG, with lanes below for what was on when, a reader that
// follows the pointer or the arrow keys, and zoom by dragging. It knows nothing of margins.
const NS = "http://www.w3.org/2000/svg";
const DASH = ["", "6 3", "2 2", "8 3 2 3", "1 3", "10 4"];
const LANE = 14;
let clips = 0;
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
const known = v => v !== null && v !== undefined && isFinite(v);

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

// spec: {title, note, x, time, log, logX, stacked, bars, categories, height, file, lines: [{name, x, y, colour, dash, step, width,
//        dots, shape, hollow, alone, off, low, high, tell: i => [[name, text]]}], marks: [{name, x, y}],
//        levels: [{name, y}], lanes: [{name, on, colour, about}], diagonal, show: v => text, showX}
function chart(figure, spec) {
  const state = figure.state || (figure.state = { off: {}, range: null });
  for (const l of spec.lines) if (!(l.name in state.off)) state.off[l.name] = !!l.off;
  figure.replaceChildren(html("figcaption", {}, spec.title));
  if (spec.note) figure.append(html("p", { class: "note" }, spec.note));
  legend(figure, spec, state);
  const empty = !spec.x.length && !spec.lines.some(l => l.x && l.x.length);
  if (empty || !spec.lines.some(l => l.y.some(known))) {
    figure.append(html("p", { class: "empty" }, spec.empty || "Nothing to draw for this choice."));
    return;
  }
  const width = Math.max(280, figure.clientWidth), narrow = width < 500, lanes = spec.lanes || [];
  const plot = spec.height || (narrow ? 250 : 330), height = plot + lanes.length * LANE + (lanes.length ? 6 : 0);
  const box = { left: lanes.length ? (narrow ? 112 : 150) : 58, right: width - 10, top: 10, bottom: plot - 26 };
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: 0, "aria-label": figure.getAttribute("aria-label") });
  figure.append(svg);
  const scale = scales(spec, state, box);
  axes(svg, spec, scale, box);
  const clip = "clip-" + ++clips;
  make("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top }, make("clipPath", { id: clip }, svg));
  const layer = make("g", { "clip-path": `url(#${clip})` }, svg);
  if (spec.stacked) areas(layer, spec, scale, box);
  else if (spec.bars) bars(layer, spec, state, scale);
  else drawLines(layer, spec, state, scale, box);
  for (const l of spec.levels || []) {
    const y = scale.y(l.y);
    if (!(y >= box.top && y <= box.bottom)) continue;
    make("line", { x1: box.left, x2: box.right, y1: y, y2: y, class: "level" }, layer);
    make("text", { x: box.right - 4, y: y < box.top + 16 ? y + 12 : y - 4, "text-anchor": "end", class: "axis" }, layer).textContent = l.name;
  }
  for (const m of spec.marks || []) m.x.forEach((x, i) => {
    if (!known(m.y[i]) || x < scale.x0 || x > scale.x1) return;
    const [cx, cy] = [scale.x(x), scale.y(m.y[i])];
    make("path", { d: `M${cx - 3.5} ${cy - 3.5}l7 7m0 -7l-7 7`, class: "breach" }, layer);
  });
  lanes.forEach((lane, k) => drawLane(svg, spec, lane, scale, box, plot + k * LANE));
  reader(figure, svg, spec, state, scale, box);
  if (lanes.length) meanings(figure, lanes);
}

// One row below the plot: darker where more of the rows below a pixel are on.
function drawLane(svg, spec, lane, scale, box, y) {
  const label = make("text", { x: box.left - 6, y: y + 10, "text-anchor": "end", class: "axis code" }, svg);
  label.textContent = lane.name;
  make("title", {}, label).textContent = lane.about;
  make("line", { x1: box.left, x2: box.right, y1: y + LANE - 1.5, y2: y + LANE - 1.5, class: "grid" }, svg);
  const [a, b] = inView(spec.x, scale), wide = Math.floor(box.right - box.left) + 1;
  const on = new Float64Array(wide), all = new Float64Array(wide);
  for (let i = a; i < b; i++) {
    // A row holds until the next: as wide as that is.
    const from = Math.max(0, Math.floor(scale.x(spec.x[i]) - box.left));
    const to = Math.min(wide - 1, i + 1 < spec.x.length ? Math.max(from, Math.ceil(scale.x(spec.x[i + 1]) - box.left) - 1) : from);
    for (let px = from; px <= to; px++) { on[px] += lane.on[i]; all[px] += 1; }
  }
  const shade = px => px < wide && on[px] ? Math.max(1, Math.ceil(4 * on[px] / all[px])) : 0;
  for (let px = 0; px < wide;) {
    const s = shade(px);
    let to = px + 1;
    while (to < wide && shade(to) === s) to++;
    if (s) make("rect", { x: box.left + px, y: y + 1, width: to - px, height: LANE - 4, style: `fill:${lane.colour};fill-opacity:${0.25 * s}` }, svg);
    px = to;
  }
}
function meanings(figure, lanes) {
  const list = html("dl", { class: "definitions small" });
  for (const lane of lanes) list.append(html("dt", {}, lane.name), html("dd", {}, lane.about));
  const box = html("details", { class: "columns" });
  box.append(html("summary", {}, "What these codes say"), list);
  figure.append(box);
}

function legend(figure, spec, state) {
  const list = html("div", { class: "legend", role: "group", "aria-label": "Lines shown" });
  // Lines of one name are shown and hidden together.
  for (const l of spec.lines.filter((l, i) => spec.lines.findIndex(o => o.name === l.name) === i)) {
    const button = html("button", { type: "button", "aria-pressed": String(!state.off[l.name]) });
    const svg = make("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" });
    if (spec.stacked || spec.bars) make("rect", { width: 22, height: 10, style: `fill:${l.colour}` }, svg);
    else if (l.alone) dot(svg, 11, 5, l);
    else make("path", { d: "M0 5H22", style: `stroke:${l.colour};stroke-width:2.5;stroke-dasharray:${l.dash || "none"}` }, svg);
    button.append(svg, l.name);
    if (l.about) button.title = l.about;
    if (spec.stacked) button.disabled = true;
    else button.onclick = () => { state.off[l.name] = !state.off[l.name]; chart(figure, spec); };
    list.append(button);
  }
  for (const m of spec.marks || []) if (m.name) list.append(html("span", { class: "note" }, "× " + m.name));
  const csv = html("button", { type: "button", class: "csv", title: "The lines and the span that are shown, every row that the page holds" }, "CSV");
  csv.onclick = () => save((spec.file || figure.dataset.chart) + ".csv", table(spec, state));
  list.append(csv);
  if (state.range) {
    const all = html("button", { type: "button" }, "whole span");
    all.onclick = () => { state.range = null; chart(figure, spec); };
    list.append(all);
  }
  figure.append(list);
}
const quoted = v => v === null || v === undefined ? "" : /[",\n]/.test(v) ? `"${String(v).replaceAll('"', '""')}"` : String(v);
// Of lines over one axis a column each; of others a row for each point, with what is told of it.
function table(spec, state) {
  const lines = spec.lines.filter(l => !state.off[l.name]), rows = [];
  if (lines.some(l => l.x)) {
    for (const l of lines) l.x.forEach((x, i) => {
      const told = l.tell ? l.tell(i) : [];
      if (!rows.length) rows.push(["line", "x", "y", ...told.map(t => t[0])]);
      rows.push([l.name, x, l.y[i], ...told.map(t => t[1])]);
    });
  } else {
    const lanes = spec.lanes || [];
    rows.push([spec.time ? "ts" : "x", ...lines.map(l => l.name), ...lanes.map(l => l.name)]);
    const [from, to] = state.range || [-Infinity, Infinity];
    spec.x.forEach((x, i) => {
      if (x < from || x > to) return;
      const at = spec.time ? new Date(x * 1000).toISOString().replace(".000", "") : spec.categories ? spec.categories[i] : x;
      const digits = v => known(v) ? Number(v.toPrecision(7)) : null;
      rows.push([at, ...lines.map(l => digits(l.y[i])), ...lanes.map(l => l.on[i])]);
    });
  }
  return rows.map(r => r.map(quoted).join(",")).join("\n") + "\n";
}
function save(name, text) {
  const link = html("a", { download: name, href: URL.createObjectURL(new Blob([text])) });
  link.click();
  URL.revokeObjectURL(link.href);
}

function scales(spec, state, box) {
  const shown = spec.lines.filter(l => !state.off[l.name]);
  const [least, most] = [(a, b) => Math.min(a, b), (a, b) => Math.max(a, b)];
  const xs = spec.x.concat(...shown.map(l => l.x || [])).filter(known);
  let [x0, x1] = state.range || [xs.reduce(least, Infinity), xs.reduce(most, -Infinity)];
  if (x0 > x1) [x0, x1] = [0, 1];
  if (spec.bars) { x0 -= 0.6; x1 += 0.6; }
  if (x0 === x1) { x0 -= 1; x1 += 1; }
  const inside = (x, y) => x >= x0 && x <= x1 && known(y) && (!spec.log || y > 0);
  let low = Infinity, high = -Infinity;
  const see = (x, y) => { if (inside(x, y)) { low = Math.min(low, y); high = Math.max(high, y); } };
  for (const l of shown.concat(spec.marks || [])) (l.x || spec.x).forEach((x, i) => {
    see(x, l.y[i]);
    if (l.low) { see(x, l.low[i]); see(x, l.high[i]); }
  });
  for (const l of spec.levels || []) if (spec.levelsIn || low <= high && l.y < 3 * high) see(x0, l.y);
  if (spec.stacked) [low, high] = [0, 1];
  else if (low > high) [low, high] = spec.log ? [1e-3, 1] : [0, 1];
  else if (spec.log) { low /= 1.1; high *= 1.1; }
  else {
    if (spec.bars) low = Math.min(0, low);
    const pad = (high - low || Math.abs(high) || 1) * 0.05;
    if (low !== 0) low -= pad;
    high += pad;
  }
  const lx = spec.logX ? Math.log : v => v, ly = spec.log ? Math.log : v => v;
  if (spec.logX) { x0 /= 1.25; x1 *= 1.25; }
  const pad = spec.points && !state.range ? (x1 - x0) * 0.06 : 0;
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
  const values = spec.time || spec.categories ? [] : spec.logX ? logTicks(scale.x0, scale.x1) : ticks(scale.x0, scale.x1, room);
  const xt = spec.time ? timeTicks(scale.x0, scale.x1, room) : spec.categories
    ? spec.categories.map((c, i) => [i, c]) : values.map(v => [v, spaced(values, spec.showX)(v)]);
  const every = spec.categories ? Math.ceil(xt.length * 62 / (box.right - box.left)) : 1;
  xt.forEach(([v, label], i) => {
    const x = scale.x(v);
    make("line", { x1: x, x2: x, y1: box.bottom, y2: box.bottom + 4, class: "grid" }, svg);
    if (i % every || x < box.left + 14 && spec.time || x > box.right - 24 && !spec.categories) return;
    make("text", { x, y: box.bottom + 17, "text-anchor": "middle", class: "axis" }, svg).textContent = label;
  });
  if (spec.diagonal) {
    const [a, b] = [Math.max(scale.x0, scale.low), Math.min(scale.x1, scale.high)];
    make("line", { x1: scale.x(a), y1: scale.y(a), x2: scale.x(b), y2: scale.y(b), class: "cursor" }, svg);
  }
}

// Rows from..to that are seen, with one more at each side.
function inView(x, scale) {
  const first = v => { let lo = 0, hi = x.length; while (lo < hi) { const mid = (lo + hi) >> 1; if (x[mid] < v) lo = mid + 1; else hi = mid; } return lo; };
  return [Math.max(0, first(scale.x0) - 1), Math.min(x.length, first(scale.x1) + 2)];
}
// Of more rows than pixels the least and the largest below each pixel, so that no extreme is lost.
function seen(xs, y, scale, box) {
  const [a, b] = inView(xs, scale), wide = Math.ceil(box.right - box.left), out = [];
  if (b - a <= 2 * wide) { for (let i = a; i < b; i++) out.push(i); return out; }
  for (let i = a; i < b;) {
    const px = Math.floor(scale.x(xs[i]));
    let low = i, high = i, gap = false, j = i;
    for (; j < b && Math.floor(scale.x(xs[j])) === px; j++) {
      if (!known(y[j])) { gap = true; continue; }
      if (!known(y[low]) || y[j] < y[low]) low = j;
      if (!known(y[high]) || y[j] > y[high]) high = j;
    }
    if (gap && !known(y[low])) out.push(i); else out.push(Math.min(low, high), Math.max(low, high));
    i = j;
  }
  return out;
}
function dot(parent, x, y, l) {
  const style = `stroke:${l.colour};stroke-width:${l.faint ? 1 : 2};fill:${l.hollow ? "var(--paper)" : l.colour};opacity:${l.opacity || 1}`;
  if (l.shape === "star") make("path", { d: star(x, y, 10), style: `stroke:var(--paper);stroke-width:1;fill:${l.colour}` }, parent);
  else if (l.shape === "square") make("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, style }, parent);
  else if (l.shape === "diamond") make("path", { d: `M${x} ${y - 6}l6 6l-6 6l-6 -6Z`, style }, parent);
  else make("circle", { cx: x, cy: y, r: l.faint ? 2.6 : l.hollow ? 4 : 4.5, style }, parent);
}
function star(x, y, r) {
  let d = "";
  for (let k = 0; k < 10; k++) {
    const at = Math.PI * (k / 5 - 0.5), length = k % 2 ? r * 0.42 : r;
    d += `${k ? "L" : "M"}${(x + length * Math.cos(at)).toFixed(1)} ${(y + length * Math.sin(at)).toFixed(1)}`;
  }
  return d + "Z";
}
function drawLines(layer, spec, state, scale, box) {
  for (const l of spec.lines) {
    if (state.off[l.name]) continue;
    const xs = l.x || spec.x, rows = l.x ? xs.map((_, i) => i) : seen(xs, l.y, scale, box);
    let d = "", pen = false;
    if (!l.alone) {
      const path = make("path", { style: `fill:none;stroke:${l.colour};stroke-width:${l.width || 1.3};stroke-linejoin:round;stroke-dasharray:${l.dash || "none"};opacity:${l.opacity || 1}` }, layer);
      for (const i of rows) {
        const v = l.y[i];
        if (!known(v) || (spec.log && v <= 0)) { pen = false; continue; }
        const [px, py] = [scale.x(xs[i]).toFixed(1), scale.y(v).toFixed(1)];
        d += pen ? (l.step ? `H${px}V${py}` : `L${px} ${py}`) : `M${px} ${py}`;
        pen = true;
      }
      path.setAttribute("d", d);
    }
    if (l.dots || l.alone) for (const i of rows) {
      if (!known(l.y[i]) || (spec.log && l.y[i] <= 0) || xs[i] < scale.x0 || xs[i] > scale.x1) continue;
      const x = scale.x(xs[i]);
      if (l.low) make("path", { d: `M${x} ${scale.y(l.low[i])}V${scale.y(l.high[i])}`, style: `stroke:${l.colour};stroke-width:1;opacity:.6` }, layer);
      dot(layer, x, scale.y(l.y[i]), l);
    }
  }
}
function bars(layer, spec, state, scale) {
  const shown = spec.lines.filter(l => !state.off[l.name]), wide = 0.8 / Math.max(1, shown.length), zero = scale.y(Math.max(0, scale.low));
  shown.forEach((l, k) => spec.x.forEach((x, i) => {
    if (!known(l.y[i])) return;
    const [a, b] = [scale.x(x - 0.4 + k * wide), scale.x(x - 0.4 + (k + 1) * wide)], y = scale.y(l.y[i]);
    make("rect", { x: a, width: Math.max(1, b - a - 1), y: Math.min(y, zero), height: Math.abs(zero - y), style: `fill:${l.colour}` }, layer);
  }));
}
function areas(layer, spec, scale, box) {
  // Below a pixel the row where the last of them is largest.
  const top = spec.lines[spec.lines.length - 1].y, rows = seen(spec.x, top, scale, box), base = rows.map(() => 0);
  for (const l of spec.lines) {
    let up = "", down = "";
    rows.forEach((i, k) => {
      const px = scale.x(spec.x[i]).toFixed(1), low = base[k];
      base[k] += l.y[i] || 0;
      up += `${k ? "L" : "M"}${px} ${scale.y(base[k]).toFixed(1)}`;
      down = `L${px} ${scale.y(low).toFixed(1)}` + down;
    });
    make("path", { d: up + down + "Z", style: `fill:${l.colour}` }, layer);
  }
}

function reader(figure, svg, spec, state, scale, box) {
  const out = html("p", { class: "readout", "aria-live": "polite" }, spec.hint || "");
  figure.append(out);
  const line = make("line", { y1: box.top, y2: box.bottom, class: "cursor", visibility: "hidden" }, svg);
  const drag = make("rect", { y: box.top, height: box.bottom - box.top, class: "drag", visibility: "hidden" }, svg);
  const ring = make("circle", { r: 8, class: "ring", visibility: "hidden" }, svg);
  const scatter = !spec.x.length, points = [];
  if (scatter) for (const l of spec.lines.filter(l => !state.off[l.name])) l.x.forEach((x, i) => {
    if (known(l.y[i]) && x >= scale.x0 && x <= scale.x1) points.push({ l, i, x: scale.x(x), y: scale.y(l.y[i]) });
  });
  points.sort((a, b) => a.x - b.x);
  let at = -1, from = null;
  const tellPoint = k => {
    at = Math.max(0, Math.min(points.length - 1, k));
    const { l, i, x, y } = points[at];
    ring.setAttribute("cx", x); ring.setAttribute("cy", y); ring.setAttribute("visibility", "visible");
    out.replaceChildren(html("b", {}, l.name));
    const told = l.tell ? l.tell(i) : [[spec.nameX || "across", spec.showX(l.x[i])], [spec.nameY || "up", spec.show(l.y[i])]];
    for (const [name, text] of told) out.append(` · ${name} `, html("b", {}, text));
  };
  const tellRow = i => {
    at = Math.max(0, Math.min(spec.x.length - 1, i));
    const x = scale.x(spec.x[at]);
    for (const k of ["x1", "x2"]) line.setAttribute(k, x);
    line.setAttribute("visibility", x >= box.left && x <= box.right ? "visible" : "hidden");
    out.replaceChildren(html("b", {}, spec.time ? stamp(spec.x[at], true) + " UTC" : spec.categories ? spec.categories[at] : spec.showX(spec.x[at])));
    for (const l of spec.lines) if (!state.off[l.name] && known(l.y[at])) out.append(" · " + l.name + " ", html("b", {}, spec.show(l.y[at])));
    const on = (spec.lanes || []).filter(l => l.on[at]).map(l => l.name);
    if (on.length) out.append(" · ", html("b", {}, on.join(", ")));
  };
  const show = scatter ? tellPoint : tellRow;
  const where = e => {
    const r = svg.getBoundingClientRect(), wide = svg.viewBox.baseVal.width;
    return [(e.clientX - r.left) / r.width * wide, (e.clientY - r.top) / r.width * wide];
  };
  const nearest = ([px, py]) => {
    if (scatter) {
      let best = 0, least = Infinity;
      points.forEach((p, k) => { const d = (p.x - px) ** 2 + (p.y - py) ** 2; if (d < least) [best, least] = [k, d]; });
      return best;
    }
    const v = scale.back(px);
    let lo = 0, hi = spec.x.length - 1;
    while (hi - lo > 1) { const mid = (lo + hi) >> 1; if (spec.x[mid] < v) lo = mid; else hi = mid; }
    return v - spec.x[lo] < spec.x[hi] - v ? lo : hi;
  };
  if (scatter && !points.length) return;
  svg.onpointermove = e => {
    const px = where(e);
    show(nearest(px));
    if (from === null) return;
    drag.setAttribute("x", Math.min(from, px[0]));
    drag.setAttribute("width", Math.abs(px[0] - from));
    drag.setAttribute("visibility", "visible");
  };
  svg.onpointerdown = e => { if (e.pointerType === "mouse" && !spec.logX && !spec.categories) { from = where(e)[0]; e.preventDefault(); svg.focus(); } };
  svg.onpointerup = e => {
    if (from === null) return;
    const [a, b] = [scale.back(from), scale.back(where(e)[0])].sort((p, q) => p - q);
    from = null;
    drag.setAttribute("visibility", "hidden");
    const within = scatter ? points.filter(p => p.l.x[p.i] >= a && p.l.x[p.i] <= b).length > 1 : spec.x.filter(x => x >= a && x <= b).length > 5;
    if (within) { state.range = [a, b]; chart(figure, spec); }
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
