//! The gauges of one instrument, each as last known at the close of the window, and their features.
//!
//! A reading holds until the next one, but not for ever: one that was first known more than a day
//! before the close (three funding intervals of 8 hours, a day of hourly readings) is absence. Which
//! features there are, the catalog says; how each is made, its formula.

use std::array;
use std::collections::VecDeque;

use super::catalog::{CATALOG, Feature};
use super::config::RowConfig;
use super::formula::Readings;
use super::row::Row;
use crate::base::{Ring, Span, Ts};
use crate::event::{GAUGES, Gauge};

/// How long a reading holds.
const STALE: Span = Span::DAY;
/// How far back the readings themselves are kept.
const RECENT: Span = Span(21 * Span::DAY.0);

/// The gauges of one instrument, as far back as the features look.
#[derive(Clone, Debug)]
pub(super) struct Gauges {
    row: Span,
    mid: usize,
    long: usize,
    /// Readings since the last row, oldest first: a row that closed before them must not see them.
    waiting: VecDeque<(Ts, Gauge)>,
    /// What is known of each kind, in the order of the list.
    known: [Known; GAUGES.len()],
    /// Base volume of the last rows.
    volumes: Ring,
}

/// What is known of one gauge.
#[derive(Clone, Debug)]
struct Known {
    last: Option<(Ts, f64)>,
    /// Readings of the last 21 days, oldest first.
    recent: VecDeque<(Ts, f64)>,
    /// The last reading as of each of the last rows, NaN where stale.
    by_row: Ring,
}

impl Gauges {
    pub(super) fn new(config: &RowConfig) -> Gauges {
        let known = |_| Known { last: None, recent: VecDeque::new(), by_row: Ring::new(config.long + 1) };
        Gauges {
            row: config.row,
            mid: config.mid,
            long: config.long,
            waiting: VecDeque::new(),
            known: array::from_fn(known),
            volumes: Ring::new(config.mid),
        }
    }
    /// How many rows back the features look, beside the lags.
    pub(super) fn memory_rows(config: &RowConfig) -> usize {
        (RECENT.0 as usize).div_ceil(config.row.0 as usize) + 1
    }
    /// Takes a reading, in the order in which they became known.
    pub(super) fn push(&mut self, known: Ts, gauge: &Gauge) {
        self.waiting.push_back((known, *gauge));
        // Where rows have stopped, nothing is kept that no row to come can use.
        while self.waiting.front().is_some_and(|w| known - w.0 > RECENT + RECENT) {
            self.waiting.pop_front();
        }
    }
    /// Adds the features as of the row's close; the row has its lags already.
    pub(super) fn finish(&mut self, row: &mut Row) {
        self.advance(row.ts);
        self.volumes.push(row.raw(Feature::Volume));
        let (rv_long, volume_mid) = (row.raw(Feature::RvLong), self.volumes.mean(self.mid));
        for known in &mut self.known {
            known.by_row.push(known.at(row.ts));
        }
        for spec in CATALOG {
            let Some((kind, formula)) = spec.gauge else { continue };
            let known = &self.known[kind as usize];
            let readings = Readings {
                now: known.at(row.ts),
                recent: &known.recent,
                by_row: &known.by_row,
                mid: self.mid,
                long: self.long,
                row_days: self.row.days(),
                rv_long,
                volume_mid,
            };
            row.set(spec.feature, formula(&readings));
        }
    }
    /// Takes note of what was known at `ts`.
    fn advance(&mut self, ts: Ts) {
        while let Some((at, gauge)) = self.waiting.pop_front_if(|w| w.0 <= ts) {
            let known = &mut self.known[gauge.kind as usize];
            known.last = Some((at, gauge.value));
            known.recent.push_back((at, gauge.value));
        }
        for known in &mut self.known {
            while known.recent.pop_front_if(|r| ts - r.0 >= RECENT).is_some() {}
        }
    }
}

impl Known {
    /// The last reading's value, NaN where there is none or it is stale.
    fn at(&self, now: Ts) -> f64 {
        self.last.filter(|r| now - r.0 <= STALE).map_or(f64::NAN, |r| r.1)
    }
}
