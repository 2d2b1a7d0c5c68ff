//! Neural nets, trained in burn and run in plain numbers.
//!
//! | file | what it holds |
//! |---|---|
//! | `model` | the forecaster: dense layers on the inputs of a row |
//! | `sequence` | the forecaster: a causal net over the last rows |
//! | `tower` | that net |
//! | `train` | training |
//! | `plain` | a trained net as plain numbers, and its forward pass |
//!
//! This folder knows nothing of trees.

mod model;
mod plain;
pub mod sequence;
mod tower;
mod train;

pub use model::{Net, Params};
pub use sequence::Sequence;
