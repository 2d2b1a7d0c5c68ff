//! One instrument: its row builder, its forecasters and its deciders.

use std::collections::VecDeque;
use std::sync::Arc;

use rayon::prelude::*;

use super::decide::{Decider, Seal};
use super::error::Error;
use super::horizon_agreement;
use super::input::Input;
use super::model_set::{Member, ModelSet};
use super::named_forecast::NamedForecast;
use super::settings::Settings;
use crate::base::{Symbol, Ts};
use crate::feature::{Builder, Row};
use crate::forecast::{Forecast, Forecaster};
use crate::margin::Decision;

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
    deciders: Vec<Decider>,
    /// Empty until the first row that closes at or after the end of training.
    running: Vec<Running>,
    pub forecasts: Vec<NamedForecast>,
}

struct Running {
    name: Arc<str>,
    forecaster: Box<dyn Forecaster>,
    now: Option<Forecast>,
}

impl Instrument {
    pub fn new(symbol: Symbol, settings: &Settings, models: Arc<ModelSet>, seal: Seal) -> Result<Instrument, Error> {
        let decider = |ahead: &usize| Decider::new(&settings.margin, settings.rows.row, *ahead);
        Ok(Instrument {
            builder: Builder::new(settings.rows.clone())?,
            symbol,
            replay_rows: settings.replay_rows,
            rows: VecDeque::new(),
            models,
            seal,
            publish_from: settings.publish_from,
            deciders: settings.horizons.iter().map(decider).collect::<Result<_, _>>()?,
            running: Vec::new(),
            forecasts: Vec::new(),
        })
    }
    /// Takes new models; they start with the first row that closes at or after their training end.
    pub fn install(&mut self, models: Arc<ModelSet>) {
        self.seal.model = models.digest();
        self.models = models;
        self.running.clear();
        self.forecasts.clear();
    }
    /// Gives every decider an input that is neither a row nor a tick.
    pub fn take(&mut self, input: &Input) -> Result<(), Error> {
        self.deciders.iter_mut().try_for_each(|d| input.apply(d, self.symbol))
    }
    /// Time has come to `now` for the deciders.
    pub fn tick(&mut self, now: Ts) -> Vec<Decision> {
        self.deciders.iter_mut().filter_map(|d| d.tick(self.symbol, now, self.seal)).collect()
    }
    /// A completed row moves the models, and they the deciders; gives the decisions in horizon order.
    pub fn row(&mut self, row: &Row) -> Vec<Decision> {
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
        self.deciders.iter_mut().filter_map(|d| d.row(row, &self.forecasts, publish, self.seal)).collect()
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
