//! One account: what its positions ask for, what it holds, and the statement that says so.
//!
//! | file | what it holds |
//! |---|---|
//! | `requirement.rs` | the requirement, position by position |
//! | `tier.rs` | margin that rises with size; for callers of the library: `root_rate`, `scaled_weight`, `scaled_liability` |
//! | `collateral.rs` | what an account has, after haircuts |
//! | `haircut.rs` | haircuts that go through the guardrails |
//! | `statement.rs` | a requirement in whole cents, with its worst scenarios |
//!
//! This folder knows nothing of forecasts, or of how a multiplier came about.

pub mod collateral;
pub mod haircut;
pub mod requirement;
pub mod statement;
pub mod tier;
