//! The section on evidence: what speaks for and against the models beyond their scores.

use std::fmt::Write;

use serde_json::Value;

use super::cell::Better::{High, Low, Neither};
use super::cell::Kind::{Count, Fixed, PValue, Percent, Text};
use super::cell::{Better, Column, Kind, element, escape};
use super::table::{items, table};
use super::{columns, rows, section};

const fn col(key: &'static str, head: &'static str, kind: Kind, better: Better, about: &'static str) -> Column {
    Column { key, head, kind, better, about }
}

const CRASHES: &[Column] = &[
    col("from", "from", Text, Neither, "First instant of the crash as named in the configuration, UTC."),
    col("to", "until", Text, Neither, "Its end, exclusive, UTC."),
    col("outcomes", "outcomes", Count, Neither, "Outcomes of which some part lies in it, over all instruments."),
];

const CONFIDENCE: &[Column] = &[
    col("n", "times", Count, Neither, "Issue times at which every model forecast every instrument of that time."),
    col(
        "p",
        "p",
        PValue,
        High,
        "Membership in the model confidence set (Hansen, Lunde, Nason 2011; QLIKE averaged over instruments, range statistic, circular block bootstrap of 1,000 samples): the model is in the set of every level below this.",
    ),
];

const RELIABILITY: &[Column] = &[
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

const SPIKES: &[Column] = &[
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

const ALARMS: &[Column] = &[
    col(
        "level",
        "level",
        Percent(2),
        Neither,
        "Spike probability from which an alarm is raised, at most one per horizon: the lowest that kept to two false alarms per instrument and month on the first half of the span.",
    ),
    col("n", "n", Count, Neither, "Forecasts judged: those of the second half of the span."),
    col(
        "base_rate",
        "base rate",
        Percent(2),
        Neither,
        "Share of them that a burst follows: within the horizon a window whose variance is at least twice the median of the last 60 days.",
    ),
    col(
        "auc",
        "AUC",
        Fixed(3),
        High,
        "Area under the ROC curve for bursts, of rows that are not in one: onsets alone.",
    ),
    col("bursts", "bursts", Count, Neither, "Bursts in the second half; rows that follow each other count once."),
    col("alarms", "alarms", Count, Neither, "Alarms raised in the second half."),
    col(
        "false_per_month",
        "false / month",
        Fixed(2),
        Low,
        "Alarms that no burst followed within the horizon, per instrument and month.",
    ),
    col("precision", "precision", Percent(1), High, "Share of alarms that a burst followed."),
    col("recall", "recall", Percent(1), High, "Share of bursts with an alarm in the rows before them."),
    col(
        "lead_hours",
        "lead h",
        Fixed(1),
        High,
        "Median time from a true alarm to the close of the first window of its burst, hours.",
    ),
];

const ABLATIONS: &[Column] = &[
    col("n", "n", Count, Neither, "Forecasts compared, over all instruments."),
    col("whole", "with", Fixed(4), Neither, "Mean QLIKE with every input."),
    col("without", "without", Fixed(4), Neither, "Mean QLIKE when fitted and run again without these inputs."),
    col("ratio", "without / with", Fixed(3), High, "Above 1: what was left out helps."),
    col(
        "dm",
        "DM t",
        Fixed(2),
        High,
        "Diebold-Mariano statistic of the losses without minus those with; positive: what was left out helps.",
    ),
    col("dm_p", "DM p", PValue, Neither, "Its two-sided p-value."),
];

const FUTURE: &[Column] = &[
    col("forecasts", "forecasts", Count, Neither, "Forecasts issued by the cut and compared bit for bit."),
    col("forecasts_same", "same", Text, Neither, "Whether every one of them is the same under another future."),
    col(
        "fit_same",
        "same fit",
        Text,
        Neither,
        "Whether the model fitted at the cut is the same, with its parameters and calibration.",
    ),
];

/// Every table of this section, for the definitions.
pub const ALL: &[(&str, &[Column])] = &[
    ("Evidence: crashes", CRASHES),
    ("Evidence: model confidence set", CONFIDENCE),
    ("Evidence: reliability of spike probabilities", RELIABILITY),
    ("Evidence: spike probabilities", SPIKES),
    ("Evidence: alarms", ALARMS),
    ("Evidence: ablations", ABLATIONS),
    ("Evidence: permuted future", FUTURE),
];

/// The section.
pub fn evidence(scores: &Value) -> String {
    let mut body = String::new();
    let mut put = |caption: &str, array: &str, heads: &[&str], columns: &[Column]| {
        body.push_str(&table(scores, caption, heads, columns, &rows(scores, array, heads)));
    };
    let own = &["model", "horizon"];
    put("Model confidence set", "/evidence/confidence", own, CONFIDENCE);
    put(
        "What inputs are worth: models fitted and run again without some",
        "/evidence/ablations",
        &["name", "model", "horizon"],
        ABLATIONS,
    );
    put("Spike probabilities: what was said and what came true", "/evidence/reliability", own, RELIABILITY);
    put("Spike probabilities: the parts of their Brier score", "/evidence/spikes", own, SPIKES);
    put("Alarms at two false ones per instrument and month", "/evidence/alarms", own, ALARMS);
    put("Named crashes", "/evidence/crashes", &["name", "horizon"], CRASHES);
    let all = &["model", "symbol", "horizon"];
    for (caption, columns) in [
        ("Variance without the crashes", columns::VARIANCE),
        ("Tails without the crashes", columns::TAILS),
        ("Spikes without the crashes", columns::SPIKES),
    ] {
        put(caption, "/evidence/without_crashes", all, columns);
    }
    put(
        "Another future: the market after a cut permuted and multiplied by nine",
        "/evidence/future/models",
        own,
        FUTURE,
    );
    if scores.pointer("/evidence/future").is_some_and(|f| !f.is_null()) {
        let facts = ["cut", "changed", "decisions", "decisions_same", "rows_same", "passed"];
        let facts = facts.map(|key| fact(scores, key, &format!("/evidence/future/{key}")));
        let _ = write!(body, "<dl class=\"facts\">\n{}</dl>\n", facts.concat());
    }
    section("evidence", &(body + &choices(scores)))
}

fn fact(scores: &Value, name: &str, pointer: &str) -> String {
    let cell = element("dd", "", scores, pointer, Text);
    format!("<div><dt>{}</dt>{cell}</div>\n", escape(&name.replace('_', " ")))
}

/// Every choice with all that was tried, folded away.
fn choices(scores: &Value) -> String {
    let mut out = String::new();
    for choice in items(scores, "/evidence/choices") {
        let head = |key: &str| element("span", "", scores, &format!("{choice}/{key}"), Text);
        let _ = writeln!(
            out,
            "<details><summary>Parameters of {} over {}, chosen at {}</summary><dl class=\"facts\">",
            head("model"),
            head("horizon"),
            head("cut")
        );
        let mut facts = Vec::new();
        leaves(scores.pointer(&choice).unwrap_or(&Value::Null), "", &mut facts);
        for path in facts {
            out.push_str(&fact(scores, path.trim_start_matches('/'), &format!("{choice}{path}")));
        }
        out.push_str("</dl></details>\n");
    }
    out
}

/// Paths of everything that is a number or a word.
fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| leaves(v, &format!("{at}/{k}"), out)),
        Value::Array(all) => all.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{at}/{i}"), out)),
        _ => out.push(at.to_string()),
    }
}
