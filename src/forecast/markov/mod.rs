//! Markov-switching regression of log variance on its lags.
//!
//! | file | what it holds |
//! |---|---|
//! | `model` | the forecaster |
//! | `regression` | a regression per state: likelihood, filter and EM |
//!
//! This folder knows nothing of returns but for their level.

mod model;
mod regression;

pub use model::{Markov, Params, Regressors};
pub use regression::{SwitchingRegression, SwitchingRegressionEstimate};
