//! Lines to draw of a study: what was forecast, what happened, what margins asked.

use std::collections::BTreeMap;

use super::material::Material;
use super::outcomes;
use super::policies::POLICIES;
use crate::base::{Horizon, Symbol, Ts};
use crate::loss::OutcomeRow;
use crate::study::walk::Forecasted;

/// Lines to draw, one [`Pane`] per instrument and horizon. Never a source of printed numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartLines {
    /// In the order of the tables.
    pub panes: Vec<Pane>,
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
}

impl ChartLines {
    /// Of a study.
    pub fn of(of: &Material<'_>) -> ChartLines {
        let horizons = of.plan.horizons();
        let panes = |symbol: &Symbol| horizons.iter().map(|(_, h)| pane(of, *symbol, *h)).collect::<Vec<_>>();
        ChartLines { panes: of.plan.pipeline.symbols.iter().flat_map(panes).collect() }
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
        ts,
    }
}
