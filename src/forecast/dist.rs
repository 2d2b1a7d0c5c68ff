//! The distribution of a log return, as published: a variance, a standard deviation, nine quantiles
//! and the expected shortfall of both tails.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};

use crate::base::{pareto, stats};

/// The published probability levels, ascending.
pub const LEVELS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.5, 0.95, 0.975, 0.99, 0.995];

/// Quantiles of the standard normal at [`LEVELS`].
pub static NORMAL: LazyLock<[f64; 9]> = LazyLock::new(|| LEVELS.map(stats::normal_quantile));
/// Mean of the standard normal above its 99 % quantile.
static NORMAL_ES: LazyLock<f64> = LazyLock::new(|| stats::normal_pdf(NORMAL[1]) / 0.01);

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
        let es = *NORMAL_ES;
        Dist { rv, sd, q: NORMAL.map(|z| sd * z), es01: -sd * es, es99: sd * es }
    }
    /// Zero-mean Student t of `nu` > 2 degrees of freedom, scaled to standard deviation `sd`.
    pub fn student(rv: f64, sd: f64, nu: f64) -> Dist {
        Student::new(nu).map_or_else(|| Dist::normal(rv, sd), |law| law.dist(rv, sd))
    }
    /// Filtered historical simulation: past standardised returns `z` (ascending, of this variance) times
    /// the forecast volatility `sqrt(rv)`. Beyond 99 % the quantiles and the expected shortfalls are those of peaks
    /// over threshold, where there are enough.
    pub fn empirical(rv: f64, z: &[f64], variance: f64) -> Dist {
        let vol = rv.sqrt();
        let mut q = LEVELS.map(|p| vol * stats::quantile(z, p));
        let k = ((z.len() as f64 * 0.01).floor() as usize).max(1).min(z.len());
        let (mut low, mut high) = (vol * stats::mean(&z[..k]), vol * stats::mean(&z[z.len() - k..]));
        if let Some(law) = pareto::of_outermost(z.iter().map(|z| -z)) {
            q[0] = (-vol * law.var(0.995)).min(q[1]);
            low = -vol * law.shortfall(0.99);
        }
        if let Some(law) = pareto::of_outermost(z.iter().rev().copied()) {
            q[8] = (vol * law.var(0.995)).max(q[7]);
            high = vol * law.shortfall(0.99);
        }
        Dist { rv, sd: vol * variance.sqrt(), q, es01: low.min(q[1]), es99: high.max(q[7]) }
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

/// Student's t of some degrees of freedom: its quantiles take far longer than a scaling of them, so
/// who publishes many of one shape works them out once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Student {
    nu: f64,
    /// Quantiles at [`LEVELS`] in units of scale, and the density at the 1 % quantile.
    q: [f64; 9],
    pdf01: f64,
}

impl Student {
    /// Of `nu` > 2 degrees of freedom; `None` where there is no such law.
    pub fn new(nu: f64) -> Option<Student> {
        let t = StudentsT::new(0.0, 1.0, nu).ok()?;
        let q = LEVELS.map(|p| t.inverse_cdf(p));
        Some(Student { nu, q, pdf01: t.pdf(q[1]) })
    }
    /// Zero-mean, scaled to standard deviation `sd`.
    pub fn dist(&self, rv: f64, sd: f64) -> Dist {
        let Student { nu, q, pdf01 } = *self;
        let scale = sd * ((nu - 2.0) / nu).sqrt();
        // METHOD: ES of a t in units of scale, f(q)/(1-a) (nu + q^2)/(nu - 1).
        let es = scale * pdf01 / 0.01 * (nu + q[1] * q[1]) / (nu - 1.0);
        Dist { rv, sd, q: q.map(|q| scale * q), es01: -es, es99: es }
    }
}
