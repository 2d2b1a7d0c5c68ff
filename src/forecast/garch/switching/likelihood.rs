//! The likelihood of regimes as a function of variables without bounds, and its maximum.

use super::filter::Regimes;
use super::spec::{MOST, Switching};
use crate::forecast::garch::numeric::errors::{self, Covariances};
use crate::forecast::garch::numeric::minimise::{Function, Minimum, minimise};
use crate::forecast::garch::numeric::number::{Dual, Number, share_variable, shares};
use crate::forecast::garch::process::{Family, Start};

/// The likelihood of residuals of unit variance.
pub(super) struct Mixture<'a> {
    pub spec: &'a Switching,
    pub residuals: &'a [f64],
}

/// Where a search ended.
pub(super) struct End {
    pub at: Vec<f64>,
    pub converged: bool,
    pub starts: usize,
}

struct Problem<'a, 'b, const N: usize>(&'b Mixture<'a>);

impl<const N: usize> Function<N> for Problem<'_, '_, N> {
    fn at(&mut self, x: &[f64; N]) -> (f64, [f64; N]) {
        let n = -(self.0.residuals.len() as f64);
        let c = self.0.coefficients(&Dual::variables(x)[..self.0.spec.count()]);
        let (mut value, mut by) = (0.0, [0.0; N]);
        self.0.run(&c, |o: Dual<N>| {
            value += o.value;
            by.iter_mut().zip(o.by).for_each(|(sum, d)| *sum += d);
        });
        if !value.is_finite() || by.iter().any(|g| !g.is_finite()) {
            return (f64::INFINITY, [0.0; N]);
        }
        (value / n, by.map(|g| g / n))
    }
    fn curvature(&mut self, x: &[f64; N]) -> [[f64; N]; N] {
        let c = self.0.coefficients(&Dual::variables(x)[..self.0.spec.count()]);
        let mut outer = self.0.outer(&c);
        for (i, row) in outer.iter_mut().enumerate() {
            row.iter_mut().for_each(|v| *v /= self.0.residuals.len() as f64);
            row[i] = 1.001 * row[i] + 1e-6;
        }
        outer
    }
}

/// A regime where a search sets out: unconditional variance, reaction, persistence.
type Place = (f64, f64, f64);

impl Mixture<'_> {
    fn run<T: Number>(&self, c: &[T], mut each: impl FnMut(T)) {
        let mut regimes = Regimes::begin(self.spec, c);
        for e in self.residuals {
            each(regimes.take(T::of(*e)));
        }
    }
    /// The log-likelihood.
    pub fn value(&self, c: &[f64]) -> f64 {
        let mut sum = 0.0;
        self.run(c, |o| sum += o);
        sum
    }
    fn outer<const N: usize>(&self, c: &[Dual<N>]) -> [[f64; N]; N] {
        let mut outer = [[0.0; N]; N];
        self.run(c, |o: Dual<N>| {
            for (row, a) in outer.iter_mut().zip(o.by) {
                row.iter_mut().zip(o.by).for_each(|(sum, b)| *sum += a * b);
            }
        });
        outer
    }

    fn coefficients<T: Number>(&self, x: &[T]) -> Vec<T> {
        let (variance, shape) = self.spec.width();
        let k = self.spec.regimes;
        let (regimes, rows) = x.split_at(k * (variance + shape));
        let mut c = Vec::with_capacity(x.len());
        for regime in regimes.chunks(variance + shape) {
            c.extend(self.spec.power().bounded(&regime[..variance], Start::Backcast));
            c.extend(self.spec.innovation.bounded(&regime[variance..]));
        }
        for row in rows.chunks(k - 1) {
            c.extend_from_slice(&shares(row)[..k - 1]);
        }
        c
    }

    /// Variables of regimes at given places that are left with the given probabilities.
    fn variables(&self, places: &[Place], stays: &[f64]) -> Vec<f64> {
        let k = self.spec.regimes;
        let kurtosis = self.residuals.iter().map(|e| e.powi(4)).sum::<f64>() / self.residuals.len() as f64;
        let mut x = Vec::new();
        for (level, reaction, persistence) in places {
            let share = |s: f64| share_variable(s, 1.0 - persistence);
            x.push(level.ln());
            if self.spec.asymmetric {
                x.extend([share(0.25 * reaction), share(0.75 * reaction)]);
            } else {
                x.push(share(*reaction));
            }
            x.push(share(persistence - reaction));
            // Regimes take up part of the kurtosis.
            x.extend(self.spec.innovation.start(kurtosis.min(6.0)));
        }
        for (i, stay) in stays.iter().enumerate() {
            let to = |j: usize| if i == j { *stay } else { (1.0 - stay) / (k - 1) as f64 };
            x.extend((0..k - 1).map(|j| share_variable(to(j), to(k - 1))));
        }
        x
    }

    /// For each way of staying, places that differ in level and in dynamics.
    fn grid(&self) -> Vec<Vec<Vec<f64>>> {
        const STAYS: [[f64; 3]; 5] =
            [[0.98, 0.95, 0.95], [0.995, 0.98, 0.98], [0.9, 0.8, 0.6], [0.35, 0.4, 0.5], [0.98, 0.9, 0.4]];
        const LEVELS: [[f64; 3]; 5] =
            [[0.5, 1.0, 2.0], [0.2, 0.6, 1.5], [0.3, 1.0, 4.0], [0.9, 1.0, 1.2], [0.05, 0.5, 3.0]];
        const DYNAMICS: [[(f64, f64); 3]; 4] =
            [[(0.05, 0.95); 3], [(0.1, 0.8); 3], [(0.02, 0.3); 3], [(0.08, 0.85), (0.1, 0.95), (0.2, 0.985)]];
        let pick = |values: &[f64; 3], i: usize| values[if i + 1 == self.spec.regimes { 2 } else { i }];
        let all = || 0..self.spec.regimes;
        let of_stay = |stays: &[f64; 3]| {
            let stays: Vec<f64> = all().map(|i| pick(stays, i)).collect();
            let mut points = Vec::new();
            for levels in &LEVELS {
                for dynamics in &DYNAMICS {
                    let place = |i: usize| {
                        let (reaction, persistence) = dynamics[if i + 1 == self.spec.regimes { 2 } else { i }];
                        (pick(levels, i), reaction, persistence)
                    };
                    points.push(self.variables(&all().map(place).collect::<Vec<_>>(), &stays));
                }
            }
            points
        };
        STAYS.iter().map(of_stay).collect()
    }

    /// Coefficients at the maximum: searched from the likeliest point of each way of staying.
    pub fn maximise(&self) -> End {
        if self.spec.count() <= 12 { self.maximise_in::<12>() } else { self.maximise_in::<MOST>() }
    }

    fn maximise_in<const N: usize>(&self) -> End {
        let grid = self.grid();
        let padded = |x: &Vec<f64>| {
            let mut out = [0.0; N];
            out.iter_mut().zip(x).for_each(|(o, v)| *o = *v);
            out
        };
        let mut best: Option<Minimum<N>> = None;
        for points in &grid {
            let (mut likeliest, mut most) = (&points[0], f64::NEG_INFINITY);
            for x in points {
                let value = self.value(&self.coefficients(x));
                if value > most {
                    (likeliest, most) = (x, value);
                }
            }
            let end = minimise(&mut Problem(self), padded(likeliest), best.as_ref());
            if end.value.is_finite() && best.is_none_or(|b| end.value < b.value) {
                best = Some(end);
            }
        }
        let first = padded(&grid[0][0]);
        let (x, converged) = best.map_or((first, false), |b| (b.x, b.converged));
        let at = self.settle(self.coefficients(&x[..self.spec.count()]));
        End { at, converged, starts: grid.len() }
    }

    /// Sets weights that are nearly zero to zero where that does not lower the likelihood.
    fn settle(&self, mut at: Vec<f64>) -> Vec<f64> {
        let (variance, shape) = self.spec.width();
        let mut value = self.value(&at);
        for _ in 0..at.len() {
            let candidates = (0..self.spec.regimes).flat_map(|k| {
                let from = k * (variance + shape);
                let zeroed = self.spec.power().zeroed(&at[from..from + variance]);
                zeroed.into_iter().map(move |regime| (from, regime))
            });
            let whole = |(from, regime): (usize, Vec<f64>)| {
                let mut out = at.clone();
                out[from..from + variance].copy_from_slice(&regime);
                out
            };
            let Some(better) = candidates.map(whole).find(|c| self.value(c) >= value) else { break };
            value = self.value(&better);
            at = better;
        }
        at
    }

    /// Covariances of the coefficients that are `free`.
    pub fn covariances(&self, at: &[f64], free: &[bool]) -> Option<Covariances> {
        let mut point = [0.0; MOST];
        point.iter_mut().zip(at).for_each(|(p, v)| *p = *v);
        let gradient = |at: &[f64; MOST]| {
            let mut by = [0.0; MOST];
            self.run(&Dual::variables(at)[..free.len()], |o: Dual<MOST>| {
                by.iter_mut().zip(o.by).for_each(|(sum, d)| *sum += d);
            });
            by
        };
        let outer = self.outer(&Dual::variables(&point)[..at.len()]);
        errors::covariances(at, free, |i| 1e-5 * at[i].abs().max(1e-3), gradient, &outer)
    }
}
