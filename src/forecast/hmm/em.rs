//! Gaussian hidden Markov model: likelihood, filter, smoother and EM.
//!
//! x(t) | s(t) = k is normal with mean m(k) and covariance C(k); P(s(t+1) = j | s(t) = i) = A(i, j).
//! The forward pass works on ln(predicted probability) + ln(density), shifted by its maximum in
//! each row, and the backward pass is Kim's (1994) smoother, whose factors lie in \[0, 1\]: neither
//! can overflow, and an outlier that every state finds impossible still leaves probabilities that
//! sum to one. A row with a number that is not finite is a missing observation.
//! Source: Baum et al. 1970; Rabiner 1989; Kim 1994. Checked against hmmlearn 0.3.3.

use ndarray::Array2;

use super::chain::kim;
use super::gaussian::{Covariance, Gaussian, no_fit};
use crate::base::stats;
use crate::forecast::Error;

/// How EM runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Em {
    /// Most iterations.
    pub iterations: usize,
    /// Converged when an iteration gains less than this many nats.
    pub tolerance: f64,
    /// Added to the sum of squares of every state (every element of it, when full) in the M-step;
    /// 0 is maximum likelihood, hmmlearn's default is 0.01 (`covars_prior`, `covars_weight` 1).
    pub covariance_prior: f64,
    /// Least variance of a state, as a fraction of the column's variance. Keeps the likelihood
    /// bounded where values repeat.
    pub floor: f64,
}

impl Default for Em {
    fn default() -> Em {
        Em { iterations: 500, tolerance: 1e-6, covariance_prior: 0.0, floor: 1e-6 }
    }
}

/// Rows that must belong to a state, in sum of probabilities, for it to be learnt.
const LIVE: f64 = 1e-8;

/// What EM found. Whether it converged is for the caller to judge.
#[derive(Clone, Debug, PartialEq)]
pub struct EmEstimate {
    /// The model after the last M-step.
    pub model: Gaussian,
    /// Log-likelihood at the start and after every M-step; never falls by more than rounding where
    /// `covariance_prior` is 0, else the penalised likelihood never falls.
    pub loglik: Vec<f64>,
    /// Whether the last gain was below the tolerance.
    pub converged: bool,
    /// M-steps done.
    pub iterations: usize,
}

/// Probabilities of the states in each row (T x K) and the log-likelihood of the whole series.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// Log-likelihood, nats.
    pub loglik: f64,
    /// Probabilities; each row sums to one.
    pub probs: Array2<f64>,
}

/// The forward pass of a whole series: filtered and predicted probabilities, row by row.
struct Forward {
    loglik: f64,
    filtered: Vec<f64>,
    predicted: Vec<f64>,
}

/// What the M-step needs.
struct Moments {
    loglik: f64,
    first: Vec<f64>,
    gamma: Vec<f64>,
    /// Expected transitions, K x K row by row.
    steps: Vec<f64>,
}

impl Gaussian {
    fn forward(&self, x: &Array2<f64>) -> Result<Forward, Error> {
        let mut filter = self.filter()?;
        if x.ncols() != self.means[0].len() {
            return Err(no_fit(format!("{} columns for a model of {}", x.ncols(), self.means[0].len())));
        }
        let mut out = Forward {
            loglik: 0.0,
            filtered: Vec::with_capacity(x.nrows() * self.states()),
            predicted: Vec::with_capacity(x.nrows() * self.states()),
        };
        let mut buffer = vec![0.0; x.ncols()];
        for row in x.rows() {
            buffer.iter_mut().zip(row).for_each(|(b, v)| *b = *v);
            out.predicted.extend_from_slice(filter.next());
            out.loglik += filter.update(&buffer);
            out.filtered.extend_from_slice(filter.now());
        }
        if out.loglik.is_finite() { Ok(out) } else { Err(no_fit("the likelihood is not finite")) }
    }

    /// Kim's smoother on top of the forward pass, with expected transitions.
    fn moments(&self, x: &Array2<f64>) -> Result<Moments, Error> {
        let Forward { loglik, filtered, predicted } = self.forward(x)?;
        let (gamma, steps) = kim(&self.trans, filtered, &predicted);
        Ok(Moments { loglik, first: gamma[..self.states()].to_vec(), gamma, steps })
    }

    /// Log-likelihood of a series, T x D.
    ///
    /// # Errors
    /// As [`Gaussian::filter`]; or the likelihood is not finite.
    pub fn loglik(&self, x: &Array2<f64>) -> Result<f64, Error> {
        Ok(self.forward(x)?.loglik)
    }

    /// Filtered probabilities: of the state in each row given that row and those before.
    ///
    /// # Errors
    /// As [`Gaussian::loglik`].
    pub fn filtered(&self, x: &Array2<f64>) -> Result<Posterior, Error> {
        let forward = self.forward(x)?;
        self.posterior(forward.loglik, forward.filtered)
    }

    /// Smoothed probabilities: of the state in each row given the whole series. For study only;
    /// a forecast must not see them.
    ///
    /// # Errors
    /// As [`Gaussian::loglik`].
    pub fn smoothed(&self, x: &Array2<f64>) -> Result<Posterior, Error> {
        let moments = self.moments(x)?;
        self.posterior(moments.loglik, moments.gamma)
    }

    fn posterior(&self, loglik: f64, probs: Vec<f64>) -> Result<Posterior, Error> {
        let rows = probs.len() / self.states();
        let probs = Array2::from_shape_vec((rows, self.states()), probs).map_err(|e| no_fit(e.to_string()))?;
        Ok(Posterior { loglik, probs })
    }

    /// EM from this model as the start.
    ///
    /// # Errors
    /// Shapes disagree, fewer rows than states, a covariance loses rank, or the (penalised)
    /// likelihood falls, which an EM step cannot do: that is reported, never called convergence.
    pub fn fit(&self, x: &Array2<f64>, em: &Em) -> Result<EmEstimate, Error> {
        if x.nrows() <= self.states() {
            return Err(no_fit(format!("{} rows for {} states", x.nrows(), self.states())));
        }
        let least = floors(x, em.floor);
        let mut model = self.clone();
        let mut moments = model.moments(x)?;
        let mut loglik = vec![moments.loglik];
        let mut value = moments.loglik - model.penalty(em)?;
        let mut converged = false;
        while loglik.len() <= em.iterations && !converged {
            let next = model.maximise(x, &moments, em, &least);
            moments = next.moments(x)?;
            let after = moments.loglik - next.penalty(em)?;
            // The start may lie below the variance floor; the first step then need not gain.
            if after < value - 1e-9 * (1.0 + value.abs()) && loglik.len() > 1 {
                return Err(no_fit(format!("the likelihood fell from {value} to {after} in EM")));
            }
            converged = (after - value).abs() < em.tolerance;
            (model, value) = (next, after);
            loglik.push(moments.loglik);
        }
        Ok(EmEstimate { model, iterations: loglik.len() - 1, loglik, converged })
    }

    /// What the covariance prior takes from the log-likelihood: half the trace of prior times
    /// precision, summed over states.
    fn penalty(&self, em: &Em) -> Result<f64, Error> {
        if em.covariance_prior == 0.0 {
            return Ok(0.0);
        }
        let filter = self.filter()?;
        let total: f64 = (0..self.states()).map(|s| filter.density(s).precision()).sum();
        Ok(0.5 * em.covariance_prior * total)
    }

    /// The M-step. A state that nothing belongs to keeps its parameters.
    fn maximise(&self, x: &Array2<f64>, moments: &Moments, em: &Em, least: &[f64]) -> Gaussian {
        let (k, d) = (self.states(), x.ncols());
        let mut next = self.clone();
        next.start.copy_from_slice(&moments.first);
        for (row, steps) in next.trans.iter_mut().zip(moments.steps.chunks(k)) {
            let sum: f64 = steps.iter().sum();
            if sum > 0.0 {
                row.iter_mut().zip(steps).for_each(|(a, s)| *a = s / sum);
            }
        }
        let mut weight = vec![0.0; k];
        let mut sums = vec![vec![0.0; d]; k];
        each_seen(x, &moments.gamma, k, |row, gamma| {
            for (s, g) in gamma.iter().enumerate() {
                weight[s] += g;
                sums[s].iter_mut().zip(row).for_each(|(sum, v)| *sum += g * v);
            }
        });
        for s in (0..k).filter(|s| weight[*s] > LIVE) {
            next.means[s] = sums[s].iter().map(|v| v / weight[s]).collect();
        }
        next.covariance = self.spread(x, moments, em, least, (&next.means, &weight));
        next
    }

    /// Covariances around new means, given the states' weights.
    fn spread(
        &self,
        x: &Array2<f64>,
        moments: &Moments,
        em: &Em,
        least: &[f64],
        (means, weight): (&[Vec<f64>], &[f64]),
    ) -> Covariance {
        let (k, d) = (self.states(), x.ncols());
        let diagonal = matches!(self.covariance, Covariance::Diagonal(_));
        // Lower triangles of the sums of squares; of which only the diagonal where that is asked.
        let mut squares = vec![vec![vec![em.covariance_prior; d]; d]; k];
        each_seen(x, &moments.gamma, k, |row, gamma| {
            for (s, g) in gamma.iter().enumerate() {
                for i in 0..d {
                    let e = row[i] - means[s][i];
                    for j in if diagonal { i } else { 0 }..=i {
                        squares[s][i][j] += g * e * (row[j] - means[s][j]);
                    }
                }
            }
        });
        let mut next = self.covariance.clone();
        for s in (0..k).filter(|s| weight[*s] > LIVE) {
            for i in 0..d {
                let own = (squares[s][i][i] / weight[s]).max(least[i]);
                match &mut next {
                    Covariance::Diagonal(v) => v[s][i] = own,
                    Covariance::Full(c) => {
                        for j in 0..i {
                            c[s][i][j] = squares[s][i][j] / weight[s];
                            c[s][j][i] = c[s][i][j];
                        }
                        c[s][i][i] = own;
                    }
                }
            }
        }
        next
    }
}

/// Calls `f` with every observed row and its probabilities.
fn each_seen(x: &Array2<f64>, gamma: &[f64], k: usize, mut f: impl FnMut(&[f64], &[f64])) {
    let mut buffer = vec![0.0; x.ncols()];
    for (row, gamma) in x.rows().into_iter().zip(gamma.chunks(k)) {
        buffer.iter_mut().zip(row).for_each(|(b, v)| *b = *v);
        if buffer.iter().all(|v| v.is_finite()) {
            f(&buffer, gamma);
        }
    }
}

/// Least variance of each column.
fn floors(x: &Array2<f64>, fraction: f64) -> Vec<f64> {
    x.columns()
        .into_iter()
        .map(|column| {
            let seen: Vec<f64> = column.iter().copied().filter(|v| v.is_finite()).collect();
            let (mean, variance) =
                if seen.is_empty() { (0.0, 1.0) } else { (stats::mean(&seen), stats::variance(&seen)) };
            // A constant column still needs a density; 1e-12 of its size is below any data error.
            (fraction * variance).max(1e-12 * (1e-12 + mean * mean))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;
    use rand::RngExt;

    fn model(covariance: Covariance) -> Gaussian {
        Gaussian {
            start: vec![0.3, 0.7],
            trans: vec![vec![0.8, 0.2], vec![0.4, 0.6]],
            means: vec![vec![0.0, 1.0], vec![2.0, -1.0]],
            covariance,
        }
    }
    fn full() -> Covariance {
        Covariance::Full(vec![vec![vec![1.0, 0.3], vec![0.3, 0.5]], vec![vec![2.0, -0.6], vec![-0.6, 1.0]]])
    }
    fn noise(rows: usize) -> Array2<f64> {
        let mut rng = Seed(3).rng();
        Array2::from_shape_fn((rows, 2), |_| 3.0 * rng.random::<f64>() - 1.0)
    }
    /// Bivariate normal density from its textbook formula.
    fn density(x: &[f64], m: &[f64], c: &[Vec<f64>]) -> f64 {
        let det = c[0][0] * c[1][1] - c[0][1] * c[1][0];
        let (a, b) = (x[0] - m[0], x[1] - m[1]);
        let square = (c[1][1] * a * a - 2.0 * c[0][1] * a * b + c[0][0] * b * b) / det;
        (-0.5 * square).exp() / (2.0 * std::f64::consts::PI * det.sqrt())
    }

    #[test]
    fn likelihood_posterior_and_path_are_those_of_all_paths_enumerated() {
        let (x, m) = (noise(7), model(full()));
        let Covariance::Full(c) = &m.covariance else { unreachable!() };
        let (mut total, mut ones) = (0.0, [0.0; 7]);
        for path in 0..1usize << 7 {
            let state = |t: usize| path >> t & 1;
            let mut p = m.start[state(0)];
            for t in 0..7 {
                if t > 0 {
                    p *= m.trans[state(t - 1)][state(t)];
                }
                p *= density(&x.row(t).to_vec(), &m.means[state(t)], &c[state(t)]);
            }
            total += p;
            (0..7).filter(|t| state(*t) == 1).for_each(|t| ones[t] += p);
        }
        let smoothed = m.smoothed(&x).unwrap();
        assert!((smoothed.loglik - total.ln()).abs() < 1e-12);
        for (t, one) in ones.iter().enumerate() {
            assert!((smoothed.probs[[t, 1]] - one / total).abs() < 1e-13);
        }
    }

    #[test]
    fn likelihood_never_falls_and_a_full_covariance_is_recovered() {
        // Rows drawn from the model itself, by the sum of twelve uniforms.
        let (m, mut rng) = (model(full()), Seed(9).rng());
        let Covariance::Full(c) = &m.covariance else { unreachable!() };
        let mut state = 0;
        let mut x = Array2::zeros((20_000, 2));
        for mut row in x.rows_mut() {
            state = usize::from(rng.random::<f64>() > m.trans[state][0]);
            let mut z = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            let (a, b) = (z(), z());
            let low = c[state][0][0].sqrt();
            let cross = c[state][0][1] / low;
            row[0] = m.means[state][0] + low * a;
            row[1] = m.means[state][1] + cross * a + (c[state][1][1] - cross * cross).sqrt() * b;
        }
        let unit = vec![vec![1.0, 0.0], vec![0.0, 1.0]];
        let start = Gaussian { covariance: Covariance::Full(vec![unit.clone(), unit]), ..m.clone() };
        let fit = start.fit(&x, &Em::default()).unwrap();
        assert!(fit.converged && fit.loglik.windows(2).all(|w| w[1] >= w[0] - 1e-6));
        let Covariance::Full(got) = &fit.model.covariance else { unreachable!() };
        for (ours, truth) in got.iter().flatten().flatten().zip(c.iter().flatten().flatten()) {
            assert!((ours - truth).abs() < 0.08, "{ours} {truth}");
        }
        assert!((fit.model.trans[0][0] - 0.8).abs() < 0.02 && (fit.model.trans[1][1] - 0.6).abs() < 0.02);
    }

    #[test]
    fn outliers_and_holes_leave_probabilities_that_sum_to_one() {
        let mut x = noise(300);
        x[[10, 0]] = 1e6;
        x[[11, 1]] = -1e150;
        x[[200, 0]] = f64::NAN;
        x[[201, 1]] = f64::INFINITY;
        let diagonal = Covariance::Diagonal(vec![vec![1.0, 1.0], vec![2.0, 1e-8]]);
        for covariance in [diagonal, full()] {
            let mut m = model(covariance);
            // Forbidden transitions: the state that explains a row best may be out of reach.
            m.trans = vec![vec![1.0, 0.0], vec![0.5, 0.5]];
            let smoothed = m.smoothed(&x).unwrap();
            assert!(smoothed.loglik.is_finite());
            for row in smoothed.probs.rows() {
                assert!((row.sum() - 1.0).abs() < 1e-12);
            }
            let fit = m.fit(&x, &Em { iterations: 30, ..Em::default() }).unwrap();
            assert!(fit.loglik.iter().all(|l| l.is_finite()));
        }
    }

    #[test]
    fn a_constant_series_has_a_fit() {
        let x = Array2::from_elem((50, 2), -7.0);
        let fit = model(Covariance::Diagonal(vec![vec![1.0; 2]; 2])).fit(&x, &Em::default()).unwrap();
        assert!(fit.loglik.iter().all(|l| l.is_finite()));
    }

    #[test]
    fn shapes_that_disagree_are_errors() {
        let mut m = model(full());
        assert!(m.loglik(&Array2::zeros((5, 3))).is_err());
        m.trans.pop();
        assert!(m.loglik(&noise(5)).is_err());
        assert!(model(Covariance::Diagonal(vec![vec![1.0, 0.0]; 2])).loglik(&noise(5)).is_err());
        assert!(model(full()).fit(&noise(2), &Em::default()).is_err());
    }
}
