//! Trees boosted on the gamma deviance.
//!
//! | file | what it holds |
//! |---|---|
//! | `model` | the forecaster |
//! | `tree` | one tree, grown on histograms of gradients |
//!
//! This folder knows nothing of nets.

mod model;
mod tree;

pub use model::{Boost, Params};
