//! What a model may learn from.

use std::any::Any;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

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
    derived: Derived,
}

#[derive(Clone, Debug)]
struct Series {
    rows: Arc<Vec<Row>>,
    first: usize,
    last: usize,
}

impl Panel {
    /// What `make` works out from these rows and from nothing else but what `key` names: made once for
    /// all who ask, as long as the panel lives. Two who ask at once may both make it; the first one stays.
    ///
    /// # Errors
    /// That of `make`, which is not kept.
    pub(super) fn try_derived<T: Any + Send + Sync, E>(
        &self,
        key: &str,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        // Not held while something is made: that may run on threads which ask for another thing.
        let kept = || self.derived.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = kept().get(key).cloned();
        if let Some(there) = there.and_then(|t| t.downcast::<T>().ok()) {
            return Ok(there);
        }
        let made = Arc::new(make()?);
        let first = Arc::clone(kept().entry(key.to_string()).or_insert_with(|| made.clone()));
        Ok(first.downcast::<T>().unwrap_or(made))
    }
    /// The same of what can always be made.
    pub(super) fn derived<T: Any + Send + Sync>(&self, key: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let Ok(there) = self.try_derived(key, || Ok::<T, Infallible>(make()));
        there
    }
}

/// What was worked out from a panel, by its key.
#[derive(Clone, Default)]
struct Derived(Arc<Mutex<BTreeMap<String, Arc<dyn Any + Send + Sync>>>>);

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
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
        Panel { series, start, end, shifted: Vec::new(), derived: Derived::default() }
    }
    /// Without the first `warmup` rows of each instrument's history, where trailing statistics are
    /// not yet full.
    pub fn after_warmup(mut self, warmup: usize) -> Panel {
        self.series.values_mut().for_each(|s| s.first = s.first.max(warmup).min(s.last));
        self.derived = Derived::default();
        self
    }
    /// With panels of the same end whose windows open between those of this one. Models that pool
    /// instruments learn from them as well; they overlap with it and are never forecast from.
    pub fn with_shifted(mut self, shifted: Vec<Panel>) -> Panel {
        self.shifted = shifted.into_iter().filter(|p| p.end == self.end).collect();
        self.derived = Derived::default();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::training::fixture;

    #[test]
    fn what_is_derived_is_made_once_for_a_panel_and_never_taken_from_another() {
        let rows = fixture::rows(50, |i| (0.01, 1e-4 * (1.0 + i as f64)));
        let history = History::from([(rows[0].symbol, Arc::new(rows.clone()))]);
        let panel = |end: usize| Panel::until(&history, Ts(i64::MIN), rows[end].ts_known);
        let count = |panel: &Panel| *panel.derived("count", || panel.rows(rows[0].symbol).len());
        let (short, long) = (panel(9), panel(39));
        assert_eq!((count(&short), count(&long)), (10, 40));
        assert_eq!(*short.clone().derived("count", || 0_usize), 10, "a copy has the same rows");
        assert_eq!(count(&short.clone().after_warmup(4)), 6, "other rows, another value");
        assert_eq!(*short.derived("another", || 7), 7);
        let failed: Result<Arc<usize>, &str> = short.try_derived("fails", || Err("no"));
        assert!(failed.is_err() && short.try_derived("fails", || Ok::<_, ()>(3usize)).is_ok_and(|v| *v == 3));
    }
}
