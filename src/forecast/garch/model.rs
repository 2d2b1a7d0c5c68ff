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
mod tests;
