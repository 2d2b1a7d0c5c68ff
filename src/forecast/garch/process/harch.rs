//! Heterogeneous ARCH (Muller et al. 1997).
//!
//! `s_t^2 = omega + sum over lags l of alpha_l mean(e_(t-1)^2, ..., e_(t-l)^2)`. Bounds: `omega > 0`,
//! `alpha_l >= 0`, `sum alpha < 1`.

use serde::{Deserialize, Serialize};

use super::recursion::{Before, Beside, Family, Lags, Recursion, Start, zeroed};
use crate::forecast::garch::innovation::Density;
use crate::forecast::garch::numeric::number::{Number, share_variable, shares};

/// The windows. Coefficients: `omega, alpha[l]` for each lag `l`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Harch {
    /// Lengths of the windows, ascending.
    pub lags: Vec<usize>,
}

impl Default for Harch {
    fn default() -> Harch {
        Harch { lags: vec![1, 5, 22] }
    }
}

impl Harch {
    fn point(&self, persistence: f64) -> Vec<f64> {
        let share = share_variable(persistence / self.lags.len() as f64, 1.0 - persistence);
        std::iter::once(0.0).chain(self.lags.iter().map(|_| share)).collect()
    }
}

impl Family for Harch {
    type State<T: Number> = State<T>;

    fn names(&self) -> Vec<String> {
        ["omega".to_string()].into_iter().chain(self.lags.iter().map(|l| format!("alpha[{l}]"))).collect()
    }
    fn bounded<T: Number>(&self, x: &[T], _: Start) -> Vec<T> {
        let shares = shares(&x[1..]);
        let slack = shares[self.lags.len()];
        let omega = x[0].clamped(-80.0, 40.0).exp() * slack;
        std::iter::once(omega).chain(shares[..self.lags.len()].iter().copied()).collect()
    }
    fn grid(&self) -> Vec<Vec<f64>> {
        [0.2, 0.4, 0.6, 0.8, 0.9, 0.95].map(|p| self.point(p)).into()
    }
    fn starts(&self) -> Vec<Vec<f64>> {
        [0.98, 0.5, 0.01].map(|p| self.point(p)).into()
    }
    fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T> {
        let mut out = c.to_vec();
        out[0] = c[0] * (unit * unit);
        out
    }
    fn zeroed(&self, c: &[f64]) -> Vec<Vec<f64>> {
        zeroed(c, 1..c.len())
    }
    fn at_bound(&self, c: &[f64]) -> Vec<bool> {
        (0..c.len()).map(|i| i > 0 && c[i] == 0.0).collect()
    }
    fn persistence(&self, c: &[f64]) -> f64 {
        c[1..].iter().sum()
    }
    fn begin<T: Number>(&self, c: &[T], before: Before<T>, _: &Density<T>) -> State<T> {
        let longest = self.lags.iter().copied().max().unwrap_or(0);
        let weights = c[1..].iter().zip(&self.lags).map(|(a, l)| (*l, *a * (1.0 / *l as f64))).collect();
        let mut state = State {
            omega: c[0],
            weights,
            squares: Lags::new(longest, before.value),
            now: before.value,
            given: if before.start == Start::FirstVariance { longest } else { 0 },
        };
        if state.given == 0 {
            state.now = state.next();
        }
        state
    }
}

/// `now` is the variance of the next residual.
#[derive(Clone)]
pub(in crate::forecast::garch) struct State<T> {
    omega: T,
    weights: Vec<(usize, T)>,
    squares: Lags<T>,
    now: T,
    given: usize,
}

impl<T: Number> State<T> {
    fn next(&self) -> T {
        let (mut variance, mut sum, mut from) = (self.omega, T::of(0.0), 0);
        for (lag, weight) in &self.weights {
            sum = self.squares.0[from..*lag].iter().fold(sum, |sum, s| sum + *s);
            from = *lag;
            variance = variance + *weight * sum;
        }
        variance
    }
    fn step(&mut self, square: T) {
        self.squares.push(square);
        self.given = self.given.saturating_sub(1);
        if self.given == 0 {
            self.now = self.next();
        }
    }
}

impl<T: Number> Recursion<T> for State<T> {
    fn variance(&self) -> T {
        self.now
    }
    fn take(&mut self, residual: T, _: Beside<'_>) -> T {
        self.step(residual * residual);
        T::of(0.0)
    }
    fn foresee(&mut self, _: &[f64]) {
        self.step(self.now);
    }
    fn copy(&self) -> Box<dyn Recursion<T> + Send> {
        Box::new(self.clone())
    }
}
