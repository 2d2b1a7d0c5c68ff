//! Instants and durations: `i64` nanoseconds, UTC.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: nanoseconds since 1970-01-01T00:00:00Z. Text form is RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ts(pub i64);

/// A length of time in nanoseconds. Text form is a count and a unit: `90s`, `15m`, `1h`, `7d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub i64);

/// How far ahead a forecast looks, as a length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Horizon(pub Span);

/// Why a text is not a time or a length of time.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not {want}")]
pub struct ParseError {
    text: String,
    want: &'static str,
}

const NS_PER_S: i64 = 1_000_000_000;

impl Ts {
    /// The largest instant at a multiple of `step` that is not after `self`.
    pub fn floor(self, step: Span) -> Ts {
        Ts(self.0.div_euclid(step.0) * step.0)
    }
    /// Hour of the day, 0-23, UTC.
    pub fn hour(self) -> u8 {
        (self.0.div_euclid(Span::HOUR.0).rem_euclid(24)) as u8
    }
    /// Day of the week, Monday 0 to Sunday 6, UTC.
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        ((self.0.div_euclid(Span::DAY.0) + 3).rem_euclid(7)) as u8
    }
    /// `YYYY-MM-DD` of the UTC day.
    pub fn date(self) -> String {
        self.to_string()[..10].to_string()
    }
    /// From milliseconds since 1970.
    pub const fn from_ms(ms: i64) -> Ts {
        Ts(ms * 1_000_000)
    }
    /// Milliseconds since 1970, rounded down.
    pub const fn ms(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl Span {
    /// One second.
    pub const SECOND: Span = Span(NS_PER_S);
    /// One minute.
    pub const MINUTE: Span = Span(60 * NS_PER_S);
    /// One hour.
    pub const HOUR: Span = Span(3_600 * NS_PER_S);
    /// Twenty-four hours.
    pub const DAY: Span = Span(86_400 * NS_PER_S);
    /// In seconds, as a float.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NS_PER_S as f64
    }
    /// In days, as a float.
    pub fn days(self) -> f64 {
        self.0 as f64 / Span::DAY.0 as f64
    }
    /// `count` times this length.
    pub const fn times(self, count: i64) -> Span {
        Span(self.0 * count)
    }
}

impl Add<Span> for Ts {
    type Output = Ts;
    fn add(self, span: Span) -> Ts {
        Ts(self.0 + span.0)
    }
}
impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0 + other.0)
    }
}
impl Sub<Span> for Ts {
    type Output = Ts;
    fn sub(self, span: Span) -> Ts {
        Ts(self.0 - span.0)
    }
}
impl Sub for Ts {
    type Output = Span;
    fn sub(self, other: Ts) -> Span {
        Span(self.0 - other.0)
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(t) => write!(f, "{t}"),
            Err(_) => write!(f, "{}ns", self.0),
        }
    }
}

impl FromStr for Ts {
    type Err = ParseError;
    /// RFC 3339 (`2024-01-01T00:00:00Z`) or a bare UTC date (`2024-01-01`).
    fn from_str(text: &str) -> Result<Ts, ParseError> {
        let bad = || ParseError { text: text.into(), want: "a time such as 2024-01-01 or 2024-01-01T08:00:00Z" };
        let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_string() };
        let t: jiff::Timestamp = full.parse().map_err(|_| bad())?;
        i64::try_from(t.as_nanosecond()).map(Ts).map_err(|_| bad())
    }
}

const UNITS: [(&str, i64); 5] =
    [("d", 86_400 * NS_PER_S), ("h", 3_600 * NS_PER_S), ("m", 60 * NS_PER_S), ("s", NS_PER_S), ("ms", 1_000_000)];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, ns) in UNITS {
            if self.0 % ns == 0 && self.0 != 0 {
                return write!(f, "{}{unit}", self.0 / ns);
            }
        }
        if self.0 == 0 { write!(f, "0s") } else { write!(f, "{}ns", self.0) }
    }
}

impl FromStr for Span {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Span, ParseError> {
        let bad = || ParseError { text: text.into(), want: "a length of time such as 90s, 15m, 1h or 7d" };
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let count: i64 = text[..split].parse().map_err(|_| bad())?;
        let unit = &text[split..];
        let ns = if unit == "ns" { 1 } else { UNITS.iter().find(|u| u.0 == unit).ok_or_else(bad)?.1 };
        count.checked_mul(ns).map(Span).ok_or_else(bad)
    }
}

impl fmt::Display for Horizon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! as_text {
    ($t:ty) => {
        impl Serialize for $t {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $t {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
as_text!(Ts);
as_text!(Span);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip() {
        let t: Ts = "2024-02-29T13:00:00.000000001Z".parse().unwrap();
        assert_eq!(t.to_string().parse::<Ts>().unwrap(), t);
        assert_eq!((t.hour(), t.weekday(), t.date().as_str()), (13, 3, "2024-02-29"));
        for text in ["90s", "15m", "1h", "7d", "250ms"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert!("7 days".parse::<Span>().is_err() && "yesterday".parse::<Ts>().is_err());
    }
}
