//! Asymmetric power ARCH (Ding, Granger, Engle 1993).
//!
//! `s_t^d = omega + sum alpha_i (|e_(t-i)| - gamma_i e_(t-i))^d + sum beta_j s_(t-j)^d`, `s` the
//! standard deviation, `d` estimated or fixed (1: TARCH of Zakoian 1994). Bounds: `omega > 0`,
//! `alpha_i, beta_j >= 0`, `|gamma_i| < 1`, `0.05 < d < 4`; `k sum alpha + sum beta < 1`, where `k` is
//! 1 with arch's start and, with rugarch's, the mean of `(|z| - gamma_1 z)^d` for normal `z`.

use serde::{Deserialize, Serialize};

use super::recursion::{Before, Beside, Family, Lags, Recursion, Start, numbered, zeroed};
use crate::forecast::garch::innovation::Density;
use crate::forecast::garch::numeric::number::{Number, between_variable, share_variable, shares};

/// Orders of the process. Coefficients: `omega, alpha[..p], gamma[..p], beta[..q]`, and `delta` where
/// it is estimated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aparch {
    /// Lags of the residual.
    pub p: usize,
    /// Lags of the power of the standard deviation.
    pub q: usize,
    /// The power; `None`: estimated.
    pub power: Option<f64>,
}

impl Default for Aparch {
    fn default() -> Aparch {
        Aparch { p: 1, q: 1, power: None }
    }
}

const POWERS: (f64, f64) = (0.05, 4.0);

/// Greatest size of `gamma`: arch's, and nearly one.
fn asymmetry(start: Start) -> f64 {
    if start == Start::FirstVariance { 1.0 - 1e-9 } else { 0.9997 }
}

impl Aparch {
    fn weights(&self) -> usize {
        2 * self.p + self.q
    }
    fn delta<T: Number>(&self, c: &[T]) -> T {
        self.power.map_or_else(|| c[c.len() - 1], T::of)
    }
    fn point(&self, reaction: f64, persistence: f64, gamma: f64, delta: f64) -> Vec<f64> {
        let share = |s: f64| share_variable(s.max(1e-6), 1.0 - persistence);
        let reaction = if self.q == 0 { persistence } else { reaction };
        let mut x = vec![0.0];
        x.extend((0..self.p).map(|_| share(reaction / self.p as f64)));
        x.extend((0..self.p).map(|_| between_variable(gamma, -1.0, 1.0)));
        x.extend((0..self.q).map(|_| share((persistence - reaction) / self.q as f64)));
        x.extend(self.power.is_none().then(|| between_variable(delta, POWERS.0, POWERS.1)));
        x
    }
}

/// Mean of `(|z| - gamma z)^d` for normal `z`.
fn normal_moment<T: Number>(gamma: T, delta: T) -> T {
    let sides = (gamma + 1.0).raised(delta) + (-gamma + 1.0).raised(delta);
    let ln = delta * (0.5 * std::f64::consts::LN_2) + ((delta + 1.0) * 0.5).ln_gamma();
    sides * 0.5 * (ln - 0.5 * std::f64::consts::PI.ln()).exp()
}

impl Family for Aparch {
    type State<T: Number> = State<T>;

    fn names(&self) -> Vec<String> {
        let weights = numbered("alpha", self.p).chain(numbered("gamma", self.p)).chain(numbered("beta", self.q));
        let delta = self.power.is_none().then(|| "delta".to_string());
        ["omega".to_string()].into_iter().chain(weights).chain(delta).collect()
    }
    fn bounded<T: Number>(&self, x: &[T], start: Start) -> Vec<T> {
        let p = self.p;
        let delta = self.power.map_or_else(|| x[x.len() - 1].between(POWERS.0, POWERS.1), T::of);
        let most = asymmetry(start);
        let gamma: Vec<T> = x[1 + p..1 + 2 * p].iter().map(|x| x.between(-most, most)).collect();
        let logits: Vec<T> = x[1..1 + p].iter().chain(&x[1 + 2 * p..=self.weights()]).copied().collect();
        let shares = shares(&logits);
        let moment = if start == Start::FirstVariance { normal_moment(gamma[0], delta) } else { T::of(1.0) };
        let mut c = vec![x[0].clamped(-80.0, 40.0).exp() * shares[p + self.q]];
        c.extend(shares[..p].iter().map(|s| *s / moment));
        c.extend(gamma);
        c.extend_from_slice(&shares[p..p + self.q]);
        c.extend(self.power.is_none().then_some(delta));
        c
    }
    fn grid(&self) -> Vec<Vec<f64>> {
        let mut points = Vec::new();
        for persistence in [0.98, 0.9, 0.6] {
            for reaction in [0.05, 0.12] {
                for gamma in [-0.5, 0.1, 0.5] {
                    points.extend([1.0, 1.8].map(|delta| self.point(reaction, persistence, gamma, delta)));
                }
            }
        }
        points
    }
    fn starts(&self) -> Vec<Vec<f64>> {
        vec![self.point(0.05, 0.97, 0.3, 1.2), self.point(0.1, 0.4, 0.0, 1.8), self.point(0.002, 0.96, 0.0, 1.9)]
    }
    fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T> {
        let mut out = c.to_vec();
        out[0] = c[0] * (self.delta(c) * unit.ln()).exp();
        out
    }
    fn zeroed(&self, c: &[f64]) -> Vec<Vec<f64>> {
        zeroed(c, (1..=self.p).chain(1 + 2 * self.p..=self.weights()))
    }
    fn at_bound(&self, c: &[f64]) -> Vec<bool> {
        let gammas = 1 + self.p..1 + 2 * self.p;
        let at = |i: usize| match i {
            0 => false,
            i if gammas.contains(&i) => c[i].abs() > 0.9995,
            i if i > self.weights() => c[i] < POWERS.0 + 0.01 || c[i] > POWERS.1 - 0.01,
            i => c[i] == 0.0,
        };
        (0..c.len()).map(at).collect()
    }
    fn persistence(&self, c: &[f64]) -> f64 {
        let moment = |i: usize| normal_moment(c[1 + self.p + i], self.delta(c));
        let reaction: f64 = (0..self.p).map(|i| c[1 + i] * moment(i)).sum();
        reaction + c[1 + 2 * self.p..=self.weights()].iter().sum::<f64>()
    }
    fn exponent<T: Number>(&self, c: &[T], start: Start) -> T {
        if start == Start::FirstVariance { self.delta(c) } else { T::of(2.0) }
    }
    fn begin<T: Number>(&self, c: &[T], before: Before<T>, _: &Density<T>) -> State<T> {
        let (p, q, delta) = (self.p, self.q, self.delta(c));
        let value = match before.start {
            Start::FirstVariance => before.value,
            _ => before.value.raised(delta * 0.5),
        };
        let mut state = State {
            delta,
            omega: c[0],
            alpha: c[1..1 + p].into(),
            gamma: c[1 + p..1 + 2 * p].into(),
            beta: c[1 + 2 * p..1 + 2 * p + q].into(),
            shocks: vec![value; p],
            pasts: Lags::new(q, value),
            now: value,
            given: if before.start == Start::FirstVariance { p.max(q) } else { 0 },
            moments: vec![1.0; p],
            residuals: Lags::new(p, T::of(0.0)),
            taken: 0,
        };
        if state.given == 0 {
            state.now = state.next();
        }
        state
    }
}

/// `now` is the standard deviation of the next residual to the power.
#[derive(Clone)]
pub(in crate::forecast::garch) struct State<T> {
    delta: T,
    omega: T,
    alpha: Vec<T>,
    gamma: Vec<T>,
    beta: Vec<T>,
    /// Per lag, `(|e| - gamma e)^delta` of the residual that far back.
    shocks: Vec<T>,
    pasts: Lags<T>,
    now: T,
    given: usize,
    /// Per lag, the mean of `(|z| - gamma z)^delta`.
    moments: Vec<f64>,
    residuals: Lags<T>,
    taken: usize,
}

impl<T: Number> State<T> {
    fn next(&self) -> T {
        let sum = self.alpha.iter().zip(&self.shocks).fold(self.omega, |sum, (a, s)| sum + *a * *s);
        self.pasts.weighted(&self.beta, sum)
    }
    fn advance(&mut self) {
        self.pasts.push(self.now);
        self.given = self.given.saturating_sub(1);
        if self.given == 0 {
            self.now = self.next();
        }
    }
}

impl<T: Number> Recursion<T> for State<T> {
    fn variance(&self) -> T {
        (self.now.ln() * 2.0 / self.delta).exp()
    }
    fn take(&mut self, residual: T, _: Beside<'_>) -> T {
        self.residuals.push(residual);
        self.taken += 1;
        for (i, shock) in self.shocks.iter_mut().enumerate().take(self.taken) {
            let e = self.residuals.0[i];
            *shock = (e.abs() - self.gamma[i] * e).raised(self.delta);
        }
        self.advance();
        T::of(0.0)
    }
    fn foresee(&mut self, _: &[f64]) {
        for i in (1..self.shocks.len()).rev() {
            // What was a lag ago the expected power is now one lag further.
            self.shocks[i] = self.shocks[i - 1];
        }
        self.shocks[0] = self.now * self.moments[0];
        self.advance();
    }
    fn prepare(&mut self, density: &Density<f64>) {
        let delta = self.delta.value();
        self.moments = self.gamma.iter().map(|g| density.mean(|z| (z.abs() - g.value() * z).powf(delta))).collect();
    }
    fn copy(&self) -> Box<dyn Recursion<T> + Send> {
        Box::new(self.clone())
    }
}
