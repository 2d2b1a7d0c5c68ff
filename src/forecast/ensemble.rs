//! Weighted geometric mean of member forecasts, weights learnt on past losses only.
//!
//! `ln f = sum_i w_i ln f_i`, `w >= 0`, `sum w = 1`, per horizon and pooled over instruments;
//! `w` minimises `mean(rv/f + ln f) + (prior/n) KL(w | 1/k)` over the members' settled out-of-sample
//! forecasts (QLIKE with a pull to equal weights), by exponentiated gradient with a line search. Variances in
//! fraction squared over the horizon. Source: Bates, Granger (1969); Kivinen, Warmuth (1997) for the
//! descent. The loss is that of the reference scorer.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `members` | empty | instance names | each fitted before; empty means all of those |
//! | `prior` | 200 | settled forecasts | >= 0; how many it takes to trust the past half way |
//!
//! Warm-up: that of its slowest member. Without any settled forecast the weights are equal.
//!
//! ```
//! use margincast::forecast::ensemble;
//! // Two members, the first always right, the second 3 times too high.
//! let truth = [1.0e-4, 4.0e-4, 2.0e-4, 8.0e-4];
//! let past: Vec<(Vec<f64>, f64)> = truth.iter().map(|rv| (vec![*rv, 3.0 * rv], *rv)).collect();
//! let w = ensemble::weights(&past, 0.0);
//! assert!(w[0] > 0.99);
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Dist, Entry, Error, FitContext, Fitted, Forecast, Forecaster, Model, Panel, Regime, Track};
use crate::base::{Horizon, Symbol, Ts};
use crate::feature::Row;

const STEPS: usize = 120;
/// One wild day must not choose the weights: the ratio of realised to forecast is capped here.
const RATIO_CAP: f64 = 30.0;

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Instance names of the members; empty means every model fitted before.
    pub members: Vec<String>,
    /// Strength of the pull to equal weights, in settled forecasts.
    pub prior: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params { members: Vec::new(), prior: 200.0 }
    }
}

/// The members and their weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ensemble {
    horizon: Horizon,
    members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Member {
    name: String,
    kind: String,
    weight: f64,
    body: Value,
}

impl Model for Ensemble {
    const NAME: &'static str = "ensemble";
    type Params = Params;

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Ensemble, Error> {
        let all = || ctx.members.keys().cloned().collect();
        let names: Vec<String> = if params.members.is_empty() { all() } else { params.members.clone() };
        if names.is_empty() || params.prior.is_nan() || params.prior < 0.0 {
            let why = "there is a model fitted before; `prior` is not negative".to_string();
            return Err(Error::Params { model: Self::NAME, why });
        }
        let symbols: Vec<Symbol> = panel.symbols().collect();
        let weights = weights(&aligned(&names, &symbols, ctx.track), params.prior);
        let weights = if weights.is_empty() { vec![1.0 / names.len() as f64; names.len()] } else { weights };
        let mut members = Vec::new();
        for (name, weight) in names.iter().zip(weights) {
            let fitted = ctx.member(name)?;
            members.push(Member { name: name.clone(), kind: fitted.kind.into(), weight, body: (*fitted.body).clone() });
        }
        Ok(Ensemble { horizon: ctx.horizon, members })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        let members = self.members.iter().filter_map(|m| {
            let fitted: Fitted = (Entry::named(&m.kind).ok()?.load)(m.body.clone()).ok()?;
            Some((m.weight, fitted.start()))
        });
        let members: Vec<_> = members.collect();
        let whole = members.len() == self.members.len();
        Box::new(State { horizon: self.horizon, members, whole })
    }
}

/// Settled forecasts that every member made, in order of symbol and time: forecasts and outcome.
fn aligned(names: &[String], symbols: &[Symbol], track: &Track) -> Vec<(Vec<f64>, f64)> {
    let mut rows = Vec::new();
    for symbol in symbols {
        let mut by_ts: BTreeMap<Ts, (Vec<f64>, f64)> = BTreeMap::new();
        for (i, name) in names.iter().enumerate() {
            for s in track.of(name, *symbol) {
                let row = by_ts.entry(s.ts).or_insert_with(|| (Vec::new(), s.outcome.rv));
                if row.0.len() == i {
                    row.0.push(s.forecast_rv);
                }
            }
        }
        rows.extend(by_ts.into_values().filter(|r| r.0.len() == names.len()));
    }
    rows
}

/// Weights that minimise past QLIKE of the geometric mean; empty without a past.
pub fn weights(past: &[(Vec<f64>, f64)], prior: f64) -> Vec<f64> {
    let Some(k) = past.first().map(|r| r.0.len()) else { return Vec::new() };
    let past = Past {
        logs: past.iter().flat_map(|r| r.0.iter().map(|f| f.ln())).collect(),
        target: past.iter().map(|r| r.1.ln()).collect(),
        pull: prior / past.len() as f64,
    };
    let mut w = vec![1.0 / k as f64; k];
    let (mut loss, mut gradient) = past.loss(&w);
    let mut rate = 1.0;
    for _ in 0..STEPS {
        // Only differences between members matter on the simplex.
        let mean: f64 = gradient.iter().zip(&w).map(|(g, w)| g * w).sum();
        let mut next: Vec<f64> =
            gradient.iter().zip(&w).map(|(g, w)| w * (-rate * (g - mean)).clamp(-2.0, 2.0).exp()).collect();
        let total: f64 = next.iter().sum();
        next.iter_mut().for_each(|w| *w /= total);
        let (lower, at) = past.loss(&next);
        if lower <= loss {
            (w, loss, gradient) = (next, lower, at);
            rate *= 1.6;
        } else {
            rate *= 0.4;
        }
    }
    w
}

/// Log forecasts, log outcomes, and the strength of the pull to equal weights per forecast.
struct Past {
    logs: Vec<f64>,
    target: Vec<f64>,
    pull: f64,
}

impl Past {
    /// Mean loss at weights `w`, and its gradient.
    fn loss(&self, w: &[f64]) -> (f64, Vec<f64>) {
        let (k, n) = (w.len(), self.target.len() as f64);
        let (mut loss, mut gradient) = (0.0, vec![0.0; k]);
        for (row, y) in self.logs.chunks_exact(k).zip(&self.target) {
            let f: f64 = row.iter().zip(w).map(|(l, w)| l * w).sum();
            let ratio = (y - f).exp();
            // Beyond the cap the loss goes on in a straight line, so one wild day has bounded say.
            let (value, slope) = if ratio <= RATIO_CAP {
                (ratio, -ratio)
            } else {
                (RATIO_CAP * (1.0 + (y - f) - RATIO_CAP.ln()), -RATIO_CAP)
            };
            loss += (value + f) / n;
            gradient.iter_mut().zip(row).for_each(|(g, l)| *g += (1.0 + slope) * l / n);
        }
        for (g, w) in gradient.iter_mut().zip(w) {
            let relative = (w * k as f64).max(1e-12).ln();
            loss += self.pull * w * relative;
            *g += self.pull * (relative + 1.0);
        }
        (loss, gradient)
    }
}

struct State {
    horizon: Horizon,
    members: Vec<(f64, Box<dyn Forecaster>)>,
    whole: bool,
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        self.members.iter_mut().for_each(|m| m.1.update(row));
    }
    fn forecast(&self) -> Option<Forecast> {
        if !self.whole {
            return None;
        }
        let (mut log_rv, mut log_sd) = (0.0, 0.0);
        let mut issued = None;
        let mut regime: Option<Regime> = None;
        for (weight, member) in &self.members {
            let f = member.forecast()?;
            log_rv += weight * f.dist.rv.ln();
            log_sd += weight * f.dist.sd.ln();
            issued = Some(f.issued);
            regime = regime.or(f.regime);
        }
        let dist = Dist::normal(log_rv.exp(), log_sd.exp());
        Some(Forecast { issued: issued?, horizon: self.horizon, dist, regime, spike: None })
    }
}
