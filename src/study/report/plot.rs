//! The lines of the report, thinned so that the page stays small and extremes stay visible.

use serde_json::{Value, json};

use crate::base::Ts;
use crate::study::measure::{ChartLines, Pane};

/// Most points of one line.
pub(super) const POINTS_MAX: usize = 2_000;
/// Most numbers of all lines together; about 6 bytes each keeps the page under 5 MB.
const NUMBERS_MAX: usize = 600_000;
/// Fewest points of one line, however many lines there are.
const POINTS_MIN: usize = 100;

/// The lines as the page's script reads them.
pub fn data(series: &ChartLines) -> Value {
    let lines: usize = series.panes.iter().map(lines).sum();
    let points = (NUMBERS_MAX / lines.max(1)).clamp(POINTS_MIN, POINTS_MAX);
    Value::Array(series.panes.iter().map(|p| pane(p, points)).collect())
}

fn lines(pane: &Pane) -> usize {
    // Two sets of times, truth, return, two quantiles, loss, four probabilities.
    pane.forecasts.len() + pane.margins.len() + 11
}

fn pane(pane: &Pane, points: usize) -> Value {
    let outlook = thin(&pane.realised_rv, pane.ts.len(), points);
    // The return's extremes are the breaches of a quantile; the loss's, those of a margin.
    let tails = thin(&pane.ret, pane.ts.len(), points);
    let margin = thin(&pane.loss, pane.ts.len(), points);
    let root = |v: &[f64]| v.iter().map(|x| x.sqrt()).collect::<Vec<_>>();
    json!({
        "symbol": pane.symbol,
        "horizon": pane.horizon,
        "span": [pane.ts.first(), pane.ts.last()],
        "forecast": {
            "ts": times(&pane.ts, &outlook),
            "realised": pick(&root(&pane.realised_rv), &outlook),
            "models": pane.forecasts.iter().map(|(n, v)| json!([n, pick(&root(v), &outlook)])).collect::<Vec<_>>(),
            "regimes": (0..4)
                .map(|k| pick(&pane.regimes.iter().map(|p| p[k]).collect::<Vec<_>>(), &outlook))
                .collect::<Vec<_>>(),
        },
        "tails": {
            "ts": times(&pane.ts, &tails),
            "ret": pick(&pane.ret, &tails),
            "q01": pick(&pane.q01, &tails),
            "q99": pick(&pane.q99, &tails),
        },
        "margin": {
            "ts": times(&pane.ts, &margin),
            "loss": pick(&pane.loss, &margin),
            "policies": pane.margins.iter().map(|(n, v)| json!([n, pick(v, &margin)])).collect::<Vec<_>>(),
        },
    })
}

/// Indices to keep: all when few, else the smallest and the largest of each of `points / 2` equal
/// stretches, in order of time.
pub fn thin(values: &[f64], len: usize, points: usize) -> Vec<usize> {
    if len <= points || values.len() != len {
        return (0..len).step_by(len.div_ceil(points.max(1)).max(1)).collect();
    }
    let buckets = points / 2;
    let mut kept = Vec::with_capacity(points);
    for b in 0..buckets {
        let (from, to) = (b * len / buckets, (b + 1) * len / buckets);
        let known = || (from..to).filter(|i| !values[*i].is_nan());
        let low = known().min_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(from);
        let high = known().max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(to - 1);
        kept.extend([low.min(high), low.max(high)]);
    }
    kept.dedup();
    kept
}

fn times(ts: &[Ts], kept: &[usize]) -> Vec<i64> {
    // Seconds since 1970, each as the difference to the one before: short numbers.
    let mut before = 0;
    kept.iter()
        .map(|i| {
            let s = ts[*i].0.div_euclid(1_000_000_000);
            let step = s - before;
            before = s;
            step
        })
        .collect()
}

fn pick(values: &[f64], kept: &[usize]) -> Value {
    kept.iter().filter_map(|i| values.get(*i)).map(|v| short(*v)).collect()
}

/// Four significant digits: more than a screen can show.
fn short(v: f64) -> Value {
    if !v.is_finite() {
        return Value::Null;
    }
    let rounded: f64 = format!("{v:.3e}").parse().unwrap_or(v);
    json!(rounded)
}
