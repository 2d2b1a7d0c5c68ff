//! Measurements of how models were made, and of what they depend on.
//!
//! | file | what it holds |
//! |---|---|
//! | [`faults`] | bad market data met on the way |
//! | [`failures`] | fits that failed |
//! | [`choices`] | parameters chosen inside training windows |
//! | [`ablations`] | what families of inputs are worth |
//! | [`lead_lag`] | whether every instrument is stamped in step with the others |
//! | [`leak_test`] | what a permuted future left as it was |
//!
//! This folder knows nothing of margins.

pub mod ablations;
pub mod choices;
pub mod failures;
pub mod faults;
pub mod lead_lag;
pub mod leak_test;
