//! Heterogeneous autoregression of realised variance, direct to the horizon.
//!
//! `y = b0 + b1 rv + b2 rv_mid + b3 rv_long + ...`, `y` the mean realised variance per row over the
//! horizon, in levels \[fraction^2 per row\], square roots (`rv = ahead (y^2 + s^2)`) or logs (`rv =
//! ahead exp(y + s^2/2)`), `s^2` the variance of the latest residuals. `insanity` bounds what is
//! forecast. `sd = sqrt(rv mean(ret^2) / mean(rv))`; the distribution is normal. Every coefficient
//! is stored with its Newey-West error (Bartlett, `max(5, ahead)` lags).
//!
//! | name in the literature | settings |
//! |---|---|
//! | HAR, log-HAR, HAR-sqrt | `form` |
//! | HAR-J, HAR-CJ | `jump = "row"`, the latter with `lags = "continuous"` |
//! | CHAR, SHAR | `lags = "continuous"`, `lags = "semivariance"` |
//! | HARQ, HARQ-F, CHARQ | `quarticity = "row"`, `"lags"`, `"row"` with `lags = "continuous"` |
//! | HAR-WLS, winsorised HAR | `weights = "rv-mid"`, `winsor = 0.995` |
//! | LHAR | `leverage = "lags"` |
//! | log-HAR-S, log-HAR-D | `form = "log"` with `season = "weekly"`, `"diurnal"` |
//!
//! - `lags = "continuous"` takes `bpv`; `"semivariance"` splits `rv` into `rs_neg` and `rs_pos`, in
//!   logs keeps it and adds the share `rs_neg / (rs_neg + rs_pos)`.
//! - `jump` adds `max(0, rv_ret - bpv)`, in logs `ln(1 + jump / bpv)`, of the last row or all lags.
//! - `quarticity` adds `rv sqrt(rq)`, in logs `ln(sqrt(rq) / rv)`; `bpv` and `tpq` with continuous lags.
//! - `leverage` adds `ret / sqrt(rv_long)` and its negative part; `"lags"` also the means of
//!   negative returns over the middle and the long lag.
//! - `geometric = [5, 22]` takes the means of `ln rv` over so many rows for the middle and the long lag;
//!   the last `falls` returns are regressors by their negative parts, in units of the long lag's
//!   volatility: with two of them this is the log-HAR with leverage of the margin literature.
//! - `power_law` adds `rv_rough`, the lag with weights of rough volatility.
//! - `season = "weekday"` adds dummies for a target window that opens on a weekend or a Monday,
//!   `"weekly"` the variance of the window's last quarter as well. `"diurnal"` takes the lags without their time of day
//!   and multiplies the season of the target window back in (as a further regressor in logs): the
//!   factor of the next row below 8 rows ahead, the mean of the next 8 below 24, of the next 24 from
//!   there on.
//! - `winsor` cuts target and variances at that quantile of the training window; the variances of a
//!   row to forecast from at twice theirs.
//!
//! Source: Corsi (2009); Andersen, Bollerslev, Diebold (2007) for jumps; Corsi, Reno (2012) for
//! leverage; Patton, Sheppard (2015) for semivariances; Bollerslev, Patton, Quaedvlieg (2016) for
//! quarticity; Clements, Preve (2021) for weights and winsorising; Andersen, Bollerslev (1997) for the
//! season. Checked against statsmodels 0.15.0 (coefficients to 1e-8, errors to 1e-6) and R's
//! HARModel 1.0 in `tests/it/reference_har.rs`.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `form` | `level` | - | `level`, `sqrt`, `log` |
//! | `lags` | `total` | - | `total`, `continuous`, `semivariance` |
//! | `jump` | `none` | - | `none`, `row`, `lags` |
//! | `quarticity` | `none` | - | `none`, `row`, `lags`; not with `sqrt` |
//! | `leverage` | `none` | - | `none`, `row`, `lags` |
//! | `power_law` | false | - | - |
//! | `season` | `none` | - | `none`, `weekday`, `weekly`, `diurnal`; `diurnal` with plain lags only |
//! | `weights` | `equal` | - | `equal`, `rv`, `rv-mid` (one over it); levels only |
//! | `winsor` | 1 | quantile | 0.5 to 1; not in logs |
//! | `insanity` | `range` | - | `range`, `mean`, `none` |
//! | `residual_window` | 0 | rows | 0: 250, or 2000 for rows shorter than a day |
//! | `geometric` | none | rows | two windows, rising, 1 to 1000; in logs with `lags = "total"`, no `diurnal` |
//! | `falls` | 0 | rows | 0 to 22 |
//! | `min_rows` | 0 | rows | 0: 200, or 1000 for rows shorter than a day |
//!
//! Warm-up: the first row on which every regressor is present, the long lag. Knows: realised
//! variance, return, season, weekday. Ignores: order flow.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::{FitContext, Model, Panel, Track, har::{Form, Har, Params}};
//!
//! # let rv: Vec<f64> = (0..500).map(|i| 4e-4 * (1.0 + 0.5 * (0.1 * i as f64).sin())).collect();
//! # let mean = |i: usize, k: usize| rv[(i + 1).saturating_sub(k)..=i].iter().sum::<f64>() / k.min(i + 1) as f64;
//! # let rows: Vec<Row> = (0..500).map(|i| {
//! #     let open = Ts(0) + Span::DAY.times(i as i64);
//! #     let mut row = Row::empty("BTC".parse().unwrap(), open, open + Span::DAY, open + Span::DAY);
//! #     row.set(Feature::Ret, 0.02 * (1.7 * i as f64).sin());
//! #     for (f, k) in [(Feature::Rv, 1), (Feature::RvMid, 7), (Feature::RvLong, 28)] { row.set(f, mean(i, k)); }
//! #     row
//! # }).collect();
//! # let history = BTreeMap::from([("BTC".parse().unwrap(), Arc::new(rows.clone()))]);
//! let panel = Panel::until(&history, Ts(0), rows[399].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(Span::DAY), step: Span::DAY, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let model = Har::fit(&Params { form: Form::Log, ..Params::default() }, &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! assert_eq!(format!("{:.4}", filter.forecast().unwrap().dist.sd), "0.0131");
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::form::{Form, Insanity, Lags, Reach, Season, Weights};
use super::regression::{least_squares, newey_west, predict};
use super::regressors::{Design, Past};
use crate::base::{Horizon, Problems, Span, Symbol, Ts, stats};
use crate::feature::Row;
use crate::forecast::training::{Chosen, Level, Training, each};
use crate::forecast::{BySymbol, Dist, Error, FitContext, Forecast, Forecaster, Model, Panel};

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// In which form the regression runs.
    pub form: Form,
    /// Of which measure the lags are.
    pub lags: Lags,
    /// Over which lags jumps are regressors.
    pub jump: Reach,
    /// Over which lags the quarticity is a regressor.
    pub quarticity: Reach,
    /// Over which lags negative returns are regressors.
    pub leverage: Reach,
    /// Whether the power-law lag is a regressor.
    pub power_law: bool,
    /// Which season it knows.
    pub season: Season,
    /// What the squared errors are weighted with.
    pub weights: Weights,
    /// Quantile of the training window above which variances are cut; 1 cuts nothing.
    pub winsor: f64,
    /// What becomes of a forecast that no training target supports.
    pub insanity: Insanity,
    /// Latest residuals whose variance re-transforms logs and roots; 0 chooses by length of row.
    pub residual_window: usize,
    /// Fewest usable rows; 0 chooses by length of row.
    pub min_rows: usize,
    /// Rows over which the middle and the long lag are means of the logarithm; `None`: the rows' own lags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geometric: Option<[usize; 2]>,
    /// How many of the last negative returns are regressors.
    #[serde(skip_serializing_if = "is_zero")]
    pub falls: usize,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl Default for Params {
    fn default() -> Params {
        Params {
            form: Form::default(),
            lags: Lags::default(),
            jump: Reach::None,
            quarticity: Reach::None,
            leverage: Reach::None,
            power_law: false,
            season: Season::default(),
            weights: Weights::default(),
            winsor: 1.0,
            insanity: Insanity::default(),
            residual_window: 0,
            min_rows: 0,
            geometric: None,
            falls: 0,
        }
    }
}

/// Least number of lags of the Newey-West errors.
const ERROR_LAGS: usize = 5;
/// Variances of a row to forecast from are cut at this many times the training window's quantile.
const WINSOR_ROOM: f64 = 2.0;

/// What was learnt: a regression per instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Har {
    params: Params,
    horizon: Horizon,
    ahead: usize,
    regressions: BySymbol<Regression>,
}

/// The regression of one instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// Names of the regressors.
    pub regressors: Vec<String>,
    /// The constant, then one per regressor.
    pub coefficients: Vec<f64>,
    /// Newey-West errors of the coefficients; zero for one that was left out.
    pub errors: Vec<f64>,
    /// Variance of the latest residuals; used by roots and logs.
    pub residual_variance: f64,
    /// 1 % quantile of target over long mean; used by levels and roots.
    long_share: f64,
    /// Where winsorising cuts the regressors that are variances.
    cuts: Vec<f64>,
    level: Level,
}

impl Model for Har {
    const NAME: &'static str = "har";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        params.problems(problems);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Har, Error> {
        Self::sound(params, ctx)?;
        let daily = ctx.step >= Span::DAY;
        let or = |set: usize, day: usize, hour: usize| match set {
            0 if daily => day,
            0 => hour,
            set => set,
        };
        let (window, need) = (or(params.residual_window, 250, 2000), or(params.min_rows, 200, 1000));
        let regressions = each(Self::NAME, panel, ctx, |t| regress(params, t, window, need))?;
        Ok(Har { params: params.clone(), horizon: ctx.horizon, ahead: ctx.ahead(), regressions })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State {
            params: self.params.clone(),
            horizon: self.horizon,
            ahead: self.ahead,
            own: Chosen::Waiting(self.regressions.clone()),
            past: Past::default(),
            rv: None,
            issued: Ts(0),
        })
    }
}

impl Har {
    /// What was learnt of an instrument; `None` for one without a fit.
    pub fn regression(&self, symbol: Symbol) -> Option<&Regression> {
        self.regressions.get(&symbol)
    }
}

fn regress(params: &Params, t: &Training<'_>, window: usize, need: usize) -> Result<Regression, Error> {
    let per_row = 1.0 / t.ahead as f64;
    let (mut designs, mut y, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let mut past = Past::default();
    for (row, target) in t.rows.iter().zip(&t.targets) {
        past.push(params.geometric, params.falls, row);
        let (Some(target), Some(d)) = (target, params.design(t.ahead, row, &past)) else { continue };
        let rv = target.rv * per_row;
        y.push(params.form.of(rv / d.unit));
        if d.long > 0.0 {
            shares.push(rv / d.long);
        }
        designs.push(d);
    }
    t.require(y.len(), need.max(1))?;
    let cuts = winsorise(params.winsor, &mut designs, &mut y);
    let weights: Vec<f64> = designs.iter().map(|d| d.weight).collect();
    let regressors = designs[0].names.iter().map(ToString::to_string).collect();
    let x: Vec<Vec<f64>> = designs.into_iter().map(|d| d.x).collect();
    let weights = (params.weights != Weights::Equal).then_some(weights.as_slice());
    let fit = least_squares(&x, &y, weights).map_err(|why| t.no_fit(why))?;
    let latest = &fit.residuals[fit.residuals.len().saturating_sub(window)..];
    let share = stats::quantile(&stats::sorted(&shares), 0.01);
    Ok(Regression {
        regressors,
        errors: newey_west(&x, &fit, weights, ERROR_LAGS.max(t.ahead)),
        residual_variance: stats::variance(latest),
        long_share: if share.is_finite() { share } else { 0.0 },
        cuts,
        level: t.level(need)?,
        coefficients: fit.coefficients,
    })
}

/// Cuts targets and the regressors that are variances at their quantile; gives the cuts of the
/// latter, none where nothing is cut.
fn winsorise(quantile: f64, designs: &mut [Design], y: &mut [f64]) -> Vec<f64> {
    if quantile >= 1.0 {
        return Vec::new();
    }
    let at =
        |values: &mut dyn Iterator<Item = f64>| stats::quantile(&stats::sorted(&values.collect::<Vec<_>>()), quantile);
    let top = at(&mut y.iter().copied());
    y.iter_mut().for_each(|v| *v = v.min(top));
    let cuts: Vec<f64> = (0..designs[0].variances).map(|j| at(&mut designs.iter().map(|d| d.x[j]))).collect();
    designs.iter_mut().for_each(|d| d.cut(&cuts, 1.0));
    cuts
}

impl Regression {
    /// Realised variance over the horizon.
    fn rv(&self, params: &Params, ahead: usize, mut d: Design) -> f64 {
        d.cut(&self.cuts, WINSOR_ROOM);
        let (y, ahead) = (predict(&self.coefficients, &d.x), ahead as f64);
        let per_row = match params.form {
            Form::Level => y * d.unit,
            Form::Sqrt => (y.max(0.0).powi(2) + self.residual_variance) * d.unit,
            Form::Log => (y + 0.5 * self.residual_variance).exp(),
        };
        let (rv, low, high) = (ahead * per_row, self.level.rv_min, self.level.rv_max);
        match params.insanity {
            Insanity::Mean if rv <= 0.0 || rv > high => self.level.rv_mean,
            Insanity::Mean => rv,
            Insanity::None => self.level.floored(rv),
            Insanity::Range if params.form == Form::Log => rv.max(low).min(high),
            Insanity::Range => rv.max(ahead * self.long_share * d.long).max(low).min(high),
        }
    }
}

struct State {
    params: Params,
    horizon: Horizon,
    ahead: usize,
    own: Chosen<Regression>,
    past: Past,
    rv: Option<f64>,
    issued: Ts,
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        self.issued = row.ts;
        let Some(own) = self.own.at(row) else { return };
        self.past.push(self.params.geometric, self.params.falls, row);
        // A row that lacks a regressor leaves the forecast as it was.
        if let Some(d) = self.params.design(self.ahead, row, &self.past) {
            self.rv = Some(own.rv(&self.params, self.ahead, d));
        }
    }
    fn forecast(&self) -> Option<Forecast> {
        let (own, rv) = (self.own.get()?, self.rv?);
        let dist = Dist::normal(rv, own.level.sd(rv));
        Some(Forecast { issued: self.issued, horizon: self.horizon, dist, regime: None, spike: None })
    }
}

#[cfg(test)]
mod tests;
