//! Markov-switching regression: likelihood, filter and EM.
//!
//! y(t) = x(t) b(k) + sqrt(v(k)) e(t) in state k, P(s(t+1) = j | s(t) = i) = A(i, j); the chain starts
//! from its stationary distribution. A target that is not finite is a missing observation.
//! Source: Hamilton 1989, 1994 (chapter 22). Checked against statsmodels 0.15.0.

use serde::{Deserialize, Serialize};

use crate::forecast::Error;
use crate::forecast::har::regression::Cholesky;
use crate::forecast::hmm::chain::{Chain, kim};

/// A regression per state, in plain numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwitchingRegression {
    /// Transition probabilities, from row to column; K x K.
    pub trans: Vec<Vec<f64>>,
    /// Coefficients of each state; K x P.
    pub coefficients: Vec<Vec<f64>>,
    /// Residual variance of each state; K.
    pub variances: Vec<f64>,
}

/// What EM found. Whether it converged is for the caller to judge.
#[derive(Clone, Debug, PartialEq)]
pub struct SwitchingRegressionEstimate {
    /// The best model seen.
    pub model: SwitchingRegression,
    /// Its log-likelihood, nats.
    pub loglik: f64,
    /// Whether the last step changed the log-likelihood by less than the tolerance.
    pub converged: bool,
    /// Steps done.
    pub iterations: usize,
}

/// Probabilities of the states, T x K row by row.
struct Forward {
    loglik: f64,
    filtered: Vec<f64>,
    predicted: Vec<f64>,
}

/// The sum of probabilities that a state must have, in rows, to be learnt.
const LIVE: f64 = 1e-8;

impl SwitchingRegression {
    /// The state's expected target for regressors `x`.
    pub fn mean(&self, state: usize, x: &[f64]) -> f64 {
        self.coefficients[state].iter().zip(x).map(|(b, x)| b * x).sum()
    }

    /// The distribution of states that the chain settles in.
    pub fn stationary(&self) -> Vec<f64> {
        let k = self.trans.len();
        let mut many = self.trans.clone();
        // 2^40 steps by squaring.
        for _ in 0..40 {
            many = (0..k)
                .map(|i| (0..k).map(|j| (0..k).map(|m| many[i][m] * many[m][j]).sum()).collect())
                .map(|row: Vec<f64>| {
                    let total: f64 = row.iter().sum();
                    row.into_iter().map(|p| p / total).collect()
                })
                .collect();
        }
        (0..k).map(|j| many.iter().map(|row| row[j]).sum::<f64>() / k as f64).collect()
    }

    /// Before any observation.
    pub(super) fn chain(&self) -> Chain {
        Chain::new(self.trans.clone(), self.stationary())
    }

    /// Takes the target that belongs to regressors `x` into the chain; gives its log-likelihood given
    /// those before it (0 when it is missing).
    pub(super) fn observe(&self, chain: &mut Chain, x: &[f64], y: f64) -> f64 {
        if !(y.is_finite() && x.iter().all(|v| v.is_finite())) {
            chain.miss();
            return 0.0;
        }
        let log2pi = (2.0 * std::f64::consts::PI).ln();
        chain.observe(|k| {
            let (v, e) = (self.variances[k], y - self.mean(k, x));
            -0.5 * (log2pi + v.ln() + e * e / v)
        })
    }

    fn forward(&self, x: &[Vec<f64>], y: &[f64]) -> Result<Forward, Error> {
        let (k, p) = (self.trans.len(), self.coefficients.first().map_or(0, Vec::len));
        let square = self.trans.iter().all(|row| row.len() == k) && self.coefficients.len() == k;
        let even = self.coefficients.iter().chain(x).all(|row| row.len() == p) && x.len() == y.len();
        if k == 0 || !square || !even || self.variances.len() != k || !self.variances.iter().all(|v| *v > 0.0) {
            return Err(no_fit("coefficients, variances, transitions and rows disagree in shape"));
        }
        let mut chain = self.chain();
        let mut out = Forward { loglik: 0.0, filtered: vec![], predicted: vec![] };
        for (x, y) in x.iter().zip(y) {
            out.predicted.extend_from_slice(chain.next());
            out.loglik += self.observe(&mut chain, x, *y);
            out.filtered.extend_from_slice(chain.now());
        }
        if out.loglik.is_finite() { Ok(out) } else { Err(no_fit("the likelihood is not finite")) }
    }

    /// Log-likelihood of targets `y` with regressors `x`, a row each.
    ///
    /// # Errors
    /// Shapes disagree, a variance is not positive, or the likelihood is not finite.
    pub fn loglik(&self, x: &[Vec<f64>], y: &[f64]) -> Result<f64, Error> {
        Ok(self.forward(x, y)?.loglik)
    }

    /// Filtered probabilities: of the state in each row given that row and those before.
    ///
    /// # Errors
    /// As [`SwitchingRegression::loglik`].
    pub fn filtered(&self, x: &[Vec<f64>], y: &[f64]) -> Result<Vec<Vec<f64>>, Error> {
        let forward = self.forward(x, y)?;
        Ok(forward.filtered.chunks(self.trans.len()).map(<[f64]>::to_vec).collect())
    }

    /// Smoothed probabilities: of the state in each row given the whole series. For study only; a
    /// forecast must not see them.
    ///
    /// # Errors
    /// As [`SwitchingRegression::loglik`].
    pub fn smoothed(&self, x: &[Vec<f64>], y: &[f64]) -> Result<Vec<Vec<f64>>, Error> {
        let forward = self.forward(x, y)?;
        let (gamma, _) = kim(&self.trans, forward.filtered, &forward.predicted);
        Ok(gamma.chunks(self.trans.len()).map(<[f64]>::to_vec).collect())
    }

    /// EM from this model as the start: first with an M-step that leaves the start of the chain out,
    /// then, from where that settles, with one that knows it to be stationary. The best model seen is
    /// kept.
    ///
    /// # Errors
    /// As [`SwitchingRegression::loglik`].
    pub fn fit(
        &self,
        x: &[Vec<f64>],
        y: &[f64],
        iterations: usize,
        tolerance: f64,
    ) -> Result<SwitchingRegressionEstimate, Error> {
        let floor = 1e-6 * spread(y);
        let mut at = self.clone();
        let mut forward = at.forward(x, y)?;
        let mut best =
            SwitchingRegressionEstimate { model: at.clone(), loglik: forward.loglik, converged: false, iterations: 0 };
        let mut exact = false;
        while best.iterations < iterations && !best.converged {
            let (gamma, steps) = kim(&at.trans, forward.filtered, &forward.predicted);
            let before = forward.loglik;
            at = at.maximise(x, y, &gamma, &steps, floor);
            if exact {
                at.start_stationary(&steps, &gamma[..steps.len().isqrt()]);
            }
            forward = at.forward(x, y)?;
            best.iterations += 1;
            let settled = (forward.loglik - before).abs() < tolerance;
            best.converged = exact && settled;
            exact |= settled;
            if forward.loglik > best.loglik {
                (best.model, best.loglik) = (at.clone(), forward.loglik);
            }
        }
        Ok(best)
    }

    /// Moves the transitions to where sum steps ln A + sum first ln(stationary A) is greatest, by a
    /// search along each in turn; `steps` are the expected transitions, `first` the probabilities of
    /// the states in the first row.
    fn start_stationary(&mut self, steps: &[f64], first: &[f64]) {
        let log = |weight: f64, p: f64| if weight > 0.0 { weight * p.ln() } else { 0.0 };
        let value = |m: &SwitchingRegression| -> f64 {
            let moves = steps.iter().zip(m.trans.iter().flatten()).map(|(w, p)| log(*w, *p));
            moves.sum::<f64>() + first.iter().zip(m.stationary()).map(|(w, p)| log(*w, p)).sum::<f64>()
        };
        let (mut top, mut by, k) = (value(self), 0.1, first.len());
        while by > 1e-7 {
            let before = top;
            for (cell, sign) in (0..k * k).flat_map(|c| [(c, 1.0), (c, -1.0)]) {
                let mut next = self.clone();
                let row = &mut next.trans[cell / k];
                row[cell % k] *= f64::exp(sign * by);
                let total: f64 = row.iter().sum();
                row.iter_mut().for_each(|p| *p /= total);
                let reached = value(&next);
                if reached > top {
                    (*self, top) = (next, reached);
                }
            }
            by *= if top > before { 1.0 } else { 0.3 };
        }
    }

    /// The M-step. A state that nothing belongs to, or whose rows do not tell its coefficients apart,
    /// keeps them.
    fn maximise(&self, x: &[Vec<f64>], y: &[f64], gamma: &[f64], steps: &[f64], floor: f64) -> SwitchingRegression {
        let (k, p) = (self.trans.len(), self.coefficients[0].len());
        let mut next = self.clone();
        for (row, steps) in next.trans.iter_mut().zip(steps.chunks(k)) {
            let sum: f64 = steps.iter().sum();
            if sum > 0.0 {
                row.iter_mut().zip(steps).for_each(|(a, s)| *a = s / sum);
            }
        }
        let seen = || (0..y.len()).filter(|t| y[*t].is_finite() && x[*t].iter().all(|v| v.is_finite()));
        for s in 0..k {
            let (mut gram, mut right, mut weight) = (vec![0.0; p * p], vec![0.0; p], 0.0);
            for t in seen() {
                let g = gamma[t * k + s];
                weight += g;
                for i in 0..p {
                    right[i] += g * x[t][i] * y[t];
                    (0..=i).for_each(|j| gram[i * p + j] += g * x[t][i] * x[t][j]);
                }
            }
            if weight <= LIVE {
                continue;
            }
            if let Some(factor) = Cholesky::of(gram, p) {
                next.coefficients[s] = factor.solve(right);
            }
            let squares: f64 = seen().map(|t| gamma[t * k + s] * (y[t] - next.mean(s, &x[t])).powi(2)).sum();
            next.variances[s] = (squares / weight).max(floor);
        }
        next
    }
}

/// Variance of the targets that are there; tiny but positive for a constant series.
fn spread(y: &[f64]) -> f64 {
    let seen: Vec<f64> = y.iter().copied().filter(|v| v.is_finite()).collect();
    crate::base::stats::variance(&seen).max(1e-6)
}

/// The engine knows no instrument; the model that calls it puts the name in.
pub(super) fn no_fit(why: impl Into<String>) -> Error {
    Error::NoFit { model: "markov", symbol: "series".into(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> SwitchingRegression {
        SwitchingRegression {
            trans: vec![vec![0.8, 0.2], vec![0.4, 0.6]],
            coefficients: vec![vec![0.0, 1.0], vec![2.0, -0.5]],
            variances: vec![0.3, 1.5],
        }
    }
    fn data(rows: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let x: Vec<Vec<f64>> = (0..rows).map(|t| vec![1.0, (0.9 * t as f64).sin()]).collect();
        // Stretches of 15 rows in either state, with a wave for noise.
        let y = x.iter().enumerate().map(|(t, x)| {
            let (b, v) = [([0.0, 1.0], 0.3f64), ([2.0, -0.5], 1.5)][t / 15 % 2];
            b[0] + b[1] * x[1] + v.sqrt() * 1.4 * (7.7 * t as f64).sin()
        });
        (x.clone(), y.collect())
    }

    #[test]
    fn likelihood_and_posteriors_are_those_of_all_paths_enumerated() {
        let (m, (x, mut y)) = (model(), data(8));
        y[3] = f64::NAN;
        let start = m.stationary();
        assert!((start[0] - 2.0 / 3.0).abs() < 1e-12);
        let (mut total, mut ones, mut last) = (0.0, [0.0; 8], 0.0);
        for path in 0..1usize << 8 {
            let state = |t: usize| path >> t & 1;
            let mut p = start[state(0)];
            for t in 0..8 {
                if t > 0 {
                    p *= m.trans[state(t - 1)][state(t)];
                }
                let (v, e) = (m.variances[state(t)], y[t] - m.mean(state(t), &x[t]));
                p *= if y[t].is_nan() {
                    1.0
                } else {
                    (-0.5 * e * e / v).exp() / (2.0 * std::f64::consts::PI * v).sqrt()
                };
            }
            total += p;
            (0..8).filter(|t| state(*t) == 1).for_each(|t| ones[t] += p);
            last += if state(7) == 1 { p } else { 0.0 };
        }
        assert!((m.loglik(&x, &y).unwrap() - total.ln()).abs() < 1e-12);
        for (t, row) in m.smoothed(&x, &y).unwrap().iter().enumerate() {
            assert!((row[1] - ones[t] / total).abs() < 1e-13);
        }
        assert!((m.filtered(&x, &y).unwrap()[7][1] - last / total).abs() < 1e-13);
    }

    #[test]
    fn em_finds_both_regressions() {
        let (x, y) = data(600);
        let start = SwitchingRegression {
            trans: vec![vec![0.9, 0.1], vec![0.1, 0.9]],
            coefficients: vec![vec![0.5, 0.0], vec![1.5, 0.0]],
            variances: vec![1.0, 1.0],
        };
        let fit = start.fit(&x, &y, 500, 1e-8).unwrap();
        assert!(fit.converged && fit.loglik > model().loglik(&x, &y).unwrap());
        for (got, want) in fit.model.coefficients.iter().flatten().zip([0.0, 1.0, 2.0, -0.5]) {
            assert!((got - want).abs() < 0.2, "{:?}", fit.model);
        }
        for stay in [fit.model.trans[0][0], fit.model.trans[1][1]] {
            assert!((0.85..0.97).contains(&stay), "{stay}");
        }
    }
}
