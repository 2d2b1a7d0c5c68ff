//! Hidden Markov regimes of volatility.
//!
//! | file | what it holds |
//! |---|---|
//! | `model` | the forecaster: calm, normal, elevated and stress regimes of log variance |
//! | `gaussian` | a Gaussian hidden Markov model in plain numbers |
//! | `em` | its likelihood, smoother and EM |
//! | `filter` | its online filter |
//! | `chain` | Hamilton's filter and Kim's smoother of any hidden chain |
//! | `start` | where EM starts, and which end is kept |
//! | `mixture` | mixtures of zero-mean normals, as published |
//!
//! This folder knows nothing of regressions; [`super::markov`] has regimes of those.

pub(in crate::forecast) mod chain;
pub mod em;
pub mod filter;
mod gaussian;
pub(in crate::forecast) mod mixture;
mod model;
pub(in crate::forecast) mod start;

pub use em::{Em, EmEstimate, Posterior};
pub use filter::RegimeFilter;
pub use gaussian::{Covariance, Gaussian};
pub use model::{Hmm, Params};
