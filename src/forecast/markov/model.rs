//! Markov-switching regression of log realised variance on its lags, direct to the horizon.
//!
//! y = x b(k) + sqrt(v(k)) e, k the hidden regime (two to four, in order of volatility), y the log of
//! the mean variance per row over the horizon, x a constant and, with `regressors = "har"`, the logs of
//! rv, rv_mid and rv_long. rv = level ahead sum over k of p(k) exp(x b(k) + v(k)/2) \[fraction^2\],
//! p the probabilities of the regimes in the period to come, given every target that is settled:
//! filtered, never smoothed. The return is a mixture of zero-mean normals with these weights.
//!
//! Source: Hamilton 1989. Checked against statsmodels 0.15.0 (likelihood, filter, maximum) on S&P 500
//! returns and log range variances.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `states` | 2 | regimes | 2 (calm, stress), 3 (and normal) or 4 (and elevated) |
//! | `regressors` | `har` | - | `har`, `none` |
//! | `starts` | 3 | starting points of EM | 1 to 20 |
//! | `iterations` | 300 | EM steps at most | 1 to 10000 |
//! | `tolerance` | 0.0001 | nats per EM step | positive |
//!
//! Fit: 100 rows with regressors and outcome. Warm-up: the long lag, with `none` one row. Knows:
//! variances. Ignores: everything else.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::{FitContext, Model, Panel, Track, markov::{Markov, Params, Regressors}};
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
//! let model = Markov::fit(&Params { regressors: Regressors::None, ..Params::default() }, &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! assert!(filter.regime().unwrap().stress > 0.9);
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::regression::{SwitchingRegression, no_fit};
use crate::base::{Horizon, Problems, Seed, Ts, stats};
use crate::feature::{Feature, Row};
use crate::forecast::hmm::chain::Chain;
use crate::forecast::hmm::mixture::mixture;
use crate::forecast::hmm::start::{bands, best, bounds};
use crate::forecast::regime::Tenure;
use crate::forecast::training::{Chosen, Level, Training, each};
use crate::forecast::window::Adjacent;
use crate::forecast::{BySymbol, Dwell, Error, FitContext, Forecast, Forecaster, Model, Panel, Regime};

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Number of regimes.
    pub states: usize,
    /// What the log variance is regressed on in each.
    pub regressors: Regressors,
    /// Starting points of EM; the best end is kept.
    pub starts: usize,
    /// Most EM steps per start.
    pub iterations: usize,
    /// EM stops when a step gains less, nats.
    pub tolerance: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params { states: 2, regressors: Regressors::Har, starts: 3, iterations: 300, tolerance: 1e-4 }
    }
}

/// What the log variance is regressed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regressors {
    /// A constant: regimes differ in level.
    None,
    /// The heterogeneous lags: regimes differ in dynamics.
    #[default]
    Har,
}

/// Least number of rows with regressors and an outcome.
const NEED: usize = 100;

/// The regressions of every instrument of the panel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Markov {
    horizon: Horizon,
    ahead: usize,
    regressors: Regressors,
    symbols: BySymbol<Regimes>,
}

/// The regimes of one instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Regimes {
    /// States in order of the variance that they expect at the mean regressors.
    model: SwitchingRegression,
    /// Least and greatest log variance that is let in.
    bounds: (f64, f64),
    /// Mean of outcome over forecast in training, which the forecast is multiplied by.
    rv_per_unit: f64,
    level: Level,
    /// Whether EM converged, after how many steps, at what log-likelihood.
    em: (bool, usize, f64),
}

impl Model for Markov {
    const NAME: &'static str = "markov";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        problems.range("states", params.states as f64, 2.0, 4.0);
        problems.range("starts", params.starts as f64, 1.0, 20.0);
        problems.range("iterations", params.iterations as f64, 1.0, 10_000.0);
        problems.range("tolerance", params.tolerance, 1e-12, 1e6);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Markov, Error> {
        Self::sound(params, ctx)?;
        let symbols = each(Self::NAME, panel, ctx, |training| {
            let symbol = training.rows.first().map(|r| r.symbol.to_string()).unwrap_or_default();
            let seed = ctx.seed.named(Self::NAME).named(&symbol);
            regimes(params, training, seed).map_err(|e| match e {
                Error::NoFit { why, .. } => training.no_fit(why),
                other => other,
            })
        })?;
        Ok(Markov { horizon: ctx.horizon, ahead: ctx.ahead(), regressors: params.regressors, symbols })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State {
            own: Chosen::Waiting(self.symbols.clone()),
            horizon: self.horizon,
            ahead: self.ahead,
            regressors: self.regressors,
            run: None,
        })
    }
}

/// A constant and the logs of the lags within bounds; not a number where one is absent.
fn regressors(which: Regressors, row: &Row, (low, high): (f64, f64)) -> Vec<f64> {
    let mut x = vec![1.0];
    if which == Regressors::Har {
        x.extend([Feature::Rv, Feature::RvMid, Feature::RvLong].map(|f| {
            let v = row.raw(f).ln();
            // `clamp` keeps what is not a number.
            v.clamp(low, high)
        }));
    }
    x
}

fn regimes(params: &Params, training: &Training<'_>, seed: Seed) -> Result<Regimes, Error> {
    let per_row = 1.0 / training.ahead as f64;
    let raw: Vec<f64> = training.targets.iter().map(|t| t.map_or(f64::NAN, |t| (t.rv * per_row).ln())).collect();
    let bounds = bounds(raw.iter().copied());
    let y: Vec<f64> = raw.iter().map(|v| v.clamp(bounds.0, bounds.1)).collect();
    let x: Vec<Vec<f64>> = training.rows.iter().map(|row| regressors(params.regressors, row, bounds)).collect();
    let whole = |t: usize| y[t].is_finite() && x[t].iter().all(|v| v.is_finite());
    training.require((0..y.len()).filter(|t| whole(*t)).count(), NEED)?;
    let level = training.level(NEED)?;
    let Params { starts, states, iterations, tolerance, .. } = *params;
    let one = |shares: &[f64]| banded(&y, x[0].len(), shares).fit(&x, &y, iterations, tolerance);
    let fit = best((starts, states), tolerance, seed, |e| e.loglik, one).unwrap_or_else(|| Err(no_fit("no start")))?;
    let em = (fit.converged, fit.iterations, fit.loglik);
    let mut regimes = Regimes { model: ordered(&fit.model, &x), bounds, rv_per_unit: 1.0, level, em };
    // Mean of outcome over forecast is the factor that minimises QLIKE.
    let mut run = Run::of(&regimes, training.ahead);
    let mut ratios = Vec::with_capacity(y.len());
    for (row, target) in training.rows.iter().zip(&training.targets) {
        run.update(row, params.regressors, &regimes);
        if let (Some(target), Some((rv, _))) = (target, run.raw(&regimes)) {
            ratios.push(target.rv / rv.iter().sum::<f64>());
        }
    }
    regimes.rv_per_unit = stats::mean(&ratios);
    if regimes.rv_per_unit.is_finite() && regimes.rv_per_unit > 0.0 {
        Ok(regimes)
    } else {
        Err(no_fit(format!("its level is {}", regimes.rv_per_unit)))
    }
}

/// A start: targets are ranked and cut into bands of the given shares, each a state of its own level.
fn banded(y: &[f64], width: usize, shares: &[f64]) -> SwitchingRegression {
    let seen = stats::sorted(&y.iter().copied().filter(|v| v.is_finite()).collect::<Vec<_>>());
    let k = shares.len();
    let whole = stats::variance(&seen).max(1e-6);
    let (mut coefficients, mut variances) = (vec![], vec![]);
    for band in bands(seen.len(), shares) {
        let band = &seen[band];
        let mut own = vec![0.0; width];
        own[0] = stats::mean(band);
        coefficients.push(own);
        variances.push(stats::variance(band).max(0.05 * whole));
    }
    let stay = |i: usize, j: usize| if i == j { 0.9 } else { 0.1 / (k - 1) as f64 };
    let trans = (0..k).map(|i| (0..k).map(|j| stay(i, j)).collect()).collect();
    SwitchingRegression { trans, coefficients, variances }
}

/// States in order of the variance that each expects at the mean regressors.
fn ordered(model: &SwitchingRegression, x: &[Vec<f64>]) -> SwitchingRegression {
    let column = |j: usize| stats::mean(&x.iter().map(|x| x[j]).filter(|v| v.is_finite()).collect::<Vec<_>>());
    let mean: Vec<f64> = (0..model.coefficients[0].len()).map(column).collect();
    let expected = |k: usize| model.mean(k, &mean) + model.variances[k] / 2.0;
    let mut order: Vec<usize> = (0..model.variances.len()).collect();
    order.sort_by(|a, b| expected(*a).total_cmp(&expected(*b)));
    SwitchingRegression {
        trans: order.iter().map(|i| order.iter().map(|j| model.trans[*i][*j]).collect()).collect(),
        coefficients: order.iter().map(|i| model.coefficients[*i].clone()).collect(),
        variances: order.iter().map(|i| model.variances[*i]).collect(),
    }
}

struct State {
    own: Chosen<Regimes>,
    horizon: Horizon,
    ahead: usize,
    regressors: Regressors,
    run: Option<Run>,
}

/// The filter of one instrument.
struct Run {
    ahead: usize,
    chain: Chain,
    /// Regressors and variance of the last rows; the first's target is settled once they are full.
    recent: Adjacent<(Vec<f64>, f64)>,
    seen: usize,
    tenure: Tenure,
    /// The latest whole regressors.
    x: Option<Vec<f64>>,
    issued: Ts,
}

impl Run {
    fn of(regimes: &Regimes, ahead: usize) -> Run {
        let (recent, tenure) = (Adjacent::new(ahead + 1), Tenure::default());
        Run { ahead, chain: regimes.model.chain(), recent, seen: 0, tenure, x: None, issued: Ts(0) }
    }
    fn update(&mut self, row: &Row, which: Regressors, own: &Regimes) {
        let (low, high) = own.bounds;
        let x = regressors(which, row, own.bounds);
        self.issued = row.ts;
        if x.iter().all(|v| v.is_finite()) {
            self.x = Some(x.clone());
        }
        let settled = self.recent.push(row, row.get(Feature::Rv).map(|rv| (x, rv)));
        self.seen += 1;
        if self.seen <= self.ahead {
            return;
        }
        match settled.and_then(|rows| Some((&rows.front()?.0, rows.iter().skip(1).map(|r| r.1).sum::<f64>()))) {
            Some((x, sum)) => {
                let y = (sum / self.ahead as f64).ln().clamp(low, high);
                own.model.observe(&mut self.chain, x, y);
            }
            None => self.chain.miss(),
        }
        self.tenure.push(self.chain.now());
    }
    /// Each regime's share of the forecast variance before its level, and its probability.
    fn raw(&self, own: &Regimes) -> Option<(Vec<f64>, Vec<f64>)> {
        let (x, p) = (self.x.as_ref()?, self.chain.later(self.ahead - 1));
        let part = |k: usize| p[k] * self.variance(own, k, x);
        Some(((0..p.len()).map(part).collect(), p))
    }
    fn variance(&self, own: &Regimes, k: usize, x: &[f64]) -> f64 {
        self.ahead as f64 * (own.model.mean(k, x) + own.model.variances[k] / 2.0).clamp(-700.0, 700.0).exp()
    }
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        let Some(own) = self.own.at(row) else { return };
        self.run.get_or_insert_with(|| Run::of(own, self.ahead)).update(row, self.regressors, own);
    }

    fn forecast(&self) -> Option<Forecast> {
        let (run, own) = (self.run.as_ref()?, self.own.get()?);
        let (parts, p) = run.raw(own)?;
        let raw: f64 = parts.iter().sum();
        let rv = (raw * own.rv_per_unit).clamp(own.level.rv_min, own.level.rv_max);
        let x = run.x.as_ref()?;
        let sd: Vec<f64> = (0..p.len()).map(|k| own.level.sd(run.variance(own, k, x) / raw * rv)).collect();
        Some(Forecast {
            issued: run.issued,
            horizon: self.horizon,
            dist: mixture(rv, &p, &sd),
            regime: Some(Regime::of_states(&p)),
            spike: None,
        })
    }

    fn dwell(&self) -> Option<Dwell> {
        let (run, own) = (self.run.as_ref()?, self.own.get()?);
        run.tenure.dwell(run.chain.now(), &own.model.trans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::training::fixture;

    /// Two levels of variance that last twenty rows each.
    fn levels(i: usize) -> (f64, f64) {
        let rv = [1e-5, 1e-3][i / 20 % 2] * (1.0 + 0.2 * (2.3 * i as f64).sin());
        (rv.sqrt() * if i.is_multiple_of(2) { 1.0 } else { -1.0 }, rv)
    }

    fn rows(n: usize) -> Vec<Row> {
        let mut rows = fixture::rows(n, levels);
        for (i, row) in rows.iter_mut().enumerate() {
            let mean = |k: usize| (0..k).map(|j| levels(i.saturating_sub(j)).1).sum::<f64>() / k as f64;
            row.set(Feature::RvMid, mean(5));
            row.set(Feature::RvLong, mean(22));
        }
        rows
    }

    #[test]
    fn levels_are_regimes_and_the_forecast_is_their_variance() {
        let rows = rows(800);
        for regressors in [Regressors::None, Regressors::Har] {
            for ahead in [1, 5] {
                let params = Params { regressors, ..Params::default() };
                let model = fixture::fit::<Markov>(&params, &rows, ahead).unwrap();
                let mut filter = model.start();
                for (i, row) in rows.iter().enumerate() {
                    filter.update(row);
                    let forecast = filter.forecast().unwrap();
                    assert!(forecast.dist.is_sound());
                    let regime = forecast.regime.unwrap().probs();
                    assert!((regime.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                    if i > 60 && i % 20 == 10 && regressors == Regressors::None && ahead == 1 {
                        let rv = [1e-5, 1e-3][i / 20 % 2];
                        assert!(regime[3 * (i / 20 % 2)] > 0.9, "row {i}: {regime:?}");
                        // Five rows in a hundred leave a level.
                        assert!((0.5..8.0).contains(&(forecast.dist.rv / rv)), "row {i}: {:?}", forecast.dist);
                        let dwell = filter.dwell().unwrap();
                        assert!(dwell.rows == 11 && (15.0..25.0).contains(&dwell.expected_rows), "{dwell:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_gap_is_a_missing_target_and_too_few_rows_an_error() {
        let rows = rows(400);
        let model = fixture::fit::<Markov>(&Params::default(), &rows, 3).unwrap();
        let mut filter = model.start();
        for (i, row) in rows.iter().enumerate().filter(|(i, _)| i % 50 != 7) {
            filter.update(row);
            assert!(filter.forecast().is_some_and(|f| f.dist.is_sound()), "row {i}");
        }
        let why = fixture::fit::<Markov>(&Params::default(), &rows[..60], 1).unwrap_err();
        assert!(matches!(why, Error::TooLittle { .. }), "{why}");
        for states in [1, 5] {
            let params = Params { states, ..Params::default() };
            assert!(matches!(fixture::fit::<Markov>(&params, &rows, 1), Err(Error::Params { .. })));
        }
    }
}
