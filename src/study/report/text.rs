//! Tables of scores for a terminal.

use super::verdict;
use crate::base::Horizon;
use crate::loss::{MarginOutcome, ModelScore};
use crate::study::config::margin_rule::OWN_POLICIES;
use crate::study::measure::margin::policy_scores::MarginScore;
use crate::study::measure::{POOLED, Scores};

/// Rows of cells under a heading, columns aligned; the first column to the left.
pub fn aligned(head: &[&str], rows: &[Vec<String>]) -> String {
    let width =
        |c: usize| rows.iter().map(|r| r[c].chars().count()).chain([head[c].chars().count()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cell = |(c, text): (usize, &String)| {
            let pad = " ".repeat(widths[c] - text.chars().count());
            if c == 0 { format!("{text}{pad}") } else { format!("{pad}{text}") }
        };
        let joined: Vec<String> = cells.iter().enumerate().map(cell).collect();
        format!("{}\n", joined.join("  ").trim_end())
    };
    let head: Vec<String> = head.iter().map(|h| h.to_string()).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|r| line(r))).collect()
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".into(), |v| format!("{v:.digits$}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |v| format!("{:.2} %", 100.0 * v))
}

/// The scoreboard of one horizon, pooled over instruments.
pub fn scoreboard(lines: &[ModelScore], horizon: Horizon, base: &str) -> String {
    let pooled = lines.iter().filter(|m| m.horizon == horizon && m.symbol.is_none());
    let cells = |m: &ModelScore| {
        vec![
            m.model.clone(),
            m.n.to_string(),
            format!("{:.4}", m.qlike),
            number(m.ratio, 3),
            number(m.dm, 2),
            number(m.auc, 3),
            percent(m.hits01),
            percent(m.hits99),
        ]
    };
    let rows: Vec<Vec<String>> = pooled.map(cells).collect();
    let ratio = format!("/ {base}");
    let head = ["model", "n", "QLIKE", &ratio, "DM t", "AUC", "below 1 %", "above 99 %"];
    format!("\nForecasts {horizon} ahead, out of sample\n{}", aligned(&head, &rows))
}

/// The verdict, then the scoreboard and the margin outcomes, pooled over instruments.
pub fn scores(scores: &Scores) -> String {
    // Only maps with keys that are not text can fail, and there are none.
    let mut out = verdict::plain(&serde_json::to_value(scores).unwrap_or_default());
    for horizon in &scores.meta.horizons {
        out += &scoreboard(&scores.scoreboard, *horizon, &scores.meta.base);
        let mut rows = Vec::new();
        let pooled = |m: &&MarginScore| m.horizon == *horizon && m.symbol == POOLED;
        let (own, ruled): (Vec<_>, Vec<_>) =
            scores.policy_scores.iter().filter(pooled).partition(|m| OWN_POLICIES.contains(&m.policy.as_str()));
        for m in own {
            for (name, o) in
                [(m.policy.clone(), &m.outcome), (format!("  baseline x {:.3}", m.control_factor), &m.control)]
            {
                rows.push(vec![
                    name,
                    percent(Some(o.breach_rate)),
                    number(Some(100.0 * o.shortfall_sum), 1),
                    percent(Some(o.average)),
                    percent(o.rise_1),
                    percent(o.rise_5),
                    percent(o.rise_20),
                    number(Some(o.peak_to_trough), 2),
                ]);
            }
        }
        if !rows.is_empty() {
            out += &format!("\nMargin {horizon} ahead, each beside the baseline times a constant of equal average\n");
            let head = ["policy", "breaches", "shortfall %", "average", "rise 1", "rise 5", "rise 20", "peak/trough"];
            out += &aligned(&head, &rows);
        }
        if !ruled.is_empty() {
            out += &rules(scores, *horizon);
        }
    }
    out
}

/// The study's margin rules, each above its control, per instrument: the tests of breaches are not
/// pooled.
fn rules(scores: &Scores, horizon: Horizon) -> String {
    let mut rows = Vec::new();
    for m in scores.policy_scores.iter().filter(|m| m.horizon == horizon && m.symbol != POOLED) {
        if OWN_POLICIES.contains(&m.policy.as_str()) {
            continue;
        }
        let control = (m.control_factor - 1.0).abs() > 1e-9;
        let name = |text: String| if scores.meta.symbols.len() > 1 { format!("{} {text}", m.symbol) } else { text };
        rows.push(rule(name(m.policy.clone()), &m.outcome));
        if control {
            rows.push(rule(name(format!("  its baseline x {:.3}", m.control_factor)), &m.control));
        }
    }
    let head = [
        "rule",
        "breaches",
        "share",
        "Kupiec p",
        "cc p",
        "DQ",
        "pinball bp",
        "average",
        "shortfall %",
        "worst",
        "peak/trough",
        "rise 1",
        "rise 5",
        "rise 20",
        "ES99 rise 5",
    ];
    format!(
        "\nMargin rules {horizon} ahead, each beside its baseline times a constant of equal average\n{}",
        aligned(&head, &rows)
    )
}

fn rule(name: String, o: &MarginOutcome) -> Vec<String> {
    vec![
        name,
        o.breaches.to_string(),
        percent(Some(o.breach_rate)),
        number(Some(o.kupiec_p), 3),
        number(o.cc_p, 4),
        number(o.dq, 0),
        number(Some(1e4 * o.pinball), 2),
        percent(Some(o.average)),
        number(Some(100.0 * o.shortfall_sum), 1),
        percent(Some(o.worst_miss)),
        number(Some(o.peak_to_trough), 1),
        percent(o.rise_1),
        percent(o.rise_5),
        percent(o.rise_20),
        percent(o.rise_5_es99),
    ]
}
