//! What it would cost: VaR and ES baselines, scores of forecasts, and the outcome of a margin.

pub mod outcome;
pub mod score;
pub mod var;
