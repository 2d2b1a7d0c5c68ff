//! Spikes: the threshold that makes a variance one, and probabilities that mean what they say.
//!
//! A spike is a realised variance over the horizon above the 95 % quantile of the last `window` ones
//! known. The lognormal probability of [`super::calibration`] is mapped by isotonic regression on what
//! was said and what happened before (pool of adjacent violators; Ayer et al. 1955; Zadrozny, Elkan
//! 2002), all instruments together.

use std::cell::OnceCell;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::base::stats;
use crate::feature::Row;
use crate::forecast::outcome::Pending;

/// The level that makes a spike.
const LEVEL: f64 = 0.95;
/// Fewer answers, or fewer spikes among them, teach nothing.
const NEED: (usize, usize) = (400, 20);

/// The threshold of one instrument as of its last row.
#[derive(Clone, Debug)]
pub(super) struct Threshold {
    window: usize,
    pending: Pending<()>,
    realised: VecDeque<f64>,
    /// Ascending, from when somebody first asks: while stored rows are replayed nobody does.
    sorted: OnceCell<Vec<f64>>,
}

impl Threshold {
    pub fn new(ahead: usize, window: usize) -> Threshold {
        Threshold { window, pending: Pending::new(ahead), realised: VecDeque::new(), sorted: OnceCell::new() }
    }
    pub fn update(&mut self, row: &Row) {
        if let Some(settled) = self.pending.settle(row) {
            self.realised.push_back(settled.rv);
            let old = if self.realised.len() > self.window { self.realised.pop_front() } else { None };
            if let Some(sorted) = self.sorted.get_mut() {
                insert(sorted, settled.rv);
                old.into_iter().for_each(|old| remove(sorted, old));
            }
        }
        self.pending.issue(row, ());
    }
    /// From half a window on.
    pub fn get(&self) -> Option<f64> {
        let sorted = || self.sorted.get_or_init(|| stats::sorted(&Vec::from_iter(self.realised.iter().copied())));
        (self.realised.len() >= self.window / 2).then(|| stats::quantile(sorted(), LEVEL))
    }
}

/// The threshold after each of an instrument's rows.
pub(super) fn thresholds(rows: &[Row], ahead: usize, window: usize) -> Vec<Option<f64>> {
    let mut threshold = Threshold::new(ahead, window);
    let after = |row| {
        threshold.update(row);
        threshold.get()
    };
    rows.iter().map(after).collect()
}

/// A rising map from what was said to what happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reliability {
    /// Mean probability said and share of spikes, both rising; empty leaves probabilities as they are.
    knots: Vec<(f64, f64)>,
}

impl Reliability {
    /// From probabilities said and whether a spike came.
    pub fn learn(mut said: Vec<(f64, bool)>) -> Reliability {
        let spikes = said.iter().filter(|s| s.1).count();
        if said.len() < NEED.0 || spikes < NEED.1 {
            return Reliability::default();
        }
        said.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Sums of probabilities, of spikes, and rows.
        let mut blocks: Vec<(f64, f64, f64)> = Vec::new();
        for (p, spike) in said {
            blocks.push((p, f64::from(u8::from(spike)), 1.0));
            while let [.., a, b] = blocks[..]
                && a.1 * b.2 >= b.1 * a.2
            {
                blocks.truncate(blocks.len() - 2);
                blocks.push((a.0 + b.0, a.1 + b.1, a.2 + b.2));
            }
        }
        // Half a spike and half a calm row more, so that a few rows are never certain.
        let knots = blocks.iter().map(|(p, spikes, rows)| (p / rows, (spikes + 0.5) / (rows + 1.0)));
        let mut rising: Vec<(f64, f64)> = Vec::new();
        for (p, share) in knots {
            let least = rising.last().map_or(0.0, |k| k.1);
            rising.push((p, share.max(least)));
        }
        Reliability { knots: rising }
    }
    /// Half what the lognormal says and half what came when it said so: the regression has flat
    /// stretches, and within them the lognormal still knows which of two is the likelier.
    pub fn of(&self, p: f64) -> f64 {
        (p + self.regression(p)) / 2.0
    }
    /// Linear between knots, from 0 to 1.
    fn regression(&self, p: f64) -> f64 {
        let at = self.knots.partition_point(|k| k.0 < p);
        let (x0, y0) = if at == 0 { (0.0, 0.0) } else { self.knots[at - 1] };
        let (x1, y1) = self.knots.get(at).copied().unwrap_or((1.0, 1.0));
        if self.knots.is_empty() || x1 <= x0 { p } else { y0 + (y1 - y0) * (p - x0) / (x1 - x0) }
    }
}

/// Adds to an ascending list.
pub(super) fn insert(sorted: &mut Vec<f64>, value: f64) {
    let at = sorted.partition_point(|v| v.total_cmp(&value).is_lt());
    sorted.insert(at, value);
}

/// Takes out of an ascending list.
pub(super) fn remove(sorted: &mut Vec<f64>, value: f64) {
    let at = sorted.partition_point(|v| v.total_cmp(&value).is_lt());
    if at < sorted.len() {
        sorted.remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;
    use rand::RngExt;

    #[test]
    fn a_wrong_scale_is_put_right_and_order_is_kept() {
        let mut rng = Seed(9).rng();
        // Spikes are half as frequent as is said.
        let said: Vec<(f64, bool)> = (0..40_000)
            .map(|_| {
                let p: f64 = rng.random();
                (p, rng.random::<f64>() < p / 2.0)
            })
            .collect();
        let map = Reliability::learn(said);
        for p in [0.1, 0.3, 0.5, 0.7, 0.9] {
            assert!((map.regression(p) - p / 2.0).abs() < 0.04, "{p}: {}", map.regression(p));
        }
        let all: Vec<f64> = (0..=1000).map(|i| map.of(f64::from(i) / 1000.0)).collect();
        assert!(all.windows(2).all(|w| w[0] < w[1]) && all[0] >= 0.0 && all[1000] <= 1.0);
    }

    #[test]
    fn too_few_spikes_leave_probabilities_as_they_are() {
        let map = Reliability::learn((0..1000).map(|i| (f64::from(i) / 1000.0, i == 7)).collect());
        assert_eq!(map, Reliability::default());
        assert_eq!(map.of(0.3), 0.3);
    }

    #[test]
    fn adjacent_violators_are_pooled() {
        // Checked against scikit-learn 1.9 IsotonicRegression on [0,1,0,1,1,0,1,1]: blocks
        // 0 | 1/2 1/2 | 2/3 2/3 2/3 | 1 1, here with half a row of each kind more.
        let hits = [false, true, false, true, true, false, true, true];
        let said: Vec<(f64, bool)> = (0..800).map(|i| ((i as f64 + 0.5) / 800.0, hits[i / 100])).collect();
        let map = Reliability::learn(said);
        let shares: Vec<f64> = map.knots.iter().map(|k| k.1).collect();
        let want = [0.5 / 101.0, 100.5 / 201.0, 200.5 / 301.0, 200.5 / 201.0];
        assert_eq!(shares.len(), want.len());
        shares.iter().zip(want).for_each(|(s, w)| assert!((s - w).abs() < 1e-12, "{shares:?}"));
    }
}
