//! A process on its way through time: it takes returns one by one and gives the variances ahead.

use super::innovation::Density;
use super::process::{Beside, Recursion};

/// A process with given coefficients, at some return.
pub struct RunningProcess {
    /// Constant, then weights of past returns; empty for zero.
    mean: Vec<f64>,
    /// The returns that the mean needs, newest first.
    past: Vec<f64>,
    lags: usize,
    recursion: Box<dyn Recursion<f64> + Send>,
}

/// Smallest variance, so that a regressor cannot make it zero or negative.
const LEAST: f64 = 1e-300;

impl RunningProcess {
    pub(super) fn new(
        mean: Vec<f64>,
        lags: usize,
        mut recursion: Box<dyn Recursion<f64> + Send>,
        density: &Density<f64>,
    ) -> RunningProcess {
        recursion.prepare(density);
        RunningProcess { mean, past: Vec::with_capacity(lags), lags, recursion }
    }

    /// Goes on from the end of a series.
    pub(super) fn resume(
        &mut self,
        mut recursion: Box<dyn Recursion<f64> + Send>,
        density: &Density<f64>,
        returns: &[f64],
    ) {
        recursion.prepare(density);
        self.recursion = recursion;
        self.past = returns.iter().rev().take(self.lags).copied().collect();
    }

    /// Takes a return, the realised variance of the same row (NaN where missing or not used) and the
    /// regressors of the next variance.
    pub fn take(&mut self, ret: f64, realized: f64, exogenous: &[f64]) {
        if self.past.len() == self.lags {
            let ar = self.mean.iter().skip(1).zip(&self.past).map(|(phi, r)| phi * r).sum::<f64>();
            let residual = ret - self.mean.first().unwrap_or(&0.0) - ar;
            self.recursion.take(residual, Beside { ln_realized: 0.5 * realized.ln(), exogenous });
        }
        if self.lags > 0 {
            self.past.truncate(self.lags - 1);
            self.past.insert(0, ret);
        }
    }
    /// Variance of the next return.
    pub fn variance(&self) -> f64 {
        self.recursion.variance().max(LEAST)
    }
    /// Expected variances of the next `steps` returns, with these regressors after the first.
    pub fn ahead(&self, steps: usize, exogenous: &[f64]) -> Vec<f64> {
        let mut ahead = vec![self.variance()];
        if steps > 1 {
            let mut recursion = self.recursion.copy();
            for _ in 1..steps {
                recursion.foresee(exogenous);
                ahead.push(recursion.variance().max(LEAST));
            }
        }
        ahead
    }
}
