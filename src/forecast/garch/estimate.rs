//! Maximum likelihood: several starts, exact gradient, classic and robust errors.

use serde::{Deserialize, Serialize};

use super::innovation::Density;
use super::likelihood::Likelihood;
use super::numeric::errors::errors;
use super::numeric::number::Dual;
use super::process::{Family, Process, family};
use super::running::RunningProcess;
use super::series::{Series, backcast};
use super::spec::{MOST, Mean, Spec};
use crate::base::stats;

/// A fit: coefficients and what is known about their quality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GarchEstimate {
    /// What was fitted.
    pub spec: Spec,
    /// Coefficients in the units of the returns, in the order of [`Spec::names`].
    pub coefficients: Vec<f64>,
    /// Log-likelihood at the end, constants included; the least float where there is none.
    pub loglik: f64,
    /// What stands before the sample in the recursion.
    pub before: f64,
    /// Number of observations with a likelihood.
    pub observations: usize,
    /// Whether the search ended where the gradient vanishes. If not, the coefficients are those of
    /// the likeliest point that was found.
    pub converged: bool,
    /// Number of searches, from different points, of which the best end is kept.
    pub starts: usize,
    /// How much of a shock to the variance is left one step later.
    pub persistence: f64,
    /// Which coefficients lie at a bound.
    pub at_bound: Vec<bool>,
    /// Sandwich errors of Bollerslev and Wooldridge; `None` for a coefficient at its bound or where
    /// the Hessian has no inverse.
    pub robust_errors: Vec<Option<f64>>,
    /// Errors from the inverse Hessian.
    pub classic_errors: Vec<Option<f64>>,
}

impl GarchEstimate {
    /// A coefficient by name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.spec.names().iter().position(|n| n == name).map(|i| self.coefficients[i])
    }
    /// Coefficients of the residual's distribution.
    pub(super) fn shape(&self) -> &[f64] {
        self.spec.split(&self.coefficients).2
    }
    /// The process before the first return, ready to take them one by one.
    pub fn begin(&self) -> RunningProcess {
        self.spec.begin(&self.coefficients, self.before)
    }
}

/// What given coefficients make of a series.
pub struct FilteredVariances {
    /// Log-likelihood, constants included; NaN where there is none.
    pub loglik: f64,
    /// Variance of each observation and, last, of the one after them.
    pub variances: Vec<f64>,
    /// The process at the end.
    pub running: RunningProcess,
}

impl Spec {
    /// Fits the process to a series. The unit of the returns does not matter: they are brought to
    /// unit variance inside.
    ///
    /// # Errors
    /// Fewer than 20 returns, a return or regressor that is not finite, columns of different lengths,
    /// more than 16 coefficients, or returns without variance; the text says which.
    pub fn fit<'a>(&self, series: impl Into<Series<'a>>) -> Result<GarchEstimate, String> {
        let series = series.into();
        let (mean, unit) = self.check(&series)?;
        let scaled: Vec<f64> = series.returns.iter().map(|r| r / unit).collect();
        let realized: Vec<f64> = series.realized.iter().map(|v| v / (unit * unit)).collect();
        let scaled = Series { returns: &scaled, realized: &realized, exogenous: series.exogenous };
        let mean = mean.iter().enumerate().map(|(i, m)| if i == 0 { m / unit } else { *m }).collect();
        let likelihood = self.likelihood(scaled, mean);
        let end = likelihood.maximise();
        Ok(self.describe(&likelihood, end.at, (end.converged, end.starts), unit))
    }

    /// Log-likelihood and variances of a series at given coefficients.
    ///
    /// # Errors
    /// As [`Spec::fit`], or another number of coefficients than [`Spec::names`].
    pub fn filter<'a>(&self, coefficients: &[f64], series: impl Into<Series<'a>>) -> Result<FilteredVariances, String> {
        let series = series.into();
        if coefficients.len() != self.count() {
            return Err(format!("{} coefficients, the process has {}", coefficients.len(), self.count()));
        }
        let (mean, _) = self.check(&series)?;
        let likelihood = self.likelihood(series, mean);
        let (loglik, variances, last) = likelihood.filtered(coefficients);
        let mut running = self.begin(coefficients, likelihood.begin(coefficients).value);
        let density = Density::new(self.innovation, self.split(coefficients).2);
        running.resume(last, &density, series.returns);
        Ok(FilteredVariances { loglik, variances, running })
    }

    /// Mean coefficients where the search sets out, and the standard deviation around them.
    fn check(&self, series: &Series<'_>) -> Result<(Vec<f64>, f64), String> {
        let returns = series.returns;
        let n = returns.len();
        if n < 20 + self.mean.lags() {
            return Err(format!("{n} returns, at least {} are needed", 20 + self.mean.lags()));
        }
        self.fits()?;
        if let Some(i) = returns.iter().position(|r| !r.is_finite()) {
            return Err(format!("return {i} of {n} is not finite"));
        }
        let regressors = if let Process::Power(power) = &self.process { power.exogenous } else { 0 };
        if series.exogenous.len() != regressors * n {
            return Err(format!("{} values of regressors, {} are needed", series.exogenous.len(), regressors * n));
        }
        if let Some(i) = series.exogenous.iter().position(|x| !x.is_finite()) {
            return Err(format!("value {i} of the regressors is not finite"));
        }
        if matches!(self.process, Process::Realized(_)) && series.realized.len() != n {
            return Err(format!("{} realised variances for {n} returns", series.realized.len()));
        }
        let mean = match self.mean {
            Mean::Constant => vec![stats::mean(returns)],
            Mean::Zero => Vec::new(),
            Mean::Ar(lags) => least_squares(returns, lags).ok_or("the returns have no variance")?,
        };
        let residuals = residuals(returns, &mean);
        let unit = (residuals.iter().map(|e| e * e).sum::<f64>() / residuals.len() as f64).sqrt();
        let largest = returns.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
        if unit <= 1e-10 * largest || unit <= f64::MIN_POSITIVE {
            return Err("the returns have no variance".into());
        }
        Ok((mean, unit))
    }

    fn likelihood<'a>(&'a self, series: Series<'a>, mean: Vec<f64>) -> Likelihood<'a> {
        // The power of the backcast never depends on coefficients.
        let power = if let Process::Power(power) = &self.process { power.power } else { 2.0 };
        let backcast = backcast(residuals(series.returns, &mean).into_iter(), power);
        Likelihood { spec: self, series, mean, backcast }
    }

    /// Brings a fit at unit variance back to the unit of the returns.
    fn describe(&self, likelihood: &Likelihood<'_>, at: Vec<f64>, search: (bool, usize), unit: f64) -> GarchEstimate {
        let (mean, process, shape) = self.split(&at);
        let mut at_bound = vec![false; mean.len()];
        at_bound.extend(family!(&self.process, f => f.at_bound(process)));
        at_bound.extend(self.innovation.at_bound(shape));
        let free: Vec<bool> = at_bound.iter().map(|b| !b).collect();
        let covariances = likelihood.covariances(&at, &free);
        // Errors change units with the coefficients, to first order.
        let mut point = [0.0; MOST];
        point.iter_mut().zip(&at).for_each(|(p, v)| *p = *v);
        let back = self.in_units(&Dual::variables(&point)[..at.len()], unit);
        let (robust_errors, classic_errors) = errors(covariances.as_ref(), &back, &free);
        let before = likelihood.begin(&at).value;
        let exponent = family!(&self.process, f => f.exponent(process, self.start));
        GarchEstimate {
            loglik: stored(likelihood.value(&at) - likelihood.rows() as f64 * unit.ln()),
            before: before * unit.powf(exponent),
            observations: likelihood.rows(),
            converged: search.0,
            starts: search.1,
            persistence: family!(&self.process, f => f.persistence(process)),
            robust_errors,
            classic_errors,
            coefficients: back.iter().map(|c| c.value).collect(),
            at_bound,
            spec: self.clone(),
        }
    }
}

/// A log-likelihood as it can be stored: the least float for one that is not finite.
pub(super) fn stored(loglik: f64) -> f64 {
    if loglik.is_finite() { loglik } else { f64::MIN }
}

/// Residuals around mean coefficients.
fn residuals(returns: &[f64], mean: &[f64]) -> Vec<f64> {
    let Some((mu, ar)) = mean.split_first() else { return returns.to_vec() };
    let expected = |t: usize| ar.iter().enumerate().fold(*mu, |sum, (i, phi)| sum + phi * returns[t - 1 - i]);
    (ar.len()..returns.len()).map(|t| returns[t] - expected(t)).collect()
}

/// Coefficients of an autoregression by least squares; `None` where there are none.
fn least_squares(returns: &[f64], lags: usize) -> Option<Vec<f64>> {
    let width = lags + 1;
    if width > MOST {
        return None;
    }
    let (mut left, mut right) = ([[0.0; MOST]; MOST], [0.0; MOST]);
    for (i, row) in left.iter_mut().enumerate().skip(width) {
        row[i] = 1.0;
    }
    for t in lags..returns.len() {
        let x = |i: usize| if i == 0 { 1.0 } else { returns[t - i] };
        for (i, row) in left.iter_mut().enumerate().take(width) {
            right[i] += x(i) * returns[t];
            for (j, sum) in row.iter_mut().enumerate().take(width) {
                *sum += x(i) * x(j);
            }
        }
    }
    let inverse = super::numeric::minimise::inverse(left)?;
    Some((0..width).map(|i| (0..width).map(|j| inverse[i][j] * right[j]).sum()).collect())
}
