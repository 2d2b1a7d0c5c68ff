//! GARCH(1,1) and GJR with normal and Student residuals, with the derivatives written out: one pass
//! takes a few nanoseconds a return, and these are the fits that a study repeats. It gives what the
//! recursion of [`super::process`] gives with numbers that carry derivatives; a test holds it to that.

use statrs::function::gamma::{digamma, ln_gamma};

/// Coefficients as an array: `mu, omega, alpha, gamma, beta, nu`.
pub(super) const MU: usize = 0;
pub(super) const OMEGA: usize = 1;
pub(super) const ALPHA: usize = 2;
pub(super) const GAMMA: usize = 3;
pub(super) const BETA: usize = 4;
pub(super) const NU: usize = 5;
/// One value per coefficient.
pub(super) type Array = [f64; 6];

/// The variance of the first return.
#[derive(Clone, Copy)]
pub(super) enum First {
    /// What stands before the sample for the squared residual and the variance, of which half of the
    /// residuals are taken to be negative.
    Backcast(f64),
    /// The same, from the mean squared residual.
    MeanSquare,
    /// The mean squared residual itself.
    Variance,
}

impl First {
    /// The first variance, and its derivatives by mu, omega, alpha, gamma and beta.
    fn variance(self, returns: &[f64], at: &Array) -> (f64, [f64; 5]) {
        let [mu, omega, alpha, gamma, beta, _] = *at;
        match self {
            First::Backcast(before) => {
                let variance = omega + (alpha + 0.5 * gamma + beta) * before;
                (variance, [0.0, 1.0, before, 0.5 * before, before])
            }
            First::MeanSquare => {
                let (before, by_mu) = mean_square(returns, mu);
                let persistence = alpha + 0.5 * gamma + beta;
                (omega + persistence * before, [persistence * by_mu, 1.0, before, 0.5 * before, before])
            }
            First::Variance => {
                let (variance, by_mu) = mean_square(returns, mu);
                (variance, [by_mu, 0.0, 0.0, 0.0, 0.0])
            }
        }
    }
}

/// The mean squared residual, and its derivative by the mean.
fn mean_square(returns: &[f64], mu: f64) -> (f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    for r in returns {
        sum += r - mu;
        squares += (r - mu) * (r - mu);
    }
    let n = returns.len() as f64;
    (squares / n, -2.0 * sum / n)
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
pub(super) fn pass<S: Scores>(asymmetric: bool, returns: &[f64], first: First, at: &Array, scores: &mut S) -> f64 {
    match (at[NU].is_finite(), asymmetric) {
        (false, false) => pass_as::<false, false, S>(returns, first, at, scores),
        (false, true) => pass_as::<false, true, S>(returns, first, at, scores),
        (true, false) => pass_as::<true, false, S>(returns, first, at, scores),
        (true, true) => pass_as::<true, true, S>(returns, first, at, scores),
    }
}

/// `T` chooses Student's t, `A` the asymmetric recursion: kept apart so that the loop has no branch.
fn pass_as<const T: bool, const A: bool, S: Scores>(returns: &[f64], first: First, at: &Array, scores: &mut S) -> f64 {
    let [mu, omega, alpha, gamma, beta, nu] = *at;
    let n = returns.len() as f64;
    let half = 0.5 * (nu + 1.0);
    let per_row_nu = if T { 0.5 * (digamma(half) - digamma(0.5 * nu)) - 0.5 / (nu - 2.0) } else { 0.0 };
    let (mut s, mut d) = first.variance(returns, at);
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
