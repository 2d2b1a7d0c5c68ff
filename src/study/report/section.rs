//! The sections of the page: charts, and what the measurements of the section show.

use std::fmt::Write;

use serde_json::Value;

use super::cell::{element, escape};
use super::show;
use crate::study::measure::MEASUREMENTS;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Text};
use crate::study::measure::declare::{Declaration, ReportColumn, Section, Shown, ShownAs, col};

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
    /// What measurements declare for it.
    Measured(Section),
    /// Facts of the run, then the same.
    Summary,
    /// The definitions of all columns.
    Definitions,
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
    part("summary", "Summary", &[], Body::Summary),
    part("scoreboard", "Scoreboard", &[], Body::Measured(Section::Scoreboard)),
    part(
        "forecast",
        "Forecast against realised",
        &[("forecast", "Forecast and realised volatility over the horizon, logarithmic, by issue time")],
        Body::Charts,
    ),
    part(
        "regimes",
        "Regimes",
        &[("regimes", "Probability of each regime by issue time")],
        Body::Measured(Section::Regimes),
    ),
    part(
        "coverage",
        "Coverage",
        &[
            ("reliability", "Observed against nominal share of returns beyond each quantile, both tails"),
            ("breaches", "Returns against the 1 % and 99 % quantiles, breaches marked"),
        ],
        Body::Measured(Section::Coverage),
    ),
    part(
        "margin",
        "Margin against loss",
        &[("margin", "Margin of each policy against the realised loss, breaches marked")],
        Body::Charts,
    ),
    part("outcome", "Margin outcome", &[], Body::Measured(Section::Outcome)),
    part(
        "cost",
        "Cost and benefit",
        &[("cost", "Sum of shortfalls against average margin: each policy and its control")],
        Body::Measured(Section::Cost),
    ),
    part("backtests", "Backtests", &[], Body::Measured(Section::Backtests)),
    part("calls", "Margin calls", &[], Body::Measured(Section::Calls)),
    part("guardrails", "Guardrails", &[], Body::Measured(Section::Guardrails)),
    part("evidence", "Evidence", &[], Body::Measured(Section::Evidence)),
    part("definitions", "Definitions", &[], Body::Definitions),
];

impl Part {
    /// The section as it stands in the page.
    pub fn html(&self, scores: &Value) -> String {
        let mut body = String::new();
        for (id, label) in self.charts {
            let _ = writeln!(body, "<figure data-chart=\"{id}\" aria-label=\"{}\"></figure>", escape(label));
        }
        match self.body {
            Body::Measured(section) => body.push_str(&measured(scores, section)),
            Body::Summary => body = summary(scores) + &measured(scores, Section::Summary),
            Body::Definitions => body.push_str(&definitions()),
            Body::Charts => {}
        }
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

fn summary(scores: &Value) -> String {
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
pub fn tables() -> Vec<(&'static str, &'static [ReportColumn])> {
    let mut all = vec![("Run", META)];
    let sections = SECTIONS.iter().filter_map(|p| match p.body {
        Body::Measured(section) => Some(section),
        Body::Summary => Some(Section::Summary),
        Body::Definitions | Body::Charts => None,
    });
    for (_, s) in sections.flat_map(shown) {
        if let ShownAs::Table(table) = s.what
            && !table.name.is_empty()
        {
            all.push((table.name, table.columns));
        }
    }
    all
}

fn definitions() -> String {
    let mut body = String::new();
    for (name, columns) in tables() {
        let _ = write!(body, "<h3>{}</h3>\n<dl class=\"definitions\">\n", escape(name));
        for c in columns {
            let _ = writeln!(body, "<dt>{}</dt><dd>{}</dd>", escape(c.head), escape(c.about));
        }
        body.push_str("</dl>\n");
    }
    body
}
