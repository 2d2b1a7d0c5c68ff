//! How often each guardrail acted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Horizon;
use crate::margin::Reason;
use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;

/// How often one guardrail acted on published decisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuardrailHit {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// Which one.
    pub reason: Reason,
    /// Decisions that carry it.
    pub count: u64,
    /// The same as a share of all decisions of this horizon and symbol.
    pub share: f64,
}

impl Measurement for GuardrailHit {
    type Found = Vec<GuardrailHit>;
    const SHOWN: &'static [Shown] =
        &[table("Guardrails", "How often each guardrail acted", &["reason", "symbol", "horizon"], GUARDRAILS)
            .at(Section::Guardrails, 10)];
    fn measure(of: &Material<'_>) -> Result<Vec<GuardrailHit>, Error> {
        let mut counts: BTreeMap<(Horizon, String, Reason), u64> = BTreeMap::new();
        let mut totals: BTreeMap<(Horizon, String), u64> = BTreeMap::new();
        for d in &of.walk.decisions {
            for symbol in [POOLED.to_string(), d.symbol.to_string()] {
                *totals.entry((d.horizon, symbol.clone())).or_default() += 1;
                for reason in &d.reasons {
                    *counts.entry((d.horizon, symbol.clone(), *reason)).or_default() += 1;
                }
            }
        }
        let line = |((horizon, symbol, reason), count): ((Horizon, String, Reason), u64)| {
            let total = totals.get(&(horizon, symbol.clone())).copied().unwrap_or(1);
            GuardrailHit { horizon, symbol, reason, count, share: count as f64 / total as f64 }
        };
        Ok(counts.into_iter().map(line).collect())
    }
    fn schema() -> Value {
        json::lines(
            "How often one guardrail acted",
            vec![
                ("horizon", json::span()),
                ("symbol", json::symbol_or_all()),
                ("reason", serde_json::json!({"type": "string", "pattern": "^[A-Z][A-Z_]*$"})),
                ("count", json::count()),
                ("share", json::share()),
            ],
        )
    }
}

const GUARDRAILS: &[ReportColumn] = &[
    col(
        "count",
        "decisions",
        Count,
        Neither,
        "Decisions on which the guardrail acted; one decision can carry several.",
    ),
    col(
        "share",
        "share of time",
        Percent(2),
        Neither,
        "The same as a share of all decisions of the horizon and instrument.",
    ),
];
