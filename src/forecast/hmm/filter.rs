//! The online filter of a Gaussian hidden Markov model.

use super::chain::Chain;
use super::gaussian::{Covariance, Gaussian, no_fit};
use crate::forecast::Error;

/// Log density of one state, ready for evaluation.
#[derive(Clone, Debug)]
pub(super) struct Density {
    mean: Vec<f64>,
    /// Rows of the inverse Cholesky factor, lower triangle, row by row; its diagonal alone when
    /// the covariance is diagonal.
    whiten: Vec<f64>,
    diagonal: bool,
    constant: f64,
}

impl Density {
    pub(super) fn at(&self, x: &[f64]) -> f64 {
        let mut square = 0.0;
        if self.diagonal {
            for ((v, m), w) in x.iter().zip(&self.mean).zip(&self.whiten) {
                let z = (v - m) * w;
                square += z * z;
            }
        } else {
            let mut from = 0;
            for i in 0..x.len() {
                let row = &self.whiten[from..=from + i];
                from += i + 1;
                let mut z = 0.0;
                for ((v, m), w) in x.iter().zip(&self.mean).zip(row) {
                    z += (v - m) * w;
                }
                square += z * z;
            }
        }
        self.constant - 0.5 * square
    }
    /// Sum of the elements of the inverse covariance.
    pub(super) fn precision(&self) -> f64 {
        if self.diagonal {
            return self.whiten.iter().map(|w| w * w).sum();
        }
        // 1' C^-1 1 = |L^-1 1|^2, the square at one unit from the mean in every direction.
        let shifted: Vec<f64> = self.mean.iter().map(|m| m + 1.0).collect();
        2.0 * (self.constant - self.at(&shifted))
    }
}

/// Inverse of the Cholesky factor (lower triangle, row by row) and the log determinant.
fn whitening(matrix: &[Vec<f64>]) -> Option<(Vec<f64>, f64)> {
    let d = matrix.len();
    let mut low = vec![vec![0.0; d]; d];
    let mut logdet = 0.0;
    for i in 0..d {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| low[i][k] * low[j][k]).sum();
            let rest = matrix[i][j] - dot;
            if i == j {
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                low[i][i] = rest.sqrt();
                logdet += rest.ln();
            } else {
                low[i][j] = rest / low[j][j];
            }
        }
    }
    let mut inverse = Vec::with_capacity(d * (d + 1) / 2);
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(d);
    for (i, own) in low.iter().enumerate() {
        let mut row = vec![0.0; i + 1];
        for (j, cell) in row.iter_mut().enumerate() {
            let dot: f64 = (j..i).map(|k| own[k] * rows[k][j]).sum();
            *cell = (if i == j { 1.0 } else { 0.0 } - dot) / own[i];
        }
        inverse.extend_from_slice(&row);
        rows.push(row);
    }
    Some((inverse, logdet))
}

/// A filter that takes one observation at a time: the probabilities of the states given all
/// observations so far, and of the next state.
#[derive(Clone, Debug)]
pub struct RegimeFilter {
    densities: Vec<Density>,
    chain: Chain,
}

impl RegimeFilter {
    /// Takes an observation of D numbers; gives its log-likelihood given those before it (0 when
    /// it is missing).
    pub fn update(&mut self, x: &[f64]) -> f64 {
        if x.iter().all(|v| v.is_finite()) {
            let densities = &self.densities;
            self.chain.observe(|state| densities[state].at(x))
        } else {
            self.chain.miss();
            0.0
        }
    }
    pub(super) fn density(&self, state: usize) -> &Density {
        &self.densities[state]
    }
    /// Probabilities of the states at the last observation, given it and all before.
    pub fn now(&self) -> &[f64] {
        self.chain.now()
    }
    /// Probabilities of the states at the next observation.
    pub fn next(&self) -> &[f64] {
        self.chain.next()
    }
}

impl Gaussian {
    /// A fresh filter.
    ///
    /// # Errors
    /// Shapes disagree, or a covariance is not positive definite.
    pub fn filter(&self) -> Result<RegimeFilter, Error> {
        let (k, d) = (self.states(), self.means.first().map_or(0, Vec::len));
        let square = self.trans.len() == k && self.trans.iter().all(|r| r.len() == k) && self.start.len() == k;
        if k == 0 || d == 0 || !square || self.means.iter().any(|m| m.len() != d) {
            return Err(no_fit("start, transitions and means disagree in shape"));
        }
        let log2pi = (2.0 * std::f64::consts::PI).ln();
        let bad = |i: usize| no_fit(format!("the covariance of state {i} is not positive definite of size {d}"));
        let density = |i: usize| -> Result<Density, Error> {
            let (whiten, logdet, diagonal) = match &self.covariance {
                Covariance::Diagonal(v) => {
                    let v = v.get(i).filter(|v| v.len() == d).ok_or_else(|| bad(i))?;
                    if !v.iter().all(|v| *v > 0.0 && v.is_finite()) {
                        return Err(bad(i));
                    }
                    (v.iter().map(|v| 1.0 / v.sqrt()).collect(), v.iter().map(|v| v.ln()).sum(), true)
                }
                Covariance::Full(c) => {
                    let c = c.get(i).filter(|c| c.len() == d && c.iter().all(|r| r.len() == d));
                    let (whiten, logdet) = c.and_then(|c| whitening(c)).ok_or_else(|| bad(i))?;
                    (whiten, logdet, false)
                }
            };
            let constant: f64 = -0.5 * (d as f64 * log2pi + logdet);
            Ok(Density { mean: self.means[i].clone(), whiten, diagonal, constant })
        };
        let densities = (0..k).map(density).collect::<Result<Vec<_>, _>>()?;
        Ok(RegimeFilter { densities, chain: Chain::new(self.trans.clone(), self.start.clone()) })
    }
}
