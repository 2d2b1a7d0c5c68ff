//! What it would cost: baselines and portfolios under stress, and how forecasts and margins are judged.
//!
//! | file | what it holds |
//! |---|---|
//! | `baseline/` | VaR and expected shortfall of one instrument from its own past |
//! | `portfolio/` | what many positions may lose together, what collateral loses, what closing costs |
//! | `test/` | tests of coverage, of expected shortfall and of one forecaster against another |
//! | `procyclical/` | how far and how fast a requirement moves, and what that costs |
//! | `score/` | loss functions of forecasts, the scoreboard, and the outcome of a margin |
//! | `dot.rs` | an inner product with one order of sums |
//! | `error.rs` | why losses could not be worked out |
//!
//! This folder knows nothing of margins that are asked, of guardrails, or of where data is stored.
//!
//! Losses are positive, as a fraction of notional, on the scale of log returns: the loss of a long
//! position is minus the log return of the horizon, that of a short position the log return.

pub mod baseline;
mod dot;
mod error;
pub mod portfolio;
pub mod procyclical;
pub mod score;
pub mod test;

pub use baseline::{Baseline, BaselineEstimate, Side};
pub use error::Error;
pub use score::outcome::{MarginOutcome, equal_cost_control};
pub use score::rows::{ForecastRow, ModelScore, OutcomeRow};
pub use score::scoreboard::scoreboard;
