//! What all instruments did in the same window: the market factor, and the instrument that leads it.
//!
//! The rows of one window wait in a [`Barrier`] until every instrument of the universe has come, or an
//! event is known after the close plus [`Barrier::patience`]. Who came in time is decided by when the
//! event that completed its row was known, so the same events give the same factor in any run. A
//! row that comes later gets the factor of those that were in time, and is not part of it. The
//! leader is the instrument of the window with the largest long mean of quote volume. Source: the
//! commonality of Zhang, Zhang, Cucuringu, Qian 2023.

use std::collections::BTreeMap;

use super::catalog::Feature;
use super::row::Row;
use crate::base::{Span, Symbol, Ts};

/// Longest wait for the rows of other instruments; a sixtieth of a row where that is shorter.
const PATIENCE: Span = Span(10 * Span::SECOND.0);

/// Where the rows of one window wait for each other.
#[derive(Clone, Debug)]
pub struct Barrier {
    universe: usize,
    patience: Span,
    waiting: BTreeMap<Ts, Section>,
    last: Option<(Ts, Factor)>,
}

/// The rows of one window that came in time.
#[derive(Clone, Debug, Default)]
struct Section {
    rows: BTreeMap<Symbol, Row>,
    /// When the last of them was known.
    known: Option<Ts>,
}

impl Barrier {
    /// For a universe of that many instruments and rows of that length.
    pub fn new(universe: usize, row: Span) -> Barrier {
        let patience = Span(PATIENCE.0.min(row.0 / 60));
        Barrier { universe, patience, waiting: BTreeMap::new(), last: None }
    }
    /// How long after its close a window waits for the rows of other instruments.
    pub fn patience(&self) -> Span {
        self.patience
    }
    /// Tells the time, before the event known then is looked at; gives the rows whose wait is over,
    /// in order of close and symbol.
    pub fn advance(&mut self, now: Ts) -> Vec<Row> {
        let mut out = Vec::new();
        while let Some(first) = self.waiting.first_entry() {
            let deadline = *first.key() + self.patience;
            if now <= deadline {
                break;
            }
            let (close, section) = first.remove_entry();
            self.release(close, section, deadline, &mut out);
        }
        out
    }
    /// Takes a row, completed by an event known at `known`; gives the rows whose wait is over.
    pub fn push(&mut self, known: Ts, mut row: Row) -> Vec<Row> {
        let close = row.ts;
        if known > close + self.patience {
            if let Some((_, factor)) = self.last.as_ref().filter(|(at, _)| *at == close) {
                factor.set(&mut row);
            }
            row.ts_known = row.ts_known.max(known);
            return vec![row];
        }
        let section = self.waiting.entry(close).or_default();
        section.rows.insert(row.symbol, row);
        section.known = section.known.max(Some(known));
        let mut out = Vec::new();
        if section.rows.len() == self.universe
            && let Some(section) = self.waiting.remove(&close)
        {
            self.release(close, section, known, &mut out);
        }
        out
    }
    /// Lets a section go at `at`: no row of it could be known as it is now before the last of them.
    fn release(&mut self, close: Ts, section: Section, at: Ts, out: &mut Vec<Row>) {
        let whole = section.rows.len() == self.universe;
        let known = if whole { section.known.unwrap_or(at) } else { at };
        let factor = Factor::of(&section.rows);
        out.extend(section.rows.into_values().map(|mut row| {
            row.ts_known = row.ts_known.max(known);
            factor.set(&mut row);
            #[cfg(test)]
            if let Some(leak) = crate::base::planted::ahead("MARKET", row.symbol, row.ts_known) {
                row.set(Feature::MarketLevel, row.raw(Feature::MarketLevel) + leak);
            }
            row
        }));
        self.last = Some((close, factor));
    }
}

/// The features of one window that all its instruments share.
#[derive(Clone, Debug)]
struct Factor([(Feature, f64); 9]);

impl Factor {
    fn of(rows: &BTreeMap<Symbol, Row>) -> Factor {
        use Feature as F;
        let mean = |of: &dyn Fn(&Row) -> f64| {
            let seen: Vec<f64> = rows.values().map(of).filter(|v| v.is_finite()).collect();
            if seen.is_empty() { f64::NAN } else { seen.iter().sum::<f64>() / seen.len() as f64 }
        };
        let level = |f: Feature| move |r: &Row| (r.raw(f) / r.raw(F::RvLong)).ln();
        let moved = |r: &Row| r.raw(F::Ret) / r.raw(F::RvLong).sqrt();
        let busy = |r: &Row| (r.raw(F::QuoteVolume) / r.raw(F::QuoteVolumeLong)).ln();
        // The first by name of those that are equal.
        let leader = rows.values().rev().filter(|r| r.get(F::QuoteVolumeLong).is_some());
        let leader = leader.max_by(|a, b| a.raw(F::QuoteVolumeLong).total_cmp(&b.raw(F::QuoteVolumeLong)));
        let lead = |of: &dyn Fn(&Row) -> f64| leader.map_or(f64::NAN, of);
        Factor([
            (F::MarketLevel, mean(&level(F::Rv))),
            (F::MarketTail4, mean(&level(F::Tail4))),
            (F::MarketMid, mean(&level(F::RvMid))),
            (F::MarketRet, mean(&moved)),
            (F::MarketVolume, mean(&busy)),
            (F::MarketImbalance, mean(&|r: &Row| r.raw(F::Imbalance))),
            (F::LeaderLevel, lead(&level(F::Rv))),
            (F::LeaderTail4, lead(&level(F::Tail4))),
            (F::LeaderRet, lead(&moved)),
        ])
    }
    fn set(&self, row: &mut Row) {
        self.0.iter().for_each(|(feature, value)| row.set(*feature, *value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(symbol: &str, hour: i64, rv: f64) -> Row {
        let open = Ts(0) + Span::HOUR.times(hour);
        let mut row = Row::empty(symbol.parse().unwrap(), open, open + Span::HOUR, open + Span::HOUR);
        for (feature, value) in
            [(Feature::Rv, rv), (Feature::RvLong, 1.0), (Feature::Ret, 0.5), (Feature::QuoteVolumeLong, rv)]
        {
            row.set(feature, value);
        }
        row
    }
    fn levels(rows: &[Row]) -> Vec<(String, Option<f64>)> {
        rows.iter().map(|r| (r.symbol.to_string(), r.get(Feature::MarketLevel))).collect()
    }

    #[test]
    fn rows_wait_for_the_whole_universe_in_any_order() {
        let (a, b) = (row("A", 0, 2.0), row("B", 0, 8.0));
        let at = a.ts;
        let run = |x: Row, y: Row| {
            let mut barrier = Barrier::new(2, Span::HOUR);
            assert!(barrier.push(at, x).is_empty());
            barrier.push(at, y)
        };
        let (one, other) = (run(a, b), run(b, a));
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        let mean = (2f64.ln() + 8f64.ln()) / 2.0;
        assert!((one[0].raw(Feature::MarketLevel) - mean).abs() < 1e-15);
        assert_eq!(one[0].raw(Feature::LeaderLevel), 8f64.ln(), "B is traded more");
    }

    #[test]
    fn a_row_that_comes_late_gets_the_factor_of_those_in_time_and_changes_nothing() {
        let (a, b) = (row("A", 0, 2.0), row("B", 0, 8.0));
        let mut barrier = Barrier::new(2, Span::HOUR);
        let deadline = a.ts + barrier.patience();
        assert!(barrier.push(a.ts, a).is_empty());
        assert!(barrier.advance(deadline).is_empty(), "the deadline itself is in time");
        let late = deadline + Span(1);
        assert_eq!(levels(&barrier.advance(late)), [("A".to_string(), Some(2f64.ln()))]);
        assert_eq!(levels(&barrier.push(late, b)), [("B".to_string(), Some(2f64.ln()))]);
    }

    #[test]
    fn one_instrument_alone_never_waits_and_is_its_own_market() {
        let mut barrier = Barrier::new(1, Span::HOUR);
        let a = row("A", 0, 2.0);
        assert_eq!(levels(&barrier.push(a.ts, a)), [("A".to_string(), Some(2f64.ln()))]);
    }
}
