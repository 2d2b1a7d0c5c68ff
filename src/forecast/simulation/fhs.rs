//! Filtered historical simulation: past returns in units of the volatility forecast before them,
//! times today's volatility.
//!
//! `v_(t+1) = l v_t + (1 - l) ret_t^2` with `l = lambda^(row / day)` \[fraction^2 per row\];
//! `z_s = R_s / sqrt(ahead v_s)`, `R_s` the log return over the horizon that begins at row s; the
//! distribution is that of `z_s sqrt(ahead v)` over the last `window` s (`scaling = "mid"`: of the
//! mean of that and `R_s`). `v` for today is not below the `floor_quantile` of its own past.
//! `rv = ahead v mean(rv) / mean(ret^2)`. With `paths` the distribution is instead that of so many paths
//! of `ahead` rows: each step draws one of the last `window` one-row `z`, and moves `v` on. The draws
//! are the same at every row.
//!
//! Source: Hull, White (1998); Barone-Adesi, Giannopoulos, Vosper (1999). Checked against numpy
//! (printed digits) in the unit tests below.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `lambda` | 0.97 | per day | 0.5 to 0.9999 |
//! | `window` | 1000 | returns | 50 to 100000 |
//! | `min_rows` | 250 | returns | 20 to `window` |
//! | `scaling` | `full` | - | `full`, `mid` |
//! | `floor_quantile` | 0.25 | - | 0 (no floor) to 1 |
//! | `floor_rows` | 3650 | rows | 100 to 100000 |
//! | `rule` | `conservative` | - | as in [`super::historical`] |
//! | `paths` | 0 | - | 0 (overlapping returns) to 1000000; 10000 is usual; with `full` scaling |
//! | `seed` | `mean-square` | - | `mean-square`, `variance` of the first rows: where the recursion starts |
//! | `seed_rows` | 100 | rows | 1 to 100000 |
//!
//! Warm-up: `seed_rows`, then `min_rows` returns. Knows: return. Ignores: realised variance but for its level, order flow, season.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::{FitContext, Model, Panel, Track, simulation::fhs::{Fhs, Params}};
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
//! let model = Fhs::fit(&Params::default(), &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! assert_eq!(format!("{:.4}", filter.forecast().unwrap().dist.q[1]), "-0.0200");
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::filter::{Filter, per_row};
use super::sample::dist_of_returns;
use super::scaling::{Floor, Standardised};
use crate::base::quantile::Rule;
use crate::base::{Horizon, OrderedWindow, Problems, Seed, Ts, stats};
use crate::feature::{Feature, Row};
use crate::forecast::training::{Chosen, Level, each};
use crate::forecast::{BySymbol, Error, FitContext, Forecast, Forecaster, Model, Panel};

pub use super::filter::Seeding;
pub use super::scaling::Scaling;

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Weight of the past, per day.
    pub lambda: f64,
    /// Returns kept.
    pub window: usize,
    /// Returns before the first forecast, and fewest targets to learn the level from.
    pub min_rows: usize,
    /// How past returns are scaled.
    pub scaling: Scaling,
    /// Today's volatility is not below this quantile of its own past.
    pub floor_quantile: f64,
    /// How many rows that past goes back.
    pub floor_rows: usize,
    /// Which empirical quantile.
    pub rule: Rule,
    /// Paths that stand for returns over more than one row; 0: the overlapping returns themselves.
    #[serde(skip_serializing_if = "is_zero")]
    pub paths: usize,
    /// What of the first rows starts the recursion.
    pub seed: Seeding,
    /// How many first rows.
    pub seed_rows: usize,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl Default for Params {
    fn default() -> Params {
        Params {
            lambda: 0.97,
            window: 1000,
            min_rows: 250,
            scaling: Scaling::Full,
            floor_quantile: 0.25,
            floor_rows: 3650,
            rule: Rule::default(),
            paths: 0,
            seed: Seeding::MeanSquare,
            seed_rows: 100,
        }
    }
}

/// What was learnt: the level of each instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fhs {
    params: Params,
    /// Weight of the past, per row.
    lambda: f64,
    horizon: Horizon,
    ahead: usize,
    levels: BySymbol<Level>,
    /// Of the paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<Seed>,
}

impl Model for Fhs {
    const NAME: &'static str = "fhs";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        problems.range("lambda", params.lambda, 0.5, 0.9999);
        problems.range("window", params.window as f64, 50.0, 1e5);
        problems.range("min_rows", params.min_rows as f64, 20.0, params.window as f64);
        problems.range("floor_quantile", params.floor_quantile, 0.0, 1.0);
        problems.range("paths", params.paths as f64, 0.0, 1e6);
        if params.paths > 0 && params.scaling == Scaling::Mid {
            problems.say("paths", "they move volatility on themselves; use them with `scaling = \"full\"`");
        }
        problems.range("seed_rows", params.seed_rows as f64, 1.0, 1e5);
        problems.range("floor_rows", params.floor_rows as f64, 100.0, 1e5);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Fhs, Error> {
        Self::sound(params, ctx)?;
        let levels = each(Self::NAME, panel, ctx, |t| t.level(params.min_rows))?;
        let lambda = per_row(params.lambda, ctx.step);
        let seed = (params.paths > 0).then_some(ctx.seed);
        Ok(Fhs { params: params.clone(), lambda, horizon: ctx.horizon, ahead: ctx.ahead(), levels, seed })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(self.state())
    }
}

impl Fhs {
    fn state(&self) -> State {
        let Params { window, floor_quantile, floor_rows, seed, seed_rows, .. } = self.params;
        State {
            own: Chosen::Waiting(self.levels.clone()),
            filter: Filter::new(self.lambda, self.ahead, seed, seed_rows),
            closed: None,
            floor: Floor::new(floor_quantile, floor_rows),
            past: Standardised::new(window),
            steps: OrderedWindow::new(if self.seed.is_some() { window } else { 1 }),
            issued: Ts(0),
            model: Fhs { levels: BySymbol::new(), ..self.clone() },
        }
    }
}

struct State {
    /// Settings only.
    model: Fhs,
    own: Chosen<Level>,
    filter: Filter,
    /// Close of the last row, if it had a return.
    closed: Option<Ts>,
    floor: Floor,
    past: Standardised,
    /// Standardised returns of one row, for paths.
    steps: OrderedWindow,
    issued: Ts,
}

impl State {
    /// The least variance per row that is believed.
    fn least(&self) -> f64 {
        self.own.get().map_or(0.0, |own| own.sd(own.floored(0.0)).powi(2) / self.model.ahead as f64)
    }
    /// Volatility of the next return, floored.
    fn volatility(&self) -> f64 {
        self.floor.raise(self.filter.variance().unwrap_or(0.0).max(self.least()).sqrt())
    }
    /// Returns over paths of the horizon, ascending.
    fn paths(&self, seed: Seed) -> Vec<f64> {
        let z: Vec<f64> = self.steps.arrived().collect();
        let (mut rng, now, lambda) = (seed.rng(), self.volatility().powi(2), self.model.lambda);
        let path = |_| {
            let (mut variance, mut sum) = (now, 0.0);
            for _ in 0..self.model.ahead {
                let r = z[rng.random_range(0..z.len())] * variance.sqrt();
                sum += r;
                variance = lambda * variance + (1.0 - lambda) * r * r;
            }
            sum
        };
        stats::sorted(&(0..self.model.params.paths).map(path).collect::<Vec<f64>>())
    }
    /// Past returns over the horizon as they would be today, ascending.
    fn scenarios(&self) -> Vec<f64> {
        if let Some(seed) = self.model.seed.filter(|_| !self.steps.is_empty()) {
            return self.paths(seed);
        }
        let now = self.volatility() * (self.model.ahead as f64).sqrt();
        self.past.scaled(self.model.params.scaling, now)
    }
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        self.issued = row.ts;
        if self.own.at(row).is_none() {
            return;
        }
        let follows = self.closed == Some(row.ts_open);
        let ret = row.get(Feature::Ret);
        self.closed = ret.map(|_| row.ts);
        let Some(ret) = ret else { return self.filter.gap() };
        let (least, paths) = (self.least(), self.model.seed.is_some());
        let State { filter, floor, past, steps, .. } = self;
        filter.push(ret, follows, least, |step| {
            if let Some((total, before)) = step.horizon {
                past.push(total, before);
            }
            if paths && step.volatility > 0.0 {
                steps.push(step.ret / step.volatility);
            }
            floor.push(step.volatility);
        });
    }
    fn forecast(&self) -> Option<Forecast> {
        let own = self.own.get()?;
        if self.past.len() < self.model.params.min_rows {
            return None;
        }
        let variance = self.volatility().powi(2) * self.model.ahead as f64;
        let dist = dist_of_returns(
            variance / own.ret2_per_rv,
            &self.scenarios(),
            self.model.params.rule,
            own.sd(own.floored(0.0)),
        );
        Some(Forecast { issued: self.issued, horizon: self.model.horizon, dist, regime: None, spike: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::forecast::training::fixture;

    /// METHOD's series of waves.
    fn wave(i: usize) -> f64 {
        let t = (i + 1) as f64;
        0.02 * (1.7 * t).sin() * (1.0 + 0.5 * (0.013 * t).cos())
    }
    fn after(params: &Params, rows: &[Row], ahead: i64) -> State {
        let mut state = fixture::fit::<Fhs>(params, rows, ahead).unwrap().state();
        rows.iter().for_each(|row| state.update(row));
        state
    }

    #[test]
    fn volatilities_have_the_printed_digits() {
        let state = after(&Params::default(), &fixture::rows(500, |i| (wave(i), 1e-4)), 1);
        let seed = (0..100).map(|i| wave(i).powi(2)).sum::<f64>() / 100.0;
        assert!((seed - 3.786171087e-4).abs() < 5e-14);
        let past: Vec<f64> = state.floor.past().arrived().collect();
        for (got, want) in [past[1], past[2], past[3], state.filter.variance().unwrap().sqrt()].iter().zip([
            0.0198446183,
            0.01958972551,
            0.01988405093,
            0.02074192007,
        ]) {
            assert!((got - want).abs() < 6e-12, "{got} {want}");
        }
        assert!((past[0] - seed.sqrt()).abs() < 1e-16);
    }

    #[test]
    fn scaled_losses_have_the_printed_digits() {
        let rows = fixture::rows(500, |i| (wave(i), 1e-4));
        for (scaling, var, shortfall) in
            [(Scaling::Full, 0.03455944485, 0.03530967663), (Scaling::Mid, 0.03002099267, 0.03045953549)]
        {
            let state = after(&Params { scaling, ..Params::default() }, &rows, 1);
            let losses: Vec<f64> = state.scenarios().iter().rev().map(|r| -r).collect();
            // The 495th of 500 losses; the mean of the five worst is the shortfall.
            assert!((losses[494] - var).abs() < 6e-12, "{}", losses[494]);
            assert!((stats::mean(&losses[495..]) - shortfall).abs() < 6e-12);
        }
    }

    #[test]
    fn volatility_is_not_below_the_quantile_of_its_past() {
        let rows = fixture::rows(600, |i| (wave(i) * if i > 400 { 0.01 } else { 1.0 }, 1e-4));
        let floored = after(&Params::default(), &rows, 1);
        let free = after(&Params { floor_quantile: 0.0, ..Params::default() }, &rows, 1);
        let floor = floored.floor.past().quantile(0.25);
        assert!(floored.volatility() == floor && free.volatility() < 0.2 * floor);
    }

    #[test]
    fn rv_is_the_volatility_over_the_horizon_at_the_level_of_the_target() {
        let rows = fixture::rows(300, |i| (wave(i), 1e-4));
        let mut ahead = after(&Params::default(), &rows, 3);
        ahead.update(&rows[0]);
        let dist = ahead.forecast().unwrap().dist;
        let variance = 3.0 * ahead.volatility().powi(2);
        let level = rows.iter().map(|r| r.raw(Feature::Ret).powi(2)).sum::<f64>() / 300.0 / 1e-4;
        assert!((dist.rv / (variance / level) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn paths_spread_with_the_root_of_the_horizon_and_are_the_same_each_time() {
        let rows = fixture::rows(700, |i| (wave(i), 1e-4));
        let steady = |paths, ahead| {
            let params = Params { lambda: 0.9999, paths, floor_quantile: 0.0, ..Params::default() };
            after(&params, &rows, ahead).forecast().unwrap().dist
        };
        let (one, nine) = (steady(10_000, 1), steady(10_000, 9));
        // Draws are independent, which the waves themselves are not: their overlapping sums spread less.
        assert!((nine.sd / one.sd / 3.0 - 1.0).abs() < 0.05, "{} {}", nine.sd, one.sd);
        assert!(steady(0, 9).sd < 0.5 * nine.sd);
        assert_eq!(nine, steady(10_000, 9));
        let mid = Params { paths: 100, scaling: Scaling::Mid, ..Params::default() };
        assert!(fixture::fit::<Fhs>(&mid, &rows, 2).is_err());
    }

    #[test]
    fn rows_shorter_than_a_day_forget_as_much_per_day() {
        assert!((per_row(0.97, Span::HOUR) - 0.99873).abs() < 5e-6 && per_row(0.97, Span::DAY) == 0.97);
    }

    #[test]
    fn zeros_and_jumps_stay_sound() {
        let rows = fixture::rows(400, |i| (wave(i), 1e-4));
        let zeros = fixture::rows(4000, |_| (0.0, 0.0));
        let jumps = fixture::rows(90, |i| ([2e4, -2e4][i % 2], 4e8));
        for (scaling, floor_quantile) in [(Scaling::Full, 0.0), (Scaling::Mid, 0.25)] {
            let params = Params { scaling, floor_quantile, ..Params::default() };
            let model = fixture::fit::<Fhs>(&params, &rows, 2).unwrap();
            for order in [[&rows, &zeros, &jumps], [&zeros, &jumps, &rows]] {
                let mut filter = model.start();
                for row in order.into_iter().flatten() {
                    filter.update(row);
                    assert!(filter.forecast().is_none_or(|f| f.dist.is_sound()));
                }
                assert!(filter.forecast().is_some());
            }
        }
    }
}
