//! Mean and variance of the last so many numbers, without a pass over them at each question.
//!
//! The numbers lie in blocks, and a block keeps its sums. A new number has its own block summed anew,
//! so that the sums depend on the numbers kept and never on those that left: nothing drifts, and a
//! wild value leaves no trace.

use std::collections::VecDeque;

/// Numbers per block: about the square root of the windows in use.
const BLOCK: usize = 64;

/// The last `window` numbers.
#[derive(Clone, Debug)]
pub(super) struct Rolling {
    window: usize,
    values: Vec<f64>,
    /// Place of the oldest, where the next goes once the window is full.
    oldest: usize,
    /// Sum and sum of squares of each block.
    sums: Vec<(f64, f64)>,
}

impl Rolling {
    /// From numbers oldest first, of which the last `window` are kept.
    pub fn new(window: usize, numbers: &VecDeque<f64>) -> Rolling {
        let window = window.max(1);
        let values: Vec<f64> = numbers.iter().skip(numbers.len().saturating_sub(window)).copied().collect();
        let mut rolling = Rolling { window, oldest: 0, sums: vec![(0.0, 0.0); values.len().div_ceil(BLOCK)], values };
        (0..rolling.sums.len()).for_each(|block| rolling.sum(block));
        rolling
    }
    fn sum(&mut self, block: usize) {
        let values = &self.values[block * BLOCK..self.values.len().min((block + 1) * BLOCK)];
        self.sums[block] = values.iter().fold((0.0, 0.0), |(sum, squares), v| (sum + v, squares + v * v));
    }
    /// Adds a number; gives the one that leaves for it.
    pub fn push(&mut self, value: f64) -> Option<f64> {
        let (at, left) = if self.values.len() < self.window {
            self.values.push(value);
            self.sums.resize(self.values.len().div_ceil(BLOCK), (0.0, 0.0));
            (self.values.len() - 1, None)
        } else {
            let at = self.oldest;
            self.oldest = (at + 1) % self.window;
            (at, Some(std::mem::replace(&mut self.values[at], value)))
        };
        self.sum(at / BLOCK);
        left
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }
    /// Oldest first.
    pub fn numbers(&self) -> VecDeque<f64> {
        self.values[self.oldest..].iter().chain(&self.values[..self.oldest]).copied().collect()
    }
    /// Mean, and the sum of squares around it; NaN where there are none.
    pub fn moments(&self) -> (f64, f64) {
        let (sum, squares) = self.sums.iter().fold((0.0, 0.0), |(a, b), (sum, squares)| (a + sum, b + squares));
        let mean = sum / self.values.len() as f64;
        // Where all are alike rounding must not leave it below zero.
        (mean, (squares - mean * sum).max(0.0))
    }
    /// Mean squared distance from the mean.
    pub fn variance(&self) -> f64 {
        self.moments().1 / self.values.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Seed, stats};
    use rand::RngExt;

    #[test]
    fn moments_are_those_of_the_last_numbers_and_a_wild_one_leaves_no_trace() {
        let mut rng = Seed(4).rng();
        let mut rolling = Rolling::new(300, &(0..40).map(f64::from).collect());
        let mut all: Vec<f64> = (0..40).map(f64::from).collect();
        for i in 0..2000 {
            let value = if i == 700 { 1e12 } else { rng.random::<f64>() - 0.3 };
            let left = rolling.push(value);
            all.push(value);
            let last = &all[all.len().saturating_sub(300)..];
            assert_eq!(left, (all.len() > 300).then(|| all[all.len() - 301]));
            assert_eq!((rolling.len(), rolling.numbers()), (last.len(), last.iter().copied().collect()));
            let (mean, variance) = (stats::mean(last), stats::variance(last));
            assert!((rolling.moments().0 - mean).abs() <= 1e-13 * mean.abs().max(1.0), "{i}");
            assert!((rolling.variance() - variance).abs() <= 1e-12 * variance, "{i}");
        }
    }

    #[test]
    fn what_was_stored_goes_on_with_the_same_moments() {
        let mut a = Rolling::new(128, &VecDeque::new());
        (0..500).for_each(|i| _ = a.push((f64::from(i) * 0.7).sin()));
        let (mut b, mut c) = (Rolling::new(128, &a.numbers()), Rolling::new(128, &a.numbers()));
        for i in 0..300 {
            let value = (f64::from(i) * 1.3).cos();
            assert_eq!(b.push(value), c.push(value));
            assert_eq!(b.moments(), c.moments());
        }
        assert!((0.0..1e-17).contains(&Rolling::new(8, &VecDeque::from(vec![0.1; 8])).variance()));
    }
}
