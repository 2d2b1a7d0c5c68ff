//! Lines to draw of a study: what was forecast, what happened, what margins asked, and what bound them.

use std::collections::BTreeMap;

use super::material::Material;
use super::outcomes;
use super::policies::{Asked, POLICIES};
use super::{POOLED, week};
use crate::base::{Horizon, Symbol, Ts};
use crate::loss::OutcomeRow;
use crate::margin::{Decision, Reason, State};
use crate::study::walk::Forecasted;

/// Lines to draw. Never a source of printed numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartLines {
    /// One per instrument and horizon, in the order of the tables.
    pub panes: Vec<Pane>,
    /// What constants cost and leave uncovered, pooled and per instrument.
    pub constants: Vec<ConstantsCurve>,
}

/// What the baseline times constants, and flat margins, cost and leave uncovered.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstantsCurve {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`]: the same constant on each.
    pub symbol: String,
    /// Constants: average margin over the average baseline.
    pub average: Vec<f64>,
    /// Sum of shortfalls of the baseline times the constant, fraction of notional.
    pub baseline: Vec<f64>,
    /// The same where each instrument's average is asked at every row.
    pub flat: Vec<f64>,
}

/// Aligned columns of one instrument and horizon; every non-empty column is as long as `ts`. NaN is
/// absence.
#[derive(Clone, Debug, PartialEq)]
pub struct Pane {
    /// The instrument.
    pub symbol: Symbol,
    /// How far ahead.
    pub horizon: Horizon,
    /// Issue times, ascending.
    pub ts: Vec<Ts>,
    /// Realised variance over the horizon after each issue time, fraction squared.
    pub realised_rv: Vec<f64>,
    /// Forecast of the same, by model.
    pub forecasts: Vec<(String, Vec<f64>)>,
    /// Log return over the horizon, fraction.
    pub ret: Vec<f64>,
    /// The champion's 1 % quantile of that return.
    pub q01: Vec<f64>,
    /// The champion's 99 % quantile of that return.
    pub q99: Vec<f64>,
    /// Regime probabilities at issue time, in order of volatility; empty where no model tells them.
    pub regimes: Vec<[f64; 4]>,
    /// Loss over the horizon that the margin had to cover, fraction of notional.
    pub loss: Vec<f64>,
    /// Margin of each policy, by name as in [`super::margin::policy_scores::MarginScore::policy`], fraction of notional.
    pub margins: Vec<(String, Vec<f64>)>,
    /// What else a decision was, by name: multipliers wanted and published, weight and evidence of the forecast, budget left.
    pub decided: Vec<(&'static str, Vec<f64>)>,
    /// Reasons and states that any decision carries, and on which rows: `true` where it does.
    pub codes: Vec<(String, Vec<bool>)>,
    /// By hour of the week from Monday 00:00 UTC on: volatility forecast and margin over their means, share of breaches.
    pub week: [Vec<f64>; 3],
}

/// What is drawn of decisions besides their margins: a name, and its value.
type Decided = (&'static str, fn(&Decision) -> f64);

/// In the order of [`Pane::decided`].
pub(in crate::study) const DECIDED: [Decided; 6] = [
    ("wanted", |d| d.why.m4),
    ("multiplier", |d| d.c_im / d.baseline),
    ("weight", |d| d.why.blend_weight),
    ("evidence", |d| d.why.evidence),
    ("evidence_cost", |d| d.why.evidence_cost),
    ("budget_left", |d| d.why.budget_left),
];

impl ChartLines {
    /// Of a study.
    pub fn of(of: &Material<'_>) -> ChartLines {
        let horizons = of.plan.horizons();
        let panes = |symbol: &Symbol| horizons.iter().map(|(_, h)| pane(of, *symbol, *h)).collect::<Vec<_>>();
        ChartLines {
            panes: of.plan.pipeline.symbols.iter().flat_map(panes).collect(),
            constants: horizons.iter().flat_map(|(_, h)| constants(of, *h)).collect(),
        }
    }
}

fn pane(of: &Material<'_>, symbol: Symbol, horizon: Horizon) -> Pane {
    let rows = outcomes::judged(of.plan, &of.outcomes, &of.walk.decisions, symbol, horizon);
    let ts: Vec<Ts> = rows.iter().map(|r| r.0.ts).collect();
    let own = of.forecasts.iter().filter(|f| f.symbol == symbol && f.forecast.horizon == horizon);
    let mut by_model: BTreeMap<&str, BTreeMap<Ts, &Forecasted>> = BTreeMap::new();
    for f in own {
        by_model.entry(&f.model).or_default().insert(f.forecast.issued, f);
    }
    let along = |model: &str, value: &dyn Fn(&Forecasted) -> f64| -> Vec<f64> {
        let series = by_model.get(model);
        ts.iter().map(|t| series.and_then(|s| s.get(t)).map_or(f64::NAN, |f| value(f))).collect()
    };
    let outcome = |value: &dyn Fn(&OutcomeRow) -> f64| -> Vec<f64> {
        ts.iter().map(|t| outcomes::find(&of.outcomes, symbol, horizon, *t).map_or(f64::NAN, |o| value(&o))).collect()
    };
    let champion = of.plan.pipeline.margin.forecast.as_str();
    let regime = of.plan.pipeline.margin.regime.as_str();
    let probs = |t: &Ts| by_model.get(regime).and_then(|s| s.get(t)).and_then(|f| f.forecast.regime).map(|r| r.probs());
    Pane {
        symbol,
        horizon,
        realised_rv: outcome(&|o| o.rv),
        forecasts: by_model.keys().map(|m| (m.to_string(), along(m, &|f| f.forecast.dist.rv))).collect(),
        ret: outcome(&|o| o.ret),
        q01: along(champion, &|f| f.forecast.dist.q[1]),
        q99: along(champion, &|f| f.forecast.dist.q[7]),
        regimes: if by_model.contains_key(regime) {
            ts.iter().map(|t| probs(t).unwrap_or([f64::NAN; 4])).collect()
        } else {
            Vec::new()
        },
        loss: rows.iter().map(|r| r.1).collect(),
        margins: POLICIES
            .iter()
            .map(|(name, ask)| (name.to_string(), rows.iter().map(|r| ask(r.0)).collect()))
            .collect(),
        decided: DECIDED.map(|(name, value)| (name, rows.iter().map(|r| value(r.0)).collect())).into(),
        codes: codes(&rows),
        week: week::of(&ts, &along(champion, &|f| f.forecast.dist.rv.sqrt()), &rows),
        ts,
    }
}

/// Reasons in their order, then states other than fresh, then the regime flag: those that some decision carries.
fn codes(rows: &[(&Decision, f64)]) -> Vec<(String, Vec<bool>)> {
    let on = |test: &dyn Fn(&Decision) -> bool| rows.iter().map(|r| test(r.0)).collect::<Vec<bool>>();
    let reasons = Reason::ALL.iter().map(|x| (x.code(), on(&|d| d.reasons.contains(x))));
    let late = State::ALL.iter().filter(|x| **x != State::Fresh).map(|x| (x.code(), on(&|d| d.state == *x)));
    let flag = (STRESS_FLAG.to_string(), on(&|d| d.why.stress_flag));
    reasons.chain(late).chain([flag]).filter(|(_, rows)| rows.contains(&true)).collect()
}

/// The flag of the stressed regime among codes.
pub const STRESS_FLAG: &str = "STRESS_FLAG";

/// The curves of one horizon, pooled first.
fn constants(of: &Material<'_>, horizon: Horizon) -> Vec<ConstantsCurve> {
    let own: Vec<&Asked<'_>> = of.asked.iter().filter(|a| a.horizon == horizon).collect();
    let side = of.plan.pipeline.margin.baseline.side;
    let single = own.iter().map(|a| (a.symbol.to_string(), vec![*a]));
    let all = std::iter::once((POOLED.to_string(), own.clone())).chain(single);
    let curve = |(symbol, of): (String, Vec<&Asked<'_>>)| {
        let average: Vec<f64> = (14..=40).map(|k| 0.05 * f64::from(k)).collect();
        let (mut baseline, mut flat) = (vec![0.0; average.len()], vec![0.0; average.len()]);
        for a in of {
            let (b, losses) = (a.requirement(POLICIES[0].1), a.losses(side));
            let mean = b.iter().sum::<f64>() / b.len() as f64;
            for (i, k) in average.iter().enumerate() {
                baseline[i] += b.iter().zip(&losses).map(|(b, l)| (l - k * b).max(0.0)).sum::<f64>();
                flat[i] += losses.iter().map(|l| (l - k * mean).max(0.0)).sum::<f64>();
            }
        }
        ConstantsCurve { horizon, symbol, average, baseline, flat }
    };
    all.filter(|(_, of)| !of.is_empty()).map(curve).collect()
}
