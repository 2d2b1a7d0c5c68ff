//! One instrument's stretch of the road.

use std::collections::VecDeque;
use std::sync::Arc;

use rayon::prelude::*;

use super::desk::{Desk, Seal};
use super::{Bundle, Error, Member, Named, Settings, term};
use crate::base::{Digest, Symbol, Ts};
use crate::event::{Body, Event};
use crate::feature::{Builder, Row};
use crate::forecast::{Forecast, Forecaster};
use crate::margin::venue::Told;
use crate::margin::{Decision, Order};

/// A row builder, the rows it made, and the forecasters that run on them.
pub(super) struct Lane {
    pub builder: Builder,
    symbol: Symbol,
    replay_rows: usize,
    /// The last rows, oldest first; what running state is derived from.
    rows: VecDeque<Row>,
    bundle: Arc<Bundle>,
    seal: Seal,
    publish_from: Ts,
    desks: Vec<Desk>,
    /// Empty until the first row that closes at or after the end of training.
    running: Vec<Running>,
    pub forecasts: Vec<Named>,
}

struct Running {
    name: Arc<str>,
    forecaster: Box<dyn Forecaster>,
    now: Option<Forecast>,
}

impl Lane {
    pub fn new(symbol: Symbol, settings: &Settings, bundle: Arc<Bundle>, seal: Seal) -> Result<Lane, Error> {
        let desk = |ahead: &usize| Desk::new(&settings.margin, settings.rows.row, *ahead);
        Ok(Lane {
            builder: Builder::new(settings.rows.clone())?,
            symbol,
            replay_rows: settings.replay_rows,
            rows: VecDeque::new(),
            bundle,
            seal,
            publish_from: settings.publish_from,
            desks: settings.horizons.iter().map(desk).collect::<Result<_, _>>()?,
            running: Vec::new(),
            forecasts: Vec::new(),
        })
    }
    /// Takes new models; they start with the first row that closes at or after their training end.
    pub fn install(&mut self, bundle: Arc<Bundle>, model: Digest) {
        self.bundle = bundle;
        self.seal.model = model;
        self.running.clear();
        self.forecasts.clear();
    }
    /// Takes one event; gives the row that it completes.
    pub fn build(&mut self, event: &Event) -> Option<Row> {
        self.builder.push(event)
    }
    /// A tick or a freeze moves the desks; market data does not.
    pub fn tell(&mut self, event: &Event) -> Vec<Decision> {
        let (now, seal) = (event.ts_known, self.seal);
        match event.body {
            Body::Tick => self.desks.iter_mut().filter_map(|d| d.tick(self.symbol, now, seal)).collect(),
            Body::Kill(on) => self.desks.iter_mut().filter_map(|d| d.kill(self.symbol, on, now, seal)).collect(),
            _ => Vec::new(),
        }
    }
    /// What the venue tells acts at the next row or tick.
    pub fn told(&mut self, told: &Told, at: Ts) {
        self.desks.iter_mut().for_each(|d| d.told(self.symbol, told, at));
    }
    /// What people order acts at the next row or tick.
    pub fn order(&mut self, order: &Order, at: Ts) -> Result<(), Error> {
        self.desks.iter_mut().try_for_each(|d| d.order(self.symbol, order, at))
    }
    /// A completed row moves the models, and they the desks; gives the decisions in horizon order.
    pub fn row(&mut self, row: &Row) -> Vec<Decision> {
        if self.running.is_empty() && row.ts >= self.bundle.trained_until {
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
                self.forecasts.push(Named { name, symbol: self.symbol, forecast, silent_share, lifted: false });
            }
        }
        term::agree(&mut self.forecasts);
        let publish = row.ts >= self.publish_from;
        self.desks.iter_mut().filter_map(|d| d.row(row, &self.forecasts, publish, self.seal)).collect()
    }
    /// Running state = a fresh start and a replay of the stored rows. It is never stored.
    fn start(&mut self) {
        let rows = &self.rows;
        let one = |member: &Member| {
            let mut forecaster = member.start();
            rows.iter().for_each(|row| forecaster.update(row));
            Running { name: member.name.as_str().into(), forecaster, now: None }
        };
        self.running = self.bundle.members.par_iter().map(one).collect();
    }
}

impl Running {
    fn next(&mut self, row: &Row) -> Option<Forecast> {
        self.forecaster.update(row);
        self.forecaster.forecast()
    }
}
