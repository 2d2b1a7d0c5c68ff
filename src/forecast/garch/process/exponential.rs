//! Exponential GARCH (Nelson 1991).
//!
//! `ln s_t^2 = omega + sum alpha_i (|z_(t-i)| - k) + sum gamma_i z_(t-i) + sum beta_j ln s_(t-j)^2`,
//! `z = e / s`, and `k` the mean of `|z|`: that of the normal with arch's start, that of the
//! distribution with rugarch's (which calls our `alpha` gamma and our `gamma` alpha). Lags before the
//! sample add nothing but `ln s^2`. Bounds: `beta_j >= 0`, `sum beta < 1`. Forecasts beyond one step
//! are the exponential of the expected logarithm.

use serde::{Deserialize, Serialize};

use super::recursion::{Before, Beside, Family, Lags, Recursion, Start, numbered, zeroed};
use crate::forecast::garch::innovation::Density;
use crate::forecast::garch::numeric::number::{Number, share_variable, shares};

/// Orders of the process. Coefficients: `omega, alpha[..p], gamma[..o], beta[..q]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exponential {
    /// Lags of the size of the standardised residual.
    pub p: usize,
    /// Lags of the standardised residual.
    pub o: usize,
    /// Lags of the logarithm of the variance.
    pub q: usize,
}

impl Default for Exponential {
    fn default() -> Exponential {
        Exponential { p: 1, o: 1, q: 1 }
    }
}

/// The logarithm of the variance stays this close to where it began.
const FAR: f64 = 60.0;

impl Exponential {
    fn point(&self, alpha: f64, gamma: f64, beta: f64) -> Vec<f64> {
        let q = self.q.max(1) as f64;
        let mut x = vec![0.0];
        x.extend((0..self.p).map(|_| alpha / self.p as f64));
        x.extend((0..self.o).map(|_| gamma / self.o as f64));
        x.extend((0..self.q).map(|_| share_variable(beta / q, 1.0 - beta)));
        x
    }
}

impl Family for Exponential {
    type State<T: Number> = State<T>;

    fn names(&self) -> Vec<String> {
        let weights = numbered("alpha", self.p).chain(numbered("gamma", self.o)).chain(numbered("beta", self.q));
        ["omega".to_string()].into_iter().chain(weights).collect()
    }
    fn bounded<T: Number>(&self, x: &[T], _: Start) -> Vec<T> {
        let first = 1 + self.p + self.o;
        let shares = shares(&x[first..]);
        let mut c = vec![x[0] * shares[self.q]];
        c.extend_from_slice(&x[1..first]);
        c.extend_from_slice(&shares[..self.q]);
        c
    }
    fn grid(&self) -> Vec<Vec<f64>> {
        let mut points = Vec::new();
        for beta in [0.99, 0.95, 0.85, 0.5] {
            for alpha in [0.05, 0.15, 0.3] {
                points.extend([-0.1, 0.0].map(|gamma| self.point(alpha, gamma, beta)));
            }
        }
        points
    }
    fn starts(&self) -> Vec<Vec<f64>> {
        vec![self.point(0.1, 0.0, 0.995), self.point(0.2, -0.05, 0.6), self.point(1e-3, 0.0, 0.9)]
    }
    fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T> {
        let mut out = c.to_vec();
        let beta = c[1 + self.p + self.o..].iter().fold(T::of(0.0), |sum, b| sum + *b);
        out[0] = c[0] + (-beta + 1.0) * (2.0 * unit.ln());
        out
    }
    fn zeroed(&self, c: &[f64]) -> Vec<Vec<f64>> {
        zeroed(c, 1 + self.p + self.o..c.len())
    }
    fn at_bound(&self, c: &[f64]) -> Vec<bool> {
        (0..c.len()).map(|i| i > self.p + self.o && c[i] == 0.0).collect()
    }
    fn persistence(&self, c: &[f64]) -> f64 {
        c[1 + self.p + self.o..].iter().sum()
    }
    fn begin<T: Number>(&self, c: &[T], before: Before<T>, density: &Density<T>) -> State<T> {
        let (p, o, q) = (self.p, self.o, self.q);
        let value = before.value.ln();
        let (mean_size, given) = match before.start {
            Start::FirstVariance => (density.mean_abs(), p.max(o).max(q)),
            _ => (T::of((2.0 / std::f64::consts::PI).sqrt()), 0),
        };
        let mut state = State {
            omega: c[0],
            alpha: c[1..1 + p].into(),
            gamma: c[1 + p..1 + p + o].into(),
            beta: c[1 + p + o..].into(),
            sizes: Lags::new(p, T::of(0.0)),
            signed: Lags::new(o, T::of(0.0)),
            pasts: Lags::new(q, value),
            mean_size,
            now: value,
            centre: value.value(),
            given,
        };
        if given == 0 {
            state.now = state.next();
        }
        state
    }
}

/// `now` is the logarithm of the variance of the next residual.
#[derive(Clone)]
pub(in crate::forecast::garch) struct State<T> {
    omega: T,
    alpha: Vec<T>,
    gamma: Vec<T>,
    beta: Vec<T>,
    /// `|z| - k`.
    sizes: Lags<T>,
    signed: Lags<T>,
    pasts: Lags<T>,
    mean_size: T,
    now: T,
    centre: f64,
    given: usize,
}

impl<T: Number> State<T> {
    fn next(&self) -> T {
        let sum = self.signed.weighted(&self.gamma, self.sizes.weighted(&self.alpha, self.omega));
        self.pasts.weighted(&self.beta, sum).clamped(self.centre - FAR, self.centre + FAR)
    }
    fn step(&mut self, size: T, signed: T) {
        self.sizes.push(size);
        self.signed.push(signed);
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
    fn take(&mut self, residual: T, _: Beside<'_>) -> T {
        let z = residual * (-self.now * 0.5).exp();
        self.step(z.abs() - self.mean_size, z);
        T::of(0.0)
    }
    fn foresee(&mut self, _: &[f64]) {
        self.step(T::of(0.0), T::of(0.0));
    }
    fn copy(&self) -> Box<dyn Recursion<T> + Send> {
        Box::new(self.clone())
    }
}
