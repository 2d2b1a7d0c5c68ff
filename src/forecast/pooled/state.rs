//! The running state of the models shared by all instruments.
//!
//! An instrument that was not in training runs as well, from its first day: until its long mean is
//! there it is measured in the mean of the rows so far, and its returns have the pool's scale.

use std::cell::OnceCell;

use super::input::unit;
use super::standardised::{Inputs, Reader, Regimes, raw};
use crate::base::{Horizon, Span, Ts, stats};
use crate::feature::{Feature, Row};
use crate::forecast::training::Level;
use crate::forecast::{BySymbol, Dist, Forecast, Forecaster};

/// What a pooled model makes of the inputs of a row.
pub(super) trait Runs: Send {
    /// Takes the next row, where the model looks at rows one by one.
    fn take(&mut self, _: &Row) {}
    /// The distribution from the last row that told something and the levels of its instrument.
    fn dist(&self, level: &Level, latest: &Latest) -> Dist;
}

/// The running state of one instrument.
pub(super) struct State<R> {
    horizon: Horizon,
    inputs: InputState,
    model: R,
}

impl<R: Runs> State<R> {
    pub fn new(horizon: Horizon, inputs: &Inputs, levels: &BySymbol<Level>, model: R) -> State<R> {
        State { horizon, inputs: InputState::new(inputs, levels), model }
    }
}

impl<R: Runs> Forecaster for State<R> {
    fn update(&mut self, row: &Row) {
        self.inputs.update(row);
        self.model.take(row);
    }
    fn forecast(&self) -> Option<Forecast> {
        let (level, latest, issued) = self.inputs.latest()?;
        let dist = self.model.dist(level, latest);
        Some(Forecast { issued, horizon: self.horizon, dist, regime: None, spike: None })
    }
}

/// The inputs of one instrument while a pooled model runs.
struct InputState {
    inputs: Inputs,
    columns: Option<Vec<usize>>,
    levels: BySymbol<Level>,
    level: Option<Level>,
    reader: Reader,
    early: Early,
    last: Option<Last>,
}

/// The rows before the long mean is there.
#[derive(Default)]
struct Early {
    first: Option<Ts>,
    sum: f64,
    rows: f64,
}

/// The last row that told something. Its inputs are worked out when somebody asks: while stored rows are
/// replayed nobody does.
struct Last {
    row: Row,
    regimes: Regimes,
    unit: f64,
    issued: Ts,
    latest: OnceCell<Latest>,
}

/// What it told.
pub(super) struct Latest {
    /// Mean variance per row.
    pub unit: f64,
    /// Standardised inputs.
    pub z: Vec<f64>,
}

impl InputState {
    pub fn new(inputs: &Inputs, levels: &BySymbol<Level>) -> InputState {
        InputState {
            inputs: inputs.clone(),
            columns: inputs.columns(),
            levels: levels.clone(),
            level: None,
            reader: Reader::new(inputs.regimes.as_ref()),
            early: Early::default(),
            last: None,
        }
    }
    pub fn update(&mut self, row: &Row) {
        if self.columns.is_none() {
            return;
        }
        self.level.get_or_insert_with(|| self.levels.get(&row.symbol).copied().unwrap_or(pooled(&self.levels)));
        let regimes = self.reader.take(row);
        if let Some(unit) = unit(row).or_else(|| self.early.unit(row)) {
            self.last = Some(Last { row: *row, regimes, unit, issued: row.ts, latest: OnceCell::new() });
        } else if let Some(last) = &mut self.last {
            // A row without its long mean tells nothing new; what was forecast last still stands.
            last.issued = row.ts;
        }
    }
    /// The levels of the instrument, the last row that told something, and when.
    fn latest(&self) -> Option<(&Level, &Latest, Ts)> {
        let (columns, last) = (self.columns.as_ref()?, self.last.as_ref()?);
        let latest = last.latest.get_or_init(|| {
            let z = self.inputs.standardise(columns, &raw(&last.row, last.unit, &last.regimes));
            Latest { unit: last.unit, z }
        });
        Some((self.level.as_ref()?, latest, last.issued))
    }
}

impl Early {
    /// The mean variance of the rows so far, from the first day on.
    fn unit(&mut self, row: &Row) -> Option<f64> {
        let rv = row.get(Feature::Rv).filter(|rv| *rv > 0.0)?;
        let first = *self.first.get_or_insert(row.ts_open);
        self.sum += rv;
        self.rows += 1.0;
        (row.ts - first >= Span::DAY).then_some(self.sum / self.rows)
    }
}

/// Levels of an instrument that was not in training: returns as those of the middle instrument, and
/// no bounds of its own.
fn pooled(levels: &BySymbol<Level>) -> Level {
    let all: Vec<f64> = levels.values().map(|l| l.ret2_per_rv).collect();
    let ret2_per_rv = stats::quantile(&stats::sorted(&all), 0.5);
    Level { ret2_per_rv, rv_mean: f64::NAN, rv_min: f64::MIN_POSITIVE, rv_max: f64::MAX }
}
