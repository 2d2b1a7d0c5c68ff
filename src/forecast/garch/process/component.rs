//! GARCH(1,1) around a long-run component (Engle, Lee 1999).
//!
//! `q_t = omega + rho q_(t-1) + phi (e_(t-1)^2 - s_(t-1)^2)`,
//! `s_t^2 = q_t + alpha (e_(t-1)^2 - q_(t-1)) + beta (s_(t-1)^2 - q_(t-1))`. The long-run component
//! begins at `omega / (1 - rho)`; with rugarch's start the first variance is that plus the mean squared
//! residual, as rugarch has it. Bounds: `omega, alpha, beta, phi > 0`, `phi < beta`,
//! `alpha + beta < rho < 1`.

use serde::{Deserialize, Serialize};

use super::recursion::{Before, Beside, Family, Recursion, Start};
use crate::forecast::garch::innovation::Density;
use crate::forecast::garch::numeric::number::{Number, between_variable, share_variable, shares};

/// Coefficients: `omega, alpha, beta, rho, phi` (rugarch's `eta11` is `rho`, its `eta21` `phi`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Component {}

fn point(reaction: f64, persistence: f64, rho: f64, phi: f64) -> Vec<f64> {
    let share = |s: f64| share_variable(s, 1.0 - persistence);
    let part = |p: f64| between_variable(p, 0.0, 1.0);
    vec![0.0, share(reaction), share(persistence - reaction), share_variable(rho, 1.0 - rho), part(phi)]
}

impl Family for Component {
    type State<T: Number> = State<T>;

    fn names(&self) -> Vec<String> {
        ["omega", "alpha", "beta", "rho", "phi"].map(String::from).into()
    }
    fn bounded<T: Number>(&self, x: &[T], _: Start) -> Vec<T> {
        let long = shares(&x[3..4]);
        let short = shares(&x[1..3]);
        let (alpha, beta) = (long[0] * short[0], long[0] * short[1]);
        vec![x[0].clamped(-80.0, 40.0).exp() * long[1], alpha, beta, long[0], beta * x[4].logistic()]
    }
    fn grid(&self) -> Vec<Vec<f64>> {
        let mut points = Vec::new();
        for rho in [0.999, 0.99, 0.95] {
            for (reaction, persistence) in [(0.05, 0.95), (0.1, 0.9), (0.1, 0.7), (0.05, 0.4)] {
                points.extend([0.02, 0.1].map(|phi| point(reaction, persistence, rho, phi)));
            }
        }
        points
    }
    fn starts(&self) -> Vec<Vec<f64>> {
        vec![point(0.08, 0.92, 0.996, 0.04), point(0.1, 0.5, 0.98, 0.2), point(0.002, 0.9, 0.9, 0.002)]
    }
    fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T> {
        let mut out = c.to_vec();
        out[0] = c[0] * (unit * unit);
        out
    }
    fn zeroed(&self, _: &[f64]) -> Vec<Vec<f64>> {
        Vec::new()
    }
    fn at_bound(&self, c: &[f64]) -> Vec<bool> {
        const CLOSE: f64 = 1e-5;
        let [_, alpha, beta, rho, phi] = [c[0], c[1], c[2], c[3], c[4]];
        let short = alpha + beta > rho - CLOSE;
        vec![false, alpha < CLOSE || short, beta < CLOSE || short, rho > 1.0 - 1e-7, phi < CLOSE || phi > beta - CLOSE]
    }
    fn persistence(&self, c: &[f64]) -> f64 {
        c[3]
    }
    fn begin<T: Number>(&self, c: &[T], before: Before<T>, _: &Density<T>) -> State<T> {
        let long = c[0] / (-c[3] + 1.0);
        let now = if before.start == Start::FirstVariance { before.value + long } else { before.value };
        State { omega: c[0], alpha: c[1], beta: c[2], rho: c[3], phi: c[4], long, now }
    }
}

/// `now` is the variance of the next residual, `long` its long-run component.
#[derive(Clone)]
pub(in crate::forecast::garch) struct State<T> {
    omega: T,
    alpha: T,
    beta: T,
    rho: T,
    phi: T,
    long: T,
    now: T,
}

impl<T: Number> State<T> {
    fn step(&mut self, square: T) {
        let long = self.omega + self.rho * self.long + self.phi * (square - self.now);
        self.now = long + self.alpha * (square - self.long) + self.beta * (self.now - self.long);
        self.long = long;
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
