//! Scores: loss functions of single forecasts, the scoreboard of models, and the outcome of a margin.
//!
//! | file | what it holds |
//! |---|---|
//! | `loss_function.rs` | QLIKE, pinball and joint VaR-ES loss |
//! | `classify.rs` | ranking and probability of an event |
//! | `rows.rs` | what was forecast, what happened, and a line of the scoreboard |
//! | `line.rs` | every statistic of one model |
//! | `scoreboard.rs` | the table that compares like with like |
//! | `outcome.rs` | breaches and cost of a margin, beside a constant of equal cost |
//!
//! This folder knows nothing of how forecasts and margins came about.

pub mod classify;
mod line;
mod loss_function;
pub mod outcome;
pub mod rows;
pub mod scoreboard;

pub use loss_function::{fz0, log_error, pinball, qlike, scaled_error};
