//! What every family of processes gives: its coefficients and their bounds, and the recursion.

use serde::{Deserialize, Serialize};

use crate::forecast::garch::innovation::Density;
use crate::forecast::garch::numeric::number::Number;

/// What stands before the sample, and with it whose bounds hold where packages differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// arch's: the missing squared residuals and variances are a weighted mean of the first squared
    /// residuals around the sample mean.
    #[default]
    Backcast,
    /// The published benchmark's: they are the mean of all squared residuals.
    MeanSquare,
    /// rugarch's: the variances of the first residuals are the mean of all squared residuals.
    FirstVariance,
}

/// What is known with a return besides it.
#[derive(Clone, Copy, Debug)]
pub(in crate::forecast::garch) struct Beside<'a> {
    /// Logarithm of the realised volatility, in the unit of the returns; NaN where not used.
    pub ln_realized: f64,
    /// Regressors of the next variance.
    pub exogenous: &'a [f64],
}

/// The value that stands before the sample.
#[derive(Clone, Copy, Debug)]
pub(in crate::forecast::garch) struct Before<T> {
    pub start: Start,
    /// Mean of the residual's size to the family's exponent: weighted or plain, see [`Start`].
    pub value: T,
}

/// A recursion on its way.
pub(in crate::forecast::garch) trait Recursion<T: Number> {
    /// Variance of the next residual.
    fn variance(&self) -> T;
    /// Takes the residual and what came with it; gives the log-likelihood of what came with it.
    fn take(&mut self, residual: T, beside: Beside<'_>) -> T;
    /// Takes what is to be expected instead.
    fn foresee(&mut self, exogenous: &[f64]);
    /// Works out the moments that [`Recursion::foresee`] needs.
    fn prepare(&mut self, _: &Density<f64>) {}
    /// A copy.
    fn copy(&self) -> Box<dyn Recursion<T> + Send>;
}

/// A family of processes: coefficients `c`, and variables `x` without bounds in their places. Sizes
/// refer to returns of unit variance.
pub(in crate::forecast::garch) trait Family {
    type State<T: Number>: Recursion<T>;
    /// Names of the coefficients.
    fn names(&self) -> Vec<String>;
    /// Coefficients from variables.
    fn bounded<T: Number>(&self, x: &[T], start: Start) -> Vec<T>;
    /// Points of which the likeliest is searched from.
    fn grid(&self) -> Vec<Vec<f64>>;
    /// Points that are all searched from. At the last one the variance is nearly constant, so that
    /// every series has a likelihood there.
    fn starts(&self) -> Vec<Vec<f64>>;
    /// Coefficients for returns of another unit.
    fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T>;
    /// The same coefficients with one small weight set to zero, for each small weight.
    fn zeroed(&self, c: &[f64]) -> Vec<Vec<f64>>;
    /// Which coefficients lie at their bound.
    fn at_bound(&self, c: &[f64]) -> Vec<bool>;
    /// How much of a shock to the variance is left one step later; 1 or more never dies out.
    fn persistence(&self, c: &[f64]) -> f64;
    /// Exponent of the residual's size in [`Before`].
    fn exponent<T: Number>(&self, _c: &[T], _start: Start) -> T {
        T::of(2.0)
    }
    /// The recursion before the first residual.
    fn begin<T: Number>(&self, c: &[T], before: Before<T>, density: &Density<T>) -> Self::State<T>;
}

/// A weight below this is tried at exactly zero.
pub(super) const NEARLY_ZERO: f64 = 1e-3;

/// Copies of `c` with each small positive one of `weights` at zero.
pub(super) fn zeroed(c: &[f64], weights: impl Iterator<Item = usize>) -> Vec<Vec<f64>> {
    let mut out = Vec::new();
    for i in weights.filter(|i| c[*i] > 0.0 && c[*i] < NEARLY_ZERO) {
        let mut zero = c.to_vec();
        zero[i] = 0.0;
        out.push(zero);
    }
    out
}

/// `name[1]`, `name[2]`, ...
pub(super) fn numbered(name: &str, count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(move |i| format!("{name}[{i}]"))
}

/// The last values, newest first, of fixed number.
#[derive(Clone)]
pub(super) struct Lags<T>(pub(super) Vec<T>);

impl<T: Number> Lags<T> {
    pub(super) fn new(count: usize, value: T) -> Lags<T> {
        Lags(vec![value; count])
    }
    #[inline(always)]
    pub(super) fn push(&mut self, value: T) {
        if let Some(last) = self.0.len().checked_sub(1) {
            self.0.copy_within(0..last, 1);
            self.0[0] = value;
        }
    }
    #[inline(always)]
    pub(super) fn weighted(&self, weights: &[T], sum: T) -> T {
        weights.iter().zip(&self.0).fold(sum, |sum, (w, v)| sum + *w * *v)
    }
}
