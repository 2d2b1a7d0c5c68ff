//! Samples of bounded length, in order of time and of size, and the distribution of one.

use std::collections::VecDeque;

use crate::base::quantile::{Rule, rank, shortfall};
use crate::base::stats;
use crate::forecast::Dist;
use crate::forecast::dist::LEVELS;

/// Share of returns beyond the quantiles whose expected shortfalls are published.
const MISS: f64 = 0.01;

/// The last `limit` values, in order of time and of size.
pub(super) struct Sample {
    limit: usize,
    in_time: VecDeque<f64>,
    in_size: Vec<f64>,
}

impl Sample {
    pub fn new(limit: usize) -> Sample {
        Sample { limit: limit.max(1), in_time: VecDeque::new(), in_size: Vec::new() }
    }
    pub fn push(&mut self, value: f64) {
        if self.in_time.len() == self.limit
            && let Some(oldest) = self.in_time.pop_front()
        {
            self.in_size.remove(self.place(oldest));
        }
        self.in_time.push_back(value);
        self.in_size.insert(self.place(value), value);
    }
    /// Ascending.
    pub fn in_size(&self) -> &[f64] {
        &self.in_size
    }
    /// Oldest first.
    pub fn in_time(&self) -> &VecDeque<f64> {
        &self.in_time
    }
    /// Arithmetic mean; NaN when empty.
    pub fn mean(&self) -> f64 {
        self.in_time.iter().sum::<f64>() / self.in_time.len() as f64
    }
    fn place(&self, value: f64) -> usize {
        self.in_size.partition_point(|v| v.total_cmp(&value).is_lt())
    }
}

/// The distribution of a sample of returns (ascending), with a realised variance from elsewhere and
/// a standard deviation not below `sd_floor`. Quantiles are those of the loss on either side, by the
/// rule; expected shortfalls are Acerbi and Tasche's.
pub(super) fn dist_of_returns(rv: f64, returns: &[f64], rule: Rule, sd_floor: f64) -> Dist {
    let n = returns.len();
    let (fall, rise) = (|i: usize| -returns[n - 1 - i], |i: usize| returns[i]);
    let q = LEVELS.map(|p| if p < 0.5 { -rule.among(n, 1.0 - p, fall) } else { rule.among(n, p, rise) });
    let k = rank(1.0 - MISS, n);
    let es01 = -shortfall(returns[..n - k].iter().map(|r| -r), fall(k - 1), 1.0 - MISS, n);
    let es99 = shortfall(returns[k..].iter().rev().copied(), rise(k - 1), 1.0 - MISS, n);
    let sd = stats::variance(returns).sqrt().max(sd_floor);
    Dist { rv, sd, q, es01: es01.min(q[1]), es99: es99.max(q[7]) }
}

/// Whether a window of so many losses has fewer than five beyond its 99 % quantile, which then says
/// little.
pub fn is_thin(window: usize) -> bool {
    MISS * (window as f64) < 5.0 - 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_the_last_values_sorted() {
        let mut sample = Sample::new(5);
        let x: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 11)).collect();
        for (i, v) in x.iter().enumerate() {
            sample.push(*v);
            let last = &x[(i + 1).saturating_sub(5)..=i];
            assert_eq!(sample.in_size(), stats::sorted(last));
            assert!(sample.in_time().iter().eq(last));
        }
    }
}
