//! How much of a margin losses used: near 1, a breach was close.
//!
//! Over all instruments, the loss over the horizon divided by the margin asked before it.

use margincast::base::{Horizon, stats};
use margincast::study::Error;
use margincast::study::measure::declare::Better::Neither;
use margincast::study::measure::declare::Format::{Count, Percent};
use margincast::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use margincast::study::measure::policies::POLICIES;
use margincast::study::measure::{Material, json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One policy over one horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// How far ahead.
    pub horizon: Horizon,
    /// What was asked.
    pub policy: String,
    /// Losses compared with the margin before them.
    pub n: usize,
    /// Median share of the margin that a loss used.
    pub median: f64,
    /// 99 % quantile of it.
    pub q99: f64,
}

const COLUMNS: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Losses compared with the margin that was asked before them."),
    col("median", "median", Percent(1), Neither, "Median of loss over margin; a profit counts as 0."),
    col("q99", "99 %", Percent(1), Neither, "99 % quantile of loss over margin; above 100 % is a breach."),
];

impl Measurement for Usage {
    type Found = Vec<Usage>;
    const SHOWN: &'static [Shown] =
        &[table("Use of the margin", "How much of each margin losses used", &["policy", "horizon"], COLUMNS)
            .at(Section::Outcome, 20)];

    fn measure(of: &Material<'_>) -> Result<Vec<Usage>, Error> {
        let side = of.plan.pipeline.margin.baseline.side;
        let mut lines = Vec::new();
        for (_, horizon) in of.plan.horizons() {
            for (policy, ask) in POLICIES {
                let mut used = Vec::new();
                for asked in of.asked.iter().filter(|a| a.horizon == horizon) {
                    let margins = asked.requirement(ask);
                    used.extend(asked.losses(side).iter().zip(&margins).map(|(loss, c)| (loss / c).max(0.0)));
                }
                // What cannot be measured has no line; it is never zero.
                if used.is_empty() {
                    continue;
                }
                let used = stats::sorted(&used);
                let (median, q99) = (stats::quantile(&used, 0.5), stats::quantile(&used, 0.99));
                lines.push(Usage { horizon, policy: policy.into(), n: used.len(), median, q99 });
            }
        }
        Ok(lines)
    }

    fn schema() -> Value {
        json::lines(
            "How much of one policy's margin losses used, over all instruments",
            vec![
                ("horizon", json::span()),
                ("policy", json::text()),
                ("n", json::count()),
                ("median", json::positive()),
                ("q99", json::positive()),
            ],
        )
    }
}
