//! The lines of the report: every row where the page stays small, else rows thinned so that extremes stay visible.

use serde_json::{Value, json};

use super::codes;
use super::pack::{self, Bits};
use crate::base::Ts;
use crate::study::measure::{ChartLines, Pane};

/// Most points that each of three lines of a pane keeps where rows are thinned: its extremes.
pub(super) const POINTS_MAX: usize = 2_000;
/// Fewest points, however many lines there are.
const POINTS_MIN: usize = 100;
/// Most characters of a page.
pub(super) const ROOM: usize = 9_500_000;
/// Least room for lines, whatever else the page holds.
const ROOM_MIN: usize = 1_000_000;

/// What the page holds of its lines.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Resolution {
    /// Every row, with so many bits.
    Every(Bits),
    /// Rows thinned to so many points of each line.
    Thinned(usize),
}

impl Resolution {
    /// The best for which there is room, in characters.
    fn of(lines: &ChartLines, room: usize) -> Resolution {
        let room = room.max(ROOM_MIN);
        let numbers: usize = lines.panes.iter().map(|p| p.ts.len() * columns(p)).sum();
        let each: usize = lines.panes.iter().map(columns).sum();
        match [Bits::Full, Bits::Half].into_iter().find(|bits| bits.length(numbers) <= room) {
            Some(bits) => Resolution::Every(bits),
            // Three lines are thinned, each to as many points.
            None => Resolution::Thinned((room / (12 * each.max(1))).clamp(POINTS_MIN, POINTS_MAX)),
        }
    }
    /// In words.
    fn text(self) -> String {
        match self {
            Resolution::Every(bits) => format!(
                "Charts hold every row, with {} digits: zooming in and CSV files are at full resolution.",
                if bits == Bits::Full { "six" } else { "four" }
            ),
            Resolution::Thinned(points) => format!(
                "There are too many rows for one page: charts and their CSV files hold about {points} rows for each of loss, \
                 return and realised volatility, their extremes among them. Every row is in forecasts.parquet, \
                 outcomes.parquet and decisions.parquet."
            ),
        }
    }
}

/// Columns of a pane.
fn columns(pane: &Pane) -> usize {
    // Realised volatility, return, two quantiles, loss, four probabilities.
    pane.forecasts.len() + pane.margins.len() + pane.decided.len() + 9
}

/// The lines as the page's script reads them, in so many characters at most.
pub(super) fn data(lines: &ChartLines, room: usize) -> Value {
    let resolution = Resolution::of(lines, room);
    json!({
        "whole": matches!(resolution, Resolution::Every(_)),
        "note": resolution.text(),
        "about": lines.panes.iter().flat_map(|p| &p.codes).map(|c| (c.0.clone(), json!(codes::about(&c.0))))
            .collect::<serde_json::Map<_, _>>(),
        "panes": lines.panes.iter().map(|p| pane(p, resolution)).collect::<Vec<_>>(),
        "constants": lines.constants.iter().map(|c| json!({
            "horizon": c.horizon,
            "symbol": c.symbol,
            "average": c.average,
            "baseline": shorts(&c.baseline),
            "flat": shorts(&c.flat),
        })).collect::<Vec<_>>(),
    })
}

fn pane(pane: &Pane, resolution: Resolution) -> Value {
    let (kept, bits) = match resolution {
        Resolution::Every(bits) => ((0..pane.ts.len()).collect(), bits),
        Resolution::Thinned(points) => (extremes(pane, points), Bits::Full),
    };
    let root = |v: &[f64]| v.iter().map(|x| x.sqrt()).collect::<Vec<_>>();
    let pick = |v: &[f64]| pack::column(&kept.iter().filter_map(|i| v.get(*i).copied()).collect::<Vec<_>>(), bits);
    let named = |all: &[(String, Vec<f64>)]| all.iter().map(|(n, v)| json!([n, pick(v)])).collect::<Vec<_>>();
    let regime = |k: usize| pick(&pane.regimes.iter().map(|p| p[k]).collect::<Vec<_>>());
    let flags = |v: &[bool]| pack::runs(&kept.iter().filter_map(|i| v.get(*i).copied()).collect::<Vec<_>>());
    json!({
        "symbol": pane.symbol,
        "horizon": pane.horizon,
        "ts": pack::steps(kept.iter().map(|i| seconds(pane.ts[*i]))),
        "realised": pick(&root(&pane.realised_rv)),
        "models": pane.forecasts.iter().map(|(n, v)| json!([n, pick(&root(v))])).collect::<Vec<_>>(),
        "regimes": (0..4).map(regime).collect::<Vec<_>>(),
        "ret": pick(&pane.ret),
        "q01": pick(&pane.q01),
        "q99": pick(&pane.q99),
        "loss": pick(&pane.loss),
        "policies": named(&pane.margins),
        "decided": pane.decided.iter().map(|(n, v)| (n.to_string(), pick(v))).collect::<serde_json::Map<_, _>>(),
        "codes": pane.codes.iter().map(|(n, v)| json!([n, flags(v)])).collect::<Vec<_>>(),
        "week": pane.week.iter().map(|w| shorts(w)).collect::<Vec<_>>(),
    })
}

/// The rows at which realised volatility, the return (whose extremes are the breaches of a quantile) or the loss (those of
/// a margin) is extreme.
fn extremes(pane: &Pane, points: usize) -> Vec<usize> {
    let len = pane.ts.len();
    let lines = [&pane.realised_rv, &pane.ret, &pane.loss];
    let mut kept: Vec<usize> = lines.into_iter().flat_map(|line| thin(line, len, points)).collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Indices to keep: all when few, else the smallest and the largest of each of `points / 2` equal
/// stretches, in order of time.
pub(super) fn thin(values: &[f64], len: usize, points: usize) -> Vec<usize> {
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

/// Seconds since 1970.
fn seconds(t: Ts) -> i64 {
    t.0.div_euclid(1_000_000_000)
}

/// Five significant digits: more than a screen can show.
fn shorts(values: &[f64]) -> Value {
    let short = |v: &f64| v.is_finite().then(|| format!("{v:.4e}").parse::<f64>().unwrap_or(*v));
    values.iter().map(short).collect::<Vec<_>>().into()
}
