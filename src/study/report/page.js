"use strict";
// What the page shows for the chosen horizon and instrument; sorting and filtering of tables.
const scores = JSON.parse(document.getElementById("scores").textContent);
const panes = JSON.parse(document.getElementById("series").textContent);
const pick = id => document.getElementById(id);
const COLOUR = i => `var(--c${1 + i % 6})`;
const percent = (v, step) => {
  const wide = 100 * (step || v), digits = wide ? -Math.floor(Math.log10(Math.abs(wide)) + 1e-9) : 0;
  return (100 * v).toFixed(Math.max(0, Math.min(8, digits + (step ? 0 : 2)))) + " %";
};
// One colour and dash per model on every chart: the base, the champion, then the others in turn.
const models = [...new Set(scores.models.map(m => m.model))].filter(m => ![scores.meta.base, scores.meta.champion].includes(m)).sort();
function look(model) {
  if (model === scores.meta.base) return { colour: "var(--c1)", dash: "", width: 1.5, off: false };
  if (model === scores.meta.champion) return { colour: "var(--c2)", dash: "", width: 2, off: false };
  const i = Math.max(0, models.indexOf(model));
  return { colour: `var(--c${3 + i % 4})`, dash: DASH[Math.floor(i / 4) % DASH.length], width: 1.3, off: true };
}
const sums = steps => { let t = 0; return steps.map(s => t += s); };
const HINT = "Point at the chart, or focus it and use the arrow keys; drag to zoom, double-click for the whole span.";

for (const p of panes) for (const k of ["forecast", "tails", "margin"]) p[k].ts = sums(p[k].ts);

function pane() {
  const [h, s] = [pick("horizon").value, pick("symbol").value];
  return panes.find(p => p.horizon === h && p.symbol === s) || panes.find(p => p.horizon === h);
}
const figure = id => document.querySelector(`[data-chart="${id}"]`);
const named = p => `${p.symbol}, ${p.horizon}`;

function drawForecast(p) {
  const lines = [{ name: "realised", y: p.forecast.realised, colour: "var(--c7)", width: 1, opacity: .75 }];
  for (const [name, y] of p.forecast.models) lines.push({ name, y, ...look(name) });
  chart(figure("forecast"), { title: `${named(p)}: volatility over the horizon, forecast and realised`, x: p.forecast.ts, time: true, log: true, lines, show: percent, hint: HINT });
}
function drawRegimes(p) {
  const names = ["calm", "normal", "elevated", "stress"];
  const some = p.forecast.regimes[0].length > 0;
  const lines = names.map((name, i) => ({ name, y: p.forecast.regimes[i], colour: `var(--r${i})` }));
  chart(figure("regimes"), { title: `${named(p)}: probability of each regime`, x: some ? p.forecast.ts : [], time: true, stacked: true, height: 200, lines, show: percent, hint: HINT });
}
const of = (rows, h, s) => rows.filter(r => r.horizon === h && r.symbol === s);
function drawReliability(h, s) {
  const rows = of(scores.coverage, h, s).filter(r => r.level !== 0.5);
  const lines = [];
  for (const m of new Set(rows.map(r => r.model))) for (const low of [true, false]) {
    const points = rows.filter(r => r.model === m && r.level < .5 === low)
      .map(r => low ? [r.level, r.share] : [1 - r.level, 1 - r.share]).sort((a, b) => a[0] - b[0]);
    const { colour, off } = look(m);
    lines.push({ name: m, x: points.map(q => q[0]), y: points.map(q => q[1]), colour, off, dash: low ? "" : "5 3", dots: true, hollow: !low });
  }
  chart(figure("reliability"), { title: `${s}, ${h}: observed (up) against nominal (across) share beyond each quantile; filled: lower tail, hollow: upper; on the dotted line both agree`, x: [], lines, log: true, logX: true, diagonal: true, show: percent, showX: percent });
}
function drawBreaches(p) {
  const t = p.tails, beyond = (q, sign) => t.ret.map((r, i) => r !== null && q[i] !== null && sign * (r - q[i]) > 0 ? r : null);
  const [low, high] = [beyond(t.q01, -1), beyond(t.q99, 1)];
  const lines = [
    { name: "return", y: t.ret, colour: "var(--c7)", width: 1, opacity: .75 },
    { name: "1 % quantile", y: t.q01, colour: "var(--c1)", step: true },
    { name: "99 % quantile", y: t.q99, colour: "var(--c2)", step: true, dash: "5 2" },
  ];
  const some = t.q01.length > 0;
  chart(figure("breaches"), { title: `${named(p)}: returns over the horizon and the quantiles of ${scores.meta.champion}`, x: some ? t.ts : [], time: true, lines, marks: some ? [{ name: "breach", x: t.ts, y: low }, { name: "", x: t.ts, y: high }] : [], show: percent, hint: HINT });
}
function drawMargin(p) {
  const m = p.margin, lines = [{ name: "loss", y: m.loss, colour: "var(--c7)", width: 1, opacity: .75 }];
  m.policies.forEach(([name, y], i) => lines.push({ name, y, colour: COLOUR(i), dash: DASH[i % 6], step: true, off: i > 0 && name !== "guarded" && m.policies.length > 2 }));
  const last = m.policies.find(q => q[0] === "guarded") || m.policies[m.policies.length - 1];
  const marks = last ? [{ name: `loss above ${last[0]}`, x: m.ts, y: m.loss.map((v, i) => v !== null && last[1][i] !== null && v > last[1][i] ? v : null) }] : [];
  chart(figure("margin"), { title: `${named(p)}: margin and the loss that followed, share of notional`, x: last ? m.ts : [], time: true, lines, marks, show: percent, hint: HINT });
}
function drawCost(h, s) {
  const exact = of(scores.margins, h, s), lines = [];
  const rows = exact.length || s !== "ALL" ? exact : scores.margins.filter(r => r.horizon === h);
  rows.forEach((r, i) => {
    const name = exact.length ? r.policy : `${r.policy} ${r.symbol}`;
    lines.push({ name, x: [r.outcome.average], y: [r.outcome.shortfall_sum], colour: COLOUR(i), dots: true, alone: true });
    lines.push({ name: "control of " + name, x: [r.control.average], y: [r.control.shortfall_sum], colour: COLOUR(i), dots: true, hollow: true, alone: true, dash: "2 2" });
  });
  chart(figure("cost"), { title: `${s}, ${h}: sum of shortfalls (up) against average margin (across); filled: policy, hollow: its control; lower and further left is better`, x: [], lines, points: true, show: percent, showX: percent });
}

// The rows of the chosen horizon and instrument; where a table has none over all instruments, those
// of each. A column with nothing in the rows shown is not shown.
function filter() {
  const [h, s] = [pick("horizon").value, pick("symbol").value];
  for (const table of document.querySelectorAll("table.sortable")) {
    const rows = [...table.tBodies[0].rows], scoped = rows.some(r => r.dataset.horizon);
    const exact = rows.filter(r => r.dataset.horizon === h && r.dataset.symbol === s);
    const shown = !scoped ? rows : exact.length ? exact : s === "ALL" ? rows.filter(r => r.dataset.horizon === h) : [];
    table.classList.toggle("wide", scoped && !exact.length);
    for (const row of rows) row.hidden = !shown.includes(row);
    for (const [i, head] of [...table.tHead.rows[0].cells].entries()) {
      if (!head.title) continue;
      const empty = shown.length > 0 && shown.every(r => r.cells[i].dataset.value === "null");
      for (const row of [table.tHead.rows[0], ...rows]) row.cells[i].hidden = empty;
    }
  }
}
function draw() {
  const [h, s] = [pick("horizon").value, pick("symbol").value], p = pane();
  if (p) { drawForecast(p); drawRegimes(p); drawBreaches(p); drawMargin(p); }
  drawReliability(h, s);
  drawCost(h, s);
}
function sort(head) {
  const table = head.closest("table"), body = table.tBodies[0], at = head.cellIndex;
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = row => { const c = row.cells[at]; try { return JSON.parse(c.dataset.value); } catch { return c.textContent; } };
  const compare = (a, b) => a === b ? 0 : a === null ? 1 : b === null ? -1 : (a < b ? -1 : 1) * (down ? -1 : 1);
  body.append(...[...body.rows].map(r => [key(r), r]).sort((a, b) => compare(a[0], b[0])).map(x => x[1]));
}
function remember() {
  history.replaceState(null, "", `#h=${encodeURIComponent(pick("horizon").value)}&s=${encodeURIComponent(pick("symbol").value)}`);
}

const asked = new URLSearchParams(location.hash.slice(1));
for (const [id, key] of [["horizon", "h"], ["symbol", "s"]])
  if ([...pick(id).options].some(o => o.value === asked.get(key))) pick(id).value = asked.get(key);
for (const id of ["horizon", "symbol"]) pick(id).onchange = () => {
  for (const f of document.querySelectorAll("figure")) if (f.state) f.state.range = null;
  filter(); draw(); remember();
};
pick("theme").onchange = e => { document.documentElement.dataset.theme = e.target.value; };
pick("save").onclick = () => save("scores.json", JSON.stringify(scores, null, 2) + "\n");
pick("choice").onsubmit = e => e.preventDefault();
for (const head of document.querySelectorAll("table.sortable thead th")) head.querySelector("button").onclick = () => sort(head);
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } });
filter();
draw();
document.documentElement.dataset.ready = "yes";
