//! Fractionally integrated GARCH (Baillie, Bollerslev, Mikkelsen 1996).
//!
//! `s_t^2 = omega / (1 - beta) + sum over i = 1..truncation of w_i e_(t-i)^2`, `w_1 = phi - beta + d`,
//! `w_i = beta w_(i-1) + f_i - phi f_(i-1)`, `f_1 = d`, `f_i = (i - 1 - d) / i f_(i-1)`. Bounds:
//! `omega > 0`, `0 < d < 1`, `0 <= phi <= (1 - d) / 2`, `0 <= beta <= d + phi`.

use serde::{Deserialize, Serialize};

use super::recursion::{Before, Beside, Family, Recursion, Start, zeroed};
use crate::forecast::garch::innovation::Density;
use crate::forecast::garch::numeric::number::{Columns, Number, between_variable};

/// Orders of the process. Coefficients: `omega`, `phi` if `p`, `d`, `beta` if `q`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figarch {
    /// 0 or 1.
    pub p: usize,
    /// 0 or 1.
    pub q: usize,
    /// How many past squares count.
    pub truncation: usize,
}

impl Default for Figarch {
    fn default() -> Figarch {
        Figarch { p: 1, q: 1, truncation: 1000 }
    }
}

impl Figarch {
    /// `phi, d, beta`, zero where there is none.
    fn parts<T: Number>(&self, c: &[T]) -> [T; 3] {
        let zero = T::of(0.0);
        let phi = if self.p > 0 { c[1] } else { zero };
        [phi, c[1 + self.p], if self.q > 0 { c[2 + self.p] } else { zero }]
    }
    fn weights<T: Number>(&self, c: &[T]) -> Vec<T> {
        let [phi, d, beta] = self.parts(c);
        let mut last = d;
        let mut weights = vec![phi - beta + d];
        for i in 1..self.truncation {
            let fraction = (-d + i as f64) * (1.0 / (i + 1) as f64) * last;
            weights.push(beta * weights[i - 1] + (fraction - phi * last));
            last = fraction;
        }
        weights
    }
    fn point(&self, d: f64, phi: f64, beta: f64, level: f64) -> Vec<f64> {
        let part = |p: f64| between_variable(p, 0.0, 1.0);
        let mut x = vec![level.ln()];
        x.extend((self.p > 0).then(|| part(phi)));
        x.push(part(d));
        x.extend((self.q > 0).then(|| part(beta)));
        x
    }
}

impl Family for Figarch {
    type State<T: Number> = State<T>;

    fn names(&self) -> Vec<String> {
        let all = [("omega", true), ("phi", self.p > 0), ("d", true), ("beta", self.q > 0)];
        all.into_iter().filter(|a| a.1).map(|a| a.0.to_string()).collect()
    }
    fn bounded<T: Number>(&self, x: &[T], _: Start) -> Vec<T> {
        let d = x[1 + self.p].logistic() * (1.0 - 1e-8);
        let phi = if self.p > 0 { (-d + 1.0) * 0.5 * x[1].logistic() } else { T::of(0.0) };
        let mut c = vec![x[0].clamped(-80.0, 40.0).exp()];
        c.extend((self.p > 0).then_some(phi));
        c.push(d);
        c.extend((self.q > 0).then(|| (d + phi) * x[2 + self.p].logistic()));
        c
    }
    fn grid(&self) -> Vec<Vec<f64>> {
        let mut points = Vec::new();
        for d in [0.3, 0.6] {
            for beta in [0.3, 0.8] {
                points.extend([0.02, 0.1].map(|level| self.point(d, 0.3, beta, level)));
            }
        }
        points
    }
    fn starts(&self) -> Vec<Vec<f64>> {
        vec![self.point(0.05, 0.05, 0.5, 0.8)]
    }
    fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T> {
        let mut out = c.to_vec();
        out[0] = c[0] * (unit * unit);
        out
    }
    fn zeroed(&self, c: &[f64]) -> Vec<Vec<f64>> {
        zeroed(c, (1..1 + self.p).chain(2 + self.p..c.len()))
    }
    fn at_bound(&self, c: &[f64]) -> Vec<bool> {
        const CLOSE: f64 = 1e-4;
        let [phi, d, beta] = self.parts(c);
        let mut out = vec![false];
        out.extend((self.p > 0).then_some(phi < CLOSE || phi > 0.5 * (1.0 - d) - CLOSE));
        out.push(!(CLOSE..=1.0 - CLOSE).contains(&d));
        out.extend((self.q > 0).then_some(beta < CLOSE || beta > d + phi - CLOSE));
        out
    }
    /// The sum of the weights.
    fn persistence(&self, c: &[f64]) -> f64 {
        self.weights(c).iter().sum()
    }
    fn begin<T: Number>(&self, c: &[T], before: Before<T>, _: &Density<T>) -> State<T> {
        let weights = self.weights(c);
        let mut rest = vec![T::of(0.0); self.truncation + 1];
        for i in (0..self.truncation).rev() {
            rest[i] = rest[i + 1] + weights[i];
        }
        let constant = c[0] / (-self.parts(c)[2] + 1.0);
        let given = before.start == Start::FirstVariance;
        let now = if given { before.value } else { constant + rest[0] * before.value };
        State {
            constant,
            before: before.value,
            rest,
            truncation: self.truncation,
            weights: T::columns(&weights),
            squares: T::columns(&[]),
            now,
        }
    }
}

/// `now` is the variance of the next residual.
#[derive(Clone)]
pub(in crate::forecast::garch) struct State<T> {
    constant: T,
    before: T,
    /// `rest[t]`: sum of the weights that reach before the sample once `t` residuals are known.
    rest: Vec<T>,
    truncation: usize,
    weights: Columns,
    squares: Columns,
    now: T,
}

impl<T: Number> State<T> {
    fn step(&mut self, square: T) {
        square.append(&mut self.squares);
        self.squares.trim(self.truncation);
        let missing = self.rest[self.squares.len().min(self.truncation)];
        self.now = self.constant + missing * self.before + T::convolve(&self.weights, &self.squares);
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
