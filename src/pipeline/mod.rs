//! From events to decisions: `push(Input) -> Vec<Decision>`, for a backtest, the server and an audit alike.
//!
//! | file | what it holds |
//! |---|---|
//! | [`settings`] | what a pipeline is configured with |
//! | [`model_set`] | the fitted models that are installed as one |
//! | [`input`] | whatever may move a pipeline, and what it does to a decider |
//! | `instrument` | one instrument: row builder, forecasters, deciders |
//! | `check` | which settings of a margin are out of range, or name what is not there |
//! | `decide` | from a row and its forecasts to a decision |
//! | `multiplier` | multipliers that are no blend |
//! | `pooled_monitor` | evidence against a forecast, pooled over instruments |
//! | [`named_decision`] | a decision of one of several ways |
//! | [`named_schedule`] | a schedule with the instrument and horizon that it is of |
//! | [`named_forecast`] | a forecast with the instance that made it |
//! | `horizon_agreement` | longer horizons are lifted to shorter ones |
//! | `error` | why an input or a setting is refused |
//!
//! This folder knows nothing of files, of clocks, or of who reads a decision: time is an input. A [`Pipeline`]
//! holds every instrument, one barrier where the rows of a window wait for each other, so that each
//! carries what the whole market did, and the evidence against the forecasts that instruments share.

mod check;
mod decide;
mod error;
mod horizon_agreement;
pub mod input;
mod instrument;
pub mod model_set;
mod multiplier;
pub mod named_decision;
pub mod named_forecast;
pub mod named_schedule;
mod pooled_monitor;
pub mod settings;

pub use decide::market_time;
pub use error::Error;
pub use input::Input;
pub use model_set::{Member, ModelSet};
pub use multiplier::RuleMultiplier;
pub use named_decision::NamedDecision;
pub use named_forecast::NamedForecast;
pub use named_schedule::NamedSchedule;
pub use settings::{Margin, NamedMargin, Settings};

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::base::{Digest, Symbol};
use crate::event::Fault;
use crate::feature::{Barrier, Row};
use crate::margin::Decision;
use crate::margin::monitor::MonitorReading;
use decide::Seal;
use instrument::Instrument;
use pooled_monitor::PooledMonitor;

/// Every instrument, and what they share.
pub struct Pipeline {
    instruments: BTreeMap<Symbol, Instrument>,
    barrier: Barrier,
    /// One for each decider of an instrument, in their order; absent where no forecast is blended.
    monitors: Vec<Option<PooledMonitor>>,
    /// The forecasts that the last input caused.
    fresh: Vec<NamedForecast>,
    /// The decisions of named margins that it caused.
    named: Vec<NamedDecision>,
    /// The schedules that were made since they were last taken.
    schedules: Vec<NamedSchedule>,
    unknown: BTreeMap<Symbol, u64>,
}

impl Pipeline {
    /// A pipeline with empty memory. `config` is the digest written into each decision.
    ///
    /// # Errors
    /// Settings and models do not fit each other.
    pub fn new(settings: Settings, models: &ModelSet, config: Digest) -> Result<Pipeline, Error> {
        let seal = Seal { model: models.digest(), config };
        let models = Arc::new(models.clone());
        let one = |symbol: &Symbol| Ok((*symbol, Instrument::new(*symbol, &settings, Arc::clone(&models), seal)?));
        let instruments = settings.symbols.iter().map(one).collect::<Result<_, Error>>()?;
        let barrier = Barrier::new(settings.symbols.len(), settings.rows.row);
        let monitor = |ahead: usize, margin: &Margin| {
            margin.multiplier.is_none().then(|| PooledMonitor::new(margin.evidence, ahead))
        };
        let monitors = settings.ways().map(|(ahead, _, margin)| monitor(ahead, margin)).collect();
        let (fresh, named, schedules, unknown) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
        Ok(Pipeline { instruments, barrier, monitors, fresh, named, schedules, unknown })
    }
    /// Takes one input; gives the decisions that it causes: those of every row whose wait for the
    /// other instruments it ends, in order of close and symbol, then those of the instrument that
    /// answers to it; each in horizon order.
    ///
    /// # Errors
    /// An order's settings are out of range; those in force stay.
    pub fn push(&mut self, input: impl Into<Input>) -> Result<Vec<Decision>, Error> {
        let input = input.into();
        self.fresh.clear();
        self.named.clear();
        let Some((symbol, at)) = input.answers() else {
            return self.all(&input);
        };
        let Some(instrument) = self.instruments.get_mut(&symbol) else {
            *self.unknown.entry(symbol).or_default() += 1;
            return Ok(Vec::new());
        };
        let mut rows = self.barrier.advance(at);
        let row = match &input {
            Input::Event(event) => instrument.builder.push(event),
            _ => instrument.builder.tick(symbol, at),
        };
        rows.extend(row.into_iter().flat_map(|row| self.barrier.push(at, row)));
        let mut decisions = Vec::new();
        for window in rows.chunk_by(|a, b| a.ts == b.ts) {
            decisions.extend(self.window(window));
        }
        // Market data moves deciders by its rows alone.
        if let (false, Some(instrument)) = (matches!(input, Input::Event(_)), self.instruments.get_mut(&symbol)) {
            instrument.take(&input)?;
            decisions.extend(instrument.tick(at));
            self.named.append(&mut instrument.named);
        }
        Ok(decisions)
    }
    /// What acts at the next row or tick of every instrument.
    fn all(&mut self, input: &Input) -> Result<Vec<Decision>, Error> {
        for instrument in self.instruments.values_mut() {
            match input {
                Input::Install(models) => instrument.install(Arc::clone(models)),
                other => instrument.take(other)?,
            }
        }
        Ok(Vec::new())
    }
    /// The rows of one window move their instruments, which share what was known before it and nothing else.
    fn window(&mut self, rows: &[Row]) -> Vec<Decision> {
        let Some(close) = rows.first().map(|row| row.ts) else { return Vec::new() };
        let known: Vec<Option<MonitorReading>> =
            self.monitors.iter_mut().map(|m| m.as_mut().map(|m| m.begin(close))).collect();
        let row_of = |symbol: &Symbol| rows.iter().find(|r| r.symbol == *symbol);
        let mut moving: Vec<(&mut Instrument, &Row)> =
            self.instruments.iter_mut().filter_map(|(symbol, one)| Some((one, row_of(symbol)?))).collect();
        let made: Vec<Vec<Decision>> = moving.par_iter_mut().map(|(one, row)| one.row(row, &known)).collect();
        for (one, row) in &mut moving {
            for (monitor, outcome) in self.monitors.iter_mut().zip(one.settled()) {
                if let Some((monitor, outcome)) = monitor.as_mut().zip(outcome) {
                    monitor.take(row.symbol, row.ts, outcome);
                }
            }
            self.fresh.extend_from_slice(&one.forecasts);
            self.named.append(&mut one.named);
            let own = one.take_schedules().into_iter();
            self.schedules.extend(own.map(|(horizon, schedule)| NamedSchedule {
                symbol: row.symbol,
                horizon,
                schedule,
            }));
        }
        made.concat()
    }
    /// Every model's forecast made from the last row of `symbol`.
    pub fn forecasts(&self, symbol: Symbol) -> &[NamedForecast] {
        self.instruments.get(&symbol).map_or(&[], |one| &one.forecasts)
    }
    /// The forecasts that the last input caused; none when it moved no row.
    pub fn fresh(&self) -> &[NamedForecast] {
        &self.fresh
    }
    /// The decisions of [`Settings::margins`] that the last input caused, in order of close and symbol.
    pub fn named(&self) -> &[NamedDecision] {
        &self.named
    }
    /// Takes the schedules that rows made since they were last taken, each before the first decision that it acts on.
    pub fn take_schedules(&mut self) -> Vec<NamedSchedule> {
        std::mem::take(&mut self.schedules)
    }
    /// Bad data seen so far, counted.
    pub fn faults(&self) -> BTreeMap<(Symbol, Fault), u64> {
        let unknown = self.unknown.iter().map(|(s, n)| ((*s, Fault::UnknownSymbol), *n));
        let built = self.instruments.iter().flat_map(|(s, i)| i.builder.faults().iter().map(|(f, n)| ((*s, *f), *n)));
        unknown.chain(built).collect()
    }
}
