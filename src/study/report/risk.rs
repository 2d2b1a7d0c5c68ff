//! The table on the risk score: was the margin exceeded more often where the score was higher?

use serde_json::Value;

use super::cell::Better::Neither;
use super::cell::Kind::{Count, Percent};
use super::cell::{Better, Column, Kind};
use super::rows;
use super::table::table;

const fn col(key: &'static str, head: &'static str, kind: Kind, better: Better, about: &'static str) -> Column {
    Column { key, head, kind, better, about }
}

const BANDS: &[Column] = &[
    col("n", "n", Count, Neither, "Decisions with a score in the band whose outcome is known."),
    col("share", "share of time", Percent(1), Neither, "The same as a share of all decisions with a score."),
    col(
        "breaches",
        "breaches",
        Count,
        Neither,
        "Breaches of the guarded margin among them; outcomes overlap as they are.",
    ),
    col("rate", "share", Percent(2), Neither, "The same as a share; nominal 1 %."),
    col(
        "low",
        "95 % from",
        Percent(2),
        Neither,
        "Lower end of the exact interval of that share, outcomes taken as independent.",
    ),
    col("high", "95 % to", Percent(2), Neither, "Upper end of the same interval."),
    col("baseline_breaches", "breaches of baseline", Count, Neither, "Breaches of the baseline in the band."),
    col("baseline_rate", "share of baseline", Percent(2), Neither, "The same as a share."),
];

/// Every table, for the definitions.
pub const ALL: &[(&str, &[Column])] = &[("Bands of the risk score", BANDS)];

/// Breach rates by band; nothing where no decision has a score.
pub fn bands(scores: &Value) -> String {
    let heads = &["band", "symbol", "horizon"];
    let lines = rows(scores, "/evidence/bands", heads);
    if lines.is_empty() {
        return String::new();
    }
    table(scores, "Breaches by band of the risk score: below 30, 60 and 80 points, and above", heads, BANDS, &lines)
}
