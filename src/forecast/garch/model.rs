//! The GARCH family, by maximum likelihood: ARCH, GARCH, GJR, TARCH, APARCH, EGARCH, HARCH, FIGARCH,
//! component, integrated and Realized GARCH; normal, Student, skewed or generalised error residuals;
//! order flow in the variance.
//!
//! The default is GARCH(1,1), `s2_t = omega + alpha e_(t-1)^2 + beta s2_(t-1)`, `e = ret - mu`
//! \[fraction^2 per row\]; each other process states its equation in its file of `process/`. The sum
//! of the next `ahead` expected variances is the variance of the log return, and `rv` is that times
//! mean target over mean model variance in training. The distribution has mean zero.
//!
//! - `exogenous` names features of the row that enter the next variance, `+ sum delta_k x_(k,t-1)`,
//!   `delta_k >= 0`: each divided by its mean size in training and kept within its training range;
//!   where it is missing, and beyond the next row, it counts as its training mean.
//! - `realized` takes the square root of the row's `rv` as its realised volatility.
//! - Returns are brought to unit variance inside, so fractions and percent give the same fit.
//! - `deseason` divides returns by the square root of the diurnal factor of their slot, and
//!   multiplies the forecast with the factor of the target window, as in [`crate::forecast::har`].
//! - A fit searches from several points and keeps the likeliest end. The stored model tells how many,
//!   whether the search converged, which coefficients lie at a bound, the log-likelihood, and robust
//!   and classic errors ([`GarchEstimate`]).
//!
//! Source: Engle (1982); Bollerslev (1986); Glosten, Jagannathan, Runkle (1993); those named in
//! `process/`; Bollerslev, Wooldridge (1992) for the robust errors; Fiorentini, Calzolari, Panattoni
//! (1996) for the benchmark. Checked against arch 8.0.0, rugarch 1.5-6 and the DEM/GBP benchmark in
//! `tests/it/reference_garch.rs`.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `process` | `garch` | - | `arch`, `garch`, `gjr`, `tarch`, `aparch`, `egarch`, `harch`, `figarch`, `component`, `integrated`, `realized` |
//! | `p`, `o`, `q` | the process's own | rows | lags of the residual, the negative residual, the variance; at most 5 |
//! | `lags` | `[1, 5, 22]` | rows | windows of `harch`, ascending, at most 250 |
//! | `power` | 0 | - | 0: estimated by `aparch`, 1 in `tarch`; else 0.25 to 4, fixed in both |
//! | `truncation` | 1000 | rows | past squares in `figarch`, 10 to 5000 |
//! | `asymmetric` | false | - | makes `garch` `gjr` |
//! | `exogenous` | `[]` | features | with `arch`, `garch`, `gjr`, `tarch`; at most 6 |
//! | `mean` | `constant` | - | `constant`, `zero`, `{ ar = lags }` |
//! | `innovation` | `student` | - | `normal`, `student`, `skew-student`, `fernandez-steel`, `ged` |
//! | `start` | `backcast` | - | `backcast`, `mean-square`, `first-variance` (rugarch's) |
//! | `deseason` | false | - | - |
//! | `drift` | false | - | the distribution lies around `ahead mu`; with a constant mean, no season |
//! | `clip` | true | - | keeps `rv` within the training targets |
//! | `min_rows` | 0 | rows | 0: 200, or 1000 for rows shorter than a day |
//!
//! Warm-up: 100 rows. Knows: return, season, `rv` if `realized`, the features of `exogenous`. Ignores:
//! everything else, and realised variance but for its level.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::{FitContext, Model, Panel, Track, garch::{Garch, Params}};
//!
//! # let rows: Vec<Row> = (0..500).map(|i| {
//! #     let open = Ts(0) + Span::DAY.times(i);
//! #     let mut row = Row::empty("BTC".parse().unwrap(), open, open + Span::DAY, open + Span::DAY);
//! #     row.set(Feature::Ret, 0.01 * (1.0 + 0.5 * (i as f64 / 40.0).sin()) * (17.3 * (i * i) as f64).sin());
//! #     row.set(Feature::Rv, 1e-4);
//! #     row
//! # }).collect();
//! # let history = BTreeMap::from([("BTC".parse().unwrap(), Arc::new(rows.clone()))]);
//! let panel = Panel::until(&history, Ts(0), rows[499].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(Span::DAY), step: Span::DAY, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let model = Garch::fit(&Params { asymmetric: true, ..Params::default() }, &panel, &ctx)?;
//! let fit = model.estimate(rows[0].symbol).unwrap();
//! assert!(fit.converged && fit.persistence < 1.0);
//! assert_eq!(fit.spec.names(), ["mu", "omega", "alpha[1]", "gamma[1]", "beta[1]", "nu"]);
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! assert!((0.002..0.03).contains(&filter.forecast().unwrap().dist.sd));
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::estimate::GarchEstimate;
use super::innovation::{Innovation, Tails};
use super::kind::ProcessKind;
use super::process::Start;
use super::regressor::{self, Regressor};
use super::running::RunningProcess;
use super::series::Series;
use super::spec::{Mean, Spec};
use super::state::{Input, Runs, Settings, State, input, rv_per_variance};
use crate::base::{Horizon, Problems, Span, Symbol};
use crate::feature::{Feature, Row};
use crate::forecast::training::{Level, Training, each};
use crate::forecast::{BySymbol, Dist, Error, FitContext, Forecaster, Model, Panel, Regime};

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// The variance process.
    pub process: ProcessKind,
    /// Lags of the residual; `None`: the process's own.
    pub p: Option<usize>,
    /// Lags of the negative residual; `None`: the process's own.
    pub o: Option<usize>,
    /// Lags of the variance; `None`: the process's own.
    pub q: Option<usize>,
    /// Windows of `harch`.
    pub lags: Vec<usize>,
    /// Fixed power of `aparch` and `tarch`; 0: estimated, or 1.
    pub power: f64,
    /// Past squares in `figarch`.
    pub truncation: usize,
    /// Whether negative residuals weigh more in `garch`.
    pub asymmetric: bool,
    /// Features of the row that enter the variance.
    pub exogenous: Vec<String>,
    /// The mean return.
    pub mean: Mean,
    /// The distribution of the standardised residual.
    pub innovation: Innovation,
    /// What stands before the sample.
    pub start: Start,
    /// Whether the diurnal season is taken out of returns and put back into forecasts.
    pub deseason: bool,
    /// Whether the distribution lies around the expected return instead of zero.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drift: bool,
    /// Whether forecasts stay within the training targets.
    pub clip: bool,
    /// Fewest usable rows; 0 chooses by length of row.
    pub min_rows: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            process: ProcessKind::Garch,
            p: None,
            o: None,
            q: None,
            lags: vec![1, 5, 22],
            power: 0.0,
            truncation: 1000,
            asymmetric: false,
            exogenous: Vec::new(),
            mean: Mean::Constant,
            innovation: Innovation::Student,
            start: Start::Backcast,
            deseason: false,
            drift: false,
            clip: true,
            min_rows: 0,
        }
    }
}

/// What was learnt: a process per instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Garch {
    deseason: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    drift: bool,
    clip: bool,
    horizon: Horizon,
    ahead: usize,
    processes: BySymbol<Learnt>,
}

/// One instrument's process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Learnt {
    estimate: GarchEstimate,
    regressors: Vec<Regressor>,
    /// Mean target per unit of mean forecast variance.
    rv_per_variance: f64,
    level: Level,
}

impl Model for Garch {
    const NAME: &'static str = "garch";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        if let Err(why) = params.spec() {
            problems.say("process", why);
        }
        if params.drift && (params.deseason || params.mean != Mean::Constant) {
            let why = "it is a constant return a row; use it with `mean = \"constant\"`, without `deseason`";
            problems.say("drift", why);
        }
        if let Err(why) = regressor::features(&params.exogenous) {
            problems.say("exogenous", why);
        }
        problems.range("power", params.power, 0.0, 10.0);
        problems.range("truncation", params.truncation as f64, 1.0, 1e5);
        problems.range("min_rows", params.min_rows as f64, 0.0, 1e6);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Garch, Error> {
        Self::sound(params, ctx)?;
        let wrong = |why| Error::Params { model: Self::NAME, why };
        let spec = params.spec().map_err(wrong)?;
        let features = regressor::features(&params.exogenous).map_err(wrong)?;
        let need = match params.min_rows {
            0 if ctx.step >= Span::DAY => 200,
            0 => 1000,
            rows => rows,
        };
        let processes = each(Self::NAME, panel, ctx, |t| learn(params, &spec, &features, t, need))?;
        let Params { deseason, drift, clip, .. } = *params;
        Ok(Garch { deseason, drift, clip, horizon: ctx.horizon, ahead: ctx.ahead(), processes })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        let Garch { deseason, drift, clip, horizon, ahead, .. } = *self;
        Box::new(State::new(Settings { deseason, drift, clip, horizon, ahead }, &self.processes))
    }
}

impl Garch {
    /// The fit of one instrument.
    pub fn estimate(&self, symbol: Symbol) -> Option<&GarchEstimate> {
        self.processes.get(&symbol).map(|p| &p.estimate)
    }
}

fn learn(params: &Params, spec: &Spec, features: &[Feature], t: &Training<'_>, need: usize) -> Result<Learnt, Error> {
    let inputs: Vec<(&Row, Input)> = t.rows.iter().filter_map(|r| Some((r, input(params.deseason, r)?))).collect();
    t.require(inputs.len(), need)?;
    let regressors: Vec<Regressor> =
        features.iter().map(|f| Regressor::learn(*f, inputs.iter().map(|(row, _)| *row))).collect();
    let returns: Vec<f64> = inputs.iter().map(|(_, i)| i.ret).collect();
    let realized: Vec<f64> = inputs.iter().map(|(_, i)| i.realized).collect();
    let exogenous: Vec<f64> = inputs.iter().flat_map(|(row, _)| regressors.iter().map(|x| x.of(row))).collect();
    let series = Series { returns: &returns, realized: &realized, exogenous: &exogenous };
    let estimate = spec.fit(series).map_err(|why| t.no_fit(why))?;
    let level = t.level(need)?;
    let mut learnt = Learnt { estimate, regressors, rv_per_variance: 1.0, level };
    learnt.rv_per_variance = rv_per_variance(&learnt, t, params.deseason)?;
    Ok(learnt)
}

/// The process of one instrument, row by row.
struct Filter {
    running: RunningProcess,
    tails: Tails,
}

impl Runs for Learnt {
    type Filter = Filter;

    fn begin(&self) -> Filter {
        let (running, shape) = (self.estimate.begin(), self.estimate.shape());
        Filter { running, tails: Tails::new(self.estimate.spec.innovation, shape) }
    }
    fn take(&self, filter: &mut Filter, row: &Row, Input { ret, realized }: Input) {
        let exogenous: Vec<f64> = self.regressors.iter().map(|x| x.of(row)).collect();
        filter.running.take(ret, realized, &exogenous);
    }
    fn variance_ahead(&self, filter: &Filter, ahead: usize) -> f64 {
        let usual: Vec<f64> = self.regressors.iter().map(Regressor::mean).collect();
        filter.running.ahead(ahead, &usual).iter().sum()
    }
    fn scale(&self) -> (f64, &Level) {
        (self.rv_per_variance, &self.level)
    }
    fn dist(&self, filter: &Filter, rv: f64, settings: &Settings) -> Option<(Dist, Option<Regime>)> {
        let dist = filter.tails.dist(rv, (rv / self.rv_per_variance).sqrt());
        Some(match self.estimate.get("mu").filter(|_| settings.drift) {
            Some(mu) => (dist.moved(mu * settings.ahead as f64), None),
            None => (dist, None),
        })
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::super::state::WARM_UP;
    use super::*;
    use crate::forecast::training::fixture;

    /// Waves whose size comes and goes.
    fn wave(i: usize) -> f64 {
        let t = i as f64;
        0.01 * (1.0 + 0.6 * (t / 40.0).sin()) * (17.3 * t * t).sin()
    }

    const INNOVATIONS: [Innovation; 5] =
        [Innovation::Normal, Innovation::Student, Innovation::SkewStudent, Innovation::FernandezSteel, Innovation::Ged];

    /// Every process with every residual; every other one with rugarch's start and without clipping.
    fn all() -> Vec<Params> {
        let mut all = Vec::new();
        for process in ProcessKind::ALL {
            for innovation in INNOVATIONS {
                let odd = all.len() % 2 == 1;
                let start = if odd { Start::FirstVariance } else { Start::Backcast };
                let exogenous = if process == ProcessKind::Gjr { vec!["trades".into()] } else { Vec::new() };
                let truncation = 100;
                all.push(Params { process, innovation, start, clip: !odd, exogenous, truncation, ..Params::default() });
            }
        }
        all
    }

    fn sound(model: &Garch, rows: &[Row], what: &str) {
        let mut filter = model.start();
        for (i, row) in rows.iter().enumerate() {
            filter.update(row);
            assert_eq!(filter.forecast().is_some(), i + 1 >= WARM_UP, "{what} row {i}");
            let f = filter.forecast();
            assert!(f.as_ref().is_none_or(|f| f.dist.is_sound()), "{what} row {i}: {f:?}");
        }
    }

    #[test]
    fn every_process_with_every_residual_stays_sound_on_zeros_jumps_and_gaps() {
        let mut data = fixture::rows(300, |i| (wave(i), 1.2 * wave(i).powi(2) + 1e-6));
        for (i, row) in data.iter_mut().enumerate() {
            row.set(Feature::Trades, 10.0 + 5.0 * (i as f64 / 9.0).sin());
        }
        let zeros = fixture::rows(700, |_| (0.0, 0.0));
        let wild = fixture::rows(200, |i| ([0.0, 1e4, 0.0, -1e4][i % 4], [0.0, 1e8][i % 2]));
        let after: Vec<Row> = data.iter().chain(&zeros).chain(&wild).chain(&data).copied().collect();
        all().par_iter().enumerate().for_each(|(i, params)| {
            let what = format!("{:?} {:?}", params.process, params.innovation);
            let model = fixture::fit::<Garch>(params, &data, 1 + 6 * (i as i64 % 2)).unwrap();
            let estimate = model.estimate(data[0].symbol).unwrap();
            assert!(estimate.loglik.is_finite() && estimate.starts > 1, "{what}: {estimate:?}");
            sound(&model, &after, &what);
            let stored = serde_json::to_string(&model).unwrap();
            assert_eq!(serde_json::from_str::<Garch>(&stored).unwrap(), model, "{what}");
        });
    }

    #[test]
    fn every_process_with_every_residual_fits_series_that_no_process_made() {
        let quiet = fixture::rows(150, |i| (if i % 50 == 7 { 1e-3 } else { 0.0 }, 1e-6));
        let jump = fixture::rows(150, |i| (if i == 90 { 5.0 } else { 1e-4 * wave(i) }, wave(i).powi(2) + 1e-9));
        let mut gaps = fixture::rows(330, |i| (wave(i), wave(i).powi(2) + 1e-6));
        gaps.iter_mut().step_by(2).for_each(|row| row.set(Feature::Ret, f64::NAN));
        gaps.iter_mut().step_by(3).for_each(|row| row.set(Feature::Rv, f64::NAN));
        all().par_iter().for_each(|params| {
            for (name, data) in [("quiet", &quiet), ("jump", &jump), ("gaps", &gaps)] {
                let what = format!("{:?} {:?} {name}", params.process, params.innovation);
                let params = Params { min_rows: 100, ..params.clone() };
                let model = match fixture::fit::<Garch>(&params, data, 1) {
                    Ok(model) => model,
                    Err(why) => panic!("{what}: {why}"),
                };
                let mut filter = model.start();
                data.iter().for_each(|row| filter.update(row));
                assert!(filter.forecast().is_some_and(|f| f.dist.is_sound()), "{what}");
            }
        });
    }

    #[test]
    fn order_flow_that_moves_variance_is_found() {
        let size = |i: usize| if (i / 3).is_multiple_of(4) { 4.0 } else { 0.5 };
        let mut data = fixture::rows(600, |i| {
            let after = if i == 0 { 1.0 } else { size(i - 1) };
            (after * wave(i), wave(i).powi(2) + 1e-6)
        });
        for (i, row) in data.iter_mut().enumerate() {
            row.set(Feature::Trades, 100.0 * size(i).powi(2));
        }
        let params = Params { exogenous: vec!["trades".into()], clip: false, ..Params::default() };
        let model = fixture::fit::<Garch>(&params, &data, 1).unwrap();
        let plain = fixture::fit::<Garch>(&Params { clip: false, ..Params::default() }, &data, 1).unwrap();
        let symbol = data[0].symbol;
        let (with, without) = (model.estimate(symbol).unwrap(), plain.estimate(symbol).unwrap());
        assert!(with.loglik > without.loglik + 50.0, "{} {}", with.loglik, without.loglik);
        let mut filter = model.start();
        let mut rv = |row: &Row| {
            filter.update(row);
            filter.forecast().map(|f| f.dist.rv)
        };
        let forecasts: Vec<_> = data.iter().map(&mut rv).collect();
        let busy = (200..600).find(|i| size(*i) > 1.0 && size(i - 1) < 1.0).unwrap();
        assert!(forecasts[busy] > forecasts[busy - 1].map(|v| 3.0 * v), "{:?}", &forecasts[busy - 1..=busy]);
    }

    #[test]
    fn settings_that_do_not_belong_together_are_refused_by_name() {
        let refused = |params: Params, word: &str| {
            let why = params.spec().unwrap_err();
            assert!(why.contains(word), "{why}");
        };
        refused(Params { process: ProcessKind::Harch, lags: vec![5, 1], ..Params::default() }, "lags");
        refused(
            Params { process: ProcessKind::Egarch, exogenous: vec!["trades".into()], ..Params::default() },
            "exogenous",
        );
        refused(Params { process: ProcessKind::Harch, p: Some(1), ..Params::default() }, "`p`");
        refused(Params { p: Some(6), ..Params::default() }, "`p`");
        refused(Params { p: Some(0), ..Params::default() }, "`p`");
        refused(Params { process: ProcessKind::Figarch, q: Some(2), ..Params::default() }, "figarch");
        refused(Params { process: ProcessKind::Tarch, power: 9.0, ..Params::default() }, "power");
        let unknown = Params { exogenous: vec!["ghost".into()], ..Params::default() };
        let why = fixture::fit::<Garch>(&unknown, &fixture::rows(300, |i| (wave(i), 1e-6)), 1).unwrap_err();
        assert!(why.to_string().contains("ghost"), "{why}");
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
    fn drift_moves_the_whole_distribution_by_the_expected_return() {
        let data = fixture::rows(400, |i| (0.001 + wave(i), wave(i).powi(2) + 1e-6));
        let of = |drift| {
            let model = fixture::fit::<Garch>(&Params { drift, ..Params::default() }, &data, 3).unwrap();
            let mut filter = model.start();
            data.iter().for_each(|row| filter.update(row));
            (model.estimate(data[0].symbol).unwrap().get("mu").unwrap(), filter.forecast().unwrap().dist)
        };
        let ((mu, with), (_, without)) = (of(true), of(false));
        let pairs = with.q.iter().zip(&without.q).chain([(&with.es01, &without.es01), (&with.es99, &without.es99)]);
        assert!(pairs.into_iter().all(|(a, b)| (a - b - 3.0 * mu).abs() < 1e-15) && with.sd == without.sd);
        let refused = Params { drift: true, mean: Mean::Zero, ..Params::default() };
        assert!(fixture::fit::<Garch>(&refused, &data, 3).unwrap_err().to_string().contains("drift"));
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
