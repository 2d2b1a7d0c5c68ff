//! Whether a forecast is heard: its losses are counted against it, and what it costs, by e-detectors.
//!
//! | detector | e-value of an outcome | grows when |
//! |---|---|---|
//! | of each tail | `breach / (1 - 0.99)` | losses of that side exceed the forecast loss more often than 1 % |
//! | of cost | `1 + (tick(f) - tick(b)) / scale` | the 99 % tick loss of the forecast is above that of the baseline |
//!
//! Tick losses are summed over the tails that are watched; the scale is the instrument's mean tick loss of the baseline
//! over all outcomes before, 20 at least. Instruments that share the forecast are pooled: the e-value of a row is the mean
//! over those that have an outcome. From 400 of a tail on the forecast is silenced, until both show 20 or less; from 100
//! of the cost on its weight is multiplied by a share, 0 unless configured, until that shows 20 or less.

use serde::{Deserialize, Serialize};

use super::e_detector::EDetector;
use crate::base::Problems;
use crate::loss::Side;
use crate::loss::score::pinball;

/// Confidence level of a forecast loss.
const LEVEL: f64 = 0.99;
/// One over the nominal breach rate of a tail.
const BREACH: f64 = 100.0;

/// Outcomes before the scale of tick losses is known.
const SCALE_FROM: u32 = 20;

/// When a forecast is not heard, `[margin.evidence]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Evidence of a tail from which on the forecast is silenced, 400; above `heard_at`, at most 1000.
    pub silent_at: f64,
    /// Evidence at which it is heard again, 20; 1 to 100.
    pub heard_at: f64,
    /// Evidence of cost from which on its weight is lowered, 100; above `cheap_at`, at most 1000.
    pub costly_at: f64,
    /// Evidence of cost at which it is not lowered any more, 20; 1 to 100.
    pub cheap_at: f64,
    /// Share of the weight that is left to a forecast that costs too much, 0; 0 to 1.
    pub costly_share: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params { silent_at: 400.0, heard_at: 20.0, costly_at: 100.0, cheap_at: 20.0, costly_share: 0.0 }
    }
}

impl Params {
    /// Says which settings are out of range.
    pub fn problems(&self, p: &mut Problems) {
        let pairs = [
            ("silent_at", self.silent_at, "heard_at", self.heard_at),
            ("costly_at", self.costly_at, "cheap_at", self.cheap_at),
        ];
        for (on, high, off, low) in pairs {
            p.range(off, low, 1.0, 100.0);
            p.want(on, high > low && high <= 1000.0, high, format_args!("above `{off}`, at most 1000"));
        }
        p.range("costly_share", self.costly_share, 0.0, 1.0);
    }
}

/// What came of one forecast of one instrument, as e-values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredOutcome {
    /// Of the losses of a long and of a short position; absent for a side that is not watched.
    breach: [Option<f64>; 2],
    /// Of the cost, where the scale is known.
    cost: Option<f64>,
}

/// Scores the outcomes of one instrument, on the scale of its own past.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeScorer {
    side: Side,
    /// Outcomes so far, and the sum of the baseline's tick losses over them.
    seen: (u32, f64),
}

impl OutcomeScorer {
    /// With no outcome yet, of requirements for a side.
    pub fn new(side: Side) -> OutcomeScorer {
        OutcomeScorer { side, seen: (0, 0.0) }
    }
    /// Takes the log return that followed a forecast loss, and the baseline of its time where there was one.
    pub fn score(&mut self, forecast: f64, baseline: Option<f64>, ret: f64) -> ScoredOutcome {
        let watched = [Side::Long, Side::Short].map(|side| self.side == Side::Both || self.side == side);
        let losses = [Side::Long, Side::Short].map(|side| side.loss(ret));
        let breach = |i: usize| watched[i].then_some(if losses[i] > forecast { BREACH } else { 0.0 });
        let tick = |q: f64| (0..2).filter(|i| watched[*i]).map(|i| pinball(losses[i], q, LEVEL)).sum::<f64>();
        let (n, sum) = self.seen;
        let scale = (n >= SCALE_FROM).then(|| sum / f64::from(n)).filter(|s| *s > 0.0);
        let ticks = baseline.map(|b| (tick(forecast), tick(b))).filter(|(f, b)| f.is_finite() && b.is_finite());
        if let Some((_, b)) = ticks {
            // What is learnt here acts on the next outcome.
            self.seen = (n.saturating_add(1), sum + b);
        }
        let cost = ticks.zip(scale).map(|((f, b), scale)| 1.0 + (f - b) / scale);
        ScoredOutcome { breach: [breach(0), breach(1)], cost }
    }
}

/// What is known against a forecast, and what follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MonitorReading {
    /// Evidence of the tail that shows more.
    pub evidence: f64,
    /// Evidence of cost.
    pub cost: f64,
    /// Whether losses exceeded it too often to be heard.
    pub silent: bool,
    /// Whether it costs too much for its whole weight.
    pub costly: bool,
    /// Share of the configured weight that it has.
    pub share: f64,
}

/// The running evidence against one forecast, pooled over the instruments that share it.
#[derive(Clone, Debug, PartialEq)]
pub struct ForecastMonitor {
    params: Params,
    tails: [EDetector; 2],
    cost: EDetector,
    silent: bool,
    costly: bool,
}

impl ForecastMonitor {
    /// With no outcome yet, of forecasts over `ahead` rows.
    pub fn new(params: Params, ahead: usize) -> ForecastMonitor {
        let new = || EDetector::new(ahead);
        ForecastMonitor { params, tails: [new(), new()], cost: new(), silent: false, costly: false }
    }
    /// Takes the outcomes of one row of all instruments that have one, in a fixed order.
    pub fn push(&mut self, outcomes: &[ScoredOutcome]) {
        let mean = |of: &dyn Fn(&ScoredOutcome) -> Option<f64>| {
            let all: Vec<f64> = outcomes.iter().filter_map(of).collect();
            (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
        };
        for (i, tail) in self.tails.iter_mut().enumerate() {
            tail.push(mean(&|o| o.breach[i]));
        }
        self.cost.push(mean(&|o| o.cost));
        let p = &self.params;
        let (evidence, cost) = (self.evidence(), self.cost.evidence());
        self.silent = if self.silent { evidence > p.heard_at } else { evidence >= p.silent_at };
        self.costly = if self.costly { cost > p.cheap_at } else { cost >= p.costly_at };
    }
    fn evidence(&self) -> f64 {
        self.tails[0].evidence().max(self.tails[1].evidence())
    }
    /// What is known so far.
    pub fn reading(&self) -> MonitorReading {
        let share = match (self.silent, self.costly) {
            (true, _) => 0.0,
            (_, true) => self.params.costly_share,
            _ => 1.0,
        };
        let (silent, costly) = (self.silent, self.costly);
        MonitorReading { evidence: self.evidence(), cost: self.cost.evidence(), silent, costly, share }
    }
}

#[cfg(test)]
mod tests;
