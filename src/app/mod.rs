//! What the user calls: one file per command. Commands read, call the library and print.
//!
//! | file | what it holds |
//! |---|---|
//! | `command` | [`Command`]: the commands, and what runs each |
//! | `verdict` | [`Verdict`]: what a command found, and so the exit code |
//! | [`backtest`] | `margincast backtest`: walk forward; forecasts, decisions, scores and the report |
//! | [`config`] | one TOML file describes a run; nothing else reads settings from files |
//! | [`configure`] | `margincast config`: the default configuration, checks, and what is in effect |
//! | [`demo`] | `margincast demo`: everything on the sample data, offline |
//! | [`explain`] | `margincast explain`: why a decision is what it is |
//! | [`guard`] | `margincast guard`: settings of the guardrails, proposed and approved |
//! | [`ingest`] | `margincast ingest`: vendor files to canonical tables |
//! | [`margin`] | `margincast margin`: the requirement of portfolios, explained |
//! | [`market`] | the events that a configuration asks for, from the lake |
//! | [`models`] | `margincast models`: the registry |
//! | `positions` | positions files: CSV, JSON or Parquet |
//! | `progress` | how far a long command is |
//! | `register` | registering what a study ends with |
//! | [`score`] | `margincast score`: any forecast file against the lake |
//! | [`serve`] | `margincast serve`: the service |
//! | `statement` | a margin statement for people |
//! | `study` | what `backtest`, `train` and `demo` share |
//! | `table` | what commands write to stdout |
//! | [`train`] | `margincast train`: fit, validate and register models |
//! | [`verify`] | `margincast verify`: a ledger, a registry and their digests, again |
//!
//! This folder knows nothing of how anything is worked out.

pub mod backtest;
mod command;
pub mod config;
pub mod configure;
pub mod demo;
pub mod explain;
pub mod guard;
pub mod ingest;
pub mod margin;
pub mod market;
pub mod models;
mod positions;
mod progress;
mod register;
pub mod score;
pub mod serve;
mod statement;
mod study;
mod table;
pub mod train;
mod verdict;
pub mod verify;

pub use command::Command;
pub use verdict::Verdict;
