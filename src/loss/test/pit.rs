//! Probability integral transform of forecasts that are given by quantiles: how often outcomes fell
//! between each two published levels, against how often they should.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::coverage::Test;

/// Counts of outcomes between quantiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Edges in probability, from 0 to 1: one more than bins.
    pub edges: Vec<f64>,
    /// Outcomes in each bin.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// Empty, with bins between 0, the ascending `levels` and 1.
    pub fn new(levels: &[f64]) -> Histogram {
        let edges: Vec<f64> = [0.0].iter().chain(levels).chain(&[1.0]).copied().collect();
        Histogram { counts: vec![0; edges.len() - 1], edges }
    }
    /// Takes an outcome and the quantiles at the levels. An outcome on a quantile lies above it; where
    /// a number is not there it is left out.
    pub fn push(&mut self, outcome: f64, quantiles: &[f64]) {
        if outcome.is_nan() || quantiles.iter().any(|q| q.is_nan()) {
            return;
        }
        let place = quantiles.iter().filter(|q| outcome >= **q).count().min(self.counts.len() - 1);
        self.counts[place] += 1;
    }
    /// Outcomes taken.
    pub fn n(&self) -> u64 {
        self.counts.iter().sum()
    }
    /// Nominal probability of a bin.
    fn nominal(&self, bin: usize) -> f64 {
        self.edges[bin + 1] - self.edges[bin]
    }
    /// Observed over nominal share of a bin: 1 where the forecast is right.
    pub fn density(&self, bin: usize) -> f64 {
        self.counts[bin] as f64 / self.n() as f64 / self.nominal(bin)
    }
    /// Pearson's statistic against the nominal probabilities, chi squared with one degree of freedom
    /// less than bins; outcomes are taken as independent. `None` where a bin expects fewer than five.
    pub fn uniform(&self) -> Option<Test> {
        let n = self.n() as f64;
        let expected: Vec<f64> = (0..self.counts.len()).map(|i| n * self.nominal(i)).collect();
        if expected.iter().any(|e| *e < 5.0) {
            return None;
        }
        let statistic = self.counts.iter().zip(&expected).map(|(c, e)| (*c as f64 - e).powi(2) / e).sum();
        let p = ChiSquared::new((expected.len() - 1) as f64).ok()?.sf(statistic);
        Some(Test { statistic, p })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(scale: f64) -> Histogram {
        let mut h = Histogram::new(&[0.1, 0.5, 0.9]);
        // Outcomes evenly over (0, 1), quantiles as said by a forecast of another width.
        let q = [0.1, 0.5, 0.9].map(|p| 0.5 + scale * (p - 0.5));
        (0..1000).for_each(|i| h.push((f64::from(i) + 0.5) / 1000.0, &q));
        h
    }

    #[test]
    fn a_right_forecast_is_flat_and_a_narrow_one_heavy_at_both_ends() {
        let right = filled(1.0);
        assert_eq!(right.counts, [100, 400, 400, 100]);
        assert!((0..4).all(|i| (right.density(i) - 1.0).abs() < 1e-12) && right.uniform().unwrap().p > 0.999);
        let narrow = filled(0.5);
        assert_eq!(narrow.counts, [300, 200, 200, 300]);
        assert!((narrow.density(0) - 3.0).abs() < 1e-12 && narrow.uniform().unwrap().p < 1e-9);
    }

    #[test]
    fn what_is_absent_is_left_out_and_few_outcomes_are_not_tested() {
        let mut h = Histogram::new(&[0.5]);
        h.push(f64::NAN, &[0.0]);
        h.push(1.0, &[f64::NAN]);
        assert_eq!((h.n(), h.uniform()), (0, None));
        h.push(0.0, &[0.0]);
        assert_eq!(h.counts, [0, 1], "on the quantile is above it");
    }
}
