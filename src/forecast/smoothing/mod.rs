//! Variance by weights that fade.
//!
//! | file | what it holds |
//! |---|---|
//! | `ewma` | exponentially weighted moving average of realised variance or squared returns |
//!
//! This folder knows nothing of order flow, season or other instruments.

pub mod ewma;
