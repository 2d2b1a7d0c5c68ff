//! How much of the time a forecast was heard, and what was known against it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Horizon;
use crate::margin::{Decision, Reason};
use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Fixed, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;

/// The forecast of one instrument over one horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastHearing {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument.
    pub symbol: String,
    /// Decisions with a forecast.
    pub n: u64,
    /// Mean weight of the forecast.
    pub weight: f64,
    /// Share of them on which it was silenced.
    pub silenced: f64,
    /// Share of them on which its weight was lowered for its cost.
    pub costly: f64,
    /// Most evidence that losses exceed it too often.
    pub evidence: f64,
    /// Most evidence that it costs more than the baseline.
    pub evidence_cost: f64,
}

impl Measurement for ForecastHearing {
    type Found = Vec<ForecastHearing>;
    const OPTIONAL: bool = true;
    const SHOWN: &'static [Shown] = &[table(
        "Weight of the forecast",
        "How much of the time the forecast was heard, and what was known against it",
        &["symbol", "horizon"],
        HEARD,
    )
    .hidden_when_empty()
    .at(Section::Guardrails, 20)];
    fn measure(of: &Material<'_>) -> Result<Vec<ForecastHearing>, Error> {
        let mut lines = Vec::new();
        for (_, horizon) in of.plan.horizons() {
            for symbol in &of.plan.pipeline.symbols {
                let own = of.walk.decisions.iter().filter(|d| (d.symbol, d.horizon) == (*symbol, horizon));
                lines.extend(heard(horizon, symbol.as_str(), &own.collect::<Vec<_>>()));
            }
        }
        Ok(lines)
    }
    fn schema() -> Value {
        json::described(
            json::lines(
                "One instrument over one horizon",
                vec![
                    ("horizon", json::span()),
                    ("symbol", json::symbol()),
                    ("n", json::count()),
                    ("weight", json::share()),
                    ("silenced", json::share()),
                    ("costly", json::share()),
                    ("evidence", json::positive()),
                    ("evidence_cost", json::positive()),
                ],
            ),
            "How much of the time forecasts were heard; absent where none is blended",
        )
    }
}

/// A line where any decision has a forecast that is blended.
fn heard(horizon: Horizon, symbol: &str, decisions: &[&Decision]) -> Option<ForecastHearing> {
    let blended = |d: &&&Decision| d.forecast_loss.is_some() && d.why.blend_weight.is_finite();
    let own: Vec<&Decision> = decisions.iter().filter(blended).copied().collect();
    let n = own.len() as f64;
    let share = |reason: Reason| own.iter().filter(|d| d.reasons.contains(&reason)).count() as f64 / n;
    let most = |of: fn(&Decision) -> f64| own.iter().map(|d| of(d)).fold(0.0, f64::max);
    (!own.is_empty()).then(|| ForecastHearing {
        horizon,
        symbol: symbol.into(),
        n: own.len() as u64,
        weight: own.iter().map(|d| d.why.blend_weight).sum::<f64>() / n,
        silenced: share(Reason::ForecastSilenced),
        costly: share(Reason::ForecastCostly),
        evidence: most(|d| d.why.evidence),
        evidence_cost: most(|d| d.why.evidence_cost),
    })
}

const HEARD: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Decisions with a forecast."),
    col("weight", "weight", Percent(1), Neither, "Mean weight of the forecast in the blend."),
    col(
        "silenced",
        "silenced",
        Percent(2),
        Neither,
        "Share of them on which the forecast was not heard, because losses had exceeded it too often.",
    ),
    col(
        "costly",
        "costly",
        Percent(2),
        Neither,
        "Share of them on which its weight was lowered, because it had cost more than the baseline.",
    ),
    col(
        "evidence",
        "most evidence",
        Fixed(1),
        Neither,
        "Most evidence that losses exceed the forecast too often, of the tail that shows more.",
    ),
    col(
        "evidence_cost",
        "of cost",
        Fixed(1),
        Neither,
        "Most evidence that the forecast costs more than the baseline, by tick loss.",
    ),
];
