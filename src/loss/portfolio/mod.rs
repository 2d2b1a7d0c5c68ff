//! What many positions may lose together, what their collateral loses, and what closing them costs.
//!
//! | file | what it holds |
//! |---|---|
//! | `scenario.rs` | scenarios that all positions share |
//! | `position.rs` | one position, its sensitivities and its profit |
//! | `greeks.rs` | sensitivities and option prices |
//! | `implied.rs` | implied volatility, and its shock; for callers of the library: `up_factor`, `down_factor` |
//! | `net.rs` | gross and net loss of a portfolio, and each position's part |
//! | `tail.rs` | the worst scenarios and their weights in VaR or expected shortfall; for callers of the library: `lowest` |
//! | `correlation.rs` | correlations under stress, and their repair; for callers of the library: `adverse`, `beneficial` |
//! | `quadratic.rs` | profit that is quadratic in normal factors; for callers of the library: `cornish_fisher`, `in_domain`, `of_one` |
//! | `stress.rs` | named episodes, given shocks, the smallest shock that exhausts a fund |
//! | `haircut.rs` | what collateral is worth when it has to be sold |
//! | `liquidity.rs` | what closing out costs and how long it takes; for callers of the library: `price_drop` |
//! | `liquidation.rs` | closing positions that are no longer covered; for callers of the library: `partial_close`, `of_wait`, `Takeover`, `fillable_price` |
//!
//! This folder knows nothing of accounts, of multipliers, or of what is charged.

pub mod correlation;
pub mod greeks;
pub mod haircut;
pub mod implied;
pub mod liquidation;
pub mod liquidity;
mod net;
pub mod position;
pub mod quadratic;
pub mod scenario;
pub mod stress;
pub mod tail;

pub use net::{Binding, Group, NetLoss, Params, Portfolio, Share};
pub use tail::TailMeasure;
