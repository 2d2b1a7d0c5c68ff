//! One row: what is known about an instrument when a window has closed.

use super::catalog::Feature;
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
