//! Reliability of spike probabilities: what was forecast and what came true, bin by bin.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::coverage::QuantileCoverage;
use super::spike_probabilities::{EDGES, grouped};
use crate::base::Horizon;
use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::outcomes::Outcomes;
use crate::study::walk::Forecasted;

/// Forecasts of one bin of spike probabilities, and what came of them, over all instruments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Lower end of the bin, included.
    pub from: f64,
    /// Upper end, excluded but for 1.
    pub to: f64,
    /// Forecasts in it.
    pub n: u64,
    /// Mean probability.
    #[serde(rename = "said")]
    pub forecast: f64,
    /// Share that was a spike.
    pub share: f64,
    /// Lower end of the exact binomial 95 % interval of the share.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Measurement for ReliabilityBin {
    type Found = Vec<ReliabilityBin>;
    const SHOWN: &'static [Shown] = &[table(
        "Evidence: reliability of spike probabilities",
        "Spike probabilities: what was said and what came true",
        &["model", "horizon"],
        RELIABILITY,
    )
    .at(Section::Evidence, 30)];
    fn measure(of: &Material<'_>) -> Result<Vec<ReliabilityBin>, Error> {
        Ok(reliability(&of.outcomes, &of.forecasts))
    }
    fn schema() -> Value {
        json::lines(
            "One bin of spike probabilities",
            vec![
                ("model", json::text()),
                ("horizon", json::span()),
                ("from", json::share()),
                ("to", json::share()),
                ("n", json::count()),
                ("said", json::share()),
                ("share", json::share()),
                ("low", json::share()),
                ("high", json::share()),
            ],
        )
    }
}

/// The reliability of every model that gives spike probabilities.
pub fn reliability(truth: &[Outcomes], forecasts: &[Forecasted]) -> Vec<ReliabilityBin> {
    let mut lines = Vec::new();
    for ((horizon, model), by_symbol) in grouped(forecasts) {
        let mut bins = [(0u64, 0u64, 0.0f64); EDGES.len() - 1];
        for (symbol, series) in by_symbol {
            let Some(truth) = truth.iter().find(|t| t.symbol == symbol && t.horizon == horizon) else { continue };
            for (ts, p) in series {
                let Some(o) = truth.at(ts).filter(|o| o.spike_threshold.is_finite()) else { continue };
                let bin = EDGES[1..EDGES.len() - 1].iter().filter(|e| p >= **e).count();
                let (n, events, sum) = &mut bins[bin];
                *n += 1;
                *events += u64::from(o.rv > o.spike_threshold);
                *sum += p;
            }
        }
        for (i, (n, events, sum)) in bins.into_iter().enumerate().filter(|(_, b)| b.0 > 0) {
            let c = QuantileCoverage::of(model, horizon, POOLED, f64::NAN, events, n);
            let (forecast, share, low, high) = (sum / n as f64, c.share, c.low, c.high);
            let (from, to) = (EDGES[i], EDGES[i + 1]);
            lines.push(ReliabilityBin { model: model.into(), horizon, from, to, n, forecast, share, low, high });
        }
    }
    lines
}

const RELIABILITY: &[ReportColumn] = &[
    col("from", "from", Percent(0), Neither, "Lower end of the bin of spike probabilities, included."),
    col("to", "to", Percent(0), Neither, "Its upper end, excluded but for 100 %."),
    col("n", "n", Count, Neither, "Forecasts in the bin, over all instruments."),
    col("said", "said", Percent(2), Neither, "Mean probability that was given."),
    col("share", "came true", Percent(2), Neither, "Share of them that a spike followed."),
    col(
        "low",
        "low",
        Percent(2),
        Neither,
        "Lower end of the exact binomial 95 % interval of that share; rows are taken as independent, which overlapping horizons are not.",
    ),
    col("high", "high", Percent(2), Neither, "Upper end of the same interval."),
];
