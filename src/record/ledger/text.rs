//! Numbers and lengths of time as text, so that they read back to the same bits.

use crate::base::{Horizon, Span};

/// Six places, exact.
pub fn ppm(value: u64) -> String {
    format!("{}.{:06}", value / 1_000_000, value % 1_000_000)
}

/// Reads what [`ppm`] writes.
pub fn from_ppm(text: &str) -> Option<u64> {
    let (whole, places) = text.split_once('.')?;
    (places.len() == 6).then(|| Some(whole.parse::<u64>().ok()? * 1_000_000 + places.parse::<u64>().ok()?))?
}

/// Shortest text that reads back to the same number; absent when not finite.
pub fn decimal(value: f64) -> Option<String> {
    value.is_finite().then(|| value.to_string())
}

/// A length of time as ISO 8601.
pub fn iso(horizon: Horizon) -> String {
    let ns = horizon.0.0;
    match (ns % Span::HOUR.0, ns % Span::MINUTE.0, ns % Span::SECOND.0) {
        (0, ..) => format!("PT{}H", ns / Span::HOUR.0),
        (_, 0, _) => format!("PT{}M", ns / Span::MINUTE.0),
        (_, _, 0) => format!("PT{}S", ns / Span::SECOND.0),
        _ => format!("PT{}.{:09}S", ns / Span::SECOND.0, ns % Span::SECOND.0),
    }
}

/// Reads what [`iso`] writes.
pub fn from_iso(text: &str) -> Option<Horizon> {
    let body = text.strip_prefix("PT")?;
    let (count, unit) = body.split_at_checked(body.len().checked_sub(1)?)?;
    let (whole, places) = count.split_once('.').unwrap_or((count, ""));
    let unit = match unit {
        "H" => Span::HOUR,
        "M" => Span::MINUTE,
        "S" => Span::SECOND,
        _ => return None,
    };
    let places = if places.is_empty() { 0 } else { places.parse::<i64>().ok()? };
    Some(Horizon(Span(whole.parse::<i64>().ok()?.checked_mul(unit.0)?.checked_add(places)?)))
}
