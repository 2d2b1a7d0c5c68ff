//! Variance and quarticity of a stretch of n returns, and measures that jumps move less. Variances
//! in fraction squared, quarticities in its square; too few returns give what is not a number.
//!
//! ```
//! use margincast::feature::measure::variation::{bipower, rv};
//! let r = [0.01, -0.01, 0.01, 0.30, -0.01, 0.01];
//! assert!(bipower(&r) < 0.2 * rv(&r), "one jump");
//! ```

use std::f64::consts::PI;

/// E|z|^(4/3) of a standard normal z: 2^(2/3) Gamma(7/6) / Gamma(1/2).
pub(in crate::feature) const TRIPOWER: f64 = 0.830_860_925_029_559_2;

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.sum()
}
/// n/(n - lost), not a number unless it is positive.
fn lost(n: usize, lost: usize) -> f64 {
    if n > lost { n as f64 / (n - lost) as f64 } else { f64::NAN }
}
fn median(a: f64, b: f64, c: f64) -> f64 {
    a.max(b).min(a.min(b).max(c))
}
/// Sum over pairs of neighbours of min(|r|, |r before|)^power.
fn least(r: &[f64], power: i32) -> f64 {
    sum(r.windows(2).map(|w| w[0].abs().min(w[1].abs()).powi(power)))
}
/// Sum over triples of neighbours of the median of |r| to a power.
fn middle(r: &[f64], power: i32) -> f64 {
    sum(r.windows(3).map(|w| median(w[0].abs(), w[1].abs(), w[2].abs()).powi(power)))
}

/// sum r^2 (Andersen, Bollerslev 1998).
pub fn rv(r: &[f64]) -> f64 {
    sum(r.iter().map(|r| r * r))
}
/// (pi/2) n/(n-1) sum |r||r before| (Barndorff-Nielsen, Shephard 2004).
pub fn bipower(r: &[f64]) -> f64 {
    PI / 2.0 * lost(r.len(), 1) * sum(r.windows(2).map(|w| (w[0] * w[1]).abs()))
}
/// pi/(pi-2) n/(n-1) sum min(|r|, |r before|)^2 (Andersen, Dobrev, Schaumburg 2012).
pub fn min_rv(r: &[f64]) -> f64 {
    PI / (PI - 2.0) * lost(r.len(), 1) * least(r, 2)
}
/// pi/(6 - 4 sqrt 3 + pi) n/(n-2) sum of squared medians of three neighbours (Andersen, Dobrev,
/// Schaumburg 2012).
pub fn med_rv(r: &[f64]) -> f64 {
    PI / (6.0 - 4.0 * 3f64.sqrt() + PI) * lost(r.len(), 2) * middle(r, 2)
}
/// sum r^2 over the returns no larger than `limit` (Mancini 2009); usual limits are 3 sqrt(b / n) and
/// 3 sqrt(b) n^-0.49 with b the bipower variation of the stretch before, or of this one.
pub fn threshold_rv(r: &[f64], limit: f64) -> f64 {
    sum(r.iter().filter(|r| r.abs() <= limit).map(|r| r * r))
}
/// sum r^2 over falls and over rises (Barndorff-Nielsen, Kinnebrock, Shephard 2010).
pub fn semivariances(r: &[f64]) -> (f64, f64) {
    (sum(r.iter().map(|r| r.min(0.0).powi(2))), sum(r.iter().map(|r| r.max(0.0).powi(2))))
}
/// (n/3) sum r^4 (Barndorff-Nielsen, Shephard 2002).
pub fn quarticity(r: &[f64]) -> f64 {
    r.len() as f64 / 3.0 * sum(r.iter().map(|r| r.powi(4)))
}
/// n m^-3 n/(n-2) sum of products of three neighbours |r|^(4/3), m = E|z|^(4/3)
/// (Barndorff-Nielsen, Shephard 2004).
pub fn tripower_quarticity(r: &[f64]) -> f64 {
    let products = r.windows(3).map(|w| (w[0] * w[1] * w[2]).abs().cbrt().powi(4));
    r.len() as f64 * lost(r.len(), 2) / TRIPOWER.powi(3) * sum(products)
}
/// n (pi^2/4) n/(n-3) sum of products of four neighbours |r| (Barndorff-Nielsen, Shephard 2004).
pub fn quadpower_quarticity(r: &[f64]) -> f64 {
    let products = r.windows(4).map(|w| (w[0] * w[1] * w[2] * w[3]).abs());
    r.len() as f64 * lost(r.len(), 3) * PI * PI / 4.0 * sum(products)
}
/// pi n/(3 pi - 8) n/(n-1) sum min(|r|, |r before|)^4 (Andersen, Dobrev, Schaumburg 2012).
pub fn min_quarticity(r: &[f64]) -> f64 {
    PI * r.len() as f64 / (3.0 * PI - 8.0) * lost(r.len(), 1) * least(r, 4)
}
/// 3 pi n/(9 pi + 72 - 52 sqrt 3) n/(n-2) sum of medians of three neighbours to the fourth
/// (Andersen, Dobrev, Schaumburg 2012).
pub fn med_quarticity(r: &[f64]) -> f64 {
    3.0 * PI * r.len() as f64 / (9.0 * PI + 72.0 - 52.0 * 3f64.sqrt()) * lost(r.len(), 2) * middle(r, 4)
}
/// sqrt(n) sum r^3 / rv^1.5 (Amaya, Christoffersen, Jacobs, Vasquez 2015).
pub fn skew(r: &[f64]) -> f64 {
    (r.len() as f64).sqrt() * sum(r.iter().map(|r| r.powi(3))) / rv(r).powf(1.5)
}
/// n sum r^4 / rv^2 (Amaya, Christoffersen, Jacobs, Vasquez 2015).
pub fn kurtosis(r: &[f64]) -> f64 {
    r.len() as f64 * sum(r.iter().map(|r| r.powi(4))) / rv(r).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variance_of_equal_sizes_scales_with_their_square_and_robust_ones_bear_a_jump() {
        let calm: Vec<f64> = (0..400).map(|i| 0.01 * (1.3 * f64::from(i)).sin()).collect();
        let twice: Vec<f64> = calm.iter().map(|r| 2.0 * r).collect();
        let mut jumped = calm.clone();
        jumped[200] = 1.0;
        for f in [rv, bipower, min_rv, med_rv] {
            assert!((f(&twice) / f(&calm) - 4.0).abs() < 1e-12);
        }
        for f in [quarticity, tripower_quarticity, quadpower_quarticity, min_quarticity, med_quarticity] {
            assert!((f(&twice) / f(&calm) - 16.0).abs() < 1e-12);
        }
        for f in [min_rv, med_rv] {
            assert!((f(&jumped) / f(&calm) - 1.0).abs() < 0.05);
        }
        assert!(rv(&jumped) > 40.0 * rv(&calm));
    }

    #[test]
    fn too_few_returns_are_not_a_number() {
        for f in [bipower, min_rv, min_quarticity] {
            assert!(f(&[0.1]).is_nan());
        }
        for f in [med_rv, tripower_quarticity, med_quarticity, quadpower_quarticity] {
            assert!(f(&[0.1, 0.2]).is_nan());
        }
    }
}
