//! One printed number: where it comes from in `scores.json`, and how it is written.

use std::fmt::Write;

use serde_json::Value;

use crate::study::measure::declare::Format;

/// Escapes text for HTML content and attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// JSON that may stand inside a `script` element.
pub fn script_json(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// The printed form of a value of `scores.json`.
pub fn text(value: &Value, format: Format) -> String {
    let Some(number) = value.as_f64() else {
        return match value {
            Value::Null => "–".into(),
            Value::String(s) => s.clone(),
            Value::Array(items) => items.iter().map(|v| text(v, format)).collect::<Vec<_>>().join(", "),
            Value::Object(map) => {
                map.iter().map(|(k, v)| format!("{k} {}", text(v, format))).collect::<Vec<_>>().join(" ")
            }
            other => other.to_string(),
        };
    };
    match format {
        Format::Text => value.to_string(),
        Format::Count => thousands(number),
        Format::Fixed(n) => fixed(number, n),
        Format::Percent(n) => fixed(number * 100.0, n) + " %",
        Format::PValue if number < 0.001 => "<0.001".into(),
        Format::PValue => fixed(number, 3),
    }
}

fn fixed(number: f64, decimals: usize) -> String {
    let out = format!("{number:.decimals$}");
    // No minus sign before a zero.
    if out.starts_with('-') && out.bytes().all(|b| matches!(b, b'-' | b'0' | b'.')) { out[1..].into() } else { out }
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |d| ("-", d));
    let mut out = String::from(sign);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// An element that prints the value at `pointer`, and carries the pointer and the full value. What
/// the pointer does not reach is printed as absent.
pub fn element(tag: &str, class: &str, scores: &Value, pointer: &str, format: Format) -> String {
    let value = scores.pointer(pointer).unwrap_or(&Value::Null);
    let mut out = format!("<{tag}");
    if !class.is_empty() {
        let _ = write!(out, " class=\"{class}\"");
    }
    let full = escape(&value.to_string());
    let _ = write!(out, " data-key=\"{}\" data-value=\"{full}\">", escape(pointer));
    out + &escape(&text(value, format)) + &format!("</{tag}>")
}
