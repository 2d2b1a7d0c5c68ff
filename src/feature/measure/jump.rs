//! Whether a stretch of returns holds jumps: the test of Barndorff-Nielsen and Shephard.
//!
//! ```
//! use margincast::feature::measure::{jump::{ratio, two_sided}, variation as v};
//! let mut r: Vec<f64> = (0..100).map(|i| 0.01 * (2.0 * f64::from(i)).sin()).collect();
//! r[50] = 0.2;
//! let z = ratio(v::rv(&r), v::bipower(&r), v::tripower_quarticity(&r), r.len());
//! assert!(z > 3.0 && two_sided(z) < 0.01);
//! ```

use std::f64::consts::PI;

use crate::base::stats;

/// Variance of rv - bpv in units of the quarticity over n, less that of rv: pi^2/4 + pi - 5.
const THETA: f64 = PI * PI / 4.0 + PI - 5.0;

/// z = (rv - bpv) / sqrt(theta quarticity / n) (Barndorff-Nielsen, Shephard 2006).
pub fn linear(rv: f64, bpv: f64, quarticity: f64, n: usize) -> f64 {
    (rv - bpv) / (THETA * quarticity / n as f64).sqrt()
}

/// z = (1 - bpv/rv) / sqrt(theta/n max(1, quarticity/bpv^2)) (Huang, Tauchen 2005).
pub fn ratio(rv: f64, bpv: f64, quarticity: f64, n: usize) -> f64 {
    (1.0 - bpv / rv) / (THETA / n as f64 * (quarticity / (bpv * bpv)).max(1.0)).sqrt()
}

/// Probability of a |z| at least this large without jumps.
pub fn two_sided(z: f64) -> f64 {
    2.0 * stats::normal_cdf(-z.abs())
}
