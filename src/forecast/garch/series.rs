//! What a process is fitted to: returns and what is known with each.

use super::process::Beside;

/// Returns in order of time, and what became known with each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Series<'a> {
    /// Returns, in any one unit.
    pub returns: &'a [f64],
    /// Realised variances of the same rows, in the unit of the returns squared; NaN where missing,
    /// empty where no process asks for them.
    pub realized: &'a [f64],
    /// Regressors known with each row, row after row; empty where there are none.
    pub exogenous: &'a [f64],
}

impl<'a> From<&'a [f64]> for Series<'a> {
    fn from(returns: &'a [f64]) -> Series<'a> {
        Series { returns, ..Series::default() }
    }
}

impl<'a> From<&'a Vec<f64>> for Series<'a> {
    fn from(returns: &'a Vec<f64>) -> Series<'a> {
        Series::from(returns.as_slice())
    }
}

impl<'a> Series<'a> {
    /// What came with row `t`.
    #[inline(always)]
    pub(super) fn beside(&self, t: usize) -> Beside<'a> {
        let width = self.exogenous.len() / self.returns.len();
        let ln_realized = if self.realized.is_empty() { f64::NAN } else { 0.5 * self.realized[t].ln() };
        Beside { ln_realized, exogenous: &self.exogenous[t * width..(t + 1) * width] }
    }
}

/// The squared residual that stands before the sample, to any power of its size: weights 0.94^i over
/// the first 75 residuals, the start of the Python package arch.
pub fn backcast(residuals: impl Iterator<Item = f64>, power: f64) -> f64 {
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for e in residuals.take(75) {
        sum += weight * if power == 2.0 { e * e } else { e.abs().powf(power) };
        weights += weight;
        weight *= 0.94;
    }
    sum / weights
}
