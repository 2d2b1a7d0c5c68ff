//! The sections on margins held to regulators' tests, and on what they do to those who pay them.

use std::fmt::Write;

use serde_json::Value;

use super::cell::Better::{High, Low, Neither};
use super::cell::Kind::{Count, Fixed, PValue, Percent, Text};
use super::cell::{Better, Column, Kind};
use super::table::{Row, table};
use super::{rows, section};
use crate::study::impulse::NORMAL_PATHS;

const fn col(key: &'static str, head: &'static str, kind: Kind, better: Better, about: &'static str) -> Column {
    Column { key, head, kind, better, about }
}

const COVERAGE: &[Column] = &[
    col("n", "n", Count, Neither, "Outcomes that do not overlap: the next begins when the last has ended."),
    col("breaches", "breaches", Count, Low, "Losses of the side strictly above the margin, among them; nominal 1 %."),
    col("kupiec_p", "Kupiec p", PValue, Neither, "Kupiec's likelihood ratio of the share, two-sided."),
    col(
        "kupiec_over_p",
        "Kupiec p over",
        PValue,
        Neither,
        "Kupiec against too many breaches alone (signed root of the ratio): the test for a margin with a floor.",
    ),
    col(
        "independence_p",
        "independence p",
        PValue,
        Neither,
        "Christoffersen's likelihood ratio that a breach is as likely after a breach; on the n - 1 transitions of each instrument.",
    ),
    col(
        "cc_p",
        "LR cc p",
        PValue,
        Neither,
        "Conditional coverage: Kupiec on n and independence on n - 1, chi-squared with 2 degrees of freedom.",
    ),
    col(
        "cc_over_p",
        "LR cc p over",
        PValue,
        Neither,
        "The same where a share below 1 % counts as 1 %: too few breaches are no fault, clusters are.",
    ),
    col(
        "dq",
        "DQ",
        Fixed(1),
        Neither,
        "Dynamic quantile statistic of Engle and Manganelli on a constant, four lags and the margin; per instrument, from three breaches on.",
    ),
    col("dq_p", "DQ p", PValue, Neither, "Its probability value, chi-squared with the rank of the regressors."),
    col(
        "light",
        "light",
        Text,
        Neither,
        "Basel zone of the count by its cumulative binomial: yellow from 95 %, red from 99.99 %.",
    ),
    col(
        "plus",
        "plus",
        Fixed(2),
        Neither,
        "What is added to a capital multiplier of 1.5: that of the count in 250 which is as improbable.",
    ),
    col(
        "action",
        "asks for",
        Text,
        Neither,
        "What the zone asks for: yellow a multiplier of at least 1.10 and new versions in the shadow only, red the baseline times 1.25 in the champion's place. The service and the backtest do it where `margin.traffic_light` is set.",
    ),
    col("overlapping", "all", Count, Neither, "All outcomes, overlapping as they are."),
    col("overlapping_breaches", "breaches of all", Count, Low, "Breaches among all of them."),
    col(
        "overlapping_green",
        "green to",
        Count,
        Neither,
        "The most of them that is green where outcomes overlap so: 95 % quantile of a simulation with independent normal returns (ISDA's way); per instrument, horizons of more than one row.",
    ),
];

const SHORTFALL: &[Column] = &[
    col(
        "z1",
        "Z1",
        Fixed(3),
        High,
        "Acerbi and Szekely's test of ES given VaR: 1 less the mean over breaches of loss over ES; negative: ES too low.",
    ),
    col("z2", "Z2", Fixed(3), High, "Their test of VaR and ES together; negative: risk understated."),
    col(
        "z2_critical",
        "Z2 at 5 %",
        Fixed(3),
        Neither,
        "Below this Z2 is rejected at 5 %: our own simulation of as many independent Student t losses of five degrees of freedom.",
    ),
    col(
        "fz0",
        "FZ0",
        Fixed(4),
        Low,
        "Mean joint loss of margin and ES (Patton, Ziegel, Chen 2019); ES is the baseline's times the multiplier.",
    ),
    col(
        "pinball",
        "tick loss",
        Percent(4),
        Low,
        "Mean tick loss of the margin as a 99 % quantile of the side's loss, fraction of notional.",
    ),
];

const CONDITIONS: &[Column] = &[
    col("n", "n", Count, Neither, "Outcomes under the condition, over all instruments."),
    col("below", "below q01", Percent(2), Neither, "Share of returns below the champion's 1 % quantile."),
    col("above", "above q99", Percent(2), Neither, "Share of returns above its 99 % quantile."),
    col("breaches", "breaches", Count, Neither, "Breaches of the guarded margin."),
    col("share", "share", Percent(2), Neither, "The same as a share."),
    col(
        "low",
        "95 % from",
        Percent(2),
        Neither,
        "Lower end of the exact interval of that share, outcomes taken as independent.",
    ),
    col("high", "95 % to", Percent(2), Neither, "Upper end of the same interval."),
    col("baseline_share", "baseline", Percent(2), Neither, "Share of breaches of the baseline."),
];

const TRANSFORMS: &[Column] = &[
    col("from", "from", Percent(1), Neither, "Lower level of the bin: a published quantile."),
    col("to", "to", Percent(1), Neither, "Upper level of the bin."),
    col("count", "outcomes", Count, Neither, "Outcomes between the two quantiles, of those that do not overlap."),
    col("n", "n", Count, Neither, "Outcomes that do not overlap, over all instruments."),
    col(
        "density",
        "observed / nominal",
        Fixed(3),
        Neither,
        "Their share over the nominal one: 1 where the forecast is right (probability integral transform).",
    ),
    col("p", "p", PValue, Neither, "Pearson's chi-squared test of all bins of the model together."),
];

const CALLS: &[Column] = &[
    col("n", "pairs", Count, Neither, "Pairs of margins exactly so far apart."),
    col("largest", "largest", Percent(1), Low, "Largest relative rise of the margin within that time."),
    col(
        "amount",
        "fixed portfolio",
        Percent(2),
        Low,
        "Largest rise, fraction of notional: the largest call on a fixed portfolio.",
    ),
    col("es99", "ES99", Percent(1), Low, "Mean of the relative rises beyond their 99 % order statistic."),
    col("above_10", "above 10 %", Percent(2), Low, "Share of pairs with a relative rise above 10 %."),
    col("above_25", "above 25 %", Percent(2), Low, "Share of pairs with a relative rise above 25 %."),
];

const FRONTIER: &[Column] = &[
    col("n", "n", Count, Neither, "Margins compared with the loss that followed."),
    col("factor", "factor", Fixed(4), Neither, "The constant that gives the policy 1.0 % breaches."),
    col("breaches", "breaches", Count, Neither, "Breaches at that factor."),
    col("average", "average", Percent(3), Low, "Average margin then: the cost at equal cover."),
    col("shortfall_sum", "shortfall sum", Percent(2), Low, "Sum of shortfalls then."),
    col(
        "average_ratio",
        "average / baseline",
        Fixed(3),
        Low,
        "Average over that of the baseline at the same breach rate; the control is the baseline here, whatever its constant.",
    ),
    col(
        "shortfall_ratio",
        "shortfall / baseline",
        Fixed(3),
        Low,
        "Sum of shortfalls over that of the baseline at the same breach rate.",
    ),
];

const BUFFERS: &[Column] = &[
    col(
        "persistence",
        "persistence",
        Fixed(4),
        Neither,
        "Decay of the autocorrelations of the log realised variance from row to row, over 60 lags.",
    ),
    col(
        "half_life_days",
        "half-life d",
        Fixed(2),
        Neither,
        "Days until half of a deviation of the variance is gone, ln 0.5 / ln persistence: the longer, the larger a buffer must be (Glasserman and Wu 2018).",
    ),
    col(
        "unconditional",
        "unconditional",
        Percent(2),
        Neither,
        "99 % quantile of the losses of the span, whatever the volatility.",
    ),
    col("conditional", "conditional", Percent(2), Neither, "Median of the baseline, which knows the volatility."),
    col(
        "ratio",
        "ratio",
        Fixed(3),
        Neither,
        "The one over the other: what a requirement that follows volatility would have to be lifted by.",
    ),
    col("buffer", "buffer", Percent(2), Neither, "Average guarded margin over the average baseline, less 1."),
    col(
        "lead_multiplier",
        "m before rises",
        Fixed(3),
        High,
        "Mean guarded multiplier at the start of the twenty largest five-day rises of the baseline that do not overlap.",
    ),
    col("lead_rise", "these rises", Percent(1), Neither, "Mean of these rises."),
];

const RESPONSES: &[Column] = &[
    col("paths", "paths", Count, Neither, "Paths: normal ones, or instruments of the study."),
    col(
        "after_days/1",
        "1 d",
        Fixed(2),
        Neither,
        "Mean margin over what it would have been, a day after volatility doubled.",
    ),
    col("after_days/5", "5 d", Fixed(2), Neither, "The same after five days."),
    col("after_days/10", "10 d", Fixed(2), Neither, "The same after ten days."),
    col("after_days/20", "20 d", Fixed(2), Neither, "The same after twenty days."),
    col("after_days/40", "40 d", Fixed(2), Neither, "The same after forty days."),
    col("after_days/60", "60 d", Fixed(2), Neither, "The same after sixty days."),
    col("after_days/120", "120 d", Fixed(2), Neither, "The same after 120 days."),
    col("after_days/250", "250 d", Fixed(2), Neither, "The same after 250 days."),
    col("t50_days", "t50 d", Fixed(2), Neither, "Days until half of the rise to twice the margin is there."),
    col("t90_days", "t90 d", Fixed(2), Neither, "Days until nine tenths of it are."),
    col(
        "overshoot",
        "overshoot",
        Percent(1),
        Neither,
        "Largest mean over twice the old margin, less 1; negative where it falls short in the time followed.",
    ),
    col("peak_95", "95 % peak", Fixed(2), Neither, "Peak of the line that 95 % of the paths lie below."),
    col("followed_days", "followed d", Fixed(1), Neither, "Days followed after the step."),
];

const STRESS: &[Column] = &[
    col("n", "outcomes", Count, Neither, "Outcomes in the scenario, over all instruments."),
    col("worst_loss", "worst loss", Percent(2), Neither, "Largest loss in it, fraction of notional."),
    col(
        "shortfall_sum",
        "shortfall sum",
        Percent(2),
        Low,
        "Sum of what the margin left uncovered, fraction of notional.",
    ),
    col("worst_miss", "worst miss", Percent(2), Low, "Largest single part of it."),
];

const GUIDANCE: &[Column] = &[
    col("n", "n", Count, Neither, "Decisions with guidance whose later multiplier is known, over all instruments."),
    col(
        "inside",
        "inside",
        Percent(2),
        Neither,
        "Share of later multipliers within the interval of nominally 90 %, ends included; a multiplier that often stays puts more there.",
    ),
    col("below", "below", Percent(2), Neither, "Share below it; nominally 5 % at most."),
    col("above", "above", Percent(2), Neither, "Share above it; nominally 5 % at most."),
    col("width", "width", Percent(2), Low, "Mean of the upper over the lower end, less 1."),
    col(
        "better",
        "median no worse",
        Percent(1),
        High,
        "Share of later multipliers no farther from the median told than from the one then in force.",
    ),
];

/// Every table of these sections, for the definitions.
pub const ALL: &[(&str, &[Column])] = &[
    ("Backtests: coverage", COVERAGE),
    ("Backtests: expected shortfall", SHORTFALL),
    ("Backtests: conditions", CONDITIONS),
    ("Backtests: probability integral transform", TRANSFORMS),
    ("Calls", CALLS),
    ("Cost at equal cover", FRONTIER),
    ("Persistence and buffers", BUFFERS),
    ("Impulse response", RESPONSES),
    ("Stress library", STRESS),
    ("Forward guidance", GUIDANCE),
];

/// Margins held to tests.
pub fn backtests(scores: &Value) -> String {
    let heads = &["policy", "side", "symbol", "horizon"];
    let mut lines = rows(scores, "/evidence/backtests", heads);
    // Policies compete on one side.
    lines.iter_mut().for_each(|r| r.group = word(scores, r, "side"));
    let mut body = table(scores, "Coverage of each side at 1 %, outcomes that do not overlap", heads, COVERAGE, &lines);
    body += &table(scores, "Expected shortfall and joint losses", heads, SHORTFALL, &lines);
    let all = rows(scores, "/evidence/conditions", &["value", "horizon"]);
    for (kind, caption, folded) in [
        ("regime", "Coverage by regime", false),
        ("decile", "Coverage by decile of the volatility that was forecast, 1 the calmest", false),
        ("hour", "Coverage by hour of the week, UTC", true),
    ] {
        let own: Vec<Row> = all.iter().filter(|r| word(scores, r, "by") == kind).map(|r| by(scores, r)).collect();
        let made = table(scores, caption, &["value", "by", "horizon"], CONDITIONS, &own);
        body += &if folded { fold(caption, &made) } else { made };
    }
    body += &super::risk::bands(scores);
    let heads = &["model", "horizon"];
    let caption = "Where outcomes fell between the published quantiles";
    let made = table(scores, caption, heads, TRANSFORMS, &rows(scores, "/evidence/transforms", heads));
    section("backtests", &(body + &fold(caption, &made)))
}

/// What margins do to those who pay them.
pub fn calls(scores: &Value) -> String {
    let mut body = String::new();
    let mut put = |caption: &str, array: &str, heads: &[&str], columns: &[Column], group: &str| {
        let mut lines = rows(scores, array, heads);
        lines.iter_mut().for_each(|r| r.group = word(scores, r, group));
        body.push_str(&table(scores, caption, heads, columns, &lines));
    };
    let policy = &["policy", "symbol", "horizon"];
    put("Calls by length of time", "/evidence/calls", &["over", "policy", "symbol", "horizon"], CALLS, "over");
    put("Cost and cover at 1.0 % breaches", "/evidence/frontier", policy, FRONTIER, "horizon");
    put("Stress library", "/evidence/stress", &["name", "policy", "horizon"], STRESS, "name");
    put(
        "Forward guidance: was the multiplier where it was said to be",
        "/evidence/guidance",
        &["over", "horizon"],
        GUIDANCE,
        "over",
    );
    put("How long volatility lasts", "/evidence/buffers", &["symbol", "horizon"], BUFFERS, "symbol");
    section("calls", &(body + &responses(scores)))
}

/// Textbook margins are of no horizon of the study: they are shown with any.
fn responses(scores: &Value) -> String {
    let heads = &["requirement", "on", "horizon"];
    let (mut paths, market): (Vec<Row>, Vec<Row>) =
        rows(scores, "/evidence/responses", heads).into_iter().partition(|r| word(scores, r, "on") == NORMAL_PATHS);
    paths.iter_mut().for_each(|r| r.horizon.clear());
    let own = "Volatility doubles: what our margins do on their own market, whose returns are doubled";
    let textbook = "Volatility doubles: what textbook margins of a day do on normal paths";
    table(scores, own, heads, RESPONSES, &market) + &table(scores, textbook, heads, RESPONSES, &paths)
}

fn word(scores: &Value, row: &Row, key: &str) -> String {
    scores.pointer(&format!("{}/{key}", row.base)).and_then(Value::as_str).unwrap_or_default().into()
}

fn by(scores: &Value, row: &Row) -> Row {
    Row::of(scores, &row.base, &["value", "by", "horizon"])
}

fn fold(caption: &str, body: &str) -> String {
    let mut out = String::new();
    let _ = write!(out, "<details><summary>{caption}</summary>\n{body}</details>\n");
    out
}
