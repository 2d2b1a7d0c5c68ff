//! One account: what its positions ask for, what it holds, and the statement that says so.
//!
//! | file | what it holds |
//! |---|---|
//! | `requirement.rs` | the requirement, position by position |
//! | `charged.rs` | which requirement is asked: initial, new or held |
//! | `tier.rs` | margin that rises with size; for callers of the library: `root_rate`, `scaled_weight`, `scaled_liability` |
//! | `collateral.rs` | what an account has, after haircuts |
//! | `haircut.rs` | haircuts that go through the guardrails |
//! | `statement.rs` | a requirement in whole cents, with its worst scenarios |
//! | `position_table.rs` | positions as a table: CSV, JSON or Parquet |
//! | `history.rs` | what underlyings did, and the scenarios that follow |
//! | `book.rs` | accounts under one set of settings: a statement for each; for callers of the library: `of_account` |
//!
//! This folder knows nothing of forecasts, or of how a multiplier came about.

pub mod book;
pub mod charged;
pub mod collateral;
pub mod haircut;
pub mod history;
pub mod position_table;
pub mod requirement;
pub mod statement;
pub mod tier;
