//! Maximum likelihood of the regimes.

use serde::{Deserialize, Serialize};

use super::filter::Regimes;
use super::likelihood::{End, Mixture};
use super::spec::{MOST, Switching};
use crate::base::stats;
use crate::forecast::garch::estimate::stored;
use crate::forecast::garch::numeric::errors::errors;
use crate::forecast::garch::numeric::number::Dual;
use crate::forecast::garch::process::Family;

/// A fit: coefficients and what is known about their quality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwitchingEstimate {
    /// What was fitted.
    pub spec: Switching,
    /// Mean return, which is taken out beforehand.
    pub mean: f64,
    /// Coefficients in the units of the returns, in the order of [`Switching::names`]; regimes by
    /// unconditional variance, the smallest first.
    pub coefficients: Vec<f64>,
    /// Log-likelihood at the end, constants included; the least float where there is none.
    pub loglik: f64,
    /// Number of observations with a likelihood.
    pub observations: usize,
    /// Whether the search ended where the gradient vanishes. If not, the coefficients are those of
    /// the likeliest point that was found.
    pub converged: bool,
    /// Number of searches, from different points, of which the best end is kept.
    pub starts: usize,
    /// Which coefficients lie at a bound.
    pub at_bound: Vec<bool>,
    /// Sandwich errors; `None` for a coefficient at its bound or where the Hessian has no inverse.
    pub robust_errors: Vec<Option<f64>>,
    /// Errors from the inverse Hessian.
    pub classic_errors: Vec<Option<f64>>,
}

impl SwitchingEstimate {
    /// The regimes before the first return.
    pub fn begin(&self) -> Regimes<f64> {
        Regimes::begin(&self.spec, &self.coefficients)
    }
    /// A coefficient by name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.spec.names().iter().position(|n| n == name).map(|i| self.coefficients[i])
    }
}

impl Switching {
    /// Fits the regimes to returns in order of time, less their mean. The unit of the returns does not
    /// matter.
    ///
    /// # Errors
    /// Another number of regimes than 2 or 3, fewer than 50 returns, a return that is not finite, or
    /// returns without variance; the text says which.
    pub fn fit(&self, returns: &[f64]) -> Result<SwitchingEstimate, String> {
        let n = returns.len();
        if !(2..=3).contains(&self.regimes) {
            return Err(format!("`regimes` is {}, it must be 2 or 3", self.regimes));
        }
        if n < 50 {
            return Err(format!("{n} returns, at least 50 are needed"));
        }
        if let Some(i) = returns.iter().position(|r| !r.is_finite()) {
            return Err(format!("return {i} of {n} is not finite"));
        }
        let mean = stats::mean(returns);
        let unit = (returns.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / n as f64).sqrt();
        let largest = returns.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
        if unit <= 1e-10 * largest || unit <= f64::MIN_POSITIVE {
            return Err("the returns have no variance".into());
        }
        let residuals: Vec<f64> = returns.iter().map(|r| (r - mean) / unit).collect();
        let mixture = Mixture { spec: self, residuals: &residuals };
        let end = mixture.maximise();
        Ok(self.describe(&mixture, end, (mean, unit)))
    }

    /// Log-likelihood of residuals (returns less their mean) at given coefficients, and the regimes at
    /// the end.
    pub fn filter(&self, coefficients: &[f64], residuals: &[f64]) -> (f64, Regimes<f64>) {
        let mut regimes = Regimes::begin(self, coefficients);
        let loglik = residuals.iter().map(|e| regimes.take(*e)).sum();
        (loglik, regimes)
    }

    /// Brings a fit at unit variance back to the unit of the returns.
    fn describe(&self, mixture: &Mixture<'_>, end: End, (mean, unit): (f64, f64)) -> SwitchingEstimate {
        let at = self.ordered(&end.at);
        let at_bound = self.at_bound(&at);
        let free: Vec<bool> = at_bound.iter().map(|b| !b).collect();
        let covariances = mixture.covariances(&at, &free);
        let mut point = [0.0; MOST];
        point.iter_mut().zip(&at).for_each(|(p, v)| *p = *v);
        let mut back = Dual::variables(&point)[..at.len()].to_vec();
        let (variance, shape) = self.width();
        for k in 0..self.regimes {
            let omega = k * (variance + shape);
            back[omega] = back[omega] * (unit * unit);
        }
        let (robust_errors, classic_errors) = errors(covariances.as_ref(), &back, &free);
        let observations = mixture.residuals.len() - 1;
        SwitchingEstimate {
            spec: *self,
            mean,
            coefficients: back.iter().map(|c| c.value).collect(),
            loglik: stored(mixture.value(&at) - observations as f64 * unit.ln()),
            observations,
            converged: end.converged,
            starts: end.starts,
            at_bound,
            robust_errors,
            classic_errors,
        }
    }

    /// The same regimes by unconditional variance.
    fn ordered(&self, at: &[f64]) -> Vec<f64> {
        let (variance, shape) = self.width();
        let (width, k) = (variance + shape, self.regimes);
        let regime = |i: usize| &at[i * width..(i + 1) * width];
        let level = |i: usize| regime(i)[0] / (1.0 - self.power().persistence(&regime(i)[..variance])).max(1e-300);
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|a, b| level(*a).total_cmp(&level(*b)));
        let probability = |i: usize, j: usize| {
            let row = &at[k * width + i * (k - 1)..][..k - 1];
            if j + 1 < k { row[j] } else { 1.0 - row.iter().sum::<f64>() }
        };
        let mut out: Vec<f64> = order.iter().flat_map(|i| regime(*i).to_vec()).collect();
        for i in &order {
            out.extend(order[..k - 1].iter().map(|j| probability(*i, *j)));
        }
        out
    }

    fn at_bound(&self, at: &[f64]) -> Vec<bool> {
        let (variance, shape) = self.width();
        let (regimes, transitions) = at.split_at(self.regimes * (variance + shape));
        let mut out = Vec::new();
        for regime in regimes.chunks(variance + shape) {
            out.extend(self.power().at_bound(&regime[..variance]));
            out.extend(self.innovation.at_bound(&regime[variance..]));
        }
        out.extend(transitions.iter().map(|p| *p < 1e-6 || *p > 1.0 - 1e-6));
        out
    }
}
