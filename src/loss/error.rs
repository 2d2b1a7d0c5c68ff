//! Why losses could not be worked out.

use crate::base::{Problems, Symbol, Ts};

/// Why losses could not be worked out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Settings are out of range.
    #[error("{0}")]
    Settings(#[from] Problems),
    /// A setting is out of range.
    #[error("{of}: `{key}` is {got}; want {want}")]
    Setting {
        /// Of what.
        of: &'static str,
        /// Which setting.
        key: &'static str,
        /// Its value.
        got: String,
        /// What is accepted.
        want: &'static str,
    },
    /// One model forecast the same thing twice.
    #[error("{model} has two forecasts of {symbol} at {ts}; keep one row per model, symbol and time")]
    Twice {
        /// Which model.
        model: String,
        /// Which instrument.
        symbol: Symbol,
        /// Issue time.
        ts: Ts,
    },
    /// A price or a volatility is not positive.
    #[error("{symbol} at {ts}: {got} is no positive price; correct it or leave it out")]
    Price {
        /// Which instrument.
        symbol: Symbol,
        /// When.
        ts: Ts,
        /// What was given.
        got: f64,
    },
    /// Prices are not in order of time.
    #[error("{symbol}: the price at {ts} comes after a later one; sort by time")]
    Order {
        /// Which instrument.
        symbol: Symbol,
        /// When.
        ts: Ts,
    },
    /// There are no usable scenarios.
    #[error("scenarios: {why}")]
    NoScenario {
        /// What is wrong.
        why: String,
    },
    /// An underlying has no scenarios.
    #[error("{symbol} has no price history; there is history of: {has}")]
    NoHistory {
        /// Which underlying.
        symbol: Symbol,
        /// What there is.
        has: String,
    },
    /// A position cannot be margined.
    #[error("position `{id}`: {why}")]
    Position {
        /// Which.
        id: String,
        /// What is wrong, and what is wanted.
        why: String,
    },
}
