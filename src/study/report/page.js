// What the page shows for the chosen horizon and instrument; sorting and filtering of tables; printing.
const pick = id => document.getElementById(id);
const chosen = () => [pick("horizon").value, pick("symbol").value];

// The rows of the chosen horizon and instrument; where a table has none over all instruments, those
// of each. A column with nothing in the rows shown is not shown. Without a horizon those of all.
function filter(h, s) {
  for (const table of document.querySelectorAll("table.sortable")) {
    const rows = [...table.tBodies[0].rows], scoped = rows.some(r => r.dataset.horizon);
    const over = rows.filter(r => h === null || r.dataset.horizon === h || !r.dataset.horizon);
    const exact = over.filter(r => r.dataset.symbol === s || !r.dataset.symbol);
    const shown = !scoped ? rows : exact.length ? exact : s === "ALL" ? over : [];
    table.classList.toggle("wide", scoped && !exact.length);
    table.classList.toggle("everything", h === null);
    for (const row of rows) row.hidden = !shown.includes(row);
    for (const [i, head] of [...table.tHead.rows[0].cells].entries()) {
      if (!head.title) continue;
      const empty = shown.length > 0 && shown.every(r => r.cells[i].dataset.value === "null");
      for (const row of [table.tHead.rows[0], ...rows]) row.cells[i].hidden = empty;
    }
  }
}
const figures = () => document.querySelectorAll("figure[data-chart]:not(.copy)");
function drawOne(figure, h, s) {
  if (lines.panes.some(p => p.horizon === h)) DRAW[figure.dataset.chart](figure, h, s);
}
function draw() {
  const [h, s] = chosen();
  for (const figure of figures()) drawOne(figure, h, s);
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

// On paper nobody can choose: every horizon is drawn, every table shows all, and what is folded is open.
let folded = [];
function beforePrint() {
  if (document.querySelector("figure.copy")) return;
  const [h, s] = chosen();
  for (const figure of figures()) {
    let last = figure;
    for (const other of scores.meta.horizons.filter(o => o !== h)) {
      const copy = html("figure", { class: "copy", "data-chart": figure.dataset.chart, "aria-label": figure.getAttribute("aria-label") });
      last.after(copy);
      if (figure.state) copy.state = { off: { ...figure.state.off }, range: null };
      drawOne(copy, other, s);
      last = copy;
    }
  }
  filter(null, s);
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const d of folded) d.open = true;
}
function afterPrint() {
  for (const copy of document.querySelectorAll("figure.copy")) copy.remove();
  for (const d of folded) d.open = false;
  folded = [];
  filter(...chosen());
}
addEventListener("beforeprint", beforePrint);
addEventListener("afterprint", afterPrint);

const asked = new URLSearchParams(location.hash.slice(1));
for (const [id, key] of [["horizon", "h"], ["symbol", "s"]])
  if ([...pick(id).options].some(o => o.value === asked.get(key))) pick(id).value = asked.get(key);
for (const id of ["horizon", "symbol"]) pick(id).onchange = () => {
  for (const f of figures()) if (f.state) f.state.range = null;
  filter(...chosen()); draw(); remember();
};
pick("theme").onchange = e => { document.documentElement.dataset.theme = e.target.value; };
pick("save").onclick = () => save("scores.json", JSON.stringify(scores, null, 2) + "\n");
pick("choice").onsubmit = e => e.preventDefault();
for (const head of document.querySelectorAll("table.sortable thead th")) head.querySelector("button").onclick = () => sort(head);
pick("resolution").textContent = lines.note;
// Anchors come to stand below the header, however high it is.
const below = () => document.documentElement.style.setProperty("--head", document.querySelector("header").offsetHeight + "px");
let width = innerWidth;
addEventListener("resize", () => { below(); if (innerWidth !== width) { width = innerWidth; draw(); } });
below();
filter(...chosen());
draw();
document.documentElement.dataset.ready = "yes";
