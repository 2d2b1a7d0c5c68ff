//! What a model may learn from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::outcome::Outcome;
use crate::base::{Symbol, Ts};
use crate::feature::Row;

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

/// Coefficients or states kept per instrument name.
pub type BySymbol<T> = BTreeMap<Symbol, T>;

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
