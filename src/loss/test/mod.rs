//! Statistical tests: of breaches, of expected shortfall, of distributions, of one forecaster against another.
//!
//! | file | what it holds |
//! |---|---|
//! | `coverage.rs` | Kupiec, independence, conditional coverage; for callers of the library: `non_rejection` |
//! | `dynamic_quantile.rs` | the test of Engle and Manganelli |
//! | `traffic_light.rs` | the zones of the Basel committee, and what they ask for |
//! | `overlap.rs` | outcomes that share part of their windows |
//! | `shortfall.rs` | Acerbi and Szekely |
//! | `pit.rs` | probability integral transform |
//! | `compare.rs` | Diebold and Mariano; for callers of the library: `long_run_variance` |
//! | `confidence.rs` | the model confidence set |
//!
//! This folder knows nothing of models, of instruments, or of what a result leads to.

pub mod compare;
pub mod confidence;
pub mod coverage;
pub mod dynamic_quantile;
pub mod overlap;
pub mod pit;
pub mod shortfall;
pub mod traffic_light;
