//! Hidden Markov regimes of volatility: calm, normal, elevated, stress.
//!
//! x(t) = ln rv(t) | s(t) = k ~ N(m(k), C(k)), P(s(t+1) = j | s(t) = i) = A(i, j), two to four states
//! in order of m. Forecast over h rows from the filtered p(t):
//! rv = level sum over n = 1..h of sum over k of (p(t) A^n)(k) exp(m(k) + C(k)/2)   \[fraction^2\],
//! a mixture of zero-mean normals with these weights and variances for the return, and
//! p(t) A as the regime of the next row. Probabilities are filtered, never smoothed.
//!
//! Source: Hamilton 1989; EM of Baum et al. 1970. Checked against hmmlearn 0.3.3 (likelihood,
//! posteriors, EM, filter) on S&P 500 returns and log range variances.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `states` | 4 | regimes | 2 (calm, stress), 3 (and normal) or 4 (and elevated) |
//! | `columns` | `["rv"]` | feature names | `rv` first; then variances (in logs) or features of unit 1 |
//! | `starts` | 3 | starting points of EM | 1 to 20 |
//! | `iterations` | 300 | EM steps at most | 1 to 10000 |
//! | `tolerance` | 0.0001 | nats per EM step | positive |
//!
//! Fit: 100 rows with an outcome. Warm-up: 1 row. Knows: the columns. Ignores: everything else.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::{FitContext, Model, Panel, Track, hmm::{Hmm, Params}};
//!
//! # let rows: Vec<Row> = (0..600).map(|i| {
//! #     let open = Ts(0) + Span::DAY.times(i);
//! #     let mut row = Row::empty("BTC".parse().unwrap(), open, open + Span::DAY, open + Span::DAY);
//! #     let loud = i / 50 % 2 == 1;
//! #     row.set(Feature::Ret, if loud { 0.04 } else { 0.01 } * (17.3 * (i * i) as f64).sin());
//! #     row.set(Feature::Rv, if loud { 16e-4 } else { 1e-4 } * (1.0 + 0.3 * (1.7 * i as f64).sin()));
//! #     row
//! # }).collect();
//! # let history = BTreeMap::from([("BTC".parse().unwrap(), Arc::new(rows.clone()))]);
//! // Fifty quiet rows, then fifty loud ones, and again; the last fifty were loud.
//! let panel = Panel::until(&history, Ts(0), rows[599].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(Span::DAY), step: Span::DAY, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let model = Hmm::fit(&Params { states: 2, ..Params::default() }, &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! assert!(filter.regime().unwrap().stress > 0.9);
//! assert_eq!(filter.dwell().unwrap().rows, 50);
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::em::{Em, EmEstimate};
use super::filter::RegimeFilter;
use super::gaussian::{Covariance, Gaussian, no_fit};
use super::mixture::mixture;
use super::start::{bands, best, bounds};
use crate::base::problem::meant;
use crate::base::{Horizon, Problems, Seed, Span, Ts, stats};
use crate::feature::{CATALOG, Feature, Row};
use crate::forecast::regime::Tenure;
use crate::forecast::training::{Chosen, Level, Training, each};
use crate::forecast::{BySymbol, Dwell, Error, FitContext, Forecast, Forecaster, Model, Panel, Regime};

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Number of regimes.
    pub states: usize,
    /// Observed features: `rv`, then any others that are variances (taken in logs) or have unit 1.
    pub columns: Vec<String>,
    /// Starting points of EM; the best end is kept.
    pub starts: usize,
    /// Most EM steps per start.
    pub iterations: usize,
    /// EM stops when a step gains less, nats.
    pub tolerance: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params { states: 4, columns: vec!["rv".into()], starts: 3, iterations: 300, tolerance: 1e-4 }
    }
}

/// Least number of rows with an outcome.
const NEED: usize = 100;
/// Longest gap that is stepped through, in rows; by then the filter has forgotten.
const GAP: i64 = 64;

/// Regimes of every instrument of the panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hmm {
    horizon: Horizon,
    step: Span,
    ahead: usize,
    columns: Vec<String>,
    symbols: BySymbol<Regimes>,
}

/// The regimes of one instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Regimes {
    /// States in order of mean ln rv; starts from its stationary distribution.
    model: Gaussian,
    /// Least and greatest value of each observed column.
    bounds: Vec<(f64, f64)>,
    /// Mean of outcome over forecast in training, which the forecast is multiplied by.
    rv_per_unit: f64,
    level: Level,
    /// Whether EM converged, after how many steps, at what log-likelihood.
    em: (bool, usize, f64),
}

impl Model for Hmm {
    const NAME: &'static str = "hmm";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        if let Err(why) = features(&params.columns) {
            problems.say("columns", why);
        }
        problems.range("states", params.states as f64, 2.0, 4.0);
        problems.range("starts", params.starts as f64, 1.0, 20.0);
        problems.range("iterations", params.iterations as f64, 1.0, 10_000.0);
        problems.range("tolerance", params.tolerance, 1e-12, 1e6);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Hmm, Error> {
        Self::sound(params, ctx)?;
        let features = features(&params.columns).map_err(|why| Error::Params { model: Self::NAME, why })?;
        let symbols = each(Self::NAME, panel, ctx, |training| {
            let level = training.level(NEED)?;
            let symbol = training.rows.first().map(|r| r.symbol.to_string()).unwrap_or_default();
            let seed = ctx.seed.named(Self::NAME).named(&symbol);
            regimes(params, &features, ctx.step, training, level, seed).map_err(|e| match e {
                Error::NoFit { why, .. } => training.no_fit(why),
                other => other,
            })
        })?;
        let columns = params.columns.clone();
        Ok(Hmm { horizon: ctx.horizon, step: ctx.step, ahead: ctx.ahead(), columns, symbols })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State {
            own: Chosen::Waiting(self.symbols.clone()),
            features: features(&self.columns).unwrap_or_default(),
            horizon: self.horizon,
            step: self.step,
            ahead: self.ahead,
            run: None,
        })
    }
}

/// Says that a name is no feature, and which is near it.
fn no_feature(name: &str) -> String {
    let known: Vec<&str> = CATALOG.iter().map(|spec| spec.name).collect();
    format!("`{name}` is no feature{}", meant(name, &known))
}

fn features(columns: &[String]) -> Result<Vec<Feature>, String> {
    let one = |name: &String| {
        let feature = Feature::named(name).ok_or_else(|| no_feature(name))?;
        let fits = feature.is_variance() || feature.spec().unit == "1";
        if fits { Ok(feature) } else { Err(format!("`{name}` is neither a variance nor of unit 1")) }
    };
    let features = columns.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    if features.first() == Some(&Feature::Rv) { Ok(features) } else { Err("columns begin with `rv`".into()) }
}

/// One observation of a row; NaN where absent, minus infinity for a variance of zero.
fn observe(features: &[Feature], row: &Row) -> Vec<f64> {
    features.iter().map(|f| if f.is_variance() { row.raw(*f).ln() } else { row.raw(*f) }).collect()
}

fn clip(x: &mut [f64], bounds: &[(f64, f64)]) {
    for (v, (low, high)) in x.iter_mut().zip(bounds) {
        if !v.is_nan() {
            *v = v.clamp(*low, *high);
        }
    }
}

/// Windows missed between two rows.
fn missed(last: Ts, row: &Row, step: Span) -> i64 {
    ((row.ts_open - last).0 / step.0).clamp(0, GAP)
}

/// Learns the regimes of one instrument.
fn regimes(
    params: &Params,
    features: &[Feature],
    step: Span,
    training: &Training<'_>,
    level: Level,
    seed: Seed,
) -> Result<Regimes, Error> {
    let d = features.len();
    let rows = training.rows;
    let seen: Vec<Vec<f64>> = rows.iter().map(|r| observe(features, r)).collect();
    let bounds: Vec<(f64, f64)> = (0..d).map(|j| bounds(seen.iter().map(|x| x[j]))).collect();
    let mut series = Vec::with_capacity(rows.len() * d);
    for (i, (row, mut x)) in rows.iter().zip(seen).enumerate() {
        let gap = if i == 0 { 0 } else { missed(rows[i - 1].ts, row, step) };
        series.extend(std::iter::repeat_n(f64::NAN, gap as usize * d));
        clip(&mut x, &bounds);
        series.extend(x);
    }
    let x = Array2::from_shape_vec((series.len() / d, d), series).map_err(|e| no_fit(e.to_string()))?;
    let em = Em { iterations: params.iterations, tolerance: params.tolerance, covariance_prior: 0.0, floor: 1e-3 };
    let end = |e: &EmEstimate| e.loglik.last().copied().unwrap_or(f64::NEG_INFINITY);
    let Params { starts, states, tolerance, .. } = *params;
    let fit = best((starts, states), tolerance, seed, end, |shares| banded(&x, shares).fit(&x, &em))
        .unwrap_or_else(|| Err(no_fit("no start")))?;
    let em = (fit.converged, fit.iterations, fit.loglik.last().copied().unwrap_or(f64::NAN));
    let mut regimes = Regimes { model: ordered(&fit.model), bounds, rv_per_unit: 1.0, level, em };
    // Mean of outcome over forecast is the factor that minimises QLIKE.
    let mut run = Run::of(&regimes, training.ahead)?;
    let mut ratios = Vec::with_capacity(rows.len());
    for (row, target) in rows.iter().zip(&training.targets) {
        run.update(row, features, &regimes.bounds, step);
        ratios.extend(target.map(|t| t.rv / run.raw()));
    }
    regimes.rv_per_unit = stats::mean(&ratios);
    if regimes.rv_per_unit.is_finite() && regimes.rv_per_unit > 0.0 {
        Ok(regimes)
    } else {
        Err(no_fit(format!("its level is {}", regimes.rv_per_unit)))
    }
}

/// A start: rows are ranked by their first column and cut into bands of the given shares.
fn banded(x: &Array2<f64>, shares: &[f64]) -> Gaussian {
    let (d, k) = (x.ncols(), shares.len());
    let mut rows: Vec<Vec<f64>> =
        x.rows().into_iter().filter(|r| r.iter().all(|v| v.is_finite())).map(|r| r.to_vec()).collect();
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let column = |rows: &[Vec<f64>], j: usize| rows.iter().map(|r| r[j]).collect::<Vec<_>>();
    let whole: Vec<f64> = (0..d).map(|j| stats::variance(&column(&rows, j)).max(1e-6)).collect();
    let (mut means, mut variances) = (vec![], vec![]);
    for band in bands(rows.len(), shares) {
        let band = &rows[band];
        means.push((0..d).map(|j| stats::mean(&column(band, j))).collect());
        variances.push((0..d).map(|j| stats::variance(&column(band, j)).max(0.05 * whole[j])).collect());
    }
    let stay = 0.9;
    let trans =
        (0..k).map(|i| (0..k).map(|j| if i == j { stay } else { (1.0 - stay) / (k - 1) as f64 }).collect()).collect();
    Gaussian { start: vec![1.0 / k as f64; k], trans, means, covariance: Covariance::Diagonal(variances) }
}

/// States in order of the mean of the first column, started from the stationary distribution.
fn ordered(model: &Gaussian) -> Gaussian {
    let k = model.states();
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|a, b| model.means[*a][0].total_cmp(&model.means[*b][0]));
    let trans: Vec<Vec<f64>> = order.iter().map(|i| order.iter().map(|j| model.trans[*i][*j]).collect()).collect();
    let covariance = match &model.covariance {
        Covariance::Diagonal(v) => Covariance::Diagonal(order.iter().map(|i| v[*i].clone()).collect()),
        Covariance::Full(v) => Covariance::Full(order.iter().map(|i| v[*i].clone()).collect()),
    };
    let mut start = vec![1.0 / k as f64; k];
    for _ in 0..1000 {
        start = (0..k).map(|j| (0..k).map(|i| start[i] * trans[i][j]).sum()).collect();
    }
    let sum: f64 = start.iter().sum();
    start.iter_mut().for_each(|p| *p /= sum);
    Gaussian { start, trans, means: order.iter().map(|i| model.means[*i].clone()).collect(), covariance }
}

struct State {
    own: Chosen<Regimes>,
    features: Vec<Feature>,
    horizon: Horizon,
    step: Span,
    ahead: usize,
    run: Option<Run>,
}

/// The filter of one instrument.
struct Run {
    filter: RegimeFilter,
    /// Expected variance over the horizon, given the state of the next row and before the level.
    paths: Vec<f64>,
    tenure: Tenure,
    last: Option<Ts>,
}

impl Run {
    fn of(regimes: &Regimes, ahead: usize) -> Result<Run, Error> {
        let Gaussian { trans, means, covariance, .. } = &regimes.model;
        let variance = |k: usize| match covariance {
            Covariance::Diagonal(v) => v[k][0],
            Covariance::Full(v) => v[k][0][0],
        };
        let filter = regimes.model.filter()?;
        let mut one: Vec<f64> = (0..means.len()).map(|k| (means[k][0] + variance(k) / 2.0).exp()).collect();
        let mut paths = vec![0.0; means.len()];
        for _ in 0..ahead {
            paths.iter_mut().zip(&one).for_each(|(p, v)| *p += v);
            one = trans.iter().map(|row| row.iter().zip(&one).map(|(a, v)| a * v).sum()).collect();
        }
        Ok(Run { filter, paths, tenure: Tenure::default(), last: None })
    }
    fn update(&mut self, row: &Row, features: &[Feature], bounds: &[(f64, f64)], step: Span) {
        let absent = vec![f64::NAN; features.len()];
        for _ in 0..self.last.map_or(0, |last| missed(last, row, step)) {
            self.filter.update(&absent);
        }
        let mut x = observe(features, row);
        clip(&mut x, bounds);
        self.filter.update(&x);
        self.tenure.push(self.filter.now());
        self.last = Some(row.ts);
    }
    /// Forecast variance before the level and its limits.
    fn raw(&self) -> f64 {
        self.filter.next().iter().zip(&self.paths).map(|(p, v)| p * v).sum()
    }
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        let Some(regimes) = self.own.at(row) else { return };
        if self.run.is_none() {
            self.run = Run::of(regimes, self.ahead).ok();
        }
        if let Some(run) = &mut self.run {
            run.update(row, &self.features, &regimes.bounds, self.step);
        }
    }

    fn forecast(&self) -> Option<Forecast> {
        let (run, regimes) = (self.run.as_ref()?, self.own.get()?);
        let raw = run.raw();
        let rv = (raw * regimes.rv_per_unit).clamp(regimes.level.rv_min, regimes.level.rv_max);
        let sd: Vec<f64> = run.paths.iter().map(|v| regimes.level.sd(v / raw * rv)).collect();
        let next = run.filter.next();
        Some(Forecast {
            issued: run.last?,
            horizon: self.horizon,
            dist: mixture(rv, next, &sd),
            regime: Some(Regime::of_states(next)),
            spike: None,
        })
    }

    fn regime(&self) -> Option<Regime> {
        let run = self.run.as_ref()?;
        run.last.map(|_| Regime::of_states(run.filter.next()))
    }

    fn dwell(&self) -> Option<Dwell> {
        let (run, regimes) = (self.run.as_ref()?, self.own.get()?);
        run.tenure.dwell(run.filter.now(), &regimes.model.trans)
    }
}

#[cfg(test)]
mod tests;
