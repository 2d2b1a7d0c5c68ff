//! Conformal tails around another forecaster: the 1 % and 99 % quantiles are held to their level.
//!
//! `theta <- clamp(theta + gamma (breach - 1 %), -0.25, 0.5)` per instrument and side;
//! `q_p = q_p(base) exp(theta)`: the lower levels by the lower side's theta, the upper ones by the
//! upper side's. `q(base)` is filtered historical simulation on the base's own past errors.
//! Quantiles of the log return over the horizon, fraction. Source: Gibbs, Candes (2021), in the
//! multiplicative form of the method document; checked against its worked vector.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `base` | `ensemble` | instance name | fitted before |
//! | `gamma` | 0.02 | log per breach | > 0; an answer counts 1/h where horizons of h rows overlap |
//! | `low`, `high` | -0.25, 0.5 | log | `low < 0 < high` |
//! | `calibration` | 1000, 250 | rows | windows of the base's errors and of the spike threshold |
//!
//! Warm-up: that of the base. Answers are learnt when the horizon has passed, never before.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::combine::conformal::{Conformal, Params};
//! use margincast::forecast::smoothing::ewma::{self, Ewma};
//! use margincast::forecast::{FitContext, Fitted, Model, Panel, Track};
//!
//! # let rows: Vec<Row> = (0..400).map(|i| {
//! #     let open = Ts(0) + Span::DAY.times(i);
//! #     let mut row = Row::empty("BTC".parse().unwrap(), open, open + Span::DAY, open + Span::DAY);
//! #     row.set(Feature::Ret, 0.02 * (1.7 * i as f64).sin());
//! #     row.set(Feature::Rv, 4e-4 * (1.0 + 0.5 * (0.1 * i as f64).sin()));
//! #     row
//! # }).collect();
//! # let history = BTreeMap::from([("BTC".parse().unwrap(), Arc::new(rows.clone()))]);
//! let panel = Panel::until(&history, Ts(0), rows[399].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(Span::DAY), step: Span::DAY, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let base = Fitted::of(&Ewma::fit(&ewma::Params::default(), &panel, &ctx)?)?;
//! let members = BTreeMap::from([("EWMA".to_string(), base)]);
//! let params = Params { base: "EWMA".into(), ..Params::default() };
//! let model = Conformal::fit(&params, &panel, &FitContext { members: &members, ..ctx })?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! let dist = filter.forecast().unwrap().dist;
//! assert!(dist.q[1] < -0.01 && dist.q[7] > 0.01);
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::calibration::{self, Calibration};
use crate::base::{Aci, Problems, Ts};
use crate::feature::Row;
use crate::forecast::outcome::Pending;
use crate::forecast::{BySymbol, Dist, Dwell, Error, FitContext, Fitted, Forecast, Forecaster, Model, Panel};

/// Share of returns beyond either quantile.
const MISS: f64 = 0.01;

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Instance name of the forecaster whose tails are held.
    pub base: String,
    /// Step of theta at a breach.
    pub gamma: f64,
    /// Lowest theta.
    pub low: f64,
    /// Highest theta.
    pub high: f64,
    /// Windows of the base's calibration.
    pub calibration: calibration::Params,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            base: "ensemble".into(),
            gamma: 0.02,
            low: -0.25,
            high: 0.5,
            calibration: calibration::Params::default(),
        }
    }
}

/// The base, its calibration, and theta as it stood at the panel's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conformal {
    ahead: usize,
    until: Ts,
    #[serde(flatten)]
    base: Fitted,
    calibration: Calibration,
    fresh: Sides,
    sides: BySymbol<Sides>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Sides {
    lower: Aci,
    upper: Aci,
}

impl Sides {
    fn learn(&mut self, ret: f64, (q01, q99): (f64, f64)) {
        // The quantile that was published is the base's times exp(theta) as theta then stood.
        self.lower.update(ret < q01 * self.lower.factor(), MISS);
        self.upper.update(ret > q99 * self.upper.factor(), MISS);
    }
}

impl Model for Conformal {
    const NAME: &'static str = "conformal";
    type Params = Params;

    fn check(params: &Params, before: &[&str], problems: &mut Problems) {
        problems.one_of("base", &params.base, before);
        problems.within("gamma", params.gamma, f64::MIN_POSITIVE, 10.0, "above 0 to 10");
        problems.within("low", params.low, -10.0, -f64::MIN_POSITIVE, "-10 to below 0");
        problems.within("high", params.high, f64::MIN_POSITIVE, 10.0, "above 0 to 10");
        problems.under("calibration", |p| params.calibration.problems(p));
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Conformal, Error> {
        Self::sound(params, ctx)?;
        let base = ctx.member(&params.base)?;
        // Overlapping horizons answer the same return once a row: each answer counts for its share.
        let aci = Aci { gamma: params.gamma / ctx.ahead() as f64, lo: params.low, hi: params.high, theta: 0.0 };
        let fresh = Sides { lower: aci, upper: aci };
        let sides = panel.symbols().map(|symbol| {
            let mut sides = fresh;
            for s in ctx.track.of(&params.base, symbol) {
                sides.learn(s.outcome.ret, s.q01_q99);
            }
            #[cfg(test)]
            if let Some(leak) = crate::base::planted::ahead("CONFORMAL", symbol, panel.end()) {
                sides.lower.theta += leak;
            }
            (symbol, sides)
        });
        Ok(Conformal {
            ahead: ctx.ahead(),
            until: panel.end(),
            base: base.clone(),
            calibration: Calibration::learn(params.calibration, panel, &params.base, ctx.track, ctx.ahead()),
            fresh,
            sides: sides.collect(),
        })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        let learnt = Learnt { until: self.until, fresh: self.fresh, sides: self.sides.clone() };
        let base = Arc::new(self.calibration.clone()).start(&self.base);
        Box::new(State { learnt, sides: None, base, pending: Pending::new(self.ahead), ahead: self.ahead })
    }
}

/// Theta as it stood at the end of training.
struct Learnt {
    until: Ts,
    fresh: Sides,
    sides: BySymbol<Sides>,
}

struct State {
    learnt: Learnt,
    sides: Option<Sides>,
    base: Box<dyn Forecaster>,
    pending: Pending<(f64, f64)>,
    ahead: usize,
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        let learnt = &self.learnt;
        let sides = self.sides.get_or_insert_with(|| learnt.sides.get(&row.symbol).copied().unwrap_or(learnt.fresh));
        if let Some(settled) = self.pending.settle(row)
            && row.ts_known > learnt.until
        {
            sides.learn(settled.ret, settled.what);
        }
        self.base.update(row);
        // As in the calibration: what would be answered before the end of training is counted already.
        let answered = row.ts + (row.ts - row.ts_open).times(self.ahead as i64);
        if answered > learnt.until
            && let Some(f) = self.base.forecast()
        {
            self.pending.issue(row, (f.dist.q[1], f.dist.q[7]));
        }
    }
    fn forecast(&self) -> Option<Forecast> {
        let (base, sides) = (self.base.forecast()?, self.sides?);
        let (lower, upper) = (sides.lower.factor(), sides.upper.factor());
        let Dist { rv, sd, mut q, es01, es99 } = base.dist;
        q[..4].iter_mut().for_each(|q| *q *= lower);
        q[5..].iter_mut().for_each(|q| *q *= upper);
        let dist = Dist { rv, sd, q, es01: es01 * lower, es99: es99 * upper };
        Some(Forecast { dist, ..base }).filter(|f| f.dist.is_sound())
    }
    fn dwell(&self) -> Option<Dwell> {
        self.base.dwell()
    }
    fn silent_share(&self) -> f64 {
        self.base.silent_share()
    }
}
