//! The JSON that is served. What is stored is `record`'s; what is on the wire is made from it here.
//!
//! | file | what it holds |
//! |---|---|
//! | `multiplier` | published multipliers |
//! | `outlook` | forecasts and forward guidance |
//! | `service` | health, version, problems |
//!
//! This folder knows nothing of HTTP.

mod multiplier;
mod outlook;
mod service;

pub use multiplier::{BaselineLoss, ForecastLoss, MarginAsked, Multiplier, Multipliers, ServedModel};
pub use outlook::{ForecastRow, Forecasts, Guidance, GuidanceRow, Later, Quantile, TriggerRow};
pub use service::{Check, Health, Problem, Version};
