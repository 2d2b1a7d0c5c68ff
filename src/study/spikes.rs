//! Spike probabilities as forecasts: how far off they are, and whether that is for want of reliability
//! or of resolution.

use serde::{Deserialize, Serialize};

use super::alarm::{EDGES, grouped};
use super::output::Forecasted;
use super::truth::Truth;
use crate::base::Horizon;
use crate::loss::score::classify::{average_precision, brier, brier_parts, log_loss};

/// The spike probabilities of one model, over all instruments. A spike is a realised variance over the
/// horizon above its trailing 95 % quantile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpikeScore {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Probabilities whose outcome is known.
    pub n: u64,
    /// Share of spikes.
    pub base_rate: f64,
    /// Mean squared error.
    pub brier: f64,
    /// Its part for want of reliability, lower is better.
    pub reliability: f64,
    /// What telling rows apart takes off it, higher is better.
    pub resolution: f64,
    /// The Brier score of always saying the base rate.
    pub uncertainty: f64,
    /// What differences inside the bins add.
    pub within: f64,
    /// Mean negative log likelihood.
    pub log_loss: f64,
    /// Area under the curve of precision over recall; a coin has the base rate.
    pub average_precision: Option<f64>,
}

/// Of every model that gives spike probabilities.
pub fn spikes(truth: &[Truth], forecasts: &[Forecasted]) -> Vec<SpikeScore> {
    let mut lines = Vec::new();
    for ((horizon, model), by_symbol) in grouped(forecasts) {
        let (mut p, mut event) = (Vec::new(), Vec::new());
        for (symbol, series) in by_symbol {
            let Some(truth) = truth.iter().find(|t| t.symbol == symbol && t.horizon == horizon) else { continue };
            for (ts, said) in series {
                let Some(o) = truth.at(ts).filter(|o| o.spike_threshold.is_finite()) else { continue };
                p.push(said);
                event.push(o.rv > o.spike_threshold);
            }
        }
        let Some(parts) = brier_parts(&p, &event, &EDGES[..EDGES.len() - 1]) else { continue };
        lines.push(SpikeScore {
            model: model.into(),
            horizon,
            n: p.len() as u64,
            base_rate: event.iter().filter(|e| **e).count() as f64 / p.len() as f64,
            brier: brier(&p, &event),
            reliability: parts.reliability,
            resolution: parts.resolution,
            uncertainty: parts.uncertainty,
            within: parts.within,
            log_loss: log_loss(&p, &event),
            average_precision: average_precision(&p, &event),
        });
    }
    lines
}
