//! Exponentially weighted moving average of variance.
//!
//! `e_t = lambda e_(t-1) + (1 - lambda) x_t`, `rv = ahead e_t`, with `x` the realised variance of
//! the row or its squared return \[fraction^2 per row\]; squared returns are brought to the level of
//! the target by its training mean. `sd = sqrt(rv mean(ret^2) / mean(rv))`, and `sqrt(ahead e_t)` on
//! squared returns; the distribution is normal.
//!
//! Source: J.P. Morgan, RiskMetrics Technical Document (1996). Checked against a numpy loop with
//! the same start in the unit test below.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `lambda` | 0.94 | per row | 0 to 0.9999 |
//! | `on` | `rv` | - | `rv`, `squared-return` |
//! | `min_rows` | 20 | rows | from 20 |
//!
//! Warm-up: 20 rows, whose mean starts the recursion. Knows: realised variance, return. Ignores:
//! order flow, season.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::{FitContext, Model, Panel, Track, smoothing::ewma::{Ewma, Params}};
//!
//! # let rows: Vec<Row> = (0..500i64).map(|i| {
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
//! let model = Ewma::fit(&Params::default(), &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! assert_eq!(format!("{:.4}", filter.forecast().unwrap().dist.sd), "0.0121");
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use crate::base::{Horizon, Problems, Ts, stats};
use crate::feature::{Feature, Row};
use crate::forecast::training::{Chosen, Level, each};
use crate::forecast::{BySymbol, Dist, Error, FitContext, Forecast, Forecaster, Model, Panel};

/// Rows whose mean starts the recursion.
const SEED_ROWS: usize = 20;

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Weight of the past, per row.
    pub lambda: f64,
    /// What is averaged.
    pub on: On,
    /// Fewest targets to learn the level from.
    pub min_rows: usize,
}

/// What is averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// The realised variance of the row.
    Rv,
    /// The squared log return of the row.
    SquaredReturn,
}

impl Default for Params {
    fn default() -> Params {
        Params { lambda: 0.94, on: On::Rv, min_rows: SEED_ROWS }
    }
}

/// What was learnt: the level of each instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ewma {
    lambda: f64,
    on: On,
    horizon: Horizon,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    ahead: usize,
    coefficients: BySymbol<Coefficients>,
}

fn one() -> usize {
    1
}
fn is_one(ahead: &usize) -> bool {
    *ahead == 1
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Coefficients {
    /// Realised variance over the horizon per unit of the average.
    rv_per_unit: f64,
    level: Level,
}

impl Model for Ewma {
    const NAME: &'static str = "ewma";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        problems.range("lambda", params.lambda, 0.0, 0.9999);
        problems.range("min_rows", params.min_rows as f64, 0.0, 1e6);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Ewma, Error> {
        Self::sound(params, ctx)?;
        let coefficients = each(Self::NAME, panel, ctx, |t| {
            let level = t.level(params.min_rows.max(SEED_ROWS))?;
            let rv_per_unit = match params.on {
                On::Rv => t.ahead as f64,
                On::SquaredReturn => {
                    let x: Vec<f64> = t.rows.iter().filter_map(|row| input(params.on, row)).collect();
                    level.rv_mean / stats::mean(&x)
                }
            };
            Ok(Coefficients { rv_per_unit, level })
        })?;
        Ok(Ewma { lambda: params.lambda, on: params.on, horizon: ctx.horizon, ahead: ctx.ahead(), coefficients })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State {
            lambda: self.lambda,
            on: self.on,
            horizon: self.horizon,
            ahead: self.ahead as f64,
            own: Chosen::Waiting(self.coefficients.clone()),
            first: Vec::with_capacity(SEED_ROWS),
            average: 0.0,
            issued: Ts(0),
        })
    }
}

fn input(on: On, row: &Row) -> Option<f64> {
    match on {
        On::Rv => row.get(Feature::Rv),
        On::SquaredReturn => row.get(Feature::Ret).map(|r| r * r),
    }
}

struct State {
    lambda: f64,
    on: On,
    horizon: Horizon,
    ahead: f64,
    own: Chosen<Coefficients>,
    first: Vec<f64>,
    average: f64,
    issued: Ts,
}

impl State {
    fn take(&mut self, x: f64) {
        self.average = self.lambda * self.average + (1.0 - self.lambda) * x;
    }
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        self.own.at(row);
        self.issued = row.ts;
        let Some(x) = input(self.on, row) else { return };
        if self.first.len() == SEED_ROWS {
            return self.take(x);
        }
        self.first.push(x);
        if self.first.len() == SEED_ROWS {
            // The mean of the first rows stands for the first; the others then follow as usual.
            self.average = stats::mean(&self.first);
            for i in 1..SEED_ROWS {
                self.take(self.first[i]);
            }
        }
    }
    fn forecast(&self) -> Option<Forecast> {
        let own = self.own.get().filter(|_| self.first.len() == SEED_ROWS)?;
        let rv = own.level.floored(own.rv_per_unit * self.average);
        let sd = match self.on {
            On::Rv => own.level.sd(rv),
            On::SquaredReturn => (self.ahead * self.average).sqrt().max(own.level.sd(own.level.floored(0.0))),
        };
        let dist = Dist::normal(rv, sd);
        Some(Forecast { issued: self.issued, horizon: self.horizon, dist, regime: None, spike: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::training::fixture;

    #[test]
    fn the_average_starts_at_the_mean_of_the_first_twenty() {
        let rows = fixture::rows(60, |i| (0.01 * (1.7 * i as f64).sin(), 1e-4 * (1.0 + (i % 7) as f64)));
        let model = fixture::fit::<Ewma>(&Params::default(), &rows, 1).unwrap();
        let mut filter = model.start();
        let x: Vec<f64> = rows.iter().map(|r| r.raw(Feature::Rv)).collect();
        let mut e = x[..20].iter().sum::<f64>() / 20.0;
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                e = 0.94 * e + 0.06 * x[i];
            }
            filter.update(row);
            match filter.forecast() {
                Some(f) => assert!((f.dist.rv / e - 1.0).abs() < 1e-12 && i >= 19),
                None => assert!(i < 19),
            }
        }
    }

    #[test]
    fn squared_returns_are_brought_to_the_level_of_the_target() {
        // Returns of constant size 1 % against a realised variance of 4e-4 per row, three rows ahead.
        let rows = fixture::rows(80, |i| (if i % 2 == 0 { 0.01 } else { -0.01 }, 4e-4));
        let params = Params { on: On::SquaredReturn, ..Params::default() };
        let mut filter = fixture::fit::<Ewma>(&params, &rows, 3).unwrap().start();
        rows.iter().for_each(|row| filter.update(row));
        let dist = filter.forecast().unwrap().dist;
        assert!((dist.rv / 12e-4 - 1.0).abs() < 1e-12 && (dist.sd / (3e-4f64).sqrt() - 1.0).abs() < 1e-12);
    }
}
