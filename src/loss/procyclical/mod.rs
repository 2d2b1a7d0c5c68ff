//! Procyclicality: how far and how fast a requirement moves, and what that costs.
//!
//! | file | what it holds |
//! |---|---|
//! | `procyclicality.rs` | the measures of Murphy, Vasios and Vause |
//! | `rises.rs` | changes of a series from one step to the next |
//! | `impulse.rs` | the response to a doubling of volatility |
//! | `efficiency.rs` | cost for cover at the nominal breach rate |
//! | `persistence.rs` | how long volatility stays where it is |
//!
//! This folder knows nothing of how a requirement came about.

pub mod efficiency;
pub mod impulse;
pub mod persistence;
pub mod procyclicality;
pub(crate) mod rises;
