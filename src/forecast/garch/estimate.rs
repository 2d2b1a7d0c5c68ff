//! Maximum likelihood: several starts, analytic gradient, classic and robust errors.

use serde::{Deserialize, Serialize};

use super::likelihood::Likelihood;
use super::process::{Array, Coefficients, GAMMA, MU, NU, backcast};
use crate::base::stats;

/// The mean return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mean {
    /// Estimated.
    #[default]
    Constant,
    /// Zero.
    Zero,
}

/// The distribution of the standardised residual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Innovation {
    /// Standard normal.
    Normal,
    /// Student's t scaled to unit variance, degrees of freedom estimated.
    #[default]
    Student,
}

/// What stands before the sample, for the squared residual and the variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// arch's weighted mean of the first squared residuals (see [`backcast`]).
    #[default]
    Backcast,
    /// The mean of all squared residuals, the start of rugarch and of the published benchmark.
    MeanSquare,
}

/// Which process is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The mean return.
    pub mean: Mean,
    /// Whether negative residuals weigh more (Glosten, Jagannathan, Runkle).
    pub asymmetric: bool,
    /// The distribution of the standardised residual.
    pub innovation: Innovation,
    /// What stands before the sample.
    pub start: Start,
}

/// A fit: coefficients and what is known about their quality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Coefficients in the units of the returns.
    pub coefficients: Coefficients,
    /// Log-likelihood at the end, constants included.
    pub loglik: f64,
    /// What stands before the sample in the recursion, from residuals around the sample mean.
    pub before: f64,
    /// Number of returns.
    pub observations: usize,
    /// Whether the search ended where the gradient vanishes.
    pub converged: bool,
    /// Whether a weight is zero, persistence is one, or degrees of freedom are at a bound.
    pub at_boundary: bool,
    /// Sandwich errors of Bollerslev and Wooldridge, in the order of [`Spec::names`]; `None` for a
    /// coefficient at its bound or where the Hessian has no inverse.
    pub robust_errors: Vec<Option<f64>>,
    /// Errors from the inverse Hessian.
    pub classic_errors: Vec<Option<f64>>,
}

impl Spec {
    /// The coefficients that are estimated, in order.
    pub fn names(&self) -> Vec<&'static str> {
        const NAMES: [&str; 6] = ["mu", "omega", "alpha", "gamma", "beta", "nu"];
        self.free().into_iter().map(|i| NAMES[i]).collect()
    }

    pub(super) fn free(&self) -> Vec<usize> {
        let used = |i: &usize| match *i {
            MU => self.mean == Mean::Constant,
            GAMMA => self.asymmetric,
            NU => self.innovation == Innovation::Student,
            _ => true,
        };
        (0..6).filter(used).collect()
    }

    /// Fits the process to returns in order of time. The unit of the returns does not matter: they
    /// are brought to unit variance inside.
    ///
    /// # Errors
    /// Fewer than 20 returns, a return that is not finite, or returns without variance; the text
    /// says which.
    pub fn fit(&self, returns: &[f64]) -> Result<Estimate, String> {
        let n = returns.len();
        if n < 20 {
            return Err(format!("{n} returns, at least 20 are needed"));
        }
        if let Some(i) = returns.iter().position(|r| !r.is_finite()) {
            return Err(format!("return {i} of {n} is not finite"));
        }
        let centre = if self.mean == Mean::Constant { stats::mean(returns) } else { 0.0 };
        let unit = (returns.iter().map(|r| (r - centre) * (r - centre)).sum::<f64>() / n as f64).sqrt();
        let largest = returns.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
        if unit <= 1e-10 * largest || unit <= f64::MIN_POSITIVE {
            return Err("the returns have no variance".into());
        }
        let scaled: Vec<f64> = returns.iter().map(|r| r / unit).collect();
        let mu = centre / unit;
        let before = match self.start {
            Start::Backcast => backcast(&scaled, mu),
            Start::MeanSquare => 1.0,
        };
        let mut likelihood = Likelihood { spec: *self, before, returns: &scaled, mu };
        let (at, converged) = likelihood.maximise();
        Ok(self.describe(&likelihood, &at, converged, unit))
    }

    /// Brings a fit at unit variance back to the unit of the returns.
    fn describe(&self, likelihood: &Likelihood<'_>, at: &Array, converged: bool, unit: f64) -> Estimate {
        let units = [unit, unit * unit, 1.0, 1.0, 1.0, 1.0];
        let (robust, classic) = likelihood.errors(at);
        let in_units = |errors: [Option<f64>; 6]| -> Vec<Option<f64>> {
            self.free().into_iter().map(|i| errors[i].map(|e| e * units[i])).collect()
        };
        let mut back = *at;
        back.iter_mut().zip(units).for_each(|(c, unit)| *c *= unit);
        Estimate {
            coefficients: Coefficients::of(&back),
            loglik: likelihood.value(at) - likelihood.returns.len() as f64 * unit.ln(),
            before: likelihood.before * unit * unit,
            observations: likelihood.returns.len(),
            converged,
            at_boundary: likelihood.at_boundary(at),
            robust_errors: in_units(robust),
            classic_errors: in_units(classic),
        }
    }
}
