//! What people may tell the guardrails: freeze, override, other settings. Nothing a model says can
//! make one of these.

use serde::{Deserialize, Serialize};

use super::policy::M_CEILING;
use super::policy_settings::NewSettings;
use crate::base::{Span, Symbol, Ts};
use crate::margin::Error;

/// An override lasts at most this long.
const OVERRIDE_MAX: Span = Span(72 * Span::HOUR.0);

/// An order. It acts at the next row or tick, within every limit of the guardrails.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Freeze (`on`) or release.
    Kill {
        /// What of.
        scope: Scope,
        /// Freeze, or release.
        on: bool,
    },
    /// Aim at this multiplier until then, whatever the models say.
    Override {
        /// Which instrument; absent: all.
        symbol: Option<Symbol>,
        /// The override.
        set: Override,
    },
    /// Other settings of blend and guardrails from here on.
    Settings(Box<NewSettings>),
}

/// A multiplier that people set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Parts per million, 1 to 3.
    pub m_ppm: u64,
    /// First instant at which it no longer holds.
    pub until: Ts,
}

impl Override {
    /// For `length` from `now`.
    ///
    /// # Errors
    /// The multiplier is not within 1 to 3, or the length not above zero and at most 72 hours.
    pub fn new(m: f64, now: Ts, length: Span) -> Result<Override, Error> {
        if !(1.0..=M_CEILING).contains(&m) {
            return Err(Error::Policy { key: "override", got: m.to_string(), want: "1 to 3" });
        }
        if length <= Span(0) || length > OVERRIDE_MAX {
            return Err(Error::Policy { key: "override", got: length.to_string(), want: "above 0s, at most 72h" });
        }
        Ok(Override { m_ppm: (m * 1e6).ceil() as u64, until: now + length })
    }
    /// The multiplier, never outside 1 to 3.
    pub fn m(&self) -> f64 {
        (self.m_ppm as f64 / 1e6).clamp(1.0, M_CEILING)
    }
}

/// What a freeze is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Everything.
    All,
    /// One instrument.
    Product(Symbol),
    /// One field of every instrument.
    Field(Field),
    /// One instance of the configuration: what it says is not used.
    Model(String),
}

/// A published field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// Initial margin, and what is derived from it.
    Initial,
    /// Maintenance margin.
    Maintenance,
}

impl std::str::FromStr for Scope {
    type Err = String;
    /// `all` or nothing, `product:BTCUSDT`, `field:initial`, `field:maintenance`, `model:HMM`.
    fn from_str(text: &str) -> Result<Scope, String> {
        let bad = || format!("`{text}`: want all, product:SYMBOL, field:initial, field:maintenance or model:NAME");
        match text.trim().split_once(':') {
            None if ["", "all"].contains(&text.trim()) => Ok(Scope::All),
            Some(("product", symbol)) => symbol.parse().map(Scope::Product).map_err(|e| format!("{e}")),
            Some(("field", "initial")) => Ok(Scope::Field(Field::Initial)),
            Some(("field", "maintenance")) => Ok(Scope::Field(Field::Maintenance)),
            Some(("model", name)) if !name.is_empty() => Ok(Scope::Model(name.into())),
            _ => Err(bad()),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scope::All => f.write_str("all"),
            Scope::Product(symbol) => write!(f, "product:{symbol}"),
            Scope::Field(Field::Initial) => f.write_str("field:initial"),
            Scope::Field(Field::Maintenance) => f.write_str("field:maintenance"),
            Scope::Model(name) => write!(f, "model:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_within_1_to_3_and_at_most_72_hours() {
        let hours = |h: i64| Span::HOUR.times(h);
        let good = Override::new(1.5, Ts(0), hours(72)).unwrap();
        assert_eq!((good.m_ppm, good.until), (1_500_000, Ts(0) + hours(72)));
        for (m, h) in [(0.99, 1), (3.01, 1), (f64::NAN, 1), (1.5, 0), (1.5, 73), (1.5, -1)] {
            assert!(Override::new(m, Ts(0), hours(h)).is_err(), "{m} {h}");
        }
        assert_eq!(Override { m_ppm: 9_000_000, until: Ts(0) }.m(), 3.0, "whatever a file says");
    }

    #[test]
    fn scopes_read_what_they_write() {
        for text in ["all", "product:BTCUSDT", "field:initial", "field:maintenance", "model:HMM"] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        assert_eq!("".parse::<Scope>(), Ok(Scope::All));
        assert!("field:other".parse::<Scope>().is_err() && "model:".parse::<Scope>().is_err());
    }
}
