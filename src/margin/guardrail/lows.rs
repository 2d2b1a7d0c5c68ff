//! The least that was in force over any stretch of time up to now.

use std::collections::VecDeque;

use crate::base::{Span, Ts};

/// Values kept at most. Beyond that the oldest stands for the one after it, which it is below.
const KEPT: usize = 4096;

/// Values with the time at which they ceased to hold. A value holds from when it is set until the next is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lows {
    /// (value, end), oldest first, values ascending: an earlier value that is not below a later one can never be the
    /// least again, so it is dropped, and the first that still held after an instant is the least since then.
    values: VecDeque<(f64, Ts)>,
    newest: Ts,
}

impl Lows {
    /// Takes the value that holds from `now` on; what ceased to hold `keep` before is forgotten.
    pub fn set(&mut self, now: Ts, value: f64, keep: Span) {
        // An input that came late is taken when it came.
        self.newest = self.newest.max(now);
        if let Some(last) = self.values.back_mut() {
            last.1 = self.newest;
        }
        while self.values.back().is_some_and(|v| v.0 >= value) {
            self.values.pop_back();
        }
        self.values.push_back((value, Ts(i64::MAX)));
        let until = self.newest - keep;
        while self.values.front().is_some_and(|v| v.1 <= until) {
            self.values.pop_front();
        }
        if self.values.len() > KEPT
            && let Some((_, end)) = self.values.remove(1)
            && let Some(first) = self.values.front_mut()
        {
            first.1 = end;
        }
    }
    /// The least that held at any time after `since`; infinite before the first.
    pub fn since(&self, since: Ts) -> f64 {
        let first = self.values.partition_point(|v| v.1 <= since);
        self.values.get(first).map_or(f64::INFINITY, |v| v.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_every_stretch_equals_the_plain_search() {
        let keep = Span(20);
        let mut lows = Lows::default();
        assert_eq!(lows.since(Ts(0)), f64::INFINITY);
        let mut all: Vec<(i64, f64)> = Vec::new();
        let mut now = 0;
        for i in 0..500_i64 {
            now += (i * 7919) % 5;
            let value = ((i * 104_729) % 13) as f64;
            all.push((now, value));
            lows.set(Ts(now), value, keep);
            for window in 0..=20 {
                let held = |k: usize| all.get(k + 1).map_or(i64::MAX, |n| n.0) > now - window;
                let want = (0..all.len()).filter(|k| held(*k)).map(|k| all[k].1).fold(f64::MAX, f64::min);
                assert_eq!(lows.since(Ts(now - window)), want, "value {i}, window {window}");
            }
        }
    }

    #[test]
    fn more_values_than_are_kept_only_make_the_least_smaller() {
        let mut lows = Lows::default();
        for i in 0..3 * KEPT as i64 {
            lows.set(Ts(i), i as f64, Span(i64::MAX / 4));
        }
        assert_eq!(lows.values.len(), KEPT);
        let last = 3 * KEPT as i64 - 1;
        for back in 0..3 * KEPT as i64 {
            assert!(lows.since(Ts(last - back)) <= (last - back) as f64 + 1.0);
        }
        assert_eq!(lows.since(Ts(last - 100)), (last - 100) as f64);
    }

    #[test]
    fn an_input_that_comes_late_shortens_no_stretch() {
        let mut lows = Lows::default();
        lows.set(Ts(0), 1.0, Span(100));
        lows.set(Ts(10), 3.0, Span(100));
        lows.set(Ts(5), 4.0, Span(100));
        assert_eq!((lows.since(Ts(9)), lows.since(Ts(10))), (1.0, 4.0));
    }
}
