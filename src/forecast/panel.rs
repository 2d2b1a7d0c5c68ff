//! What a model may learn from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Symbol, Ts};
use crate::feature::{Feature, Row};

/// Rows of many instruments, all known at or before `end`. All that a model may learn from.
#[derive(Clone, Debug)]
pub struct Panel {
    series: BTreeMap<Symbol, Series>,
    start: Ts,
    end: Ts,
    shifted: Vec<Panel>,
}

#[derive(Clone, Debug)]
struct Series {
    rows: Arc<Vec<Row>>,
    first: usize,
    last: usize,
}

/// Rows of many instruments in close order, shared without copying.
pub type History = BTreeMap<Symbol, Arc<Vec<Row>>>;

impl Panel {
    /// The rows of `history` that closed after `start` and were known at or before `end`.
    pub fn until(history: &History, start: Ts, end: Ts) -> Panel {
        let series = history
            .iter()
            .map(|(symbol, rows)| {
                let first = rows.partition_point(|r| r.ts <= start);
                // Rows are in close order; the first one not yet known ends the series, so a late
                // row can never let a later one slip in before it.
                let last = rows.iter().position(|r| r.ts_known > end).unwrap_or(rows.len());
                (*symbol, Series { rows: Arc::clone(rows), first: first.min(last), last })
            })
            .collect();
        Panel { series, start, end, shifted: Vec::new() }
    }
    /// Without the first `warmup` rows of each instrument's history, where trailing statistics are
    /// not yet full.
    pub fn after_warmup(mut self, warmup: usize) -> Panel {
        self.series.values_mut().for_each(|s| s.first = s.first.max(warmup).min(s.last));
        self
    }
    /// With panels of the same end whose windows open between those of this one. Models that pool
    /// instruments learn from them as well; they overlap with it and are never forecast from.
    pub fn with_shifted(mut self, shifted: Vec<Panel>) -> Panel {
        self.shifted = shifted.into_iter().filter(|p| p.end == self.end).collect();
        self
    }
    /// The panels given by [`Panel::with_shifted`].
    pub fn shifted(&self) -> &[Panel] {
        &self.shifted
    }
    /// The instruments, in name order.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol> + '_ {
        self.series.keys().copied()
    }
    /// The rows of one instrument, in close order.
    pub fn rows(&self, symbol: Symbol) -> &[Row] {
        self.series.get(&symbol).map_or(&[], |s| &s.rows[s.first..s.last])
    }
    /// Nothing known after this.
    pub fn end(&self) -> Ts {
        self.end
    }
    /// No row closed at or before this.
    pub fn start(&self) -> Ts {
        self.start
    }
    /// For each row of `symbol` the outcome over the next `ahead` rows, where those are in the
    /// panel and follow without a gap: realised variance and log return.
    pub fn targets(&self, symbol: Symbol, ahead: usize) -> Vec<Option<Outcome>> {
        let rows = self.rows(symbol);
        (0..rows.len()).map(|i| Outcome::after(rows, i, ahead)).collect()
    }
}

/// What happened over the horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Realised variance in the configured measure, fraction squared; positive.
    pub rv: f64,
    /// Log return, fraction.
    pub ret: f64,
    /// When both could first be known.
    pub known: Ts,
}

impl Outcome {
    /// Over the `ahead` rows after row `i`, if they follow without a gap.
    pub fn after(rows: &[Row], i: usize, ahead: usize) -> Option<Outcome> {
        let next = rows.get(i + 1..i + 1 + ahead)?;
        let mut open = rows[i].ts;
        let (mut rv, mut ret) = (0.0, 0.0);
        for row in next {
            if row.ts_open != open {
                return None;
            }
            open = row.ts;
            rv += row.get(Feature::Rv)?;
            ret += row.get(Feature::Ret)?;
        }
        let known = next.iter().map(|r| r.ts_known).max()?;
        (rv > 0.0).then_some(Outcome { rv, ret, known })
    }
}

/// One settled out-of-sample forecast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settled {
    /// Issue time.
    pub ts: Ts,
    /// Forecast variance.
    pub forecast_rv: f64,
    /// Forecast 1 % and 99 % quantiles of the log return.
    pub q01_q99: (f64, f64),
    /// What happened.
    pub outcome: Outcome,
}

/// What models of earlier windows forecast out of sample, per instance name and instrument, in
/// issue order. Every outcome in it was known when it was handed over.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// Settled forecasts by instance name and symbol.
    pub settled: BTreeMap<(String, Symbol), Vec<Settled>>,
}

impl Track {
    /// The settled forecasts of one instance for one instrument.
    pub fn of(&self, name: &str, symbol: Symbol) -> &[Settled] {
        self.settled.get(&(name.to_string(), symbol)).map_or(&[], Vec::as_slice)
    }
}
