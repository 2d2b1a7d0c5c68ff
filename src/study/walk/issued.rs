//! What a walk leaves: forecasts, decisions, the last models.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::search::Choice;
use crate::base::{Digest, Symbol};
use crate::event::Fault;
use crate::forecast::{Forecast, History};
use crate::margin::Decision;
use crate::pipeline::{ModelSet, NamedDecision};
use crate::study::calibrate::run::Calibrated;

/// One forecast issued out of sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// Instance name.
    pub model: Arc<str>,
    /// Instrument.
    pub symbol: Symbol,
    /// The forecast.
    pub forecast: Forecast,
    /// Which origin's models made it.
    pub fold: usize,
    /// Digest of the set of models that made it.
    pub digest: Digest,
}

/// All that a walk leaves.
pub struct Walk {
    /// Rows of every instrument.
    pub history: History,
    /// Digest of those rows.
    pub data: Digest,
    /// Every forecast issued in the out-of-sample span, in order of origin, symbol, time, model.
    pub forecasts: Vec<Issued>,
    /// Every decision made in that span, in order of origin, symbol and time.
    pub decisions: Vec<Decision>,
    /// Those of the study's margin rules, each rule's in order of time.
    pub ruled: Vec<NamedDecision>,
    /// Models fitted on everything known at the end of the span.
    pub last: ModelSet,
    /// Bad data seen, counted.
    pub faults: BTreeMap<(Symbol, Fault), u64>,
    /// Fits that failed, and why.
    pub failures: Vec<String>,
    /// Margin policies chosen at origins, one for each horizon; empty where the configured one holds.
    pub calibrated: Vec<Calibrated>,
    /// Parameters chosen inside training windows, in order of model, horizon and origin.
    pub choices: Vec<Choice>,
}

impl Walk {
    /// The forecasts in the layout of a forecast file.
    pub fn forecasted(&self) -> Vec<Forecasted> {
        let one = |i: &Issued| Forecasted { model: i.model.clone(), forecast: i.forecast.clone(), symbol: i.symbol };
        self.forecasts.iter().map(one).collect()
    }
}

/// One row of a forecast file, ours or not. What a file lacks is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecasted {
    /// Model name.
    pub model: Arc<str>,
    /// The forecast; quantiles and expected shortfalls may be NaN in foreign files.
    pub forecast: Forecast,
    /// Instrument.
    pub symbol: Symbol,
}
