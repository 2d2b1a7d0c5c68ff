//! What is made of other forecasters: averages of them, and their tails and spike probabilities held to
//! what came of their past forecasts.
//!
//! | file | what it holds |
//! |---|---|
//! | `ensemble` | weighted geometric mean of members |
//! | `stack` | the weights that would have served best |
//! | `conformal` | 1 % and 99 % quantiles held to their level, answer by answer |
//! | `calibration` | tails and spike probabilities of any forecaster from its own past errors |
//! | `spike` | the threshold that makes a spike, and how reliable probabilities were |
//! | `spike_regression` | a direct forecast of spikes by logistic regression |
//! | `rolling` | mean and variance of the last numbers |
//!
//! This folder knows nothing of how its members forecast: it holds them as [`crate::forecast::Fitted`].

pub mod calibration;
pub mod conformal;
pub mod ensemble;
mod rolling;
mod spike;
mod spike_regression;
mod stack;
