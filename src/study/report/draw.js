// What the charts of the page show, each for a horizon and an instrument.
const scores = JSON.parse(document.getElementById("scores").textContent);
const lines = JSON.parse(document.getElementById("series").textContent);
const COLOUR = i => `var(--c${1 + i % 6})`;
const percent = (v, step) => {
  const wide = 100 * (step || v), digits = wide ? -Math.floor(Math.log10(Math.abs(wide)) + 1e-9) : 0;
  return (100 * v).toFixed(Math.max(0, Math.min(8, digits + (step ? 0 : 2)))) + " %";
};
const plain = (v, step) => {
  const wide = step || v, digits = wide ? -Math.floor(Math.log10(Math.abs(wide)) + 1e-9) : 0;
  return v.toFixed(Math.max(0, Math.min(6, digits + (step ? 0 : 3))));
};
// One colour and dash per model on every chart: the base, the champion, then the others in turn.
const models = [...new Set(scores.models.map(m => m.model))].filter(m => ![scores.meta.base, scores.meta.champion].includes(m)).sort();
function look(model) {
  if (model === scores.meta.base) return { colour: "var(--c1)", dash: "", width: 1.5, off: false };
  if (model === scores.meta.champion) return { colour: "var(--c2)", dash: "", width: 2, off: false };
  const i = Math.max(0, models.indexOf(model));
  return { colour: `var(--c${3 + i % 4})`, dash: DASH[Math.floor(i / 4) % DASH.length], width: 1.3, off: true };
}
const HINT = "Point at the chart, or focus it and use the arrow keys; drag to zoom, double-click for the whole span.";
const of = (rows, h, s) => (rows || []).filter(r => r.horizon === h && r.symbol === s);
const over = (rows, h) => (rows || []).filter(r => r.horizon === h);
// Over all instruments the first one is drawn, and the title says which.
function pane(h, s) {
  const found = lines.panes.find(p => p.horizon === h && p.symbol === s) || lines.panes.find(p => p.horizon === h);
  return found && unpacked(found);
}
const named = p => `${p.symbol}, ${p.horizon}`;
const file = (name, p) => `${name}-${p.symbol}-${p.horizon}`;
const calibrated = h => (scores.calibration || scores.evidence.calibration || []).find(c => c.horizon === h);

const DRAW = {
  forecast(f, h, s) {
    const p = pane(h, s);
    const all = [{ name: "realised", y: p.realised, colour: "var(--c7)", width: 1, opacity: .75 }];
    for (const [name, y] of p.models) all.push({ name, y, ...look(name) });
    chart(f, { title: `${named(p)}: volatility over the horizon, forecast and realised`, x: p.ts, time: true, log: true, lines: all, show: percent, hint: HINT, file: file("forecast", p) });
  },
  regimes(f, h, s) {
    const p = pane(h, s), names = ["calm", "normal", "elevated", "stress"], some = p.regimes[0].some(known);
    const all = names.map((name, i) => ({ name, y: p.regimes[i], colour: `var(--r${i})` }));
    chart(f, { title: `${named(p)}: probability of each regime`, x: some ? p.ts : [], time: true, stacked: true, height: 200, lines: all, show: percent, hint: HINT, file: file("regimes", p) });
  },
  reliability(f, h, s) {
    const rows = of(scores.coverage, h, s).filter(r => r.level !== 0.5), all = [];
    for (const m of new Set(rows.map(r => r.model))) for (const low of [true, false]) {
      const points = rows.filter(r => r.model === m && r.level < .5 === low)
        .map(r => low ? [r.level, r.share] : [1 - r.level, 1 - r.share]).sort((a, b) => a[0] - b[0]);
      const { colour, off } = look(m);
      all.push({ name: m, x: points.map(q => q[0]), y: points.map(q => q[1]), colour, off, dash: low ? "" : "5 3", dots: true, hollow: !low });
    }
    chart(f, { title: `${s}, ${h}: observed (up) against nominal (across) share beyond each quantile; filled: lower tail, hollow: upper; on the dotted line both agree`, x: [], lines: all, log: true, logX: true, diagonal: true, show: percent, showX: percent, nameX: "nominal", nameY: "observed", file: `reliability-${s}-${h}` });
  },
  breaches(f, h, s) {
    const p = pane(h, s), beyond = (q, sign) => p.ret.map((r, i) => known(r) && known(q[i]) && sign * (r - q[i]) > 0 ? r : null);
    const all = [
      { name: "return", y: p.ret, colour: "var(--c7)", width: 1, opacity: .75 },
      { name: "1 % quantile", y: p.q01, colour: "var(--c1)", step: true },
      { name: "99 % quantile", y: p.q99, colour: "var(--c2)", step: true, dash: "5 2" },
    ];
    const some = p.q01.some(known), marks = some ? [{ name: "breach", x: p.ts, y: beyond(p.q01, -1) }, { name: "", x: p.ts, y: beyond(p.q99, 1) }] : [];
    chart(f, { title: `${named(p)}: returns over the horizon and the quantiles of ${scores.meta.champion}`, x: some ? p.ts : [], time: true, lines: all, marks, show: percent, hint: HINT, file: file("breaches", p) });
  },
  margin(f, h, s) {
    const p = pane(h, s), all = [{ name: "loss", y: p.loss, colour: "var(--c7)", width: 1, opacity: .75 }];
    p.policies.forEach(([name, y], i) => all.push({ name, y, colour: COLOUR(i), dash: DASH[i % 6], step: true, off: i > 0 && name !== "guarded" && p.policies.length > 2 }));
    const last = p.policies.find(q => q[0] === "guarded") || p.policies[p.policies.length - 1];
    const marks = last ? [{ name: `loss above ${last[0]}`, x: p.ts, y: p.loss.map((v, i) => known(v) && known(last[1][i]) && v > last[1][i] ? v : null) }] : [];
    chart(f, { title: `${named(p)}: margin and the loss that followed, share of notional; guarded is what was published`, x: last ? p.ts : [], time: true, lines: all, marks, show: percent, hint: HINT, file: file("margin", p) });
  },
  multiplier(f, h, s) {
    const p = pane(h, s), d = p.decided, colours = { STEP_UP: 2, STEP_DN: 1, BUDGET: 5, CAP: 4, FLOOR: 3, DEADBAND: 7, COOLDOWN: 6, FORECAST_SILENCED: 2, FORECAST_COSTLY: 2, EMERGENCY_LANE: 2 };
    const lanes = p.codes.map(([name, on]) => ({ name, on, colour: `var(--c${colours[name] || 7})`, about: lines.about[name] || "" }));
    const all = [
      { name: "wanted", y: d.wanted, colour: "var(--c7)", width: 1, opacity: .8, about: "What the blend wants, within the bounds of the multiplier, before guardrails pace it" },
      { name: "published", y: d.multiplier, colour: "var(--c2)", width: 1.8, step: true, about: "Initial margin that was asked over the baseline" },
      { name: "weight of the forecast", y: d.weight, colour: "var(--c1)", step: true, off: true, about: "0 where the forecast is silenced or there is none" },
    ];
    chart(f, { title: `${named(p)}: multiplier of the baseline, wanted and published; below, what bound it`, note: "Each row below the plot is one reason or state: darker where it acted on more of the decisions below a pixel.", x: p.ts, time: true, lines: all, lanes, show: plain, hint: HINT, file: file("multiplier", p) });
  },
  evidence(f, h, s) {
    const p = pane(h, s), at = over(scores.evidence.charged, h)[0], d = p.decided;
    const all = [
      { name: "losses above the forecast", y: d.evidence, colour: "var(--c2)", about: "E-detector of the tail that shows more: 1 or so where the forecast is right" },
      { name: "cost", y: d.evidence_cost, colour: "var(--c1)", dash: "6 3", about: "E-detector of the tick loss of the forecast against that of the baseline" },
    ];
    const levels = at ? [{ name: `silenced at ${at.silent_at}`, y: at.silent_at }, { name: `heard again at ${at.heard_at}`, y: at.heard_at }, { name: `weight lowered for cost at ${at.costly_at}`, y: at.costly_at }] : [];
    chart(f, { title: `${named(p)}: evidence against the forecast, logarithmic`, x: p.ts, time: true, log: true, height: 240, lines: all, levels, levelsIn: true, show: plain, hint: HINT, empty: "No forecast is blended here, so nothing is held against one.", file: file("evidence", p) });
  },
  budget(f, h, s) {
    const p = pane(h, s), all = [{ name: "budget left", y: p.decided.budget_left, colour: "var(--c5)", step: true, about: "What is left of the budget of rises that is used the most, as a share of it" }];
    chart(f, { title: `${named(p)}: what is left of the budget that is used the most`, x: p.ts, time: true, height: 200, lines: all, show: percent, hint: HINT, empty: "There are no budgets over windows here.", file: file("budget", p) });
  },
  qlike(f, h, s) {
    const p = pane(h, s), base = p.models.find(m => m[0] === scores.meta.base), all = [];
    const loss = (sd, real) => { const x = (real / sd) ** 2; return x - Math.log(x) - 1; };
    if (base && lines.whole) for (const [name, y] of p.models) {
      if (name === scores.meta.base) continue;
      let sum = 0;
      const line = y.map((v, i) => known(v) && known(base[1][i]) && known(p.realised[i]) && p.realised[i] > 0 ? sum += loss(v, p.realised[i]) - loss(base[1][i], p.realised[i]) : null);
      all.push({ name, y: line, ...look(name) });
    }
    const empty = lines.whole ? "No base model to compare with." : "A sum wants every row, and this page holds thinned ones: work it out from forecasts.parquet and outcomes.parquet.";
    chart(f, { title: `${named(p)}: sum of QLIKE losses less that of ${scores.meta.base}; where a line falls, the model is better`, x: all.length ? p.ts : [], time: true, lines: all, levels: [{ name: scores.meta.base, y: 0 }], levelsIn: true, show: plain, hint: HINT, empty, file: file("qlike", p) });
  },
  pit(f, h) {
    const rows = over(scores.evidence.transforms, h), all = [];
    const bins = [...new Set(rows.map(r => r.from))].sort((a, b) => a - b), at = from => rows.find(r => r.from === from);
    const names = bins.map(b => `${percent(b, .005).replace(" %", "")}–${percent(at(b).to, .005)}`);
    for (const m of new Set(rows.map(r => r.model))) {
      const { colour, off } = look(m), mine = b => rows.find(r => r.model === m && r.from === b);
      all.push({ name: m, y: bins.map(b => mine(b) ? mine(b).density : null), colour, off: off || m !== scores.meta.champion });
    }
    chart(f, { title: `All instruments, ${h}: outcomes between the published quantiles, share over the nominal one; 1 where the forecast is right`, x: bins.map((_, i) => i), categories: names, bars: true, height: 240, lines: all, levels: [{ name: "right", y: 1 }], levelsIn: true, show: plain, file: `pit-${h}` });
  },
  probability(f, h) {
    const rows = over(scores.evidence.reliability, h).filter(r => r.n > 0), all = [];
    for (const m of new Set(rows.map(r => r.model))) {
      const mine = rows.filter(r => r.model === m), { colour, off } = look(m);
      const tell = i => [["said", percent(mine[i].said)], ["came true", percent(mine[i].share)], ["95 % interval", `${percent(mine[i].low)} to ${percent(mine[i].high)}`], ["forecasts", String(mine[i].n)]];
      all.push({ name: m, x: mine.map(r => r.said), y: mine.map(r => r.share), low: mine.map(r => r.low), high: mine.map(r => r.high), colour, off, dots: true, tell });
    }
    chart(f, { title: `All instruments, ${h}: probability of a spike, what was said (across) and what came true (up); on the dotted line both agree`, x: [], lines: all, points: true, diagonal: true, height: 300, show: percent, showX: percent, empty: "No model gives a probability of spikes.", file: `probability-${h}` });
  },
  week(f, h, s) {
    const p = pane(h, s), [volatility, breaches, margin] = p.week, mean = breaches.filter(known).reduce((a, v, _, all) => a + v / all.length, 0);
    const times = v => `${v.toFixed(3)} times the mean`;
    grids(f, { title: `${named(p)}: by hour of the week, UTC`, file: file("week", p), note: "Orange above, blue below the mean; the darkest field is the furthest from it.", grids: [
      { name: "volatility that was forecast over its mean", values: volatility, middle: 1, show: times },
      { name: "share of losses above the published margin", values: breaches, middle: mean, show: v => percent(v) },
      { name: "published margin over its mean", values: margin, middle: 1, show: times },
    ] });
  },
  frontier(f, h, s) {
    const rows = of(scores.evidence.controls, h, s).filter(r => r.days === "all"), base = rows.find(r => r.policy === "baseline");
    const curve = of(lines.constants, h, s)[0], all = [], wide = rows.map(r => r.average_ratio);
    const [least, most] = [Math.min(0.95, ...wide) - .05, Math.max(1.1, ...wide) + .05];
    const within = key => curve.average.map((x, i) => [x, curve[key][i]]).filter(q => q[0] >= least && q[0] <= most);
    if (curve && rows.length) for (const [name, key, dash] of [["baseline times a constant", "baseline", ""], ["flat margin", "flat", "6 3"]])
      all.push({ name, x: within(key).map(q => q[0]), y: within(key).map(q => q[1]), colour: "var(--c7)", dash, width: 1.5, off: key === "flat", about: "What a constant costs and leaves uncovered" });
    const c = s === "ALL" && calibrated(h);
    if (c) all.push(...policies(c));
    const shapes = { published: ["star", "var(--c2)"], unguarded: ["circle", "var(--c4)"], baseline: ["square", "var(--c0)"], flat: ["square", "var(--c7)"] };
    rows.filter(r => r.policy !== "constant").forEach((r, i) => {
      const [shape, colour] = shapes[r.policy] || ["diamond", COLOUR(i)];
      all.push({ name: r.policy, x: [r.average_ratio], y: [r.shortfall], colour, shape, alone: true, off: r.policy === "flat", tell: () => controlled(r) });
    });
    const note = base ? "Lower and further left is better. What lies below the line of constants is worth more than asking for more; point at a mark for its numbers." : "";
    chart(f, { title: `${s}, ${h}: sum of shortfalls, share of notional (up), against average margin over the average baseline (across)`, note, x: [], lines: all, points: true, show: percent, showX: plain, nameX: "cost", nameY: "shortfall", file: `frontier-${s}-${h}`, empty: "Nothing was published here." });
  },
  policies(f, h) {
    const c = calibrated(h);
    const all = c ? [...constants(c), ...policies(c)] : [];
    chart(f, { title: `All instruments, ${h}: calibrated policies, sum of shortfalls (up) against average margin over the average baseline (across)`, note: c ? `The ${c.frontier.length} of ${c.policies} policies that no other dominates in shortfall, cost, rises and changes, over the whole record (in sample). Point at one for its settings and its rises.` : "", x: [], lines: all, points: true, show: percent, showX: plain, file: `policies-${h}`, hint: c ? "Point at a policy; drag to zoom, double-click for all." : "", empty: "The policy was not calibrated." });
  },
};

// What is told of a policy beside its controls.
function controlled(r) {
  const rises = v => v.map(x => percent(x, .001)).join(" / ");
  const some = (v, show) => v === null ? "–" : show(v);
  return [
    ["cost", plain(r.average_ratio)], ["shortfall", percent(r.shortfall)], ["to constant", some(r.ratio, v => v.toFixed(3))],
    ["to flat", some(r.flat_ratio, v => v.toFixed(3))], ["DM t", some(r.dm_t, v => v.toFixed(1))], ["better on", `${r.better} of ${r.instruments}`],
    ["rises 1 / 5 / 20", rises(r.rises)], ["constant's", rises(r.control_rises)], ["changes a day", r.changes_a_day.toFixed(1)],
  ];
}
// All settings of a calibrated policy, and what came of it.
function told(p) {
  const o = p.outcome, rises = v => v.map(x => percent(x, .001)).join(" / ");
  const setting = ([name, v]) => [name.replaceAll("_", " "), v === null ? "none" : String(v)];
  return [
    ["cost", plain(o.average / o.baseline_average)], ["shortfall", percent(o.shortfall)], ["to constant", (o.shortfall / o.control_shortfall).toFixed(3)],
    ["rises 1 / 5 / 20", rises(o.rises)], ["constant's", rises(o.control_rises)], ["changes a day", o.changes_a_day.toFixed(1)],
    ...Object.entries(p.policy).map(setting),
  ];
}
function policies(c) {
  const cost = p => p.outcome.average / p.outcome.baseline_average, sets = [
    ["not admitted", c.frontier.filter(p => !p.admitted && !p.chosen), { colour: "var(--c7)", hollow: true, faint: true, opacity: .6, about: "Its worst rises, or its cost, are beyond the appetite" }],
    ["admitted", c.frontier.filter(p => p.admitted && !p.chosen), { colour: "var(--c3)", faint: true, about: "No worse rise than the appetite admits: those of the constant, unless set" }],
    ["chosen", c.frontier.filter(p => p.chosen), { colour: "var(--c4)", shape: "star", about: "The least shortfall over its constant's among those admitted" }],
  ];
  const out = sets.map(([name, all, style]) => ({ name, x: all.map(cost), y: all.map(p => p.outcome.shortfall), alone: true, tell: i => told(all[i]), ...style }));
  if (c.today_outcome) out.push({ name: "today", x: [cost(c.today_outcome)], y: [c.today_outcome.outcome.shortfall], colour: "var(--c1)", shape: "diamond", alone: true, about: "The policy that made the decisions", tell: () => told({ ...c.today_outcome, policy: { ...c.today.blend } }) });
  return out.filter(l => l.x.length);
}
// The controls of the policies, by cost: what constants leave at the same average.
function constants(c) {
  const at = c.frontier.map(p => [p.outcome.average / p.outcome.baseline_average, p.outcome]).sort((a, b) => a[0] - b[0]);
  const line = (name, key, dash) => ({ name, x: at.map(q => q[0]), y: at.map(q => q[1][key]), colour: "var(--c7)", dash, width: 1.3, off: key === "flat_shortfall" });
  return [line("baseline times a constant", "control_shortfall", ""), line("flat margin", "flat_shortfall", "6 3")];
}
