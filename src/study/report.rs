//! The report: one HTML file that needs nothing else, not even a network.
//!
//! Every printed number is read from `scores.json` by a pointer that the page keeps beside it
//! (`data-key`, with the full number in `data-value`), so the two cannot disagree. Lines are drawn
//! from [`Series`], thinned; hovering them reads the lines, not the tables. A column of a table
//! cannot exist without its definition, and the definitions section prints them all.

mod backtest;
mod cell;
mod columns;
mod evidence;
mod plot;
mod risk;
mod stages;
mod table;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use serde_json::Value;

use self::cell::{Kind, element, escape, script_json};
use self::table::{Row, items, table};
use super::scores::{POOLED, Scores, Series};

const STYLE: &str = include_str!("report/report.css");
const CHART: &str = include_str!("report/chart.js");
const PAGE: &str = include_str!("report/page.js");

/// The page. Its numbers are those of `scores`; `series` are the lines to draw.
pub fn render(scores: &Scores, series: &Series) -> String {
    // Only maps with keys that are not text can fail, and there are none.
    let value = serde_json::to_value(scores).unwrap_or(Value::Null);
    let title = escape(&scores.meta.title);
    let mut out = String::with_capacity(1 << 20);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    out.push_str(&header(scores, &value));
    out.push_str("<main>\n");
    for section in [
        summary,
        scoreboard,
        forecast,
        regimes,
        coverage,
        margin,
        outcome,
        cost,
        backtest::backtests,
        backtest::calls,
        guardrails,
        evidence::evidence,
        definitions,
    ] {
        out.push_str(&section(&value));
    }
    out.push_str(LIMITS);
    let _ = write!(
        out,
        "</main>\n<script type=\"application/json\" id=\"scores\">{}</script>\n\
         <script type=\"application/json\" id=\"series\">{}</script>\n\
         <script>\n{CHART}</script>\n<script>\n{PAGE}</script>\n</body>\n</html>\n",
        script_json(&value),
        script_json(&plot::data(series)),
    );
    out
}

const SECTIONS: &[(&str, &str)] = &[
    ("summary", "Summary"),
    ("scoreboard", "Scoreboard"),
    ("forecast", "Forecast against realised"),
    ("regimes", "Regimes"),
    ("coverage", "Coverage"),
    ("margin", "Margin against loss"),
    ("outcome", "Margin outcome"),
    ("cost", "Cost and benefit"),
    ("backtests", "Backtests"),
    ("calls", "Margin calls"),
    ("guardrails", "Guardrails"),
    ("evidence", "Evidence"),
    ("definitions", "Definitions"),
    ("limits", "Limits"),
];

fn header(scores: &Scores, value: &Value) -> String {
    let mut out = format!("<header>\n<h1>{}</h1>\n", element("span", "", value, "/meta/title", Kind::Text));
    out.push_str("<nav aria-label=\"Sections\">");
    for (id, name) in SECTIONS {
        let _ = write!(out, "<a href=\"#{id}\">{name}</a> ");
    }
    out.push_str("</nav>\n<form id=\"choice\" aria-label=\"What to show\">\n<label>Horizon <select id=\"horizon\">");
    for h in &scores.meta.horizons {
        let _ = write!(out, "<option>{h}</option>");
    }
    let _ = write!(out, "</select></label>\n<label>Instrument <select id=\"symbol\"><option>{POOLED}</option>");
    for s in &scores.meta.symbols {
        let _ = write!(out, "<option>{}</option>", escape(s.as_str()));
    }
    out + "</select></label>\n<label>Colours <select id=\"theme\"><option value=\"\">as the system</option>\
           <option value=\"light\">light</option><option value=\"dark\">dark</option></select></label>\n\
           <button type=\"button\" id=\"save\">Save scores.json</button>\n</form>\n</header>\n"
}

fn section(id: &str, body: &str) -> String {
    let name = SECTIONS.iter().find(|s| s.0 == id).map_or("", |s| s.1);
    format!("<section id=\"{id}\"><h2>{name}</h2>\n{body}</section>\n")
}

fn chart(id: &str, label: &str) -> String {
    format!("<figure data-chart=\"{id}\" aria-label=\"{}\"></figure>\n", escape(label))
}

fn rows(scores: &Value, array: &str, heads: &[&str]) -> Vec<Row> {
    items(scores, array).iter().map(|base| Row::of(scores, base, heads)).collect()
}

fn summary(scores: &Value) -> String {
    let mut body = String::from("<dl class=\"facts\">\n");
    for c in columns::META {
        let cell = element("dd", "", scores, &format!("/meta/{}", c.key), c.kind);
        let class = if c.key.ends_with("_digest") { "wide" } else { "" };
        let _ = writeln!(
            body,
            "<div class=\"{class}\" title=\"{}\"><dt>{}</dt>{cell}</div>",
            escape(c.about),
            escape(c.head)
        );
    }
    let command = element("code", "", scores, "/meta/command", Kind::Text);
    let _ = write!(body, "</dl>\n<h3>To get this again</h3>\n<pre>{command}</pre>\n");
    body.push_str("<h3>Bad market data met on the way</h3>\n");
    let faults = rows(scores, "/faults", &["fault", "symbol"]);
    body.push_str(&table(
        scores,
        "Faults, counted and reported, never an error",
        &["fault", "symbol"],
        columns::FAULTS,
        &faults,
    ));
    let failures = items(scores, "/failures");
    if !failures.is_empty() {
        body.push_str("<h3>Models that could not be fitted</h3>\n<ul>\n");
        failures.iter().for_each(|f| body.push_str(&element("li", "", scores, f, Kind::Text)));
        body.push_str("</ul>\n");
    }
    section("summary", &body)
}

fn scoreboard(scores: &Value) -> String {
    let heads = &["model", "symbol", "horizon"];
    let rows = rows(scores, "/models", heads);
    let mut body = String::new();
    for (caption, columns) in [
        ("Variance, out of sample; the best of each column is marked, a heading sorts", columns::VARIANCE),
        ("Tails: the 1 % and 99 % quantiles of the return", columns::TAILS),
        ("Spikes: realised variance above its trailing 95 % quantile", columns::SPIKES),
    ] {
        body.push_str(&table(scores, caption, heads, columns, &rows));
    }
    section("scoreboard", &body)
}

fn forecast(_: &Value) -> String {
    let label = "Forecast and realised volatility over the horizon, logarithmic, by issue time";
    section("forecast", &chart("forecast", label))
}

fn regimes(scores: &Value) -> String {
    let body = chart("regimes", "Probability of each regime by issue time");
    let rows = rows(scores, "/regimes", &["regime", "model", "symbol", "horizon"]);
    let heads = &["regime", "model", "symbol", "horizon"];
    section("regimes", &(body + &table(scores, "What followed each regime", heads, columns::REGIMES, &rows)))
}

fn coverage(scores: &Value) -> String {
    let mut body = chart("reliability", "Observed against nominal share of returns beyond each quantile, both tails");
    body.push_str(&chart("breaches", "Returns against the 1 % and 99 % quantiles, breaches marked"));
    let heads = &["model", "symbol", "horizon"];
    let rows = rows(scores, "/coverage", heads);
    let table = table(scores, "Share of returns below each quantile", heads, columns::COVERAGE, &rows);
    let _ = write!(body, "<details><summary>The shares as a table</summary>\n{table}</details>\n");
    section("coverage", &body)
}

fn margin(_: &Value) -> String {
    section("margin", &chart("margin", "Margin of each policy against the realised loss, breaches marked"))
}

/// Each policy, then the same baseline times a constant that asks for as much on average.
fn outcome(scores: &Value) -> String {
    let mut rows = Vec::new();
    for base in items(scores, "/margins") {
        let mut policy = Row::of(scores, &base, &["policy", "symbol", "horizon"]);
        let name = scores.pointer(&format!("{base}/policy")).and_then(Value::as_str).unwrap_or_default();
        let mut control = Row::of(scores, &base, &["policy", "symbol", "horizon"]);
        control.heads[0] = format!("control of {name}");
        (policy.group, control.group) = (name.to_string(), name.to_string());
        (control.base, control.class) = (format!("{base}/control"), "control");
        policy.base = format!("{base}/outcome");
        rows.extend([policy, control]);
    }
    let caption = "Each margin policy above its control: the baseline times a constant with the same average margin; the better of the two is marked";
    section("outcome", &table(scores, caption, &["policy", "symbol", "horizon"], columns::OUTCOME, &rows))
}

fn cost(scores: &Value) -> String {
    let body = chart("cost", "Sum of shortfalls against average margin: each policy and its control");
    let heads = &["policy", "symbol", "horizon"];
    let rows = rows(scores, "/margins", heads);
    let caption = "A policy minus its control of equal average margin: negative numbers speak for the policy";
    section("cost", &(body + &table(scores, caption, heads, columns::GAIN, &rows) + &stages::stages(scores)))
}

fn guardrails(scores: &Value) -> String {
    let heads = &["reason", "symbol", "horizon"];
    let rows = rows(scores, "/guardrails", heads);
    section("guardrails", &table(scores, "How often each guardrail acted", heads, columns::GUARDRAILS, &rows))
}

fn definitions(_: &Value) -> String {
    let mut body = String::new();
    for (name, columns) in
        columns::ALL.iter().chain(stages::ALL).chain(risk::ALL).chain(backtest::ALL).chain(evidence::ALL)
    {
        let _ = write!(body, "<h3>{}</h3>\n<dl class=\"definitions\">\n", escape(name));
        for c in *columns {
            let _ = writeln!(body, "<dt>{}</dt><dd>{}</dd>", escape(c.head), escape(c.about));
        }
        body.push_str("</dl>\n");
    }
    section("definitions", &body)
}

const LIMITS: &str = include_str!("report/limits.html");
