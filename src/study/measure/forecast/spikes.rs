//! Spike probabilities as forecasts: how far off they are, and whether that is for want of reliability
//! or of resolution.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::spike_probabilities::{EDGES, grouped};
use crate::base::Horizon;
use crate::loss::score::classify::{average_precision, brier, brier_parts, log_loss};
use crate::study::Error;
use crate::study::measure::declare::Better::{High, Low, Neither};
use crate::study::measure::declare::Format::{Count, Fixed, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::outcomes::Outcomes;
use crate::study::walk::Forecasted;

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

impl Measurement for SpikeScore {
    type Found = Vec<SpikeScore>;
    const OPTIONAL: bool = true;
    const SHOWN: &'static [Shown] = &[table(
        "Evidence: spike probabilities",
        "Spike probabilities: the parts of their Brier score",
        &["model", "horizon"],
        SPIKES,
    )
    .at(Section::Evidence, 40)];
    fn measure(of: &Material<'_>) -> Result<Vec<SpikeScore>, Error> {
        Ok(spikes(&of.outcomes, &of.forecasts))
    }
    fn schema() -> Value {
        json::described(
            json::lines(
                "One model over one horizon",
                vec![
                    ("model", json::text()),
                    ("horizon", json::span()),
                    ("n", json::count()),
                    ("base_rate", json::share()),
                    ("brier", json::share()),
                    ("reliability", json::share()),
                    ("resolution", json::share()),
                    ("uncertainty", json::share()),
                    ("within", json::number()),
                    ("log_loss", json::positive()),
                    ("average_precision", json::or_null(json::share())),
                ],
            ),
            "Spike probabilities as forecasts; absent where no model gives one",
        )
    }
}

/// Of every model that gives spike probabilities.
pub fn spikes(truth: &[Outcomes], forecasts: &[Forecasted]) -> Vec<SpikeScore> {
    let mut lines = Vec::new();
    for ((horizon, model), by_symbol) in grouped(forecasts) {
        let (mut p, mut event) = (Vec::new(), Vec::new());
        for (symbol, series) in by_symbol {
            let Some(truth) = truth.iter().find(|t| t.symbol == symbol && t.horizon == horizon) else { continue };
            for (ts, forecast) in series {
                let Some(o) = truth.at(ts).filter(|o| o.spike_threshold.is_finite()) else { continue };
                p.push(forecast);
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

const SPIKES: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Probabilities whose outcome is known, over all instruments."),
    col("base_rate", "base rate", Percent(2), Neither, "Share of spikes among them."),
    col("brier", "Brier", Fixed(4), Low, "Mean squared error of the probability."),
    col(
        "reliability",
        "reliability",
        Fixed(5),
        Low,
        "Part of the Brier score for want of reliability: mean squared distance of what was said from what came true, by bin.",
    ),
    col(
        "resolution",
        "resolution",
        Fixed(5),
        High,
        "What telling rows apart takes off it: mean squared distance of each bin's share of spikes from the base rate.",
    ),
    col("uncertainty", "uncertainty", Fixed(5), Neither, "The Brier score of always saying the base rate."),
    col(
        "within",
        "within",
        Fixed(5),
        Neither,
        "The rest: what differences inside bins add. Brier = reliability - resolution + uncertainty + within.",
    ),
    col("log_loss", "log loss", Fixed(4), Low, "Mean negative log likelihood."),
    col(
        "average_precision",
        "PR-AUC",
        Fixed(3),
        High,
        "Area under the curve of precision over recall (average precision); a coin has the base rate.",
    ),
];
