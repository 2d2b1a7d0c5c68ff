//! Heterogeneous autoregression of realised variance.
//!
//! | file | what it holds |
//! |---|---|
//! | `model` | the forecaster, with its settings |
//! | `form` | what the settings may be |
//! | `check` | which of them go together |
//! | `design` | which regressors they ask for |
//! | `regressors` | the regressors of a row, and what is kept of earlier rows |
//! | `regression` | least squares, Newey-West errors, Cholesky |
//! | `rolling` | a regression over a rolling window, refitted at every row |
//!
//! This folder knows nothing of order flow and of other instruments.

mod check;
mod design;
mod form;
mod model;
pub mod regression;
mod regressors;
pub mod rolling;

pub use form::{Form, Insanity, Lags, Reach, Season, Weights};
pub use model::{Har, Params, Regression};
pub(super) use regressors::season_ahead;
