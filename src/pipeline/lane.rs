//! One instrument's stretch of the road.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Bundle, Named, Settings};
use crate::base::Symbol;
use crate::event::Event;
use crate::feature::{self, Builder, Row};
use crate::forecast::Forecaster;

/// A row builder, the rows it made, and the forecasters that run on them.
pub(super) struct Lane {
    pub builder: Builder,
    symbol: Symbol,
    replay_rows: usize,
    /// The last rows, oldest first; what running state is derived from.
    rows: VecDeque<Row>,
    bundle: Arc<Bundle>,
    /// Empty until the first row that closes at or after the end of training.
    running: Vec<Running>,
    pub forecasts: Vec<Named>,
    /// Whether the last event completed a row.
    pub moved: bool,
}

struct Running {
    name: Arc<str>,
    forecaster: Box<dyn Forecaster>,
}

impl Lane {
    pub fn new(symbol: Symbol, settings: &Settings, bundle: Arc<Bundle>) -> Result<Lane, feature::Error> {
        Ok(Lane {
            builder: Builder::new(settings.rows.clone())?,
            symbol,
            replay_rows: settings.replay_rows,
            rows: VecDeque::new(),
            bundle,
            running: Vec::new(),
            forecasts: Vec::new(),
            moved: false,
        })
    }
    /// Takes new models; they start with the first row that closes at or after their training end.
    pub fn install(&mut self, bundle: Arc<Bundle>) {
        self.bundle = bundle;
        self.running.clear();
        self.forecasts.clear();
    }
    /// Builds on; a completed row moves the models.
    pub fn push(&mut self, event: &Event) -> Option<Row> {
        let row = self.builder.push(event);
        self.moved = row.is_some();
        let row = row?;
        if self.running.is_empty() && row.ts >= self.bundle.trained_until {
            self.start();
        }
        for r in &mut self.running {
            r.forecaster.update(&row);
        }
        self.rows.push_back(row);
        if self.rows.len() > self.replay_rows {
            self.rows.pop_front();
        }
        self.forecasts.clear();
        for r in &self.running {
            if let Some(forecast) = r.forecaster.forecast() {
                self.forecasts.push(Named { name: Arc::clone(&r.name), symbol: self.symbol, forecast });
            }
        }
        Some(row)
    }
    /// Running state = a fresh start and a replay of the stored rows. It is never stored.
    fn start(&mut self) {
        for member in &self.bundle.members {
            let mut forecaster = member.start();
            for row in &self.rows {
                forecaster.update(row);
            }
            self.running.push(Running { name: member.name.as_str().into(), forecaster });
        }
    }
}
