//! One printed number: where it comes from in `scores.json`, and how it is written.

use std::fmt::Write;

use serde_json::Value;

/// How a number is written. The full number stays beside it in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it is.
    Text,
    /// A whole number, thousands apart.
    Count,
    /// With this many decimals.
    Fixed(usize),
    /// Times 100, with this many decimals and a percent sign.
    Percent(usize),
    /// A probability value of a test: three decimals, or `<0.001`.
    PValue,
}

/// Which numbers of a column are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Small ones.
    Low,
    /// Large ones.
    High,
    /// Neither.
    Neither,
}

/// One column of a table: a key of `scores.json`, and what a reader needs to know about it.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Path below the row, with `/` between keys.
    pub key: &'static str,
    /// Heading.
    pub head: &'static str,
    /// How its numbers are written.
    pub kind: Kind,
    /// Which are better.
    pub better: Better,
    /// Definition, with formula and unit.
    pub about: &'static str,
}

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
pub fn text(value: &Value, kind: Kind) -> String {
    let Some(number) = value.as_f64() else {
        return match value {
            Value::Null => "–".into(),
            Value::String(s) => s.clone(),
            Value::Array(items) => items.iter().map(|v| text(v, kind)).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
    };
    match kind {
        Kind::Text => value.to_string(),
        Kind::Count => thousands(number),
        Kind::Fixed(n) => fixed(number, n),
        Kind::Percent(n) => fixed(number * 100.0, n) + " %",
        Kind::PValue if number < 0.001 => "<0.001".into(),
        Kind::PValue => fixed(number, 3),
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
pub fn element(tag: &str, class: &str, scores: &Value, pointer: &str, kind: Kind) -> String {
    let value = scores.pointer(pointer).unwrap_or(&Value::Null);
    let mut out = format!("<{tag}");
    if !class.is_empty() {
        let _ = write!(out, " class=\"{class}\"");
    }
    let full = escape(&value.to_string());
    let _ = write!(out, " data-key=\"{}\" data-value=\"{full}\">", escape(pointer));
    out + &escape(&text(value, kind)) + &format!("</{tag}>")
}
