//! Realized GARCH in logarithms (Hansen, Huang, Shek 2012).
//!
//! `ln s_t^2 = omega + sum alpha_i ln x_(t-i) + sum beta_j ln s_(t-j)^2`,
//! `ln x_t = xi + delta ln s_t^2 + eta1 z_t + eta2 (z_t^2 - 1) + u_t`, `z = e / s`, `sd(u) = lambda`
//! normal, `x` the realised **volatility** (the square root of the realised variance) in the unit of
//! the returns. The likelihood is the joint one, of returns and of `ln x`. Bounds: `alpha_i, beta_j >=
//! 0`, `delta, lambda > 0`, `delta sum alpha + sum beta < 1`. A missing `x` counts as the expected one.
//! Forecasts beyond one step are the exponential of the expected logarithm.

use serde::{Deserialize, Serialize};

use super::recursion::{Before, Beside, Family, Lags, Recursion, Start, numbered, zeroed};
use crate::forecast::garch::innovation::Density;
use crate::forecast::garch::numeric::number::{Number, share_variable, shares};

/// Orders of the process. Coefficients: `omega, alpha[..p], beta[..q], eta1, eta2, delta, lambda, xi`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Realized {
    /// Lags of the realised volatility.
    pub p: usize,
    /// Lags of the variance.
    pub q: usize,
}

impl Default for Realized {
    fn default() -> Realized {
        Realized { p: 1, q: 1 }
    }
}

/// The logarithm of the variance stays this close to where it began.
const FAR: f64 = 60.0;

impl Realized {
    fn point(&self, reaction: f64, persistence: f64, delta: f64, lambda: f64) -> Vec<f64> {
        let share = |s: f64| share_variable(s.max(1e-6), 1.0 - persistence);
        let mut x = vec![0.0];
        x.extend((0..self.p).map(|_| share(reaction / self.p as f64)));
        x.extend((0..self.q).map(|_| share((persistence - reaction) / self.q as f64)));
        x.extend([-0.02, 0.05, delta.ln(), lambda.ln(), -0.2]);
        x
    }
    fn persistence_of<T: Number>(&self, c: &[T]) -> T {
        let (p, q) = (self.p, self.q);
        let sum = |c: &[T]| c.iter().fold(T::of(0.0), |sum, v| sum + *v);
        sum(&c[1 + p..1 + p + q]) + sum(&c[1..1 + p]) * c[3 + p + q]
    }
}

impl Family for Realized {
    type State<T: Number> = State<T>;

    fn names(&self) -> Vec<String> {
        let weights = numbered("alpha", self.p).chain(numbered("beta", self.q));
        let measure = ["eta1", "eta2", "delta", "lambda", "xi"].map(String::from);
        ["omega".to_string()].into_iter().chain(weights).chain(measure).collect()
    }
    /// The first variable is the long-run logarithm of the variance.
    fn bounded<T: Number>(&self, x: &[T], _: Start) -> Vec<T> {
        let (p, q) = (self.p, self.q);
        let shares = shares(&x[1..1 + p + q]);
        let at = 1 + p + q;
        let (delta, xi) = (x[at + 2].clamped(-6.0, 3.0).exp(), x[at + 4]);
        let alpha: Vec<T> = shares[..p].iter().map(|s| *s / delta).collect();
        let reaction = alpha.iter().fold(T::of(0.0), |sum, a| sum + *a);
        let mut c = vec![x[0] * shares[p + q] - reaction * xi];
        c.extend(alpha);
        c.extend_from_slice(&shares[p..p + q]);
        c.extend([x[at], x[at + 1], delta, x[at + 3].clamped(-12.0, 6.0).exp(), xi]);
        c
    }
    fn grid(&self) -> Vec<Vec<f64>> {
        let mut points = Vec::new();
        for (reaction, persistence) in [(0.4, 0.96), (0.2, 0.98), (0.3, 0.8)] {
            for delta in [0.5, 1.0] {
                points.extend([0.2, 0.5].map(|lambda| self.point(reaction, persistence, delta, lambda)));
            }
        }
        points
    }
    fn starts(&self) -> Vec<Vec<f64>> {
        vec![self.point(0.1, 0.6, 0.5, 0.4), self.point(1e-3, 0.9, 0.1, 2.0)]
    }
    fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T> {
        let (p, q, ln) = (self.p, self.q, unit.ln());
        let sum = |c: &[T]| c.iter().fold(T::of(0.0), |sum, v| sum + *v);
        let mut out = c.to_vec();
        out[0] = c[0] + (-sum(&c[1 + p..1 + p + q]) + 1.0) * (2.0 * ln) - sum(&c[1..1 + p]) * ln;
        out[5 + p + q] = c[5 + p + q] + (-c[3 + p + q] * 2.0 + 1.0) * ln;
        out
    }
    fn zeroed(&self, c: &[f64]) -> Vec<Vec<f64>> {
        zeroed(c, 1..1 + self.p + self.q)
    }
    fn at_bound(&self, c: &[f64]) -> Vec<bool> {
        (0..c.len()).map(|i| (1..=self.p + self.q).contains(&i) && c[i] == 0.0).collect()
    }
    fn persistence(&self, c: &[f64]) -> f64 {
        self.persistence_of(c)
    }
    fn begin<T: Number>(&self, c: &[T], before: Before<T>, _: &Density<T>) -> State<T> {
        let (p, q) = (self.p, self.q);
        let value = before.value.ln();
        let at = 1 + p + q;
        let measure = Measure { eta1: c[at], eta2: c[at + 1], delta: c[at + 2], lambda: c[at + 3], xi: c[at + 4] };
        let mut state = State {
            omega: c[0],
            alpha: c[1..1 + p].into(),
            beta: c[1 + p..at].into(),
            measured: Lags::new(p, measure.xi + measure.delta * value),
            pasts: Lags::new(q, value),
            measure,
            now: value,
            centre: value.value(),
            given: if before.start == Start::FirstVariance { p.max(q) } else { 0 },
        };
        if state.given == 0 {
            state.now = state.next();
        }
        state
    }
}

/// How the realised measure follows from the variance.
#[derive(Clone, Copy)]
struct Measure<T> {
    eta1: T,
    eta2: T,
    delta: T,
    lambda: T,
    xi: T,
}

/// `now` is the logarithm of the variance of the next residual.
#[derive(Clone)]
pub(in crate::forecast::garch) struct State<T> {
    omega: T,
    alpha: Vec<T>,
    beta: Vec<T>,
    measure: Measure<T>,
    measured: Lags<T>,
    pasts: Lags<T>,
    now: T,
    centre: f64,
    given: usize,
}

impl<T: Number> State<T> {
    fn next(&self) -> T {
        let sum = self.measured.weighted(&self.alpha, self.omega);
        self.pasts.weighted(&self.beta, sum).clamped(self.centre - FAR, self.centre + FAR)
    }
    fn step(&mut self, measured: T) {
        self.measured.push(measured);
        self.pasts.push(self.now);
        self.given = self.given.saturating_sub(1);
        if self.given == 0 {
            self.now = self.next();
        }
    }
}

impl<T: Number> Recursion<T> for State<T> {
    fn variance(&self) -> T {
        self.now.exp()
    }
    fn take(&mut self, residual: T, beside: Beside<'_>) -> T {
        let m = self.measure;
        let expected = m.xi + m.delta * self.now;
        if !beside.ln_realized.is_finite() {
            self.step(expected);
            return T::of(0.0);
        }
        let z = residual * (-self.now * 0.5).exp();
        let measured = T::of(beside.ln_realized);
        let u = (measured - expected - m.eta1 * z - m.eta2 * (z * z - 1.0)) / m.lambda;
        self.step(measured);
        -(u * u * 0.5 + m.lambda.ln()) - 0.5 * (2.0 * std::f64::consts::PI).ln()
    }
    fn foresee(&mut self, _: &[f64]) {
        self.step(self.measure.xi + self.measure.delta * self.now);
    }
    fn copy(&self) -> Box<dyn Recursion<T> + Send> {
        Box::new(self.clone())
    }
}
