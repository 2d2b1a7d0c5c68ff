//! Tails and spikes for any variance forecast: filtered historical simulation on the model's own
//! past errors.
//!
//! `q_p = Q_p(z) sqrt(f)`, `z_s = r_s / sqrt(f_s)` over the last `window` settled forecasts, and
//! `P(rv > thr) = 1 - Phi((ln thr - ln f - mean e) / sd e)`, `e_s = ln rv_s - ln f_s`, where `thr`
//! is the trailing 95 % quantile of the realised variance over the horizon; the probability is mapped by
//! isotonic regression on what was said and came before.
//! Source: Barone-Adesi, Giannopoulos, Vosper (1999); the protocol of the scoreboard.
//!
//! The errors of a model on its own training window are too small, so calibration is learnt from
//! what earlier models of the same instance forecast out of sample ([`Track`]), and, before there is
//! any, from an exponentially weighted mean of past variance that has nothing to overfit.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rolling::Rolling;
use super::spike::{Reliability, Threshold, insert, remove, thresholds};
use super::spike_regression::{self, Case, SpikeRegression};
use crate::base::{Prob, Problems, Symbol, Ts, stats};
use crate::feature::{Feature, Row};
use crate::forecast::outcome::Pending;
use crate::forecast::{BySymbol, Dist, Dwell, Fitted, Forecast, Forecaster, Outcome, Panel, Track};

/// Decay of the variance that stands in for a model before it has a track record.
const STAND_IN_DECAY: f64 = 0.94;

/// How much of the past is kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Settled forecasts whose errors are kept; rows.
    pub window: usize,
    /// Realised variances of which the spike threshold is the 95 % quantile; rows.
    pub spike_window: usize,
    /// The model's own distribution is published; only its spike probability is calibrated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_tails: bool,
    /// Spikes are forecast directly as well, by a logistic regression on past forecasts, and published in
    /// a share that did best on the last of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub direct_spike: bool,
}

impl Params {
    /// Says which settings are out of range.
    pub fn problems(&self, problems: &mut Problems) {
        problems.range("window", self.window as f64, 10.0, 1e6);
        problems.range("spike_window", self.spike_window as f64, 10.0, 1e6);
    }
}

impl Default for Params {
    fn default() -> Params {
        Params { window: 1000, spike_window: 250, own_tails: false, direct_spike: false }
    }
}

/// What was learnt about a model's errors by the end of a panel, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    params: Params,
    ahead: usize,
    /// Answers known at or before this are already counted.
    until: Ts,
    errors: BySymbol<Errors>,
    reliability: Reliability,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head: Option<SpikeRegression>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Errors {
    /// Returns over the square root of the variance forecast for them.
    z: VecDeque<f64>,
    /// Log of realised over forecast variance.
    e: VecDeque<f64>,
}

/// The same while they come and go.
#[derive(Clone)]
struct Recent {
    z: Rolling,
    e: Rolling,
}

impl Recent {
    fn new(errors: &Errors, window: usize) -> Recent {
        Recent { z: Rolling::new(window, &errors.z), e: Rolling::new(window, &errors.e) }
    }
    /// Gives the standardised return that leaves.
    fn push(&mut self, z: f64, e: f64) -> Option<f64> {
        self.e.push(e);
        self.z.push(z)
    }
    fn stored(&self) -> Errors {
        Errors { z: self.z.numbers(), e: self.e.numbers() }
    }
}

impl Calibration {
    /// From the track record of instance `name`, filled up from the rows before it.
    pub fn learn(params: Params, panel: &Panel, name: &str, track: &Track, ahead: usize) -> Calibration {
        let (mut all, mut said, mut direct) = (BySymbol::new(), Vec::new(), Vec::new());
        for symbol in panel.symbols() {
            let settled = track.of(name, symbol);
            let first = settled.first().map_or(panel.end(), |s| s.ts);
            let shared = Shared::of(panel, symbol, first, (ahead, params));
            let mut errors = Recent::new(&shared.stand_in, params.window);
            let rows = panel.rows(symbol);
            let mut seen = 0;
            for s in settled {
                let before = seen;
                while rows.get(seen).is_some_and(|row| row.ts <= s.ts) {
                    seen += 1;
                }
                // As it was said then but for the newest errors, which were not known yet.
                if errors.e.len() >= params.window / 4
                    && let Some(threshold) = seen.checked_sub(1).and_then(|last| shared.thresholds[last])
                    && let Some((p, z)) = lognormal(threshold, s.forecast_rv, &errors)
                {
                    let spike = s.outcome.rv > threshold;
                    said.push((p, spike));
                    let last = rows[before..seen].last();
                    if let Some(row) = last.filter(|row| params.direct_spike && row.ts == s.ts) {
                        let x = spike_regression::inputs(z, row, threshold, ahead);
                        direct.push(Case { ts: (s.ts, s.outcome.known), x, p, spike });
                    }
                }
                let z = s.outcome.ret / s.forecast_rv.sqrt();
                errors.push(z, (s.outcome.rv / s.forecast_rv).ln());
            }
            all.insert(symbol, errors.stored());
        }
        let (reliability, head) = (Reliability::learn(said), SpikeRegression::learn(direct));
        Calibration { params, ahead, until: panel.end(), errors: all, reliability, head }
    }
    /// Puts the calibration around a model's fresh filter.
    pub fn start(self: &Arc<Self>, model: &Fitted) -> Box<dyn Forecaster> {
        Box::new(Calibrated {
            inner: model.start(),
            learnt: Arc::clone(self),
            errors: None,
            sorted: Vec::new(),
            pending: Pending::new(self.ahead),
            threshold: Threshold::new(self.ahead, self.params.spike_window),
            last: None,
            now: None,
        })
    }
}

/// What calibrations of all models on one panel have in common.
struct Shared {
    /// Of spikes, after each row.
    thresholds: Vec<Option<f64>>,
    /// Errors from before the first settled forecast.
    stand_in: Errors,
}

impl Shared {
    /// Of an instrument whose first settled forecast was made at `first`, for a horizon in rows.
    fn of(panel: &Panel, symbol: Symbol, first: Ts, (ahead, params): (usize, Params)) -> Arc<Shared> {
        let Params { window, spike_window, .. } = params;
        let key = format!("calibration of {symbol} from {first}: {ahead} ahead, {window} errors, {spike_window}");
        let rows = panel.rows(symbol);
        let make = || Shared {
            thresholds: thresholds(rows, ahead, spike_window),
            stand_in: stand_in(rows, first, ahead, window),
        };
        panel.derived(&key, make)
    }
}

/// Errors of an exponentially weighted mean of past variance, for answers known before `first`.
fn stand_in(rows: &[Row], first: Ts, ahead: usize, window: usize) -> Errors {
    let (mut z, mut e) = (VecDeque::new(), VecDeque::new());
    let mut level = f64::NAN;
    let from = rows.len().saturating_sub(3 * window + ahead);
    for i in from..rows.len() {
        let Some(rv) = rows[i].get(Feature::Rv) else { continue };
        level = if level.is_nan() { rv } else { STAND_IN_DECAY * level + (1.0 - STAND_IN_DECAY) * rv };
        let Some(outcome) = Outcome::after(rows, i, ahead) else { continue };
        if i > from + 20 && outcome.known <= first {
            let f = level * ahead as f64;
            z.push_back(outcome.ret / f.sqrt());
            e.push_back((outcome.rv / f).ln());
        }
    }
    let old = z.len().saturating_sub(window);
    z.drain(..old);
    e.drain(..old);
    // The stand-in's level error is not the model's: only the spread of its log errors is kept.
    let mean = e.iter().sum::<f64>() / e.len().max(1) as f64;
    e.iter_mut().for_each(|e| *e -= mean);
    Errors { z, e }
}

/// The running state: the model's filter, its recent errors, and the questions not yet answered.
struct Calibrated {
    inner: Box<dyn Forecaster>,
    learnt: Arc<Calibration>,
    errors: Option<Recent>,
    sorted: Vec<f64>,
    pending: Pending<f64>,
    threshold: Threshold,
    /// The last row, where spikes are forecast from it.
    last: Option<Row>,
    now: Option<Forecast>,
}

impl Calibrated {
    fn learn(&mut self, row: &Row) {
        let learnt = &self.learnt;
        let errors = self.errors.get_or_insert_with(|| {
            let stored = learnt.errors.get(&row.symbol).cloned().unwrap_or_default();
            self.sorted = stats::sorted(&Vec::from_iter(stored.z.iter().copied()));
            Recent::new(&stored, learnt.params.window)
        });
        self.threshold.update(row);
        self.last = self.learnt.head.is_some().then_some(*row);
        if let Some(settled) = self.pending.settle(row)
            && row.ts_known > learnt.until
        {
            let z = settled.ret / settled.what.sqrt();
            if let Some(old) = errors.push(z, (settled.rv / settled.what).ln()) {
                remove(&mut self.sorted, old);
            }
            insert(&mut self.sorted, z);
        }
    }
    fn calibrate(&self, raw: Forecast) -> Option<Forecast> {
        let Some(errors) = &self.errors else { return Some(raw).filter(|f| f.dist.is_sound()) };
        // Below a quarter of the window, or fifty, an empirical tail says nothing: keep the model's.
        if errors.z.len() < (self.learnt.params.window / 4).clamp(1, 50) {
            return Some(raw).filter(|f| f.dist.is_sound());
        }
        let f = raw.dist.rv;
        let own_tails = self.learnt.params.own_tails;
        let dist = if own_tails { raw.dist } else { Dist::empirical(f, &self.sorted, errors.z.variance()) };
        let spike = self.threshold.get().and_then(|threshold| {
            let (p, z) = lognormal(threshold, f, errors)?;
            let p = self.learnt.reliability.of(p);
            Prob::new(match (&self.learnt.head, &self.last) {
                (Some(head), Some(row)) => {
                    head.blend(p, &spike_regression::inputs(z, row, threshold, self.learnt.ahead))
                }
                _ => p,
            })
        });
        Some(Forecast { dist, spike: spike.or(raw.spike), ..raw }).filter(|f| f.dist.is_sound())
    }
}

/// Probability that the realised variance exceeds the threshold, from the past errors' mean and spread, and
/// how many spreads the threshold lies above what is expected.
fn lognormal(threshold: f64, f: f64, errors: &Recent) -> Option<(f64, f64)> {
    let (mean, squares) = errors.e.moments();
    let sd = (squares / (errors.e.len() as f64 - 1.0)).sqrt();
    let z = (threshold.ln() - f.ln() - mean) / sd;
    let p = 1.0 - stats::normal_cdf(z);
    (0.0..=1.0).contains(&p).then_some((p, z))
}

impl Forecaster for Calibrated {
    fn update(&mut self, row: &Row) {
        self.learn(row);
        self.inner.update(row);
        // What would be answered before the panel's end is counted already: there is no need to ask,
        // and a forecast is made only for who wants it.
        self.now = None;
        let answered = row.ts + (row.ts - row.ts_open).times(self.learnt.ahead as i64);
        if answered > self.learnt.until
            && let Some(raw) = self.inner.forecast()
        {
            self.pending.issue(row, raw.dist.rv);
            self.now = self.calibrate(raw);
        }
    }
    fn forecast(&self) -> Option<Forecast> {
        self.now.clone().or_else(|| self.calibrate(self.inner.forecast()?))
    }
    fn dwell(&self) -> Option<Dwell> {
        self.inner.dwell()
    }
    fn silent_share(&self) -> f64 {
        self.inner.silent_share()
    }
}
