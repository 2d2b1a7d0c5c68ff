//! What the models see: a [`Row`] per closed window, the same from trades and from vendor bars.
//!
//! Every feature is a line of [`CATALOG`]: name, unit, formula, source and memory (how many windows
//! back it looks). What an input lacks is an explicit absence: [`Row::get`] gives `None`.
//!
//! | file | what it holds |
//! |---|---|
//! | [`config`] | how rows are built: lengths, lags, the measure of variance |
//! | [`catalog`] | the list of features, one line each |
//! | [`row`] | one row |
//! | [`builder`] | from events to rows |
//! | `gate` | which events may enter; the others are counted faults |
//! | [`window`] | one window: bars made from trades, features that are sums over bars |
//! | `past` | features over several rows: lags, shifts of level, the diurnal factor |
//! | `gauge` | features of funding, open interest and implied volatility, as last known |
//! | [`formula`] | what a feature of a gauge is made from, one function each |
//! | [`market`] | what all instruments did in the same window |
//! | [`measure`] | realised measures of a whole stretch, for study |
//!
//! This folder knows nothing of models, and of instruments no more than their names.

pub mod builder;
pub mod catalog;
pub mod config;
pub mod formula;
mod gate;
mod gauge;
pub mod market;
pub mod measure;
mod past;
pub mod row;
pub mod window;

pub use builder::Builder;
pub use catalog::{CATALOG, Feature, FeatureSpec, schema_id};
pub use config::{Error, RowConfig, VarianceMeasure};
pub use market::Barrier;
pub use row::Row;
pub use window::bar::{BarMaker, TradeBar};
