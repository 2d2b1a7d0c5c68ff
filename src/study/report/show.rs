//! How the page shows one thing that a measurement declares: a table, facts, or items folded away.

use std::fmt::Write;

use serde_json::Value;

use super::cell::{element, escape};
use super::table::{ReportRow, items, table};
use crate::study::measure::declare::Format::Text;
use crate::study::measure::declare::{ReportTable, ShownAs};

/// It, of what was found at `pointer`.
pub fn html(scores: &Value, pointer: &str, what: &ShownAs) -> String {
    match what {
        ShownAs::Table(declared) => whole(scores, pointer, declared),
        ShownAs::Facts(keys) => facts(scores, pointer, keys),
        ShownAs::Folded(title) => folded(scores, pointer, title),
        ShownAs::Texts(heading) => texts(scores, pointer, heading),
    }
}

fn whole(scores: &Value, pointer: &str, declared: &ReportTable) -> String {
    let array = format!("{pointer}{}", declared.below);
    let mut rows = Vec::new();
    for base in items(scores, &array) {
        let word = |key: &str| scores.pointer(&format!("{base}/{key}")).and_then(Value::as_str).unwrap_or_default();
        if declared.only.is_some_and(|(key, value)| word(key) != value) {
            continue;
        }
        let mut row = ReportRow::of(scores, &base, declared.heads);
        if declared.any_horizon {
            row.horizon.clear();
        }
        if declared.controls {
            rows.extend(beside(row, declared.heads.first().map_or("", |h| word(h)), scores, declared.heads));
            continue;
        }
        if !declared.group.is_empty() {
            row.group = word(declared.group).into();
        }
        rows.push(row);
    }
    if rows.is_empty() && declared.hidden {
        return String::new();
    }
    let mut out = String::new();
    if !declared.heading.is_empty() {
        let _ = writeln!(out, "<h3>{}</h3>", escape(declared.heading));
    }
    let made = table(scores, declared.caption, declared.heads, declared.columns, &rows);
    if declared.folded.is_empty() {
        return out + &made;
    }
    let _ = write!(out, "<details><summary>{}</summary>\n{made}</details>\n", escape(declared.folded));
    out
}

/// An outcome, and below it that of its control: the same baseline times a constant that asks for as much on
/// average. The better of the two is marked.
fn beside(mut own: ReportRow, name: &str, scores: &Value, heads: &[&str]) -> [ReportRow; 2] {
    let mut control = ReportRow::of(scores, &own.base, heads);
    control.heads[0] = format!("control of {name}");
    (own.group, control.group) = (name.to_string(), name.to_string());
    (control.base, control.class) = (format!("{}/control", own.base), "control");
    own.base = format!("{}/outcome", own.base);
    [own, control]
}

fn facts(scores: &Value, pointer: &str, keys: &[&str]) -> String {
    if scores.pointer(pointer).is_none_or(Value::is_null) {
        return String::new();
    }
    let facts: String = keys.iter().map(|key| fact(scores, key, &format!("{pointer}/{key}"))).collect();
    format!("<dl class=\"facts\">\n{facts}</dl>\n")
}

fn fact(scores: &Value, name: &str, pointer: &str) -> String {
    let cell = element("dd", "", scores, pointer, Text);
    format!("<div><dt>{}</dt>{cell}</div>\n", escape(&name.replace('_', " ")))
}

fn folded(scores: &Value, pointer: &str, title: &[&str]) -> String {
    let mut out = String::new();
    for item in items(scores, pointer) {
        let piece = |piece: &&str| match piece.strip_prefix('/') {
            Some(key) => element("span", "", scores, &format!("{item}/{key}"), Text),
            None => escape(piece),
        };
        let title: String = title.iter().map(piece).collect();
        let _ = writeln!(out, "<details><summary>{title}</summary><dl class=\"facts\">");
        let mut facts = Vec::new();
        leaves(scores.pointer(&item).unwrap_or(&Value::Null), "", &mut facts);
        for path in facts {
            out.push_str(&fact(scores, path.trim_start_matches('/'), &format!("{item}{path}")));
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

fn texts(scores: &Value, pointer: &str, heading: &str) -> String {
    let all = items(scores, pointer);
    if all.is_empty() {
        return String::new();
    }
    let list: String = all.iter().map(|text| element("li", "", scores, text, Text)).collect();
    format!("<h3>{}</h3>\n<ul>\n{list}</ul>\n", escape(heading))
}
