//! What the models see: a [`Row`] per closed window, the same from trades and from vendor bars.
//!
//! Every feature is a line of [`CATALOG`]: name, unit, formula, source and memory (how many windows
//! back it looks). What an input lacks is an explicit absence: [`Row::get`] gives `None`.
//!
//! | file | what it holds |
//! |---|---|
//! | [`catalog`] | the list of features, one line each |
//! | [`builder`] | from events to rows |
//! | `gate` | which events may enter; the others are counted faults |
//! | [`bar`] | bars made from trades |
//! | `volatility`, `flow` | features of one window, summed bar by bar |
//! | `lag` | features over several rows |
//! | `change` | when the level of variance last shifted |
//! | `season` | the diurnal factor |
//! | [`market`] | what all instruments did in the same window |
//! | `derivatives` | funding, open interest and implied volatility, as last known |
//! | [`measure`] | realised measures of a whole stretch, for study |

pub mod bar;
pub mod builder;
pub mod catalog;
mod change;
mod derivatives;
mod flow;
mod gate;
mod lag;
pub mod market;
pub mod measure;
mod season;
mod volatility;

pub use bar::{BarMaker, TradeBar};
pub use builder::{Builder, Config, Measure};
pub use catalog::{CATALOG, Feature, Spec, schema_id};
pub use market::Room;

use crate::base::{Symbol, Ts};

/// What is known about one instrument when one window has closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The instrument.
    pub symbol: Symbol,
    /// First instant of the window.
    pub ts_open: Ts,
    /// Close of the window; the issue time of forecasts made from this row.
    pub ts: Ts,
    /// When the last event of the window could first be known; not before `ts`.
    pub ts_known: Ts,
    /// Values in catalog order; NaN is absence.
    values: [f64; Feature::COUNT],
}

impl Row {
    /// A row with every feature absent.
    pub fn empty(symbol: Symbol, ts_open: Ts, ts: Ts, ts_known: Ts) -> Row {
        Row { symbol, ts_open, ts, ts_known, values: [f64::NAN; Feature::COUNT] }
    }
    /// The value of a feature, `None` where the input lacks it or memory is not yet full.
    pub fn get(&self, feature: Feature) -> Option<f64> {
        let v = self.values[feature as usize];
        (!v.is_nan()).then_some(v)
    }
    /// The value, NaN when absent; for loops over arrays.
    pub fn raw(&self, feature: Feature) -> f64 {
        self.values[feature as usize]
    }
    /// Sets a feature; a number that is not finite is absence.
    pub fn set(&mut self, feature: Feature, value: f64) {
        self.values[feature as usize] = if value.is_finite() { value } else { f64::NAN };
    }
    /// All values in catalog order, NaN for absence.
    pub fn values(&self) -> &[f64; Feature::COUNT] {
        &self.values
    }
}

/// A configuration of rows that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of range.
    #[error("features: {0}")]
    Config(String),
}
