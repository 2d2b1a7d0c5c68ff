//! One instrument: its row builder, its forecasters and its deciders.

use std::collections::VecDeque;
use std::sync::Arc;

use rayon::prelude::*;

use super::decide::{Decider, Seal};
use super::error::Error;
use super::horizon_agreement;
use super::input::Input;
use super::model_set::{Member, ModelSet};
use super::named_decision::NamedDecision;
use super::named_forecast::NamedForecast;
use super::settings::Settings;
use crate::base::{Symbol, Ts};
use crate::feature::{Builder, Row};
use crate::forecast::{Forecast, Forecaster};
use crate::margin::Decision;
use crate::margin::monitor::{MonitorReading, ScoredOutcome};

/// A row builder, the rows it made, the forecasters that run on them, and a decider for each horizon.
pub(super) struct Instrument {
    pub builder: Builder,
    symbol: Symbol,
    replay_rows: usize,
    /// The last rows, oldest first; what running state is derived from.
    rows: VecDeque<Row>,
    models: Arc<ModelSet>,
    seal: Seal,
    publish_from: Ts,
    /// The margin's own have no name. In horizon order.
    deciders: Vec<(Option<Arc<str>>, Decider)>,
    /// Empty until the first row that closes at or after the end of training.
    running: Vec<Running>,
    pub forecasts: Vec<NamedForecast>,
    /// What named margins decided since it was last taken.
    pub named: Vec<NamedDecision>,
}

struct Running {
    name: Arc<str>,
    forecaster: Box<dyn Forecaster>,
    now: Option<Forecast>,
}

impl Instrument {
    pub fn new(symbol: Symbol, settings: &Settings, models: Arc<ModelSet>, seal: Seal) -> Result<Instrument, Error> {
        let mut deciders = Vec::new();
        for (ahead, name, margin) in settings.ways() {
            deciders.push((name.map(Arc::from), Decider::new(margin, &settings.rows, ahead)?));
        }
        Ok(Instrument {
            builder: Builder::new(settings.rows.clone())?,
            symbol,
            replay_rows: settings.replay_rows,
            rows: VecDeque::new(),
            models,
            seal,
            publish_from: settings.publish_from,
            deciders,
            running: Vec::new(),
            forecasts: Vec::new(),
            named: Vec::new(),
        })
    }
    /// Takes new models; they start with the first row that closes at or after their training end.
    pub fn install(&mut self, models: Arc<ModelSet>) {
        self.seal.model = models.digest();
        self.models = models;
        self.running.clear();
        self.forecasts.clear();
    }
    /// Gives every decider an input that is neither a row nor a tick. Other settings are for the margin's own: a named one
    /// is its settings.
    pub fn take(&mut self, input: &Input) -> Result<(), Error> {
        let concerned = self.deciders.iter_mut().filter(|(name, _)| name.is_none() || !input.is_of_settings());
        concerned.map(|d| &mut d.1).try_for_each(|d| input.apply(d, self.symbol))
    }
    /// Time has come to `now` for the deciders.
    pub fn tick(&mut self, now: Ts) -> Vec<Decision> {
        let (symbol, seal) = (self.symbol, self.seal);
        self.decide(|_, d| d.tick(symbol, now, seal))
    }
    /// A completed row moves the models, and they the deciders; gives the decisions in horizon order. `known` is
    /// what is known against the forecast of each decider.
    pub fn row(&mut self, row: &Row, known: &[Option<MonitorReading>]) -> Vec<Decision> {
        if self.running.is_empty() && row.ts >= self.models.trained_until {
            self.start();
        }
        self.running.par_iter_mut().for_each(|r| r.now = r.next(row));
        self.rows.push_back(*row);
        if self.rows.len() > self.replay_rows {
            self.rows.pop_front();
        }
        self.forecasts.clear();
        for r in &self.running {
            if let Some(forecast) = r.now.clone() {
                let (name, silent_share) = (Arc::clone(&r.name), r.forecaster.silent_share());
                self.forecasts.push(NamedForecast { name, symbol: self.symbol, forecast, silent_share, lifted: false });
            }
        }
        horizon_agreement::agree(&mut self.forecasts);
        let publish = row.ts >= self.publish_from;
        let (forecasts, seal) = (std::mem::take(&mut self.forecasts), self.seal);
        let of = |i: usize| known.get(i).copied().flatten();
        let made = self.decide(|i, d| d.row(row, &forecasts, of(i), publish, seal));
        self.forecasts = forecasts;
        made
    }
    /// What the last row settled of each decider's forecasts.
    pub fn settled(&self) -> impl Iterator<Item = Option<ScoredOutcome>> {
        self.deciders.iter().map(|(_, decider)| decider.settled())
    }
    /// Moves every decider; gives the margin's own decisions and keeps those of named margins.
    fn decide(&mut self, move_on: impl Fn(usize, &mut Decider) -> Option<Decision>) -> Vec<Decision> {
        let mut own = Vec::new();
        for (i, (name, decider)) in self.deciders.iter_mut().enumerate() {
            let Some(decision) = move_on(i, decider) else { continue };
            match name {
                None => own.push(decision),
                Some(name) => self.named.push(NamedDecision { margin: Arc::clone(name), decision }),
            }
        }
        own
    }
    /// Running state = a fresh start and a replay of the stored rows. It is never stored.
    fn start(&mut self) {
        let rows = &self.rows;
        let one = |member: &Member| {
            let mut forecaster = member.start();
            rows.iter().for_each(|row| forecaster.update(row));
            Running { name: member.name.as_str().into(), forecaster, now: None }
        };
        self.running = self.models.members.par_iter().map(one).collect();
    }
}

impl Running {
    fn next(&mut self, row: &Row) -> Option<Forecast> {
        self.forecaster.update(row);
        self.forecaster.forecast()
    }
}
