//! The distribution of a log return, as published: a variance, a standard deviation, nine quantiles
//! and the expected shortfall of both tails.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::tail;
use crate::base::stats;

/// The published probability levels, ascending.
pub const LEVELS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.5, 0.95, 0.975, 0.99, 0.995];

/// Distribution of the log return over the horizon. All numbers are fractions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dist {
    /// Forecast of the realised variance over the horizon, in the measure the model was trained on.
    pub rv: f64,
    /// Standard deviation of the log return.
    pub sd: f64,
    /// Quantiles at [`LEVELS`], ascending.
    pub q: [f64; 9],
    /// Mean return below the 1 % quantile.
    pub es01: f64,
    /// Mean return above the 99 % quantile.
    pub es99: f64,
}

impl Dist {
    /// Zero-mean normal.
    pub fn normal(rv: f64, sd: f64) -> Dist {
        let es = stats::normal_pdf(stats::normal_quantile(0.01)) / 0.01;
        Dist { rv, sd, q: LEVELS.map(|p| sd * stats::normal_quantile(p)), es01: -sd * es, es99: sd * es }
    }
    /// Zero-mean Student t of `nu` > 2 degrees of freedom, scaled to standard deviation `sd`.
    pub fn student(rv: f64, sd: f64, nu: f64) -> Dist {
        let Ok(t) = StudentsT::new(0.0, 1.0, nu) else { return Dist::normal(rv, sd) };
        let scale = sd * ((nu - 2.0) / nu).sqrt();
        let q01 = t.inverse_cdf(0.01);
        use statrs::distribution::Continuous;
        // METHOD: ES of a t in units of scale, f(q)/(1-a) (nu + q^2)/(nu - 1).
        let es = scale * t.pdf(q01) / 0.01 * (nu + q01 * q01) / (nu - 1.0);
        Dist { rv, sd, q: LEVELS.map(|p| scale * t.inverse_cdf(p)), es01: -es, es99: es }
    }
    /// Filtered historical simulation: past standardised returns `z` (ascending) times the forecast
    /// volatility `sqrt(rv)`. Beyond 99 % the quantiles and the expected shortfalls are those of peaks
    /// over threshold, where there are enough.
    pub fn empirical(rv: f64, z: &[f64]) -> Dist {
        let vol = rv.sqrt();
        let mut q = LEVELS.map(|p| vol * stats::quantile(z, p));
        let k = ((z.len() as f64 * 0.01).floor() as usize).max(1).min(z.len());
        let (mut low, mut high) = (vol * stats::mean(&z[..k]), vol * stats::mean(&z[z.len() - k..]));
        if let Some(law) = tail::fit(z.iter().map(|z| -z)) {
            q[0] = (-vol * law.var(0.995)).min(q[1]);
            low = -vol * law.shortfall(0.99);
        }
        if let Some(law) = tail::fit(z.iter().rev().copied()) {
            q[8] = (vol * law.var(0.995)).max(q[7]);
            high = vol * law.shortfall(0.99);
        }
        Dist { rv, sd: vol * stats::variance(z).sqrt(), q, es01: low.min(q[1]), es99: high.max(q[7]) }
    }
    /// The same around another mean.
    pub fn moved(self, by: f64) -> Dist {
        Dist { q: self.q.map(|q| q + by), es01: self.es01 + by, es99: self.es99 + by, ..self }
    }
    /// The quantile at a published level.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        LEVELS.iter().position(|l| *l == p).map(|i| self.q[i])
    }
    /// Whether every number is finite, the variance positive and quantiles do not cross.
    pub fn is_sound(&self) -> bool {
        let finite = [self.rv, self.sd, self.es01, self.es99].iter().chain(&self.q).all(|v| v.is_finite());
        finite && self.rv > 0.0 && self.sd > 0.0 && self.q.windows(2).all(|w| w[0] <= w[1])
    }
}
