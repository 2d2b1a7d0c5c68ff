//! The section of calibrations: what was chosen and what came of it, origin by origin.

use serde_json::Value;

use super::cell::{escape, text};
use super::table::{ReportRow, items, table};
use crate::study::measure::MEASUREMENTS;
use crate::study::measure::declare::Better::{Low, Neither};
use crate::study::measure::declare::Format::{Count, Fixed, Percent, Text};
use crate::study::measure::declare::{ReportColumn, col};

/// Key of the calibrations in the scores.
pub(super) const KEY: &str = "calibration";

/// Where they are.
fn pointer() -> &'static str {
    MEASUREMENTS.iter().find(|m| m.key == KEY).map_or("/calibration", |m| m.pointer)
}

/// Each, one a horizon.
fn all(scores: &Value) -> Vec<String> {
    items(scores, pointer())
}

/// The policy that was chosen last of one horizon, walking forward.
pub fn last_choice(scores: &Value, horizon: &Value) -> Option<String> {
    let own = |base: &String| scores.pointer(&format!("{base}/horizon")) == Some(horizon);
    let base = all(scores).into_iter().find(own)?;
    let stretches = items(scores, &format!("{base}/walk_forward/stretches"));
    let policies = stretches.iter().rev().map(|stretch| format!("{stretch}/policy"));
    policies.into_iter().find(|policy| scores.pointer(policy).is_some_and(Value::is_object))
}

/// The section below its chart.
pub fn html(scores: &Value) -> String {
    let all = all(scores);
    if all.is_empty() {
        return "<p class=\"note\">The policy was not calibrated: its settings are those of the configuration. \
                <code>margincast calibrate</code> searches better ones on the decisions of this study.</p>\n"
            .into();
    }
    let judged: Vec<ReportRow> = all.iter().flat_map(|base| assessments(scores, base)).collect();
    let walked: Vec<ReportRow> = all.iter().flat_map(|base| stretches(scores, base)).collect();
    let about = "Today's policy and the chosen ones: in sample over the whole record; out of sample each chosen on what was \
                 known before the rows that it is judged on";
    let origins = "Chosen at each origin on what was known then, judged until the next; the last row of a horizon is what is \
                   proposed, chosen on everything";
    table(scores, about, &["policy", "horizon"], JUDGED, &judged)
        + &table(scores, origins, &["from", "until", "horizon"], WALKED, &walked)
}

/// What was judged of one calibration.
fn assessments(scores: &Value, base: &str) -> Vec<ReportRow> {
    let of = [
        ("today's, in sample", "today_outcome"),
        ("chosen, in sample", "chosen/in_sample"),
        ("today's, out of sample", "walk_forward/today"),
        ("chosen at each origin, out of sample", "walk_forward/out_of_sample"),
    ];
    let present =
        of.into_iter().filter(|(_, at)| scores.pointer(&format!("{base}/{at}")).is_some_and(Value::is_object));
    present.map(|(name, at)| row(scores, base, at, vec![name.into(), format!("{base}/horizon")])).collect()
}

/// Its origins, and what is proposed.
fn stretches(scores: &Value, base: &str) -> Vec<ReportRow> {
    let horizon = || format!("{base}/horizon");
    let count = items(scores, &format!("{base}/walk_forward/stretches")).len();
    let one = |i: usize| {
        let at = format!("walk_forward/stretches/{i}");
        row(scores, base, &at, vec![format!("{base}/{at}/from"), format!("{base}/{at}/until"), horizon()])
    };
    let proposed = scores.pointer(&format!("{base}/chosen")).is_some_and(Value::is_object);
    let whole = proposed.then(|| row(scores, base, "chosen", vec!["proposed".into(), "".into(), horizon()]));
    (0..count).map(one).chain(whole).collect()
}

fn row(scores: &Value, base: &str, at: &str, heads: Vec<String>) -> ReportRow {
    let horizon = scores.pointer(&format!("{base}/horizon")).map(|h| text(h, Text)).unwrap_or_default();
    ReportRow {
        base: format!("{base}/{at}"),
        horizon: escape(&horizon),
        symbol: String::new(),
        heads,
        group: horizon,
        class: "",
    }
}

/// Columns of what was judged.
pub(super) const JUDGED: &[ReportColumn] = &[
    col(
        "ratio",
        "to constant",
        Fixed(3),
        Low,
        "Shortfall over that of the baseline times the constant of equal average.",
    ),
    col("bands/ratio", "90 % band", Fixed(3), Neither, "Band of that ratio by the stationary block bootstrap."),
    col("flat_ratio", "to flat", Fixed(3), Low, "Shortfall over that of the same average asked at every row."),
    col("dm_t", "DM t", Fixed(2), Low, "Diebold-Mariano statistic of daily sums of shortfall; below -2 hardly chance."),
    col("outcome/better", "better on", Count, Neither, "Instruments on which it leaves less than its constant."),
    col("outcome/instruments", "of", Count, Neither, "Instruments that are judged."),
    col("outcome/average", "average", Percent(2), Neither, "Average margin, fraction of notional."),
    col("outcome/rises/0", "rise 1", Percent(1), Neither, "Worst relative rise over one row."),
    col(
        "bands/rises/0",
        "its band",
        Percent(1),
        Neither,
        "Band of it: rises of the record from the rows that were drawn.",
    ),
    col("outcome/control_rises/0", "constant 1", Percent(1), Neither, "That of the constant, which is the baseline's."),
    col("outcome/rises/1", "rise 5", Percent(1), Neither, "Worst relative rise over five rows."),
    col("outcome/control_rises/1", "constant 5", Percent(1), Neither, "That of the constant over five rows."),
    col("outcome/rises/2", "rise 20", Percent(1), Neither, "Worst relative rise over twenty rows."),
    col("outcome/control_rises/2", "constant 20", Percent(1), Neither, "That of the constant over twenty rows."),
];

/// Columns of the walk forward.
pub(super) const WALKED: &[ReportColumn] = &[
    col("known_ratio", "known ratio", Fixed(3), Low, "Ratio to the constant over all that was known at the origin."),
    col("ratio", "judged ratio", Fixed(3), Low, "The same over the rows from this origin to the next."),
    col("moved", "settings that moved", Text, Neither, "Settings that differ from those of the last choice."),
    col("policy/weight", "weight", Fixed(2), Neither, "Weight of the forecast in the blend."),
    col("policy/level", "level", Fixed(2), Neither, "Level of the blend."),
    col("policy/stress_link", "stress link", Fixed(2), Neither, "Share of the stress link."),
    col("policy/up", "up", Percent(2), Neither, "Largest rise in one row."),
    col("policy/down", "down", Percent(2), Neither, "Largest fall in one row."),
    col("policy/budget_day", "budget 24h", Percent(0), Neither, "Largest rise over 24 hours; none: no such budget."),
    col(
        "policy/budget_five_days",
        "budget 5d",
        Percent(0),
        Neither,
        "Largest rise over five days; none: no such budget.",
    ),
    col("policy/dead_band", "dead band", Percent(1), Neither, "Changes smaller than this are not made."),
    col("policy/confirmations", "confirmations", Count, Neither, "Lower targets in a row before a decrease."),
    col(
        "policy/schedule",
        "schedule",
        Text,
        Neither,
        "Whether initial margin follows the schedule of the hour of the week.",
    ),
    col("policy/m_min", "least m", Fixed(2), Neither, "Least multiplier of the baseline."),
];
