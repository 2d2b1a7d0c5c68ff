//! What it would cost: VaR and ES baselines, scores of forecasts, and the outcome of a margin.
//!
//! Losses are positive, as a fraction of notional, on the scale of log returns: the loss of a long
//! position is minus the log return of the horizon, that of a short position the log return.

pub mod basel;
pub mod baseline;
pub mod classify;
pub mod compare;
pub mod confidence;
pub mod correlation;
pub mod coverage;
pub mod dynamic_quantile;
pub mod efficiency;
pub mod greeks;
pub mod haircut;
pub mod implied;
pub mod impulse;
mod line;
pub mod liquidation;
pub mod liquidity;
pub mod ordered;
pub mod outcome;
pub mod overlap;
pub mod persistence;
pub mod pit;
pub mod portfolio;
pub mod position;
pub mod procyclicality;
pub mod quadratic;
pub mod scenario;
pub mod score;
pub mod scoreboard;
pub mod shortfall;
pub mod stress;
pub mod tail;
pub mod var;

pub use baseline::{Baseline, Estimate, Side};
pub use outcome::{Outcome, equal_cost_control};
pub use scoreboard::{ForecastRow, ModelScore, OutcomeRow, scoreboard};

/// Why losses could not be worked out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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
        symbol: crate::base::Symbol,
        /// Issue time.
        ts: crate::base::Ts,
    },
    /// A price or a volatility is not positive.
    #[error("{symbol} at {ts}: {got} is no positive price; correct it or leave it out")]
    Price {
        /// Which instrument.
        symbol: crate::base::Symbol,
        /// When.
        ts: crate::base::Ts,
        /// What was given.
        got: f64,
    },
    /// Prices are not in order of time.
    #[error("{symbol}: the price at {ts} comes after a later one; sort by time")]
    Order {
        /// Which instrument.
        symbol: crate::base::Symbol,
        /// When.
        ts: crate::base::Ts,
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
        symbol: crate::base::Symbol,
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
