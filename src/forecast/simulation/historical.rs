//! Historical simulation: the last returns as they were.
//!
//! The distribution is that of the last `window` overlapping log returns over the horizon; `rv` is
//! the mean of the realised variance over the same windows \[fraction, fraction^2\]. Quantiles are the
//! losses that the rule names, `L_(ceil(p n))` if none is; expected shortfalls are Acerbi and Tasche's.
//!
//! Source: Hendricks (1996); Acerbi, Tasche (2002). Checked against numpy's quantiles in the unit test
//! below and in `tests/golden/var_historical.toml`.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `window` | 500 | returns | 50 to 100000 |
//! | `min_rows` | 250 | returns | 20 to `window`; below 500 fewer than five lie beyond 99 % |
//! | `rule` | `conservative` | - | `conservative`, `nearest`, `nearest-plus-one`, `type4` to `type7` |
//!
//! Warm-up: `min_rows` returns over the horizon. Knows: return, realised variance. Ignores: order
//! flow, season, which returns are recent.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::{FitContext, Model, Panel, Track, simulation::historical::{Historical, Params}};
//!
//! # let rows: Vec<Row> = (0..500i64).map(|i| {
//! #     let open = Ts(0) + Span::DAY.times(i);
//! #     let mut row = Row::empty("BTC".parse().unwrap(), open, open + Span::DAY, open + Span::DAY);
//! #     row.set(Feature::Ret, 0.02 * (1.7 * i as f64).sin());
//! #     row.set(Feature::Rv, 4e-4);
//! #     row
//! # }).collect();
//! # let history = BTreeMap::from([("BTC".parse().unwrap(), Arc::new(rows.clone()))]);
//! let panel = Panel::until(&history, Ts(0), rows[399].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(Span::DAY), step: Span::DAY, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let model = Historical::fit(&Params::default(), &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! assert_eq!(format!("{:.4}", filter.forecast().unwrap().dist.q[1]), "-0.0200");
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::sample::dist_of_returns;
use crate::base::quantile::Rule;
use crate::base::{Horizon, OrderedWindow, Problems, Ts};
use crate::feature::{Feature, Row};
use crate::forecast::training::{Chosen, Level, each};
use crate::forecast::window::Adjacent;
use crate::forecast::{BySymbol, Error, FitContext, Forecast, Forecaster, Model, Panel};

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Returns kept.
    pub window: usize,
    /// Returns before the first forecast, and fewest targets to learn the level from.
    pub min_rows: usize,
    /// Which empirical quantile.
    pub rule: Rule,
}

impl Default for Params {
    fn default() -> Params {
        Params { window: 500, min_rows: 250, rule: Rule::default() }
    }
}

/// What was learnt: the level of each instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Historical {
    params: Params,
    horizon: Horizon,
    ahead: usize,
    levels: BySymbol<Level>,
}

impl Model for Historical {
    const NAME: &'static str = "historical";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        problems.range("window", params.window as f64, 50.0, 1e5);
        problems.range("min_rows", params.min_rows as f64, 20.0, params.window as f64);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Historical, Error> {
        Self::sound(params, ctx)?;
        let levels = each(Self::NAME, panel, ctx, |t| t.level(params.min_rows))?;
        Ok(Historical { params: params.clone(), horizon: ctx.horizon, ahead: ctx.ahead(), levels })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State {
            min_rows: self.params.min_rows,
            rule: self.params.rule,
            horizon: self.horizon,
            own: Chosen::Waiting(self.levels.clone()),
            rows: Adjacent::new(self.ahead),
            returns: OrderedWindow::new(self.params.window),
            variances: OrderedWindow::new(self.params.window),
            issued: Ts(0),
        })
    }
}

struct State {
    min_rows: usize,
    rule: Rule,
    horizon: Horizon,
    own: Chosen<Level>,
    /// Return and realised variance.
    rows: Adjacent<(f64, f64)>,
    returns: OrderedWindow,
    variances: OrderedWindow,
    issued: Ts,
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        self.own.at(row);
        self.issued = row.ts;
        let kept = row.get(Feature::Ret).zip(row.get(Feature::Rv));
        if let Some(rows) = self.rows.push(row, kept) {
            let total: f64 = rows.iter().map(|r| r.0).sum();
            self.returns.push(total);
            let variance: f64 = rows.iter().map(|r| r.1).sum();
            #[cfg(test)]
            let variance = variance + crate::base::planted::ahead("WINDOW", row.symbol, row.ts_known).unwrap_or(0.0);
            self.variances.push(variance);
        }
    }
    fn forecast(&self) -> Option<Forecast> {
        let own = self.own.get().filter(|_| self.returns.len() >= self.min_rows)?;
        let rv = own.floored(self.variances.mean());
        let dist = dist_of_returns(rv, &self.returns.sorted(), self.rule, own.sd(own.floored(0.0)));
        Some(Forecast { issued: self.issued, horizon: self.horizon, dist, regime: None, spike: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::training::fixture;

    /// METHOD's series of waves.
    fn wave(i: usize) -> f64 {
        let t = (i + 1) as f64;
        0.02 * (1.7 * t).sin() * (1.0 + 0.5 * (0.013 * t).cos())
    }

    #[test]
    fn quantiles_are_those_of_the_last_returns() {
        let rows = fixture::rows(500, |i| (wave(i), wave(i).powi(2)));
        let of = |rule| {
            let params = Params { rule, ..Params::default() };
            let mut filter = fixture::fit::<Historical>(&params, &rows, 1).unwrap().start();
            rows.iter().for_each(|row| filter.update(row));
            filter.forecast().unwrap().dist
        };
        // METHOD's losses at 99 %, printed to ten digits; type 7 is numpy's.
        for (rule, var) in
            [(Rule::Conservative, 0.02906917529), (Rule::Type7, 0.02906945294), (Rule::Type6, 0.02909666297)]
        {
            assert!((of(rule).q[1] + var).abs() < 6e-12 && (of(rule).es01 + 0.02948658027).abs() < 6e-12, "{rule:?}");
        }
        let dist = of(Rule::Conservative);
        let rv = (0..500).map(|i| wave(i).powi(2)).sum::<f64>() / 500.0;
        assert!((dist.rv / rv - 1.0).abs() < 1e-12);
    }

    #[test]
    fn returns_over_the_horizon_overlap() {
        let rows = fixture::rows(300, |i| (wave(i), 1e-4));
        let params = Params { window: 100, min_rows: 50, rule: Rule::Type7 };
        let mut filter = fixture::fit::<Historical>(&params, &rows, 5).unwrap().start();
        for (i, row) in rows.iter().enumerate() {
            filter.update(row);
            assert_eq!(filter.forecast().is_some(), i >= 53, "{i}");
        }
        let sums: Vec<f64> = (196..296).map(|i| (i..i + 5).map(wave).sum()).collect();
        let want = crate::base::stats::quantile(&crate::base::stats::sorted(&sums[..]), 0.05);
        let dist = filter.forecast().unwrap().dist;
        assert!((dist.q[3] - want).abs() < 1e-15 && (dist.rv - 5e-4).abs() < 1e-15);
    }

    #[test]
    fn zeros_and_jumps_stay_sound() {
        let rows = fixture::rows(300, |i| (wave(i), 1e-4));
        let mut filter = fixture::fit::<Historical>(&Params::default(), &rows, 2).unwrap().start();
        let zeros = fixture::rows(900, |_| (0.0, 0.0));
        let jumps = fixture::rows(90, |i| ([2e4, -2e4][i % 2], 4e8));
        for row in rows.iter().chain(&zeros).chain(&jumps) {
            filter.update(row);
            assert!(filter.forecast().is_none_or(|f| f.dist.is_sound()));
        }
    }
}
