//! The page: header, sections, the scores and lines themselves, and the scripts that draw and filter.

use std::fmt::Write;

use serde_json::Value;

use super::cell::{element, escape, script_json};
use super::plot;
use super::section::SECTIONS;
use crate::study::measure::declare::Format;
use crate::study::measure::{ChartLines, POOLED, Scores};

const STYLE: &str = include_str!("report.css");
/// The scripts, in their order.
const SCRIPTS: [&str; 5] = [
    include_str!("unpack.js"),
    include_str!("chart.js"),
    include_str!("grid.js"),
    include_str!("draw.js"),
    include_str!("page.js"),
];
const LIMITS: &str = include_str!("limits.html");

/// The page. Its numbers are those of `scores`; `lines` are the lines to draw.
pub fn render(scores: &Scores, lines: &ChartLines) -> String {
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
    for section in SECTIONS {
        out.push_str(&section.html(&value));
    }
    out.push_str(LIMITS);
    let numbers = script_json(&value);
    let room = plot::ROOM.saturating_sub(out.len() + numbers.len());
    let _ = write!(
        out,
        "</main>\n<script type=\"application/json\" id=\"scores\">{numbers}</script>\n\
         <script type=\"application/json\" id=\"series\">{}</script>\n\
         <script>\n\"use strict\";\n{}</script>\n</body>\n</html>\n",
        script_json(&plot::data(lines, room)),
        SCRIPTS.concat(),
    );
    out
}

fn header(scores: &Scores, value: &Value) -> String {
    let mut out = format!("<header>\n<h1>{}</h1>\n", element("span", "", value, "/meta/title", Format::Text));
    out.push_str("<nav aria-label=\"Sections\">");
    for (id, name) in SECTIONS.iter().map(|s| (s.id, s.name)).chain([("limits", "Limits")]) {
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
