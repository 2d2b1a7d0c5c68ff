//! Tails of another forecaster's standardised residuals: as they were, Student's t, or a generalised
//! Pareto law.
//!
//! `z_s = R_s / sd_s`, `R_s` the log return over the horizon after a forecast `sd_s`; today's
//! volatility `sd` is not below the `floor_quantile` of its own past \[fraction\]. With `law =
//! "historical"` the distribution is that of `z_s sd` over the last `window` s (`scaling = "mid"`: of
//! the mean of that and `R_s`): filtered historical simulation with any filter, GARCH or GJR say. With
//! `"student"` it is a t of variance `sd^2` whose degrees of freedom, 3 to 30, are the likeliest for the
//! training window's residuals. With `"pareto"` quantiles beyond 90 % are those of a generalised Pareto
//! law, fitted to the outer tenth of the last `window` residuals on each side, at least 50 of them.
//! `rv` is the base's.
//!
//! Source: Barone-Adesi, Giannopoulos, Vosper (1999); McNeil, Frey (2000). The Pareto fit is checked in
//! `tests/golden/var_pareto.toml`.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `base` | `garch` | instance name | fitted before |
//! | `law` | `historical` | - | `historical`, `student`, `pareto` |
//! | `window` | 1250 | returns | 50 to 100000; 500 or more for `pareto` |
//! | `min_rows` | 250 | returns | 50 to `window`; `pareto` waits for 500 |
//! | `scaling` | `full` | - | `full`, `mid`; the latter with `historical` |
//! | `floor_quantile` | 0.25 | - | 0 (no floor) to 1 |
//! | `floor_rows` | 2500 | rows | 100 to 100000 |
//! | `rule` | `conservative` | - | as in [`super::historical`] |
//!
//! Warm-up: that of the base, then `min_rows` returns. Residuals of the training window are in sample.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::simulation::filtered::{Filtered, Params};
//! use margincast::forecast::smoothing::ewma::{self, Ewma, On};
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
//! let average = ewma::Params { on: On::SquaredReturn, ..ewma::Params::default() };
//! let base = Fitted::of(&Ewma::fit(&average, &panel, &ctx)?)?;
//! let members = BTreeMap::from([("EWMA".to_string(), base)]);
//! let params = Params { base: "EWMA".into(), ..Params::default() };
//! let model = Filtered::fit(&params, &panel, &FitContext { members: &members, ..ctx })?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! let dist = filter.forecast().unwrap().dist;
//! assert!(dist.q[1] < -0.01 && dist.q[7] > 0.01);
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use serde::{Deserialize, Serialize};
use statrs::distribution::{Continuous, StudentsT};

use super::sample::dist_of_returns;
use super::scaling::{Floor, Scaling, Standardised};
use crate::base::Problems;
use crate::base::pareto::{self, Pareto};
use crate::base::quantile::Rule;
use crate::feature::Row;
use crate::forecast::dist::LEVELS;
use crate::forecast::outcome::Pending;
use crate::forecast::{BySymbol, Dist, Dwell, Error, FitContext, Fitted, Forecast, Forecaster, Model, Panel};

/// Degrees of freedom that a fit may have.
const FREEDOM: (f64, f64) = (3.0, 30.0);
/// Share of the residuals beyond the Pareto law's threshold, and the fewest there.
const OUTER: f64 = 0.1;
const NEED: usize = 50;

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Instance name of the forecaster whose volatility filters.
    pub base: String,
    /// Law of the residuals.
    pub law: Law,
    /// Returns kept.
    pub window: usize,
    /// Returns before the first forecast.
    pub min_rows: usize,
    /// How past returns are scaled.
    pub scaling: Scaling,
    /// Today's volatility is not below this quantile of its own past.
    pub floor_quantile: f64,
    /// How many rows that past goes back.
    pub floor_rows: usize,
    /// Which empirical quantile.
    pub rule: Rule,
}

/// Law of the standardised residuals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// As they were.
    Historical,
    /// Student's t.
    Student,
    /// Generalised Pareto beyond 90 %.
    Pareto,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            base: "garch".into(),
            law: Law::Historical,
            window: 1250,
            min_rows: 250,
            scaling: Scaling::Full,
            floor_quantile: 0.25,
            floor_rows: 2500,
            rule: Rule::default(),
        }
    }
}

/// The base, and the degrees of freedom of each instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filtered {
    params: Params,
    ahead: usize,
    #[serde(flatten)]
    base: Fitted,
    /// Empty but for `student`.
    freedom: BySymbol<f64>,
}

impl Model for Filtered {
    const NAME: &'static str = "filtered";
    type Params = Params;

    fn check(params: &Params, before: &[&str], problems: &mut Problems) {
        problems.one_of("base", &params.base, before);
        let least = if params.law == Law::Pareto { NEED as f64 / OUTER } else { 50.0 };
        problems.range("window", params.window as f64, least, 1e5);
        problems.range("min_rows", params.min_rows as f64, 50.0, params.window as f64);
        problems.range("floor_quantile", params.floor_quantile, 0.0, 1.0);
        problems.range("floor_rows", params.floor_rows as f64, 100.0, 1e5);
        if params.scaling == Scaling::Mid && params.law != Law::Historical {
            problems.say("scaling", "`mid` moves returns as they were; use it with `law = \"historical\"`");
        }
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Filtered, Error> {
        Self::sound(params, ctx)?;
        let base = ctx.member(&params.base)?;
        let mut freedom = BySymbol::new();
        if params.law == Law::Student {
            for symbol in panel.symbols() {
                let z = residuals(base, panel.rows(symbol), ctx.ahead());
                if z.len() >= params.min_rows {
                    freedom.insert(symbol, likeliest_freedom(&z));
                }
            }
        }
        Ok(Filtered { params: params.clone(), ahead: ctx.ahead(), base: base.clone(), freedom })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State {
            params: self.params.clone(),
            base: self.base.start(),
            freedom: self.freedom.clone(),
            own_freedom: None,
            pending: Pending::new(self.ahead),
            floor: Floor::new(self.params.floor_quantile, self.params.floor_rows),
            past: Standardised::new(self.params.window),
            now: None,
        })
    }
}

/// Returns over the horizon in units of the volatility forecast for them.
fn residuals(base: &Fitted, rows: &[Row], ahead: usize) -> Vec<f64> {
    let (mut filter, mut pending, mut z) = (base.start(), Pending::new(ahead), Vec::new());
    for row in rows {
        z.extend(pending.settle(row).map(|a| a.ret / a.what));
        filter.update(row);
        if let Some(f) = filter.forecast() {
            pending.issue(row, f.dist.sd);
        }
    }
    z
}

/// Degrees of freedom of the t of unit variance under which the residuals, brought to unit variance,
/// are likeliest.
fn likeliest_freedom(z: &[f64]) -> f64 {
    let scale = (z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64).sqrt();
    if !(scale > 0.0 && scale.is_finite()) {
        return FREEDOM.1;
    }
    let loglik = |nu: f64| {
        let spread = ((nu - 2.0) / nu).sqrt();
        StudentsT::new(0.0, spread, nu)
            .map_or(f64::NEG_INFINITY, |t| z.iter().map(|z| t.ln_pdf(z / scale)).sum::<f64>())
    };
    // Even steps of 1/nu, then finer ones around the best.
    let (mut low, mut high) = (1.0 / FREEDOM.1, 1.0 / FREEDOM.0);
    for _ in 0..6 {
        let place = |i: usize| low + (high - low) * i as f64 / 8.0;
        let best = (0..=8).max_by(|a, b| loglik(1.0 / place(*a)).total_cmp(&loglik(1.0 / place(*b)))).unwrap_or(0);
        (low, high) = (place(best.saturating_sub(1)), place((best + 1).min(8)));
    }
    (2.0 / (low + high)).clamp(FREEDOM.0, FREEDOM.1)
}

struct State {
    params: Params,
    base: Box<dyn Forecaster>,
    freedom: BySymbol<f64>,
    own_freedom: Option<f64>,
    /// Volatility forecasts whose returns are not yet known.
    pending: Pending<f64>,
    floor: Floor,
    past: Standardised,
    now: Option<Forecast>,
}

impl State {
    /// The distribution of the residuals times a volatility.
    fn dist(&self, rv: f64, sd: f64) -> Option<Dist> {
        match self.params.law {
            Law::Student => Some(Dist::student(rv, sd, self.own_freedom?)),
            // Residuals that are all alike have no tail but themselves.
            Law::Pareto if self.past.len() as f64 * OUTER >= NEED as f64 => {
                Some(self.pareto(rv, sd).unwrap_or_else(|| self.empirical(rv, sd)))
            }
            Law::Pareto => None,
            Law::Historical => Some(self.empirical(rv, sd)),
        }
    }
    fn empirical(&self, rv: f64, sd: f64) -> Dist {
        let scaled = self.past.scaled(self.params.scaling, sd);
        Dist { sd, ..dist_of_returns(rv, &scaled, self.params.rule, sd) }
    }
    fn pareto(&self, rv: f64, sd: f64) -> Option<Dist> {
        let z = self.past.z();
        let (fall, rise) = (outer(z.iter().map(|z| -z))?, outer(z.iter().rev().copied())?);
        let q = LEVELS.map(|p| match p {
            p if p < OUTER => -sd * fall.var(1.0 - p),
            p if p > 1.0 - OUTER => sd * rise.var(p),
            p => sd * self.params.rule.quantile(&z, p),
        });
        Some(Dist { rv, sd, q, es01: -sd * fall.shortfall(0.99), es99: sd * rise.shortfall(0.99) })
    }
}

/// The law of the outer tenth of values in descending order.
fn outer(mut descending: impl ExactSizeIterator<Item = f64>) -> Option<Pareto> {
    let n = descending.len();
    let count = (OUTER * n as f64 + 1e-9) as usize;
    let top: Vec<f64> = descending.by_ref().take(count).collect();
    let threshold = descending.next()?;
    let law = pareto::fit(&top.iter().map(|x| x - threshold).collect::<Vec<f64>>())?;
    Some(Pareto { threshold, beyond: count as f64 / n as f64, shape: law.shape, scale: law.scale })
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        if self.own_freedom.is_none() {
            self.own_freedom = self.freedom.get(&row.symbol).copied();
        }
        if let Some(settled) = self.pending.settle(row) {
            self.past.push(settled.ret, settled.what);
        }
        self.base.update(row);
        self.now = self.base.forecast().filter(|f| f.dist.sd > 0.0);
        if let Some(f) = &self.now {
            self.floor.push(f.dist.sd);
            self.pending.issue(row, f.dist.sd);
        }
    }
    fn forecast(&self) -> Option<Forecast> {
        let now = self.now.clone().filter(|_| self.past.len() >= self.params.min_rows)?;
        let dist = self.dist(now.dist.rv, self.floor.raise(now.dist.sd))?;
        Some(Forecast { dist, ..now }).filter(|f| f.dist.is_sound())
    }
    fn dwell(&self) -> Option<Dwell> {
        self.base.dwell()
    }
    fn silent_share(&self) -> f64 {
        self.base.silent_share()
    }
}

#[cfg(test)]
mod tests;
