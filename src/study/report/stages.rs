//! The tables on what single parts of the margin are worth: anti-procyclical stages.

use serde_json::Value;

use super::cell::Better::Neither;
use super::cell::Kind::{Count, Fixed, Percent};
use super::cell::{Better, Column, Kind};
use super::rows;
use super::table::table;

const fn col(key: &'static str, head: &'static str, kind: Kind, better: Better, about: &'static str) -> Column {
    Column { key, head, kind, better, about }
}

const STAGES: &[Column] = &[
    col("n", "n", Count, Neither, "Results of the stage compared with the loss that followed."),
    col("binding", "binds", Percent(1), Neither, "Share of them that the stage changed."),
    col("average_before", "average in", Percent(3), Neither, "Average of what came into the stage."),
    col("average", "average out", Percent(3), Neither, "Average of what came out of it."),
    col("extra", "cost", Percent(3), Neither, "Out less in: the average extra margin, fraction of notional."),
    col("extra_share", "cost share", Percent(2), Neither, "The same over what came in."),
    col("breaches_before", "breaches in", Count, Neither, "Losses strictly above what came in."),
    col("breaches", "breaches out", Count, Neither, "Losses strictly above what came out."),
    col(
        "control_breaches",
        "breaches control",
        Count,
        Neither,
        "Losses strictly above what came in times the constant that gives it the average of what came out.",
    ),
    col("shortfall_before", "shortfall in", Percent(2), Neither, "Sum over breaches of loss less what came in."),
    col("shortfall", "shortfall out", Percent(2), Neither, "Sum over breaches of loss less what came out."),
    col(
        "control_shortfall",
        "shortfall control",
        Percent(2),
        Neither,
        "The same of what came in times the constant of equal average: what the stage must beat.",
    ),
    col("peak_to_trough_before", "peak/trough in", Fixed(2), Neither, "Largest over smallest of what came in."),
    col("peak_to_trough", "peak/trough out", Fixed(2), Neither, "Largest over smallest of what came out."),
    col(
        "call_5d_before",
        "5-day call in",
        Percent(1),
        Neither,
        "Largest relative rise over five days of what came in, closures of the market not counted.",
    ),
    col("call_5d", "5-day call out", Percent(1), Neither, "The same of what came out."),
];

/// Every table, for the definitions.
pub const ALL: &[(&str, &[Column])] = &[("Anti-procyclical stages", STAGES)];

/// Cost and benefit of each stage; nothing where there are none.
pub fn stages(scores: &Value) -> String {
    let heads = &["stage", "place", "policy", "symbol", "horizon"];
    let lines = rows(scores, "/evidence/stages", heads);
    if lines.is_empty() {
        return String::new();
    }
    table(scores, "Anti-procyclical stages: what each costs, and what it brings", heads, STAGES, &lines)
}
