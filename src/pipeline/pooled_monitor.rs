//! The evidence against the forecast of one margin over one horizon, pooled over all instruments of a pipeline.
//!
//! The outcomes of one row-time are put together before they count: they are taken in at the first row of a later time.
//! So a decision rests on what all instruments knew at the row-time before its own, whichever of them came first,
//! and a replay of the same inputs finds the same numbers. An outcome that comes after a later time has begun counts with
//! that one.

use std::collections::BTreeMap;

use crate::base::{Symbol, Ts};
use crate::margin::monitor::{ForecastMonitor, MonitorReading, Params, ScoredOutcome};

/// The running state.
pub(super) struct PooledMonitor {
    monitor: ForecastMonitor,
    /// The newest row-time.
    now: Option<Ts>,
    /// Its outcomes, in the order in which they are summed.
    open: BTreeMap<(Symbol, Ts), ScoredOutcome>,
}

impl PooledMonitor {
    /// With no outcome yet, of forecasts over `ahead` rows.
    pub fn new(params: Params, ahead: usize) -> PooledMonitor {
        PooledMonitor { monitor: ForecastMonitor::new(params, ahead), now: None, open: BTreeMap::new() }
    }
    /// Rows of this close come next; gives what is known from those before.
    pub fn begin(&mut self, close: Ts) -> MonitorReading {
        if self.now.is_none_or(|now| now < close) {
            let outcomes: Vec<ScoredOutcome> = std::mem::take(&mut self.open).into_values().collect();
            if self.now.replace(close).is_some() {
                self.monitor.push(&outcomes);
            }
        }
        self.monitor.reading()
    }
    /// Takes what a row of one instrument settled.
    pub fn take(&mut self, symbol: Symbol, close: Ts, outcome: ScoredOutcome) {
        self.open.insert((symbol, close), outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::loss::Side;
    use crate::margin::monitor::OutcomeScorer;

    /// Whether an instrument's loss at a row exceeded its forecast.
    fn breach(symbol: usize, row: i64) -> bool {
        (row * 7 + symbol as i64 * 3) % 5 < 2
    }

    fn outcome(symbol: usize, row: i64) -> ScoredOutcome {
        OutcomeScorer::new(Side::Long).score(0.01, None, if breach(symbol, row) { -0.02 } else { 0.0 })
    }

    fn close(row: i64) -> Ts {
        Ts(0) + Span::HOUR.times(row)
    }

    fn symbol(i: usize) -> Symbol {
        format!("S{i}").parse().unwrap()
    }

    /// The evidence that each instrument is decided with at each row, where those of a row come in an order and
    /// `at_once` says whether what one settles is known to the next.
    fn known(order: [usize; 3], missing: &dyn Fn(usize, i64) -> bool, at_once: bool) -> BTreeMap<(i64, usize), f64> {
        let mut pool = PooledMonitor::new(Params::default(), 2);
        let mut all = BTreeMap::new();
        for row in 0..40 {
            for i in order.into_iter().filter(|i| !missing(*i, row)) {
                all.insert((row, i), pool.begin(close(row)).evidence);
                pool.take(symbol(i), close(row), outcome(i, row));
                if at_once {
                    // Planted: it is taken in before the others of its row have come.
                    pool.now = Some(close(row - 1));
                }
            }
        }
        all
    }

    #[test]
    fn evidence_knows_no_order_of_instruments_and_nothing_of_its_own_row_and_a_planted_fault_does() {
        let some_missing = |i: usize, row: i64| i == 1 && row % 3 == 0;
        let orders = [[0, 1, 2], [2, 1, 0], [1, 2, 0]];
        let [a, b, c] = orders.map(|order| known(order, &some_missing, false));
        assert!(a == b && b == c);
        for row in 0..40 {
            let of_row: Vec<f64> = (0..3).filter_map(|i| a.get(&(row, i)).copied()).collect();
            assert!(of_row.windows(2).all(|pair| pair[0] == pair[1]), "all of a row are decided alike");
        }
        assert!(a.values().any(|m| *m > 10.0));
        let [x, y, _] = orders.map(|order| known(order, &some_missing, true));
        assert_ne!(x, y, "the planted fault is seen");
    }

    #[test]
    fn a_row_is_the_mean_of_those_that_have_an_outcome() {
        let run = |instruments: &[usize]| {
            let mut pool = PooledMonitor::new(Params::default(), 1);
            pool.begin(close(0));
            for i in instruments {
                let ret = if *i == 0 { -0.02 } else { 0.0 };
                pool.take(symbol(*i), close(0), OutcomeScorer::new(Side::Long).score(0.01, None, ret));
            }
            pool.begin(close(1)).evidence
        };
        let of = |e: f64| [0.0025, 0.005, 0.01, 0.02].iter().map(|l| 1.0 - l + l * e).sum::<f64>() / 4.0;
        assert!((run(&[0]) - of(100.0)).abs() < 1e-12);
        assert!((run(&[0, 1]) - of(50.0)).abs() < 1e-12);
        assert_eq!(run(&[]), 1.0);
    }

    #[test]
    fn an_outcome_that_comes_late_counts_with_the_time_in_which_it_comes() {
        let mut pool = PooledMonitor::new(Params::default(), 1);
        let breached = OutcomeScorer::new(Side::Long).score(0.01, None, -0.02);
        pool.begin(close(1));
        pool.begin(close(2));
        let before = pool.begin(close(1));
        pool.take(symbol(0), close(1), breached);
        assert_eq!(pool.begin(close(2)), before, "the later time has begun");
        assert!(pool.begin(close(3)).evidence > before.evidence);
    }
}
