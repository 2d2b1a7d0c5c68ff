//! ARCH, GARCH, GJR and their like of another fixed power, with regressors.
//!
//! `s_t^d = omega + sum alpha_i |e_(t-i)|^d + sum gamma_i |e_(t-i)|^d 1{e_(t-i) < 0} + sum beta_j
//! s_(t-j)^d + sum delta_k x_(k,t-1)`, `s` the standard deviation, `d` = 2 unless stated (1: TARCH of
//! Zakoian 1994). Bounds: `omega > 0`, `alpha_i >= 0`, `alpha_i + gamma_i >= 0`, `beta_j >= 0`,
//! `delta_k >= 0`, `sum alpha + sum gamma / 2 + sum beta < 1`.

use serde::{Deserialize, Serialize};

use super::recursion::{Before, Beside, Family, Lags, NEARLY_ZERO, Recursion, Start, numbered, zeroed};
use crate::forecast::garch::innovation::Density;
use crate::forecast::garch::numeric::number::{Number, share_variable, shares};

/// Orders of the process. Coefficients: `omega, alpha[..p], gamma[..o], beta[..q], delta[..]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// Lags of the residual.
    pub p: usize,
    /// Lags of the negative residual.
    pub o: usize,
    /// Lags of the variance.
    pub q: usize,
    /// The power, 2 for variances.
    pub power: f64,
    /// Number of regressors.
    pub exogenous: usize,
}

impl Default for Power {
    fn default() -> Power {
        Power { p: 1, o: 0, q: 1, power: 2.0, exogenous: 0 }
    }
}

impl Power {
    fn weights(&self) -> usize {
        self.p + self.o + self.q
    }
    /// Variables at a reaction and a persistence; a negative residual weighs three times as much.
    fn point(&self, reaction: f64, persistence: f64) -> Vec<f64> {
        let share = |s: f64| share_variable(s.max(1e-6), 1.0 - persistence);
        let reaction = if self.q == 0 { persistence } else { reaction };
        let lags = self.p.max(self.o).max(1) as f64;
        let mut x = vec![0.0];
        x.extend((0..self.p).map(|i| share(reaction / lags * if i < self.o { 0.25 } else { 1.0 })));
        x.extend((0..self.o).map(|i| share(reaction / lags * if i < self.p { 0.75 } else { 1.0 })));
        x.extend((0..self.q).map(|_| share((persistence - reaction) / self.q as f64)));
        x.extend((0..self.exogenous).map(|_| 0.01f64.ln()));
        x
    }
}

impl Family for Power {
    type State<T: Number> = State<T>;

    fn names(&self) -> Vec<String> {
        let weights = numbered("alpha", self.p).chain(numbered("gamma", self.o)).chain(numbered("beta", self.q));
        ["omega".to_string()].into_iter().chain(weights).chain(numbered("delta", self.exogenous)).collect()
    }
    fn bounded<T: Number>(&self, x: &[T], _: Start) -> Vec<T> {
        let (p, o) = (self.p, self.o);
        let shares = shares(&x[1..=self.weights()]);
        let slack = shares[self.weights()];
        let mut c = vec![x[0].clamped(-80.0, 40.0).exp() * slack];
        c.extend((0..p).map(|i| if i < o { shares[i] * 2.0 } else { shares[i] }));
        c.extend((0..o).map(|i| if i < p { (shares[p + i] - shares[i]) * 2.0 } else { shares[p + i] * 2.0 }));
        c.extend_from_slice(&shares[p + o..self.weights()]);
        c.extend(x[1 + self.weights()..].iter().map(|x| x.clamped(-40.0, 40.0).exp()));
        c
    }
    fn grid(&self) -> Vec<Vec<f64>> {
        let mut points = Vec::new();
        for persistence in [0.98, 0.9, 0.7, 0.5] {
            points.extend([0.05, 0.1, 0.2, 0.01].map(|reaction| self.point(reaction, persistence)));
        }
        points
    }
    fn starts(&self) -> Vec<Vec<f64>> {
        [(0.05, 0.999), (0.1, 0.3), (0.002, 0.96)]
            .map(|(reaction, persistence)| self.point(reaction, persistence))
            .into()
    }
    fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T> {
        let scale = unit.powf(self.power);
        let scaled = |i: usize| i == 0 || i > self.weights();
        c.iter().enumerate().map(|(i, c)| if scaled(i) { *c * scale } else { *c }).collect()
    }
    fn zeroed(&self, c: &[f64]) -> Vec<Vec<f64>> {
        let pair = |i: usize| (i < self.p.min(self.o)).then_some(1 + self.p + i);
        let plain = (1..c.len()).filter(|i| (*i <= self.p || *i > self.p + self.o) && pair(*i - 1).is_none());
        let mut out = zeroed(c, plain);
        out.extend(zeroed(c, (1 + self.p..1 + self.p + self.o).filter(|i| *i > 2 * self.p)));
        for (i, g) in (0..self.p).filter_map(|i| pair(i).map(|g| (1 + i, g))) {
            let mut zero = c.to_vec();
            if c[i] > 0.0 && c[i] < NEARLY_ZERO {
                (zero[i], zero[g]) = (0.0, c[i] + c[g]);
                out.push(zero);
            } else if c[i] + c[g] != 0.0 && c[i] + c[g] < NEARLY_ZERO {
                zero[g] = -c[i];
                out.push(zero);
            }
        }
        out
    }
    fn at_bound(&self, c: &[f64]) -> Vec<bool> {
        let gamma = 1 + self.p..1 + self.p + self.o;
        let zero = |i: usize| {
            let paired = gamma.contains(&i) && i - gamma.start < self.p;
            c[i] + if paired { c[1 + i - gamma.start] } else { 0.0 } == 0.0
        };
        (0..c.len()).map(|i| i > 0 && zero(i)).collect()
    }
    fn persistence(&self, c: &[f64]) -> f64 {
        let part = |from: usize, count: usize| c[from..from + count].iter().sum::<f64>();
        part(1, self.p) + 0.5 * part(1 + self.p, self.o) + part(1 + self.p + self.o, self.q)
    }
    fn exponent<T: Number>(&self, _: &[T], _: Start) -> T {
        T::of(self.power)
    }
    fn begin<T: Number>(&self, c: &[T], before: Before<T>, _: &Density<T>) -> State<T> {
        let (p, o, q) = (self.p, self.o, self.q);
        let mut state = State {
            power: self.power,
            omega: c[0],
            alpha: c[1..1 + p].into(),
            gamma: c[1 + p..1 + p + o].into(),
            beta: c[1 + p + o..1 + p + o + q].into(),
            delta: c[1 + p + o + q..].into(),
            sizes: Lags::new(p, before.value),
            negatives: Lags::new(o, before.value * 0.5),
            pasts: Lags::new(q, before.value),
            now: before.value,
            given: if before.start == Start::FirstVariance { p.max(o).max(q) } else { 0 },
            mean_size: 1.0,
            mean_negative: 0.5,
            start: before.start,
        };
        if state.given == 0 {
            state.now = state.next(&[]);
        }
        state
    }
}

/// `now` is the standard deviation of the next residual to the power.
#[derive(Clone)]
pub(in crate::forecast::garch) struct State<T> {
    power: f64,
    omega: T,
    alpha: Vec<T>,
    gamma: Vec<T>,
    beta: Vec<T>,
    delta: Vec<T>,
    sizes: Lags<T>,
    negatives: Lags<T>,
    pasts: Lags<T>,
    now: T,
    /// How many more variances are given and not worked out.
    given: usize,
    /// Mean of the standardised residual's size to the power, and of that of negative ones.
    mean_size: f64,
    mean_negative: f64,
    start: Start,
}

impl<T: Number> State<T> {
    #[inline(always)]
    fn next(&self, exogenous: &[f64]) -> T {
        let sum = self.sizes.weighted(&self.alpha, self.omega);
        let sum = self.pasts.weighted(&self.beta, self.negatives.weighted(&self.gamma, sum));
        self.delta.iter().zip(exogenous).fold(sum, |sum, (d, x)| sum + *d * *x)
    }
    #[inline(always)]
    fn step(&mut self, size: T, negative: T, exogenous: &[f64]) {
        self.sizes.push(size);
        self.negatives.push(negative);
        self.pasts.push(self.now);
        self.given = self.given.saturating_sub(1);
        if self.given == 0 {
            self.now = self.next(exogenous);
        }
    }
}

impl<T: Number> Recursion<T> for State<T> {
    #[inline(always)]
    fn variance(&self) -> T {
        if self.power == 2.0 { self.now } else { self.now.power(2.0 / self.power) }
    }
    #[inline(always)]
    fn take(&mut self, residual: T, beside: Beside<'_>) -> T {
        let size = residual.abs().power(self.power);
        let negative = if residual.value() < 0.0 { size } else { T::of(0.0) };
        self.step(size, negative, beside.exogenous);
        T::of(0.0)
    }
    fn foresee(&mut self, exogenous: &[f64]) {
        self.step(self.now * self.mean_size, self.now * self.mean_negative, exogenous);
    }
    /// arch takes half of the squares to be those of negative residuals, rugarch what the
    /// distribution says.
    fn prepare(&mut self, density: &Density<f64>) {
        if self.power != 2.0 {
            self.mean_size = density.mean(|z| z.abs().powf(self.power));
        }
        self.mean_negative = 0.5 * self.mean_size;
        if self.start == Start::FirstVariance && !self.gamma.is_empty() {
            self.mean_negative = density.mean(|z| if z < 0.0 { z.abs().powf(self.power) } else { 0.0 });
        }
    }
    fn copy(&self) -> Box<dyn Recursion<T> + Send> {
        Box::new(self.clone())
    }
}

/// `s_t^2 = omega + alpha e_(t-1)^2 + (1 - alpha) s_(t-1)^2`, `0 < alpha < 1`, `omega > 0` (Engle,
/// Bollerslev 1986). Coefficients: `omega, alpha[1]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Integrated {}

impl Family for Integrated {
    type State<T: Number> = State<T>;

    fn names(&self) -> Vec<String> {
        vec!["omega".into(), "alpha[1]".into()]
    }
    fn bounded<T: Number>(&self, x: &[T], _: Start) -> Vec<T> {
        vec![x[0].clamped(-80.0, 40.0).exp(), x[1].logistic()]
    }
    fn grid(&self) -> Vec<Vec<f64>> {
        let logit = |a: f64| (a / (1.0 - a)).ln();
        let alphas = [0.02, 0.05, 0.1, 0.2, 0.4];
        alphas.iter().flat_map(|a| [1e-4f64, 1e-2].map(|w| vec![w.ln(), logit(*a)])).collect()
    }
    fn starts(&self) -> Vec<Vec<f64>> {
        vec![vec![-2.0, 0.0], vec![-12.0, -6.0]]
    }
    fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T> {
        vec![c[0] * (unit * unit), c[1]]
    }
    fn zeroed(&self, c: &[f64]) -> Vec<Vec<f64>> {
        zeroed(c, 1..2)
    }
    fn at_bound(&self, c: &[f64]) -> Vec<bool> {
        vec![false, c[1] == 0.0]
    }
    fn persistence(&self, _: &[f64]) -> f64 {
        1.0
    }
    fn begin<T: Number>(&self, c: &[T], before: Before<T>, density: &Density<T>) -> State<T> {
        Power::default().begin(&[c[0], c[1], -c[1] + 1.0], before, density)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::garch::Innovation;

    #[test]
    fn the_recursion_gives_the_printed_digits() {
        // Computed once with numpy, printed to ten digits: a series of waves in percent, from its
        // population variance on.
        let r: Vec<f64> =
            (1..=500).map(f64::from).map(|t| 2.0 * (1.7 * t).sin() * (1.0 + 0.5 * (0.013 * t).cos())).collect();
        let mean = r.iter().sum::<f64>() / 500.0;
        let value = r.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / 500.0;
        let before = Before { start: Start::FirstVariance, value };
        let density = Density::new(Innovation::Normal, &[]);
        let mut state = Power::default().begin(&[0.0175, 0.1022, 0.8852], before, &density);
        let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-9, "{got} {want}");
        for (i, r) in r.iter().enumerate() {
            if let Some(want) = [2.332518672, 2.952754912, 2.700491064, 3.228301648].get(i) {
                close(state.variance(), *want);
            }
            state.take(r - 0.0564, Beside { ln_realized: f64::NAN, exogenous: &[] });
        }
        close(state.variance(), 4.316738178);
        let mut sum = state.variance();
        for _ in 1..5 {
            state.foresee(&[]);
            sum += state.variance();
        }
        close(sum, 21.21940092);
    }
}
