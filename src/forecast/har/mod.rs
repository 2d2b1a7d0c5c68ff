//! Heterogeneous autoregression of realised variance, direct to the horizon.
//!
//! `y = b0 + b1 rv + b2 rv_mid + b3 rv_long + ...`, `y` the mean realised variance per row over the
//! horizon, in levels \[fraction^2 per row\] or in logs (`rv = ahead exp(mu + s^2/2)`, `s^2` the
//! variance of the latest residuals). The forecast never leaves the range of the training targets;
//! in levels it also stays above the 1 % quantile of `y / rv_long` times `rv_long`. `sd = sqrt(rv
//! mean(ret^2) / mean(rv))`; the distribution is normal.
//!
//! - `season = "weekly"` adds the variance of the window's last quarter and dummies for a target
//!   window that opens on a weekend or a Monday.
//! - `season = "diurnal"` takes the lags without their time of day and multiplies the season of the
//!   target window back in (as a further regressor in logs): the factor of the next row below 8
//!   rows ahead, the mean of the next 8 below 24, the mean of the next 24 from there on.
//! - `leverage` adds `ret / sqrt(rv_long)` and its negative part.
//! - `quarticity` adds `rv sqrt(rq)` (HARQ), in logs `ln(sqrt(rq) / rv)`.
//! - `form = "wls"` weights the squared error with `1 / rv_mid` (`1 / deseason_mid`).
//!
//! Source: Corsi (2009); Bollerslev, Patton, Quaedvlieg (2016) for HARQ; Clements, Preve (2021) for
//! WLS and the insanity filter; Andersen, Bollerslev (1997) for the season. Checked against
//! statsmodels 0.15.0 (coefficients to 1e-8) and R's HARModel 1.0 in `tests/it/reference_har.rs`.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `form` | `level` | - | `level`, `log`, `wls` |
//! | `season` | `none` | - | `none`, `weekly`, `diurnal` |
//! | `leverage` | false | - | - |
//! | `quarticity` | false | - | not with `diurnal` |
//! | `residual_window` | 0 | rows | 0: 250, or 2000 for rows shorter than a day |
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

pub(in crate::forecast) mod design;
pub mod regression;

use serde::{Deserialize, Serialize};

use self::design::design;
use self::regression::{least_squares, predict};
use super::training::{Chosen, Level, Training, each};
use super::{BySymbol, Dist, Error, FitContext, Forecast, Forecaster, Model, Panel};
use crate::base::{Horizon, Span, Symbol, Ts, stats};
use crate::feature::Row;

/// Settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// In which form the regression runs.
    pub form: Form,
    /// Which season it knows.
    pub season: Season,
    /// Whether the return and its negative part are regressors.
    pub leverage: bool,
    /// Whether the quarticity is a regressor.
    pub quarticity: bool,
    /// Latest residuals whose variance re-transforms the log form; 0 chooses by length of row.
    pub residual_window: usize,
    /// Fewest usable rows; 0 chooses by length of row.
    pub min_rows: usize,
}

/// In which form the regression runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// In levels, ordinary least squares.
    #[default]
    Level,
    /// In logarithms.
    Log,
    /// In levels, weighted.
    Wls,
}

/// Which season the regression knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Season {
    /// None.
    #[default]
    None,
    /// Weekend, Monday and the last quarter of the window.
    Weekly,
    /// Time of day.
    Diurnal,
}

/// What was learnt: a regression per instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Har {
    params: Params,
    horizon: Horizon,
    ahead: usize,
    regressions: BySymbol<Regression>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Regression {
    /// The constant, then one per regressor.
    coefficients: Vec<f64>,
    /// Variance of the latest residuals; used by the log form.
    residual_variance: f64,
    /// 1 % quantile of target over long mean; used by the level forms.
    long_share: f64,
    level: Level,
}

impl Model for Har {
    const NAME: &'static str = "har";
    type Params = Params;

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Har, Error> {
        if params.quarticity && params.season == Season::Diurnal {
            let why = "`quarticity` needs lags with their time of day; use season `none` or `weekly`".into();
            return Err(Error::Params { model: Self::NAME, why });
        }
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
            rv: None,
            issued: Ts(0),
        })
    }
}

impl Har {
    /// The constant, then one coefficient per regressor, in the order of the equation and the list
    /// above; `None` for an instrument without a fit.
    pub fn coefficients(&self, symbol: Symbol) -> Option<&[f64]> {
        self.regressions.get(&symbol).map(|r| r.coefficients.as_slice())
    }
}

fn regress(params: &Params, t: &Training<'_>, window: usize, need: usize) -> Result<Regression, Error> {
    let per_row = 1.0 / t.ahead as f64;
    let (mut x, mut y, mut weights, mut shares) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (row, target) in t.rows.iter().zip(&t.targets) {
        let (Some(target), Some(d)) = (target, design(params, t.ahead, row)) else { continue };
        let rv = target.rv * per_row;
        x.push(d.x);
        y.push(if params.form == Form::Log { rv.ln() } else { rv / d.unit });
        weights.push(d.weight);
        if d.long > 0.0 {
            shares.push(rv / d.long);
        }
    }
    t.require(y.len(), need)?;
    let weights = (params.form == Form::Wls).then_some(weights.as_slice());
    let fit = least_squares(&x, &y, weights).map_err(|why| t.no_fit(why))?;
    let latest = &fit.residuals[fit.residuals.len().saturating_sub(window)..];
    let share = stats::quantile(&stats::sorted(&shares), 0.01);
    Ok(Regression {
        residual_variance: stats::variance(latest),
        long_share: if share.is_finite() { share } else { 0.0 },
        level: t.level(need)?,
        coefficients: fit.coefficients,
    })
}

impl Regression {
    /// Realised variance over the horizon.
    fn rv(&self, form: Form, ahead: usize, d: &design::Design) -> f64 {
        let (y, ahead) = (predict(&self.coefficients, &d.x), ahead as f64);
        let (low, high) = (self.level.rv_min, self.level.rv_max);
        match form {
            Form::Log => (ahead * (y + 0.5 * self.residual_variance).exp()).max(low).min(high),
            Form::Level | Form::Wls => (ahead * y * d.unit).max(ahead * self.long_share * d.long).max(low).min(high),
        }
    }
}

struct State {
    params: Params,
    horizon: Horizon,
    ahead: usize,
    own: Chosen<Regression>,
    rv: Option<f64>,
    issued: Ts,
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        self.issued = row.ts;
        let Some(own) = self.own.at(row) else { return };
        // A row that lacks a regressor leaves the forecast as it was.
        if let Some(d) = design(&self.params, self.ahead, row) {
            self.rv = Some(own.rv(self.params.form, self.ahead, &d));
        }
    }
    fn forecast(&self) -> Option<Forecast> {
        let (own, rv) = (self.own.get()?, self.rv?);
        let dist = Dist::normal(rv, own.level.sd(rv));
        Some(Forecast { issued: self.issued, horizon: self.horizon, dist, regime: None, spike: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::Feature;
    use crate::forecast::training::fixture;

    /// Rows that have every regressor.
    fn rows(count: usize, rv: impl Fn(usize) -> f64) -> Vec<Row> {
        let mut rows = fixture::rows(count, |i| (0.02 * (1.7 * i as f64).sin(), rv(i)));
        for (i, row) in rows.iter_mut().enumerate() {
            let mean = |k: usize| (0..k).map(|j| rv(i.saturating_sub(j))).sum::<f64>() / k as f64;
            let season = 1.0 + 0.3 * (i as f64).cos();
            row.set(Feature::RvMid, mean(7));
            row.set(Feature::RvLong, mean(28));
            row.set(Feature::Tail4, rv(i) * (1.0 + 0.1 * (0.3 * i as f64).sin()));
            row.set(Feature::NextWeekday, (i % 7) as f64);
            row.set(Feature::Rq, rv(i) * rv(i) * (1.2 + (0.9 * i as f64).sin()));
            for f in [Feature::SeasonNext, Feature::SeasonNext8, Feature::SeasonNext24] {
                row.set(f, season);
            }
            row.set(Feature::Deseason1, rv(i) / season);
            row.set(Feature::DeseasonMid, mean(7));
            row.set(Feature::DeseasonLong, mean(28));
        }
        rows
    }

    fn every_form() -> Vec<Params> {
        let mut all = Vec::new();
        for form in [Form::Level, Form::Log, Form::Wls] {
            for season in [Season::None, Season::Weekly, Season::Diurnal] {
                let quarticity = season != Season::Diurnal;
                all.push(Params { form, season, ..Params::default() });
                all.push(Params { form, season, leverage: true, quarticity, ..Params::default() });
            }
        }
        all
    }

    #[test]
    fn every_form_fits_waves_and_constants_and_stays_sound_on_jumps() {
        let wave = rows(400, |i| 4e-4 * (1.0 + 0.5 * (0.1 * i as f64).sin() + 0.3 * (2.1 * i as f64).cos().powi(3)));
        let flat = rows(400, |_| 4e-4);
        let wild = rows(60, |i| [4e-4, 4e2, 0.0][i % 3]);
        for params in every_form() {
            for (data, ahead) in [(&wave, 1), (&wave, 7), (&flat, 1), (&wave, 24)] {
                let mut filter = fixture::fit::<Har>(&params, data, ahead).unwrap().start();
                for row in data.iter().chain(&wild) {
                    filter.update(row);
                    assert!(filter.forecast().unwrap().dist.is_sound(), "{params:?}");
                }
            }
        }
    }

    #[test]
    fn the_forecast_is_the_regression_per_row_times_the_horizon() {
        // Every lag equals the target, so the regression must give it back, once per row ahead.
        let data = rows(400, |_| 4e-4);
        for params in every_form() {
            let mut filter = fixture::fit::<Har>(&params, &data, 5).unwrap().start();
            data.iter().for_each(|row| filter.update(row));
            assert!((filter.forecast().unwrap().dist.rv / 20e-4 - 1.0).abs() < 1e-9, "{params:?}");
        }
    }

    #[test]
    fn too_few_rows_are_an_error_that_names_the_need() {
        let why = fixture::fit::<Har>(&Params::default(), &rows(150, |_| 1e-4), 1).unwrap_err().to_string();
        assert!(why.contains("149 usable rows") && why.contains("at least 200"), "{why}");
    }

    #[test]
    fn a_row_without_regressors_leaves_the_forecast_as_it_was() {
        let data = rows(300, |i| 4e-4 * (1.0 + 0.5 * (0.1 * i as f64).sin()));
        let mut filter = fixture::fit::<Har>(&Params::default(), &data, 1).unwrap().start();
        assert_eq!(filter.forecast(), None);
        filter.update(&fixture::rows(1, |_| (0.0, 1e-4))[0]);
        assert_eq!(filter.forecast(), None);
        filter.update(&data[200]);
        let before = filter.forecast().unwrap();
        let mut gap = fixture::rows(1, |_| (0.0, 1e-4))[0];
        gap.ts = data[201].ts;
        filter.update(&gap);
        let after = filter.forecast().unwrap();
        assert_eq!((after.dist, after.issued), (before.dist, gap.ts));
    }
}
