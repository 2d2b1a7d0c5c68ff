//! The whole road: `push(&Event) -> Vec<Decision>`, for a backtest, the server and an audit alike.
//!
//! A [`Pipeline`] holds one lane per instrument: a row builder, the forecasters of the installed
//! [`Bundle`], the baseline, the multiplier and its guardrails; and one room where the rows of a window
//! wait for each other, so that each carries what the whole market did. Nothing here reads a clock: time is
//! an event.

pub mod bundle;
mod desk;
mod lane;
mod light;
mod risk;
mod term;

pub use bundle::{Bundle, Member};
pub use desk::Margin;

use desk::Seal;
use rayon::prelude::*;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{Digest, Symbol, Ts};
use crate::event::{Event, Fault};
use crate::feature::{self, Room, Row};
use crate::forecast::Forecast;
use crate::margin::venue::Told;
use crate::margin::{Decision, Order};
use lane::Lane;

/// What the road needs to know besides the models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The instruments; events of others are counted faults.
    pub symbols: Vec<Symbol>,
    /// How rows are built.
    pub rows: feature::Config,
    /// Horizons, in rows.
    pub horizons: Vec<usize>,
    /// Decisions are made from rows that close at or after this; earlier rows only warm up.
    pub publish_from: Ts,
    /// How many rows of each instrument are kept, to derive running state from when models change.
    pub replay_rows: usize,
    /// How a requirement is made from baseline and forecast.
    pub margin: Margin,
}

/// A forecast with the instance that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Instance name from the configuration.
    pub name: Arc<str>,
    /// The instrument.
    pub symbol: Symbol,
    /// The forecast.
    pub forecast: Forecast,
    /// Weight of the members of an average that were silent, in \[0, 1\].
    pub silent_share: f64,
    /// It was lifted to the same model's forecast over a shorter horizon.
    pub lifted: bool,
}

/// The road.
pub struct Pipeline {
    lanes: BTreeMap<Symbol, Lane>,
    room: Room,
    /// The forecasts that the last event caused.
    fresh: Vec<Named>,
    unknown: BTreeMap<Symbol, u64>,
}

/// Why a pipeline could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of range.
    #[error("{0}")]
    Settings(String),
    /// The rows cannot be built.
    #[error(transparent)]
    Rows(#[from] feature::Error),
    /// The models do not fit the settings.
    #[error(transparent)]
    Models(#[from] crate::forecast::Error),
}

impl Pipeline {
    /// A road with empty memory. `config` is the digest written into each decision.
    ///
    /// # Errors
    /// Settings and models do not fit each other.
    pub fn new(settings: Settings, bundle: &Bundle, config: Digest) -> Result<Pipeline, Error> {
        let seal = Seal { model: bundle.digest(), config };
        let bundle = Arc::new(bundle.clone());
        let lane = |symbol: &Symbol| Ok((*symbol, Lane::new(*symbol, &settings, Arc::clone(&bundle), seal)?));
        let lanes = settings.symbols.iter().map(lane).collect::<Result<_, Error>>()?;
        let room = Room::new(settings.symbols.len(), settings.rows.row);
        Ok(Pipeline { lanes, room, fresh: Vec::new(), unknown: BTreeMap::new() })
    }
    /// Takes one event; gives the decisions that it causes: those of every row whose wait for the
    /// other instruments it ends, in order of close and symbol, then its own; each in horizon order.
    pub fn push(&mut self, event: &Event) -> Vec<Decision> {
        self.fresh.clear();
        let Some(lane) = self.lanes.get_mut(&event.symbol) else {
            *self.unknown.entry(event.symbol).or_default() += 1;
            return Vec::new();
        };
        let mut rows = self.room.advance(event.ts_known);
        if let Some(row) = lane.build(event) {
            rows.extend(self.room.push(event.ts_known, row));
        }
        let mut decisions = Vec::new();
        for window in rows.chunk_by(|a, b| a.ts == b.ts) {
            decisions.extend(self.window(window));
        }
        decisions.extend(self.lanes.get_mut(&event.symbol).map(|l| l.tell(event)).into_iter().flatten());
        decisions
    }
    /// The rows of one window move their lanes, which share nothing.
    fn window(&mut self, rows: &[Row]) -> Vec<Decision> {
        let row_of = |symbol: &Symbol| rows.iter().find(|r| r.symbol == *symbol);
        let mut moving: Vec<(&mut Lane, &Row)> =
            self.lanes.iter_mut().filter_map(|(symbol, lane)| Some((lane, row_of(symbol)?))).collect();
        let made: Vec<Vec<Decision>> = moving.par_iter_mut().map(|(lane, row)| lane.row(row)).collect();
        moving.iter().for_each(|(lane, _)| self.fresh.extend_from_slice(&lane.forecasts));
        made.concat()
    }
    /// Every model's forecast made from the last row of `symbol`.
    pub fn forecasts(&self, symbol: Symbol) -> &[Named] {
        self.lanes.get(&symbol).map_or(&[], |l| &l.forecasts)
    }
    /// The forecasts that the last event caused; none when it moved no row.
    pub fn fresh(&self) -> &[Named] {
        &self.fresh
    }
    /// Swaps the models. They start with the first row that closes at or after their training end;
    /// until then there are no forecasts.
    pub fn install(&mut self, bundle: &Bundle) {
        let digest = bundle.digest();
        let bundle = Arc::new(bundle.clone());
        self.lanes.values_mut().for_each(|l| l.install(Arc::clone(&bundle), digest));
    }
    /// What people order acts at the next row or tick of each instrument that it concerns.
    ///
    /// # Errors
    /// Settings are out of range; those in force stay.
    pub fn order(&mut self, order: &Order, at: Ts) -> Result<(), Error> {
        self.lanes.values_mut().try_for_each(|l| l.order(order, at))
    }
    /// What the venue tells of accounts and books acts at the next row or tick of each instrument.
    pub fn told(&mut self, told: &Told, at: Ts) {
        self.lanes.values_mut().for_each(|l| l.told(told, at));
    }
    /// Bad data seen so far, counted.
    pub fn faults(&self) -> BTreeMap<(Symbol, Fault), u64> {
        let unknown = self.unknown.iter().map(|(s, n)| ((*s, Fault::UnknownSymbol), *n));
        let built = self.lanes.iter().flat_map(|(s, l)| l.builder.faults().iter().map(|(f, n)| ((*s, *f), *n)));
        unknown.chain(built).collect()
    }
}
