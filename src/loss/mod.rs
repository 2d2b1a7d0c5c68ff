//! What it would cost: VaR and ES baselines, scores of forecasts, and the outcome of a margin.
//!
//! Losses are positive, as a fraction of notional, on the scale of log returns: the loss of a long
//! position is minus the log return of the horizon, that of a short position the log return.

pub mod basel;
pub mod baseline;
pub mod classify;
pub mod compare;
pub mod confidence;
pub mod coverage;
pub mod dynamic_quantile;
pub mod efficiency;
pub mod impulse;
mod line;
pub mod ordered;
pub mod outcome;
pub mod overlap;
pub mod persistence;
pub mod pit;
pub mod procyclicality;
pub mod score;
pub mod scoreboard;
pub mod shortfall;
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
}
