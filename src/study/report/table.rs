//! Tables of the report: rows of an array of `scores.json`, columns with their definitions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;

use super::cell::{element, escape, text};
use crate::study::measure::declare::{Better, Format, ReportColumn};

/// One printed row.
pub struct ReportRow {
    /// Pointer of the object whose keys the columns name.
    pub base: String,
    /// Shown for this horizon only; empty for any.
    pub horizon: String,
    /// Shown for this instrument only; empty for any.
    pub symbol: String,
    /// The cells before the columns: pointers into the scores, or text where it starts with no `/`.
    pub heads: Vec<String>,
    /// Rows of one horizon, instrument and group compete for the mark of the best.
    pub group: String,
    /// A class of the row, or empty.
    pub class: &'static str,
}

impl ReportRow {
    /// A row for the item at `base`, headed by the items' own keys.
    pub fn of(scores: &Value, base: &str, heads: &[&str]) -> ReportRow {
        let item = scores.pointer(base).unwrap_or(&Value::Null);
        let key = |name: &str| item.get(name).map(|v| text(v, Format::Text)).unwrap_or_default();
        ReportRow {
            base: base.to_string(),
            horizon: key("horizon"),
            symbol: key("symbol"),
            heads: heads.iter().map(|h| format!("{base}/{h}")).collect(),
            group: String::new(),
            class: "",
        }
    }
}

/// Pointers of the items of an array.
pub fn items(scores: &Value, array: &str) -> Vec<String> {
    let count = scores.pointer(array).and_then(Value::as_array).map_or(0, Vec::len);
    (0..count).map(|i| format!("{array}/{i}")).collect()
}

/// A table that the page's script can sort and filter.
pub fn table(scores: &Value, caption: &str, heads: &[&str], columns: &[ReportColumn], rows: &[ReportRow]) -> String {
    if rows.is_empty() {
        return format!("<p class=\"empty\">{}: nothing to show.</p>\n", escape(caption));
    }
    let best = best(scores, columns, rows);
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><caption><span>{}</span></caption>\n<thead><tr>",
        escape(caption)
    );
    // The page shows one horizon and instrument at a time; then these columns say nothing.
    let scoped = |head: &str| !rows[0].horizon.is_empty() && ["symbol", "horizon"].contains(&head);
    for head in heads {
        let class = if scoped(head) { format!(" class=\"scope {}\"", escape(head)) } else { String::new() };
        let _ = write!(out, "<th scope=\"col\"{class}><button>{}</button></th>", escape(head));
    }
    for c in columns {
        let (head, about) = (escape(c.head), escape(c.about));
        let _ = write!(out, "<th scope=\"col\" title=\"{about}\"><button>{head}</button></th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (i, row) in rows.iter().enumerate() {
        let (horizon, symbol) = (escape(&row.horizon), escape(&row.symbol));
        let _ = write!(out, "<tr class=\"{}\" data-horizon=\"{horizon}\" data-symbol=\"{symbol}\">", row.class);
        for (k, head) in row.heads.iter().enumerate() {
            let tag = if k == 0 { "th scope=\"row\"" } else { "td" };
            let class = heads.get(k).filter(|h| scoped(h)).map_or(String::new(), |h| format!("scope {h}"));
            out.push_str(&head_cell(scores, tag, &class, head));
        }
        for (j, c) in columns.iter().enumerate() {
            let class = if best.contains(&(i, j)) { "best" } else { "" };
            out.push_str(&element("td", class, scores, &format!("{}/{}", row.base, c.key), c.format));
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody></table></div>\n" + &legend(columns)
}

/// What the columns say, below their table.
fn legend(columns: &[ReportColumn]) -> String {
    let item = |c: &ReportColumn| format!("<dt>{}</dt><dd>{}</dd>\n", escape(c.head), escape(c.about));
    format!(
        "<details class=\"columns\"><summary>What the columns say</summary>\n<dl class=\"definitions\">\n{}</dl></details>\n",
        columns.iter().map(item).collect::<String>()
    )
}

fn head_cell(scores: &Value, tag: &str, class: &str, head: &str) -> String {
    let close = tag.split(' ').next().unwrap_or(tag);
    let code = scores.pointer(head).and_then(Value::as_str).and_then(super::codes::about);
    let tag = &code.map_or(tag.to_string(), |about| format!("{tag} title=\"{}\"", escape(about)));
    if head.starts_with('/') {
        element(tag, class, scores, head, Format::Text).replace(&format!("</{tag}>"), &format!("</{close}>"))
    } else {
        format!("<{tag}>{}</{close}>", escape(head))
    }
}

/// The best cells of each column among the rows of one horizon, instrument and group.
fn best(scores: &Value, columns: &[ReportColumn], rows: &[ReportRow]) -> BTreeSet<(usize, usize)> {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        groups.entry((&row.horizon, &row.symbol, &row.group)).or_default().push(i);
    }
    let mut out = BTreeSet::new();
    for (j, c) in columns.iter().enumerate() {
        let sign = match c.better {
            Better::Low => 1.0,
            Better::High => -1.0,
            Better::Neither => continue,
        };
        let value = |i: usize| scores.pointer(&format!("{}/{}", rows[i].base, c.key)).and_then(Value::as_f64);
        for group in groups.values().filter(|g| g.len() > 1) {
            let found: Vec<(usize, f64)> = group.iter().filter_map(|i| Some((*i, sign * value(*i)?))).collect();
            let least = found.iter().map(|f| f.1).fold(f64::INFINITY, f64::min);
            // Where all are equal, none is best.
            if found.iter().any(|f| f.1 > least) {
                out.extend(found.iter().filter(|f| f.1 == least).map(|f| (f.0, j)));
            }
        }
    }
    out
}
