//! What the market did: one [`Event`] per trade, vendor bar or gauge reading; snapshots of accounts and books.
//!
//! | file | what it holds |
//! |---|---|
//! | `body` | [`Event`] and what it may be: [`Trade`], [`Bar`], [`Gauge`] |
//! | [`gauge`] | numbers that hold until their next reading, one entry each |
//! | `fault` | [`Fault`]: bad market data, counted |
//! | `error` | [`Error`]: what can go wrong on the way from files to events |
//! | [`venue`] | one folder per vendor; each turns vendor bytes into rows |
//! | [`lake`] | the canonical tables on disk |
//! | [`snapshot`] | accounts and books of a venue at one moment |
//! | [`check`] | duplicates, gaps and disorder, reported and never repaired in silence |
//! | [`synth`] | made-up but repeatable events for tests and benches: `bars`, `trades`, `with_gaps` |
//!
//! This folder knows nothing of rows for models, of forecasts or of margins.

mod body;
pub mod check;
mod error;
mod fault;
pub mod gauge;
pub mod lake;
pub mod snapshot;
pub mod synth;
pub mod venue;

pub use body::{Bar, BarKind, Body, Event, Trade};
pub use error::Error;
pub use fault::Fault;
pub use gauge::{GAUGES, Gauge, GaugeEntry, GaugeKind};
