//! What came of a forecast: outcomes over the horizon, forecasts that still wait for theirs, and the
//! record of those that are settled.

use std::collections::{BTreeMap, VecDeque};

use crate::base::{Symbol, Ts};
use crate::feature::{Feature, Row};

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

/// Forecasts whose horizon is still open, settled row by row. One whose rows do not follow without a gap
/// is dropped: its outcome will never be known in full.
#[derive(Clone, Debug)]
pub struct Pending<T> {
    ahead: usize,
    open: VecDeque<Open<T>>,
}

#[derive(Clone, Debug)]
struct Open<T> {
    what: T,
    next_open: Ts,
    rows: usize,
    rv: f64,
    ret: f64,
}

/// A forecast whose horizon has passed: what was issued, and the realised variance and log return since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settlement<T> {
    /// What was issued.
    pub what: T,
    /// Realised variance over the horizon, in the rows' measure; positive.
    pub rv: f64,
    /// Log return over the horizon.
    pub ret: f64,
}

impl<T> Pending<T> {
    /// For forecasts of the next `ahead` rows.
    pub fn new(ahead: usize) -> Pending<T> {
        Pending { ahead, open: VecDeque::new() }
    }
    /// Issued at the close of `row`, about the rows after it.
    pub fn issue(&mut self, row: &Row, what: T) {
        self.open.push_back(Open { what, next_open: row.ts, rows: 0, rv: 0.0, ret: 0.0 });
    }
    /// Takes the next row; gives what it settles, if anything.
    pub fn settle(&mut self, row: &Row) -> Option<Settlement<T>> {
        let (rv, ret) = (row.raw(Feature::Rv), row.raw(Feature::Ret));
        self.open.retain(|q| q.next_open == row.ts_open && rv.is_finite() && ret.is_finite());
        for q in &mut self.open {
            q.rows += 1;
            q.rv += rv;
            q.ret += ret;
            q.next_open = row.ts;
        }
        let done = self.open.front().is_some_and(|q| q.rows == self.ahead);
        let q = if done { self.open.pop_front()? } else { return None };
        (q.rv > 0.0).then_some(Settlement { what: q.what, rv: q.rv, ret: q.ret })
    }
}
