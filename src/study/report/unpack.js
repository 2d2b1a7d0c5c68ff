// Columns of numbers from the short text in which the page carries them.

// A column: evenly spaced codes between its least and largest number, or between their logarithms; 0 is absence.
function unpack(column) {
  const { n, log, from, to, bytes, data } = column;
  if (data === undefined) return new Array(n).fill(column.same);
  const raw = atob(data), codes = 2 ** (8 * bytes) - 2, out = new Array(n);
  for (let i = 0, at = 0; i < n; i++, at += bytes) {
    let code = raw.charCodeAt(at) + 256 * raw.charCodeAt(at + 1);
    if (bytes === 3) code += 65536 * raw.charCodeAt(at + 2);
    const value = from + (to - from) * (code - 1) / codes;
    out[i] = code === 0 ? null : log ? Math.exp(value) : value;
  }
  return out;
}
// Times from differences, each with how often it comes in a row.
function unsteps(runs) {
  const out = [];
  let t = 0;
  for (const [step, times] of runs) for (let k = 0; k < times; k++) out.push(t += step);
  return out;
}
// Yes and no from the lengths of their runs, beginning with no.
function unruns(lengths, n) {
  const out = new Uint8Array(n);
  let at = 0;
  lengths.forEach((length, k) => { if (k % 2) out.fill(1, at, at + length); at += length; });
  return out;
}
// A pane, unpacked when it is first looked at.
function unpacked(p) {
  if (p.open) return p.open;
  const named = all => all.map(([name, column]) => [name, unpack(column)]);
  const ts = unsteps(p.ts), open = {
    symbol: p.symbol, horizon: p.horizon, ts, realised: unpack(p.realised), models: named(p.models), policies: named(p.policies),
    regimes: p.regimes.map(unpack), decided: {}, codes: p.codes.map(([name, runs]) => [name, unruns(runs, ts.length)]), week: p.week,
  };
  for (const key of ["ret", "q01", "q99", "loss"]) open[key] = unpack(p[key]);
  for (const key in p.decided) open.decided[key] = unpack(p.decided[key]);
  return p.open = open;
}
