//! The sections of the page: charts, and what the measurements of the section show.

use std::fmt::Write;

use serde_json::Value;

use super::cell::{element, escape};
use super::{calibration, codes, show, verdict};
use crate::study::measure::MEASUREMENTS;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Text};
#[cfg(test)]
use crate::study::measure::declare::ShownAs;
use crate::study::measure::declare::{Declaration, ReportColumn, Section, Shown, col};

/// One section of the page.
pub struct Part {
    /// Its anchor.
    pub id: &'static str,
    /// Its heading.
    pub name: &'static str,
    /// Charts at its beginning: what is drawn, and a label for those who do not see it.
    charts: &'static [(&'static str, &'static str)],
    /// What stands in it.
    body: Body,
}

/// What stands in a section below its charts.
enum Body {
    /// The verdict above its charts, the table that matters below.
    Verdict,
    /// Calibrations.
    Calibration,
    /// What measurements declare for it.
    Measured(Section),
    /// The same, and what codes say.
    Codes(Section),
    /// Facts of the run, faults, and how to get it again.
    Run,
    /// Nothing.
    Charts,
}

const fn part(
    id: &'static str,
    name: &'static str,
    charts: &'static [(&'static str, &'static str)],
    body: Body,
) -> Part {
    Part { id, name, charts, body }
}

/// The sections, in the order of the page.
pub const SECTIONS: &[Part] = &[
    part(
        "verdict",
        "Verdict",
        &[("frontier", "Sum of shortfalls against average margin: policies, and the curves of constants")],
        Body::Verdict,
    ),
    part(
        "calibration",
        "Calibration",
        &[("policies", "The frontier of calibrated policies: shortfall against average margin")],
        Body::Calibration,
    ),
    part(
        "margin",
        "Margin against loss",
        &[
            ("margin", "Margin of each policy against the realised loss, breaches marked"),
            ("multiplier", "Multiplier wanted and published over time, and what bound it"),
            (
                "evidence",
                "Evidence against the forecast over time, with the thresholds at which it is silenced and heard",
            ),
            ("budget", "What is left of the budget that is used the most, over time"),
        ],
        Body::Charts,
    ),
    part("cost", "Policies in detail", &[], Body::Measured(Section::Cost)),
    part("outcome", "Margin outcome", &[], Body::Measured(Section::Outcome)),
    part("guardrails", "Guardrails", &[], Body::Codes(Section::Guardrails)),
    part("calls", "Margin calls", &[], Body::Measured(Section::Calls)),
    part("backtests", "Backtests", &[], Body::Measured(Section::Backtests)),
    part(
        "scoreboard",
        "Scoreboard",
        &[("qlike", "Cumulative difference of QLIKE of each model from the base model, over time")],
        Body::Measured(Section::Scoreboard),
    ),
    part(
        "forecast",
        "Forecast against realised",
        &[
            ("forecast", "Forecast and realised volatility over the horizon, logarithmic, by issue time"),
            ("week", "By hour of the week: volatility forecast, breaches and margin"),
        ],
        Body::Charts,
    ),
    part(
        "coverage",
        "Coverage",
        &[
            ("pit", "Density of outcomes between the published quantiles: 1 where they are right"),
            ("probability", "Observed share of spikes against the probability that was said"),
            ("reliability", "Observed against nominal share of returns beyond each quantile, both tails"),
            ("breaches", "Returns against the 1 % and 99 % quantiles, breaches marked"),
        ],
        Body::Measured(Section::Coverage),
    ),
    part(
        "regimes",
        "Regimes",
        &[("regimes", "Probability of each regime by issue time")],
        Body::Measured(Section::Regimes),
    ),
    part("evidence", "Evidence", &[], Body::Measured(Section::Evidence)),
    part("run", "Run and faults", &[], Body::Run),
];

impl Part {
    /// The section as it stands in the page.
    pub fn html(&self, scores: &Value) -> String {
        let figure = |(id, label): &(&str, &str)| {
            format!("<figure data-chart=\"{id}\" aria-label=\"{}\"></figure>\n", escape(label))
        };
        let charts: String = self.charts.iter().map(figure).collect();
        let body = match self.body {
            Body::Verdict => verdict::html(scores) + &charts + &measured(scores, Section::Verdict),
            Body::Calibration => charts + &calibration::html(scores),
            Body::Measured(section) => charts + &measured(scores, section),
            Body::Codes(section) => charts + &measured(scores, section) + &codes::legend(),
            Body::Run => measured(scores, Section::Summary) + &run(scores),
            Body::Charts => charts,
        };
        format!("<section id=\"{}\"><h2>{}</h2>\n{body}</section>\n", self.id, self.name)
    }
}

/// What measurements show in a section, in the order that they declare.
fn shown(section: Section) -> Vec<(&'static Declaration, &'static Shown)> {
    let all = MEASUREMENTS.iter().flat_map(|m| m.shown.iter().map(move |s| (m, s)));
    let mut own: Vec<_> = all.filter(|(_, s)| s.section == section).collect();
    own.sort_by_key(|(_, s)| s.place);
    own
}

fn measured(scores: &Value, section: Section) -> String {
    shown(section).iter().map(|(m, s)| show::html(scores, m.pointer, &s.what)).collect()
}

/// Facts of the run.
pub const META: &[ReportColumn] = &[
    col("version", "program", Text, Neither, "Version of margincast that wrote this."),
    col("start", "from", Text, Neither, "First instant of the out-of-sample span, UTC."),
    col("end", "until", Text, Neither, "End of the out-of-sample span, exclusive, UTC."),
    col("symbols", "instruments", Text, Neither, "Instruments that were forecast and margined."),
    col(
        "horizons",
        "horizons",
        Text,
        Neither,
        "How far ahead forecasts look; also the period that a margin must cover.",
    ),
    col(
        "folds",
        "fits",
        Count,
        Neither,
        "Walk-forward windows; each model saw only what was known when its window ended.",
    ),
    col("forecasts", "forecasts", Count, Neither, "Forecasts scored, over all models, instruments and horizons."),
    col("decisions", "decisions", Count, Neither, "Margin decisions made."),
    col("base", "base model", Text, Neither, "The model that ratios and Diebold-Mariano tests compare with."),
    col("champion", "champion", Text, Neither, "The model whose forecasts set the margin."),
    col("seed", "seed", Text, Neither, "Seed of all randomness."),
    col("config_digest", "configuration", Text, Neither, "SHA-256 of the effective configuration as canonical JSON."),
    col("data_digest", "data", Text, Neither, "SHA-256 over the data files read, in order."),
    col("model_digest", "models", Text, Neither, "SHA-256 of the last fitted set of models."),
    col(
        "result_digest",
        "results",
        Text,
        Neither,
        "SHA-256 of every forecast and decision, bit for bit: two runs agree where this agrees.",
    ),
];

fn run(scores: &Value) -> String {
    let mut body = String::from("<dl class=\"facts\">\n");
    for c in META {
        let cell = element("dd", "", scores, &format!("/meta/{}", c.key), c.format);
        let class = if c.key.ends_with("_digest") { "wide" } else { "" };
        let _ = writeln!(
            body,
            "<div class=\"{class}\" title=\"{}\"><dt>{}</dt>{cell}</div>",
            escape(c.about),
            escape(c.head)
        );
    }
    let command = element("code", "", scores, "/meta/command", Text);
    let _ = write!(body, "</dl>\n<h3>To get this again</h3>\n<pre>{command}</pre>\n");
    body
}

/// Every table with columns of its own, by the heading of their definitions, in the order of the page.
#[cfg(test)]
pub fn tables() -> Vec<(&'static str, &'static [ReportColumn])> {
    let mut all = vec![("Run", META), ("Calibrations", calibration::JUDGED), ("Origins", calibration::WALKED)];
    for m in MEASUREMENTS {
        for s in m.shown {
            if let ShownAs::Table(table) = s.what
                && !table.name.is_empty()
            {
                all.push((table.name, table.columns));
            }
        }
    }
    all
}
