//! The measured loss of one instrument: VaR and expected shortfall from its own past, row by row.
//!
//! | file | what it holds |
//! |---|---|
//! | `params.rs` | the settings: side, level, windows |
//! | `filtered.rs` | the running baseline, filtered historical simulation with a volatility floor |
//! | `var.rs` | VaR and expected shortfall of a sample of losses; for callers of the library: `root_of_time` |
//!
//! This folder knows nothing of forecasts made by models, of portfolios, or of multipliers.

mod filtered;
mod params;
pub mod var;

pub use filtered::{Baseline, BaselineEstimate};
pub use params::{Params, Side};
