//! Variance of a stretch whose prices carry microstructure noise, fraction squared.
//!
//! ```
//! use margincast::feature::measure::{noise::two_scale, variation::rv};
//! // A price that bounces between bid and ask and goes nowhere.
//! let prices: Vec<f64> = (0..1000).map(|i| 0.001 * f64::from(i * i % 7 % 2)).collect();
//! let returns: Vec<f64> = prices.windows(2).map(|w| w[1] - w[0]).collect();
//! assert!(two_scale(&prices, 50).abs() < 0.02 * rv(&returns));
//! ```

use std::f64::consts::PI;

/// How a realised kernel weighs autocovariances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// 1.
    Rectangular,
    /// 1 - x.
    Bartlett,
    /// 1 - 6 x^2 + 6 x^3 up to a half, then 2 (1 - x)^3.
    Parzen,
    /// (1 + sin(pi/2 - pi x)) / 2.
    TukeyHanning,
}

impl Kernel {
    /// Weight at `x` in \[0, 1\].
    pub fn weight(self, x: f64) -> f64 {
        match self {
            Kernel::Rectangular => 1.0,
            Kernel::Bartlett => 1.0 - x,
            Kernel::Parzen if x <= 0.5 => 1.0 - 6.0 * x * x + 6.0 * x.powi(3),
            Kernel::Parzen => 2.0 * (1.0 - x).powi(3),
            Kernel::TukeyHanning => 0.5 * (1.0 + (0.5 * PI - PI * x).sin()),
        }
    }
}

/// Sum of squared `k`-step returns over all starts.
fn squares(ln_prices: &[f64], k: usize) -> f64 {
    let (early, late) = (ln_prices.iter(), ln_prices.iter().skip(k));
    early.zip(late).map(|(a, b)| (b - a) * (b - a)).sum()
}

/// Mean over the `k` offsets of the sum of squared `k`-step returns (Zhang, Mykland, Ait-Sahalia 2005).
fn subsampled(ln_prices: &[f64], k: usize) -> f64 {
    squares(ln_prices, k) / k as f64
}

/// Two-scale variance: the subsampled one over `k` steps less the noise that the finest steps show,
/// with the small-sample factor, n prices and m = (n - k + 1)/k
/// (Zhang, Mykland, Ait-Sahalia 2005).
pub fn two_scale(ln_prices: &[f64], k: usize) -> f64 {
    let n = ln_prices.len() as f64;
    let ratio = (n - k as f64 + 1.0) / k as f64 / n;
    (subsampled(ln_prices, k) - ratio * squares(ln_prices, 1)) / (1.0 - ratio)
}

/// Pre-averaged variance with weights g(x) = min(x, 1 - x) over floor(theta sqrt n) returns, n the
/// number of returns, with the finite-sample constants of g (Jacod, Li, Mykland, Podolskij, Vetter
/// 2009). NaN where there are fewer returns than are averaged.
pub fn pre_averaged(r: &[f64], theta: f64) -> f64 {
    let n = r.len() as f64;
    let k = (theta * n.sqrt()).floor() as usize;
    if k < 2 || r.len() < k {
        return f64::NAN;
    }
    let g = |i: usize| (i as f64 / k as f64).min(1.0 - i as f64 / k as f64);
    let psi1 = k as f64 * (1..=k).map(|i| (g(i) - g(i - 1)).powi(2)).sum::<f64>();
    let psi2 = (1..=k).map(|i| g(i) * g(i)).sum::<f64>() / k as f64;
    let average = |w: &[f64]| w.iter().enumerate().map(|(i, r)| g(i + 1) * r).sum::<f64>();
    let averaged: f64 = r.windows(k - 1).map(|w| average(w).powi(2)).sum();
    let noise = psi1 / (2.0 * theta * theta * psi2 * n) * super::variation::rv(r);
    averaged / (n.sqrt() * theta * psi2) - noise
}

/// Realised variance averaged over the `k` grids that take every `k`-th price, each from another of the
/// first `k` (Zhang, Mykland, Ait-Sahalia 2005). A grid that does not start with the first price misses
/// `k` of the `n` fine intervals and is scaled up by `(n-1)/(n-1-k)`, as R's highfrequency does.
pub fn averaged(ln_prices: &[f64], k: usize) -> f64 {
    let n = ln_prices.len().saturating_sub(1) as f64;
    let grid = |i: usize| {
        let sampled: Vec<f64> = ln_prices.iter().skip(i).step_by(k).copied().collect();
        let rv: f64 = sampled.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum();
        if i == 0 { rv } else { rv * (n - 1.0) / (n - 1.0 - k as f64) }
    };
    (0..k).map(grid).sum::<f64>() / k as f64
}

/// Realised kernel over `lags` autocovariances: g0 + 2 sum over h of weight((h-1)/lags) n/(n-h) g_h
/// (Barndorff-Nielsen, Hansen, Lunde, Shephard 2008, with degrees of freedom adjusted).
pub fn kernel(r: &[f64], lags: usize, kernel: Kernel) -> f64 {
    let n = r.len() as f64;
    let covariance = |h: usize| r.iter().zip(r.iter().skip(h)).map(|(a, b)| a * b).sum::<f64>();
    let term = |h: usize| 2.0 * kernel.weight((h - 1) as f64 / lags as f64) * n / (n - h as f64) * covariance(h);
    covariance(0) + (1..=lags.min(r.len().saturating_sub(1))).map(term).sum::<f64>()
}

/// Variance of the noise in each price: minus the first autocovariance of returns, at least zero
/// (Roll 1984; Hansen, Lunde 2006).
pub fn noise_variance(r: &[f64]) -> f64 {
    let products: f64 = r.windows(2).map(|w| w[0] * w[1]).sum();
    (-products / (r.len() as f64 - 1.0)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;
    use crate::feature::measure::variation::rv;
    use rand::RngExt;

    #[test]
    fn noise_is_borne_by_the_estimators_made_for_it() {
        let mut rng = Seed(6).rng();
        let mut uniform = || 12f64.sqrt() * (rng.random::<f64>() - 0.5);
        let (n, mut walk) = (20_000, 0.0);
        let prices: Vec<f64> = (0..=n)
            .map(|_| {
                walk += uniform() / (n as f64).sqrt();
                walk + 0.02 * uniform()
            })
            .collect();
        let r: Vec<f64> = prices.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(rv(&r) > 10.0, "noise swamps the sum of squares");
        for estimate in [two_scale(&prices, 300), pre_averaged(&r, 0.8), kernel(&r, 150, Kernel::Parzen)] {
            assert!((estimate - 1.0).abs() < 0.35, "{estimate}");
        }
        assert!((noise_variance(&r) / 4e-4 - 1.0).abs() < 0.1);
    }
}
