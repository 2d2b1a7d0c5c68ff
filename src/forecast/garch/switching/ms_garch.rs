//! Markov-switching GARCH: two or three regimes, each with its own GARCH, and the probability of each.
//!
//! Equations in [`super`] \[fraction^2 per row\]. Every regime's recursion sees every
//! return, and Hamilton's filter weighs the regimes. The sum of the next `ahead` expected squares, exact
//! under the chain, is the variance of the log return; `rv` is that times mean target over mean model
//! variance in training. The return is the mixture of the regimes' residuals with the probabilities of
//! the next row, brought to that variance. `Forecast.regime` is these probabilities, by unconditional
//! variance: calm and stress of two, calm, normal and stress of three.
//!
//! Source: Haas, Mittnik, Paolella (2004); Hamilton (1989) for the filter; conventions of MSGARCH (Ardia
//! et al. 2019). Checked against MSGARCH 2.51 in `tests/it/reference_msgarch.rs`.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `regimes` | 2 | - | 2, 3 |
//! | `asymmetric` | false | - | whether negative residuals weigh more |
//! | `innovation` | `student` | - | `normal`, `student`, `skew-student`, `fernandez-steel`, `ged` |
//! | `deseason` | false | - | as in [`crate::forecast::garch`] |
//! | `clip` | true | - | keeps `rv` within the training targets |
//! | `min_rows` | 0 | rows | 0: 250, or 1000 for rows shorter than a day |
//!
//! Warm-up: 100 rows. Knows: return, season. Ignores: realised variance but for its level, order flow.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::garch::{Innovation, switching::{MsGarch, Params}};
//! use margincast::forecast::{FitContext, Model, Panel, Track};
//!
//! # let rows: Vec<Row> = (0..800).map(|i| {
//! #     let open = Ts(0) + Span::DAY.times(i);
//! #     let mut row = Row::empty("BTC".parse().unwrap(), open, open + Span::DAY, open + Span::DAY);
//! #     let loud = i / 50 % 2 == 1;
//! #     row.set(Feature::Ret, if loud { 0.04 } else { 0.01 } * (17.3 * (i * i) as f64).sin());
//! #     row.set(Feature::Rv, 4e-4);
//! #     row
//! # }).collect();
//! # let history = BTreeMap::from([("BTC".parse().unwrap(), Arc::new(rows.clone()))]);
//! // Fifty quiet returns, then fifty loud ones, and again; the last fifty were loud.
//! let panel = Panel::until(&history, Ts(0), rows[799].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(Span::DAY), step: Span::DAY, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let model = MsGarch::fit(&Params { innovation: Innovation::Normal, ..Params::default() }, &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! let dist = filter.forecast().unwrap().dist;
//! assert!(dist.is_sound() && (0.01..0.1).contains(&dist.sd), "{dist:?}");
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::estimate::SwitchingEstimate;
use super::filter::{Regimes, Shapes};
use super::spec::Switching;
use crate::base::{Horizon, Problems, Span, Symbol};
use crate::feature::Row;
use crate::forecast::garch::innovation::Innovation;
use crate::forecast::garch::state::{Input, Runs, Settings, State, input, rv_per_variance};
use crate::forecast::training::{Level, Training, each};
use crate::forecast::{BySymbol, Dist, Error, FitContext, Forecaster, Model, Panel, Regime};

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Number of regimes.
    pub regimes: usize,
    /// Whether negative residuals weigh more.
    pub asymmetric: bool,
    /// The distribution of the standardised residual; each regime has its own shape.
    pub innovation: Innovation,
    /// Whether the diurnal season is taken out of returns and put back into forecasts.
    pub deseason: bool,
    /// Whether forecasts stay within the training targets.
    pub clip: bool,
    /// Fewest usable rows; 0 chooses by length of row.
    pub min_rows: usize,
}

impl Default for Params {
    fn default() -> Params {
        let Switching { regimes, asymmetric, innovation } = Switching::default();
        Params { regimes, asymmetric, innovation, deseason: false, clip: true, min_rows: 0 }
    }
}

/// What was learnt: regimes per instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MsGarch {
    deseason: bool,
    clip: bool,
    horizon: Horizon,
    ahead: usize,
    learnt: BySymbol<Learnt>,
}

/// One instrument's regimes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Learnt {
    estimate: SwitchingEstimate,
    /// Mean target per unit of mean forecast variance.
    rv_per_variance: f64,
    level: Level,
}

impl Model for MsGarch {
    const NAME: &'static str = "ms-garch";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        problems.want("regimes", (2..=3).contains(&params.regimes), params.regimes, "2 or 3");
        problems.range("min_rows", params.min_rows as f64, 0.0, 1e6);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<MsGarch, Error> {
        Self::sound(params, ctx)?;
        let need = match params.min_rows {
            0 if ctx.step >= Span::DAY => 250,
            0 => 1000,
            rows => rows,
        };
        let learnt = each(Self::NAME, panel, ctx, |t| learn(params, t, need))?;
        let (deseason, clip) = (params.deseason, params.clip);
        Ok(MsGarch { deseason, clip, horizon: ctx.horizon, ahead: ctx.ahead(), learnt })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        let MsGarch { deseason, clip, horizon, ahead, .. } = *self;
        Box::new(State::new(Settings { deseason, drift: false, clip, horizon, ahead }, &self.learnt))
    }
}

impl MsGarch {
    /// The fit of one instrument.
    pub fn estimate(&self, symbol: Symbol) -> Option<&SwitchingEstimate> {
        self.learnt.get(&symbol).map(|l| &l.estimate)
    }
}

fn learn(params: &Params, t: &Training<'_>, need: usize) -> Result<Learnt, Error> {
    let returns: Vec<f64> = t.rows.iter().filter_map(|row| Some(input(params.deseason, row)?.ret)).collect();
    t.require(returns.len(), need)?;
    let Params { regimes, asymmetric, innovation, .. } = *params;
    let estimate = Switching { regimes, asymmetric, innovation }.fit(&returns).map_err(|why| t.no_fit(why))?;
    let level = t.level(need)?;
    let mut learnt = Learnt { estimate, rv_per_variance: 1.0, level };
    learnt.rv_per_variance = rv_per_variance(&learnt, t, params.deseason)?;
    Ok(learnt)
}

/// The regimes of one instrument, row by row.
struct Filter {
    regimes: Regimes<f64>,
    shapes: Shapes,
}

impl Runs for Learnt {
    type Filter = Filter;

    fn begin(&self) -> Filter {
        let shapes = Shapes::new(&self.estimate.spec, &self.estimate.coefficients);
        Filter { regimes: self.estimate.begin(), shapes }
    }
    fn take(&self, filter: &mut Filter, _: &Row, input: Input) {
        filter.regimes.take(input.ret - self.estimate.mean);
    }
    fn variance_ahead(&self, filter: &Filter, ahead: usize) -> f64 {
        filter.regimes.ahead(ahead).iter().sum()
    }
    fn scale(&self) -> (f64, &Level) {
        (self.rv_per_variance, &self.level)
    }
    fn dist(&self, filter: &Filter, rv: f64, _: &Settings) -> Option<(Dist, Option<Regime>)> {
        let (weights, variances) = (filter.regimes.predicted(), filter.regimes.variances());
        // The mixture of the next row, at the variance of the horizon.
        let next: f64 = weights.iter().zip(&variances).map(|(w, v)| w * v).sum();
        let scale = rv / self.rv_per_variance / next;
        let sd: Vec<f64> = variances.iter().map(|v| (v * scale).sqrt()).collect();
        let regime = match weights {
            [calm, stress] => Regime::of([*calm, 0.0, 0.0, *stress]),
            [calm, normal, stress] => Regime::of([*calm, *normal, 0.0, *stress]),
            _ => return None,
        };
        Some((filter.shapes.dist(rv, weights, &sd), Some(regime)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::Feature;
    use crate::forecast::training::fixture;

    /// Quiet and loud hundreds.
    fn hundreds(i: usize) -> (f64, f64) {
        let size = if (i / 100).is_multiple_of(2) { 0.005 } else { 0.02 };
        let t = i as f64;
        (size * (17.3 * t * t).sin() * 1.4, size * size)
    }

    #[test]
    fn regimes_are_told_apart_and_forecasts_stay_sound_on_zeros_jumps_and_gaps() {
        let data = fixture::rows(600, hundreds);
        let mut gaps = fixture::rows(300, hundreds);
        gaps.iter_mut().step_by(3).for_each(|row| row.set(Feature::Ret, f64::NAN));
        let zeros = fixture::rows(1000, |_| (0.0, 0.0));
        let wild = fixture::rows(200, |i| ([0.0, 1e4, 0.0, -1e4][i % 4], [0.0, 1e8][i % 2]));
        for (regimes, innovation, asymmetric, clip) in [
            (2, Innovation::Normal, false, true),
            (2, Innovation::Student, true, false),
            (3, Innovation::Ged, false, true),
        ] {
            let params = Params { regimes, innovation, asymmetric, clip, ..Params::default() };
            let model = fixture::fit::<MsGarch>(&params, &data, 1 + 2 * i64::from(clip)).unwrap();
            let mut filter = model.start();
            let (mut seen, mut right) = (0, 0);
            for (i, row) in data.iter().enumerate() {
                filter.update(row);
                let Some(f) = filter.forecast() else { continue };
                let regime = f.regime.unwrap();
                assert!((regime.probs().iter().sum::<f64>() - 1.0).abs() < 1e-12);
                // Well inside a hundred the regime is known.
                if regimes == 2 && i % 100 > 20 && i > 100 {
                    seen += 1;
                    right += usize::from((regime.calm > 0.5) == (i / 100 % 2 == 0));
                }
            }
            assert!(regimes > 2 || right * 10 > seen * 8, "{innovation:?}: right {right} times of {seen}");
            for (i, row) in gaps.iter().chain(&zeros).chain(&wild).chain(&data).enumerate() {
                filter.update(row);
                let f = filter.forecast().unwrap();
                assert!(f.dist.is_sound(), "{innovation:?} row {i}: {f:?}");
            }
        }
    }

    #[test]
    fn series_that_no_regimes_made_are_fitted_or_refused_in_words() {
        let quiet = fixture::rows(300, |i| (if i % 50 == 7 { 1e-3 } else { 0.0 }, 1e-6));
        let jump = fixture::rows(300, |i| (if i == 130 { 5.0 } else { 1e-2 * hundreds(i).0 }, 1e-4));
        for data in [quiet, jump] {
            let model = fixture::fit::<MsGarch>(&Params::default(), &data, 1).unwrap();
            let mut filter = model.start();
            data.iter().for_each(|row| filter.update(row));
            assert!(filter.forecast().unwrap().dist.is_sound());
        }
        let flat = fixture::rows(400, |_| (0.01, 1e-4));
        let why = fixture::fit::<MsGarch>(&Params::default(), &flat, 1).unwrap_err().to_string();
        assert!(why.contains("no variance"), "{why}");
        let four = Params { regimes: 4, ..Params::default() };
        let why = fixture::fit::<MsGarch>(&four, &flat, 1).unwrap_err().to_string();
        assert!(why.contains("regimes"), "{why}");
    }
}
