//! GARCH(1,1), symmetric or asymmetric (GJR), normal or Student t, by maximum likelihood.
//!
//! `s2_t = omega + (alpha + gamma 1{e_(t-1) < 0}) e_(t-1)^2 + beta s2_(t-1)`, `e = ret - mu`
//! \[fraction^2 per row\]; the sum of the next `ahead` variances is the variance of the log return,
//! and `rv` is that times mean target over mean model variance in training. The distribution has
//! mean zero.
//!
//! - Constraints: `omega > 0`, `alpha >= 0`, `alpha + gamma >= 0`, `beta >= 0`, `alpha + gamma/2 +
//!   beta < 1`. Returns are brought to unit variance
//!   inside, so fractions and percent give the same fit.
//! - `deseason` divides returns by the square root of the diurnal factor of their slot, and
//!   multiplies the forecast with the factor of the target window, as in [`super::har`].
//! - The stored model tells whether each fit converged, lies at a boundary, its log-likelihood, and
//!   robust and classic errors ([`Estimate`]).
//!
//! Source: Bollerslev (1986); Glosten, Jagannathan, Runkle (1993); Bollerslev, Wooldridge (1992) for
//! the robust errors; Fiorentini, Calzolari, Panattoni (1996) for the benchmark. Checked against
//! arch 8.0.0 and the DEM/GBP benchmark in `tests/it/reference_garch.rs`.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `mean` | `constant` | - | `constant`, `zero` |
//! | `asymmetric` | false | - | - |
//! | `innovation` | `student` | - | `normal`, `student` |
//! | `start` | `backcast` | - | `backcast`, `mean-square` |
//! | `deseason` | false | - | - |
//! | `clip` | true | - | keeps `rv` within the training targets |
//! | `min_rows` | 0 | rows | 0: 200, or 1000 for rows shorter than a day |
//!
//! Warm-up: 100 rows. Knows: return, season. Ignores: realised variance but for its level, order
//! flow.
//!
//! ```
//! use margincast::forecast::garch::{Innovation, Mean, Spec};
//!
//! let returns: Vec<f64> = (0..500).map(|t| {
//!     let t = f64::from(t);
//!     0.01 * (1.0 + 0.5 * (t / 40.0).sin()) * (17.3 * t * t).sin()
//! }).collect();
//! let spec = Spec { mean: Mean::Zero, innovation: Innovation::Normal, ..Spec::default() };
//! let fit = spec.fit(&returns)?;
//! assert!(fit.converged && fit.coefficients.persistence() < 1.0);
//! assert_eq!(format!("{:.1}", fit.loglik), "1805.6");
//! let variances = fit.coefficients.filter(&returns, fit.before);
//! assert_eq!(variances.len(), 501);
//! # Ok::<(), String>(())
//! ```

mod estimate;
mod likelihood;
mod minimise;
mod process;

pub use estimate::{Estimate, Innovation, Mean, Spec, Start};
pub use process::{Coefficients, backcast};

use serde::{Deserialize, Serialize};

use super::har::design::season_ahead;
use super::training::{Chosen, Level, Training, each};
use super::{BySymbol, Dist, Error, FitContext, Forecast, Forecaster, Model, Panel};
use crate::base::{Horizon, Span, Symbol, Ts};
use crate::feature::{Feature, Row};

/// Returns before the first forecast.
const WARM_UP: usize = 100;

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// The mean return.
    pub mean: Mean,
    /// Whether negative residuals weigh more.
    pub asymmetric: bool,
    /// The distribution of the standardised residual.
    pub innovation: Innovation,
    /// What stands before the sample.
    pub start: Start,
    /// Whether the diurnal season is taken out of returns and put back into forecasts.
    pub deseason: bool,
    /// Whether forecasts stay within the training targets.
    pub clip: bool,
    /// Fewest usable rows; 0 chooses by length of row.
    pub min_rows: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            mean: Mean::Constant,
            asymmetric: false,
            innovation: Innovation::Student,
            start: Start::Backcast,
            deseason: false,
            clip: true,
            min_rows: 0,
        }
    }
}

/// What was learnt: a process per instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Garch {
    deseason: bool,
    clip: bool,
    horizon: Horizon,
    ahead: usize,
    processes: BySymbol<Process>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Process {
    estimate: Estimate,
    /// Mean target per unit of mean forecast variance.
    rv_per_variance: f64,
    level: Level,
}

impl Model for Garch {
    const NAME: &'static str = "garch";
    type Params = Params;

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Garch, Error> {
        let need = match params.min_rows {
            0 if ctx.step >= Span::DAY => 200,
            0 => 1000,
            rows => rows,
        };
        let processes = each(Self::NAME, panel, ctx, |t| learn(params, t, need))?;
        let (deseason, clip) = (params.deseason, params.clip);
        Ok(Garch { deseason, clip, horizon: ctx.horizon, ahead: ctx.ahead(), processes })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State {
            deseason: self.deseason,
            clip: self.clip,
            horizon: self.horizon,
            ahead: self.ahead,
            own: Chosen::Waiting(self.processes.clone()),
            filter: Filter::default(),
            season: None,
            issued: Ts(0),
        })
    }
}

impl Garch {
    /// The fit of one instrument.
    pub fn estimate(&self, symbol: Symbol) -> Option<&Estimate> {
        self.processes.get(&symbol).map(|p| &p.estimate)
    }
}

fn learn(params: &Params, t: &Training<'_>, need: usize) -> Result<Process, Error> {
    let returns: Vec<f64> = t.rows.iter().filter_map(|row| input(params.deseason, row)).collect();
    t.require(returns.len(), need)?;
    let Params { mean, asymmetric, innovation, start, .. } = *params;
    let spec = Spec { mean, asymmetric, innovation, start };
    let estimate = spec.fit(&returns).map_err(|why| t.no_fit(why))?;
    let level = t.level(need)?;
    let (mut filter, mut model, mut realised) = (Filter::default(), 0.0, 0.0);
    for (row, target) in t.rows.iter().zip(&t.targets) {
        filter.take(&estimate, input(params.deseason, row));
        let season = if params.deseason { season_ahead(row, t.ahead) } else { Some(1.0) };
        if let (Some(target), Some(season), Some(variance)) = (target, season, filter.variance) {
            model += season * estimate.coefficients.ahead(variance).take(t.ahead).sum::<f64>();
            realised += target.rv;
        }
    }
    let rv_per_variance = realised / model;
    if !(rv_per_variance > 0.0 && rv_per_variance.is_finite()) {
        return Err(t.no_fit("no target follows a row with a return and a season"));
    }
    Ok(Process { estimate, rv_per_variance, level })
}

/// The return that the recursion takes.
fn input(deseason: bool, row: &Row) -> Option<f64> {
    let ret = row.get(Feature::Ret)?;
    if !deseason {
        return Some(ret);
    }
    row.get(Feature::SeasonNow).filter(|s| *s > 0.0).map(|s| ret / s.sqrt())
}

/// The variance of the next return, return by return.
#[derive(Default)]
struct Filter {
    variance: Option<f64>,
    taken: usize,
}

impl Filter {
    fn take(&mut self, estimate: &Estimate, ret: Option<f64>) {
        let Some(ret) = ret else { return };
        let c = &estimate.coefficients;
        self.variance = Some(c.next(self.variance.unwrap_or_else(|| c.first(estimate.before)), ret));
        self.taken += 1;
    }
}

struct State {
    deseason: bool,
    clip: bool,
    horizon: Horizon,
    ahead: usize,
    own: Chosen<Process>,
    filter: Filter,
    season: Option<f64>,
    issued: Ts,
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        self.issued = row.ts;
        let Some(own) = self.own.at(row) else { return };
        self.filter.take(&own.estimate, input(self.deseason, row));
        // A row that does not know the season leaves the last one in place.
        let season = if self.deseason { season_ahead(row, self.ahead) } else { Some(1.0) };
        self.season = season.or(self.season);
    }
    fn forecast(&self) -> Option<Forecast> {
        let (own, season) = (self.own.get()?, self.season?);
        let variance = self.filter.variance.filter(|_| self.filter.taken >= WARM_UP)?;
        let sum: f64 = own.estimate.coefficients.ahead(variance).take(self.ahead).sum();
        let mut rv = own.rv_per_variance * season * sum;
        if self.clip {
            rv = rv.max(own.level.rv_min).min(own.level.rv_max);
        }
        let sd = (rv / own.rv_per_variance).sqrt();
        let dist = match own.estimate.coefficients.nu {
            None => Dist::normal(rv, sd),
            Some(nu) => Dist::student(rv, sd, nu),
        };
        Some(Forecast { issued: self.issued, horizon: self.horizon, dist, regime: None, spike: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::training::fixture;

    /// Waves whose size comes and goes.
    fn wave(i: usize) -> f64 {
        let t = i as f64;
        0.01 * (1.0 + 0.6 * (t / 40.0).sin()) * (17.3 * t * t).sin()
    }

    #[test]
    fn every_kind_fits_and_stays_sound_on_zeros_and_jumps() {
        let data = fixture::rows(400, |i| (wave(i), 1.2 * wave(i).powi(2) + 1e-6));
        let wild = fixture::rows(200, |i| ([0.0, 1e4, 0.0, -1e4][i % 4], [0.0, 1e8][i % 2]));
        let zeros = fixture::rows(2000, |_| (0.0, 0.0));
        for clip in [true, false] {
            for (asymmetric, innovation) in [(false, Innovation::Normal), (true, Innovation::Student)] {
                let params = Params { asymmetric, innovation, clip, ..Params::default() };
                let mut filter = fixture::fit::<Garch>(&params, &data, 7).unwrap().start();
                for (i, row) in data.iter().chain(&zeros).chain(&wild).enumerate() {
                    filter.update(row);
                    assert_eq!(filter.forecast().is_some(), i + 1 >= WARM_UP);
                    assert!(filter.forecast().is_none_or(|f| f.dist.is_sound()));
                }
            }
        }
    }

    #[test]
    fn doubled_returns_double_sd() {
        let forecast = |k: f64| {
            let data = fixture::rows(400, |i| (k * wave(i), k * k * (wave(i).powi(2) + 1e-6)));
            let mut filter = fixture::fit::<Garch>(&Params::default(), &data, 3).unwrap().start();
            data.iter().for_each(|row| filter.update(row));
            filter.forecast().unwrap().dist
        };
        let (one, two) = (forecast(1.0), forecast(2.0));
        assert_eq!((two.sd, two.rv), (2.0 * one.sd, 4.0 * one.rv));
    }

    #[test]
    fn constant_returns_have_no_fit_and_say_so() {
        for constant in [0.0, 0.01] {
            let data = fixture::rows(400, |_| (constant, 1e-4));
            let why = fixture::fit::<Garch>(&Params::default(), &data, 1).unwrap_err().to_string();
            assert!(why.contains("the returns have no variance"), "{why}");
        }
    }

    #[test]
    fn the_season_is_taken_out_and_put_back() {
        let season = |i: usize| if i.is_multiple_of(2) { 0.5f64 } else { 1.5 };
        let mut data = fixture::rows(600, |i| (wave(i) * season(i).sqrt(), wave(i).powi(2) * season(i) + 1e-7));
        for (i, row) in data.iter_mut().enumerate() {
            row.set(Feature::SeasonNow, season(i));
            row.set(Feature::SeasonNext, season(i + 1));
        }
        let params = Params { deseason: true, clip: false, ..Params::default() };
        let mut filter = fixture::fit::<Garch>(&params, &data, 1).unwrap().start();
        data.iter().for_each(|row| filter.update(row));
        let mut other = data[599];
        // The same state, another slot ahead: three times the variance.
        let mut twice = |next: f64| {
            other.set(Feature::SeasonNext, next);
            other.set(Feature::Ret, f64::NAN);
            filter.update(&other);
            filter.forecast().unwrap().dist.rv
        };
        let ratio = twice(1.5) / twice(0.5);
        assert!((ratio - 3.0).abs() < 1e-12);
    }
}
