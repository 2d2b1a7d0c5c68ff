//! The process itself: coefficients, the recursion of the variance, the likelihood and its
//! gradient.

use serde::{Deserialize, Serialize};
use statrs::function::gamma::{digamma, ln_gamma};

/// Coefficients in the units of the returns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    /// Mean return.
    pub mu: f64,
    /// Constant of the variance, positive.
    pub omega: f64,
    /// Weight of the squared residual.
    pub alpha: f64,
    /// Further weight of a negative residual's square; 0 in a symmetric process.
    pub gamma: f64,
    /// Weight of the past variance.
    pub beta: f64,
    /// Degrees of freedom of Student's t scaled to unit variance; `None` for the normal.
    pub nu: Option<f64>,
}

/// Coefficients as an array: `mu, omega, alpha, gamma, beta, nu`.
pub(super) const MU: usize = 0;
pub(super) const OMEGA: usize = 1;
pub(super) const ALPHA: usize = 2;
pub(super) const GAMMA: usize = 3;
pub(super) const BETA: usize = 4;
pub(super) const NU: usize = 5;
/// One value per coefficient.
pub(super) type Array = [f64; 6];

impl Coefficients {
    /// The next variance, after a return whose own variance was `variance`.
    pub fn next(&self, variance: f64, ret: f64) -> f64 {
        let e = ret - self.mu;
        let a = if e < 0.0 { self.alpha + self.gamma } else { self.alpha };
        self.omega + a * e * e + self.beta * variance
    }
    /// The variance of the first return: `before` stands for the squared residual and the variance
    /// before the sample, and half of the residuals are taken to be negative.
    pub fn first(&self, before: f64) -> f64 {
        self.omega + self.persistence() * before
    }
    /// The variance of every return and, last, of the return after them.
    pub fn filter(&self, returns: &[f64], before: f64) -> Vec<f64> {
        let mut variances = Vec::with_capacity(returns.len() + 1);
        let mut variance = self.first(before);
        variances.push(variance);
        for r in returns {
            variance = self.next(variance, *r);
            variances.push(variance);
        }
        variances
    }
    /// Forecasts of the variance 1, 2, ... steps ahead, from the variance one step ahead.
    pub fn ahead(&self, variance: f64) -> impl Iterator<Item = f64> {
        let (omega, persistence) = (self.omega, self.persistence());
        std::iter::successors(Some(variance), move |v| Some(omega + persistence * v))
    }
    /// `alpha + gamma / 2 + beta`.
    pub fn persistence(&self) -> f64 {
        self.alpha + 0.5 * self.gamma + self.beta
    }
    /// The variance that forecasts tend to; `None` when persistence is not below 1.
    pub fn long_run(&self) -> Option<f64> {
        let gap = 1.0 - self.persistence();
        (gap > 0.0).then(|| self.omega / gap)
    }
    /// Steps in which a departure from the long-run variance halves.
    pub fn half_life(&self) -> f64 {
        0.5f64.ln() / self.persistence().ln()
    }
    /// Log-likelihood of the returns, constants included.
    pub fn loglik(&self, returns: &[f64], before: f64) -> f64 {
        pass(self.gamma != 0.0, returns, before, &self.array(), &mut Nothing)
    }
    pub(super) fn array(&self) -> Array {
        [self.mu, self.omega, self.alpha, self.gamma, self.beta, self.nu.unwrap_or(f64::INFINITY)]
    }
    pub(super) fn of(array: &Array) -> Coefficients {
        let [mu, omega, alpha, gamma, beta, nu] = *array;
        Coefficients { mu, omega, alpha, gamma, beta, nu: nu.is_finite().then_some(nu) }
    }
}

/// The squared residual that stands before the sample: weights 0.94^i over the first 75 residuals
/// around `centre`, the start of the Python package arch.
pub fn backcast(returns: &[f64], centre: f64) -> f64 {
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for r in returns.iter().take(75) {
        sum += weight * (r - centre) * (r - centre);
        weights += weight;
        weight *= 0.94;
    }
    sum / weights
}

/// What is done with the score of each observation.
pub(super) trait Scores {
    /// Whether scores are wanted at all.
    const WANTED: bool;
    /// Whether the logarithm in the score of `nu` is wanted per observation; otherwise the sum is
    /// handed over at the end.
    const EACH: bool;
    fn take(&mut self, score: &Array);
    fn finish(&mut self, nu: f64);
}

/// Only the likelihood.
pub(super) struct Nothing;
impl Scores for Nothing {
    const WANTED: bool = false;
    const EACH: bool = false;
    fn take(&mut self, _: &Array) {}
    fn finish(&mut self, _: f64) {}
}

/// Their sum, the gradient.
#[derive(Default)]
pub(super) struct Gradient(pub Array);
impl Scores for Gradient {
    const WANTED: bool = true;
    const EACH: bool = false;
    #[inline(always)]
    fn take(&mut self, score: &Array) {
        for (sum, s) in self.0.iter_mut().zip(score) {
            *sum += s;
        }
    }
    fn finish(&mut self, nu: f64) {
        self.0[NU] += nu;
    }
}

/// The sum of their outer products.
#[derive(Default)]
pub(super) struct Outer(pub [Array; 6]);
impl Scores for Outer {
    const WANTED: bool = true;
    const EACH: bool = true;
    fn take(&mut self, score: &Array) {
        for (row, a) in self.0.iter_mut().zip(score) {
            for (sum, b) in row.iter_mut().zip(score) {
                *sum += a * b;
            }
        }
    }
    fn finish(&mut self, _: f64) {}
}

/// A product kept in range, whose logarithm is the sum of logarithms: one `ln` in a hundred steps.
struct Product {
    value: f64,
    ln: f64,
}
impl Product {
    #[inline(always)]
    fn times(&mut self, x: f64) {
        self.value *= x;
        if !(1e-100..1e100).contains(&self.value) {
            self.ln += self.value.ln();
            self.value = 1.0;
        }
    }
    fn ln(self) -> f64 {
        self.ln + self.value.ln()
    }
}

/// One pass over the returns: the log-likelihood, with the score of each observation handed to
/// `scores`. Infinite degrees of freedom are the normal. A symmetric process has no score of `gamma`.
pub(super) fn pass<S: Scores>(asymmetric: bool, returns: &[f64], before: f64, at: &Array, scores: &mut S) -> f64 {
    match (at[NU].is_finite(), asymmetric) {
        (false, false) => pass_as::<false, false, S>(returns, before, at, scores),
        (false, true) => pass_as::<false, true, S>(returns, before, at, scores),
        (true, false) => pass_as::<true, false, S>(returns, before, at, scores),
        (true, true) => pass_as::<true, true, S>(returns, before, at, scores),
    }
}

/// `T` chooses Student's t, `A` the asymmetric recursion: kept apart so that the loop has no branch.
fn pass_as<const T: bool, const A: bool, S: Scores>(returns: &[f64], before: f64, at: &Array, scores: &mut S) -> f64 {
    let [mu, omega, alpha, gamma, beta, nu] = *at;
    let n = returns.len() as f64;
    let half = 0.5 * (nu + 1.0);
    let per_row_nu = if T { 0.5 * (digamma(half) - digamma(0.5 * nu)) - 0.5 / (nu - 2.0) } else { 0.0 };
    let mut s = omega + (alpha + 0.5 * gamma + beta) * before;
    // Derivatives of the variance by mu, omega, alpha, gamma and beta.
    let mut d = [0.0, 1.0, before, 0.5 * before, before];
    let (mut variances, mut tails) = (Product { value: 1.0, ln: 0.0 }, Product { value: 1.0, ln: 0.0 });
    let mut squares = 0.0;
    for r in returns {
        let e = r - mu;
        let e2 = e * e;
        variances.times(s);
        // `by_s` and `by_mu` are the derivatives of this observation's log-likelihood by its
        // variance and, directly, by the mean; `share` is e^2 / (s (nu - 2) + e^2).
        let (by_s, by_mu, share);
        if T {
            let tail = s * (nu - 2.0) + e2;
            tails.times(tail);
            let both = 1.0 / (s * tail);
            let (inverse, inverse_tail) = (tail * both, s * both);
            share = e2 * inverse_tail;
            by_s = inverse * (half * share - 0.5);
            by_mu = 2.0 * half * e * inverse_tail;
        } else {
            let inverse = 1.0 / s;
            let square = e2 * inverse;
            squares += square;
            share = 0.0;
            by_s = 0.5 * inverse * (square - 1.0);
            by_mu = e * inverse;
        }
        let negative = if A && e < 0.0 { 1.0 } else { 0.0 };
        let down = if A { alpha + gamma * negative } else { alpha };
        if S::WANTED {
            let mut by_nu = if T { half * share / (nu - 2.0) } else { 0.0 };
            if T && S::EACH {
                by_nu += per_row_nu + 0.5 * (1.0 - share).ln();
            }
            scores.take(&[
                by_s * d[MU] + by_mu,
                by_s * d[OMEGA],
                by_s * d[ALPHA],
                if A { by_s * d[GAMMA] } else { 0.0 },
                by_s * d[BETA],
                by_nu,
            ]);
            d[MU] = beta * d[MU] - 2.0 * down * e;
            d[OMEGA] = beta * d[OMEGA] + 1.0;
            d[ALPHA] = beta * d[ALPHA] + e2;
            if A {
                d[GAMMA] = beta * d[GAMMA] + e2 * negative;
            }
            d[BETA] = beta * d[BETA] + s;
        }
        s = omega + down * e2 + beta * s;
    }
    let ln_s = variances.ln();
    if !T {
        return -0.5 * (n * (2.0 * std::f64::consts::PI).ln() + ln_s + squares);
    }
    let ln_scale = (nu - 2.0).ln();
    // Sum of ln(1 + e^2 / (s (nu - 2))).
    let ln_tail = tails.ln() - ln_s - n * ln_scale;
    scores.finish(n * per_row_nu - 0.5 * ln_tail);
    let constant = ln_gamma(half) - ln_gamma(0.5 * nu) - 0.5 * (std::f64::consts::PI.ln() + ln_scale);
    n * constant - 0.5 * ln_s - half * ln_tail
}

#[cfg(test)]
mod tests {
    use super::*;

    /// METHOD's series of waves, in percent.
    fn waves() -> Vec<f64> {
        (1..=500).map(|t| 2.0 * (1.7 * f64::from(t)).sin() * (1.0 + 0.5 * (0.013 * f64::from(t)).cos())).collect()
    }

    #[test]
    fn the_recursion_gives_the_printed_digits() {
        // Computed once with numpy, printed to ten digits; the start is the population variance.
        let c = Coefficients { mu: 0.0564, omega: 0.0175, alpha: 0.1022, gamma: 0.0, beta: 0.8852, nu: None };
        let r = waves();
        let mean = r.iter().sum::<f64>() / 500.0;
        let mut variance = r.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / 500.0;
        let mut variances = vec![variance];
        for r in &r {
            variance = c.next(variance, *r);
            variances.push(variance);
        }
        let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-9, "{got} {want}");
        for (got, want) in variances.iter().zip([2.332518672, 2.952754912, 2.700491064, 3.228301648]) {
            close(*got, want);
        }
        close(variance, 4.316738178);
        close(c.ahead(variance).take(5).sum(), 21.21940092);
        close(c.long_run().unwrap(), 1.388888889);
        close(c.half_life(), 54.66437498);
    }

    #[test]
    fn the_gradient_is_that_of_the_likelihood() {
        let r = waves();
        for t in [false, true] {
            let at = [0.05, 0.1, 0.08, 0.05, 0.8, if t { 6.0 } else { f64::INFINITY }];
            let value = |at: &Array| Coefficients::of(at).loglik(&r, 2.0);
            let mut gradient = Gradient::default();
            let ll = pass(true, &r, 2.0, &at, &mut gradient);
            assert!((ll - value(&at)).abs() < 1e-9);
            for i in 0..(if t { 6 } else { 5 }) {
                let (mut up, mut down) = (at, at);
                up[i] += 1e-6;
                down[i] -= 1e-6;
                let want = (value(&up) - value(&down)) / 2e-6;
                assert!((gradient.0[i] - want).abs() < 1e-4 * want.abs().max(1.0), "{i}: {} {want}", gradient.0[i]);
            }
        }
    }
}
