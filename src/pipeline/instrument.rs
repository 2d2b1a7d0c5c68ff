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
use crate::base::{Horizon, Symbol, Ts};
use crate::feature::{Builder, Row};
use crate::forecast::{Forecast, Forecaster};
use crate::margin::Decision;
use crate::margin::monitor::{MonitorReading, ScoredOutcome};
use crate::margin::schedule::WeekSchedule;

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
                self.forecasts.push(named(&r.name, self.symbol, forecast, r.forecaster.silent_share()));
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
    /// Schedules that the margin's own deciders made since they were last taken, in horizon order.
    pub fn take_schedules(&mut self) -> Vec<(Horizon, WeekSchedule)> {
        let own = self.deciders.iter_mut().map(|(name, d)| (name.is_none(), d.horizon(), d.take_schedules()));
        let own: Vec<_> = own.filter(|o| o.0).collect();
        // What no decision was made under is not published.
        let acts = own.into_iter().flat_map(|(_, horizon, made)| made.into_iter().map(move |m| (horizon, m)));
        acts.filter(|(_, made)| made.until() > self.publish_from).collect()
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
    /// Running state = a fresh start and a replay of the stored rows. It is never stored. Where no model spoke before,
    /// deciders are told what these say of the stored rows.
    fn start(&mut self) {
        let asks: Vec<Option<String>> =
            self.deciders.iter().map(|(_, d)| d.asks_of_the_past().map(str::to_string)).collect();
        let asked = |name: &String| asks.iter().flatten().any(|asked| asked == name);
        let rows = &self.rows;
        let one = |member: &Member| {
            let mut forecaster = member.start();
            let mut said = Vec::new();
            for row in rows {
                forecaster.update(row);
                if asked(&member.name) {
                    said.push(forecaster.forecast());
                }
            }
            (Running { name: member.name.as_str().into(), forecaster, now: None }, said)
        };
        let started: Vec<(Running, Vec<Option<Forecast>>)> = self.models.members.par_iter().map(one).collect();
        let (running, mut said): (Vec<Running>, Vec<Vec<Option<Forecast>>>) = started.into_iter().unzip();
        self.running = running;
        let of_row = |i: usize| {
            let own = self.running.iter().zip(&mut said);
            let spoke = own.filter_map(|(r, said)| Some((&r.name, said.get_mut(i).and_then(Option::take)?)));
            let mut forecasts: Vec<_> = spoke.map(|(name, f)| named(name, self.symbol, f, 0.0)).collect();
            horizon_agreement::agree(&mut forecasts);
            forecasts
        };
        let forecasts: Vec<Vec<NamedForecast>> = (0..self.rows.len()).map(of_row).collect();
        for ((_, decider), _) in self.deciders.iter_mut().zip(asks).filter(|(_, asks)| asks.is_some()) {
            decider.recall(self.rows.iter().zip(forecasts.iter().map(Vec::as_slice)));
        }
    }
}

fn named(name: &Arc<str>, symbol: Symbol, forecast: Forecast, silent_share: f64) -> NamedForecast {
    NamedForecast { name: Arc::clone(name), symbol, forecast, silent_share, lifted: false }
}

impl Running {
    fn next(&mut self, row: &Row) -> Option<Forecast> {
        self.forecaster.update(row);
        self.forecaster.forecast()
    }
}
