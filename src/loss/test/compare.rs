//! Is one forecaster's average loss lower than another's by more than chance?

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::coverage::Test;

/// Which autocovariances the long-run variance takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bandwidth {
    /// Lags up to the integer part of the cube root of T.
    #[default]
    CubeRoot,
    /// Newey-West lags up to this.
    Lags(usize),
}

/// Long-run variance of a series: autocovariances (divided by T) with Bartlett weights
/// `1 - k / (lags + 1)`.
pub fn long_run_variance(d: &[f64], lags: usize) -> f64 {
    let n = d.len();
    let mean = d.iter().sum::<f64>() / n as f64;
    let centred: Vec<f64> = d.iter().map(|x| x - mean).collect();
    let covariance = |k: usize| centred[k..].iter().zip(&centred).map(|(a, b)| a * b).sum::<f64>() / n as f64;
    let weighted = |k: usize| 2.0 * (1.0 - k as f64 / (lags + 1) as f64) * covariance(k);
    covariance(0) + (1..=lags.min(n.saturating_sub(1))).map(weighted).sum::<f64>()
}

/// Diebold-Mariano test of loss differences `base - model` in order of time: positive means the
/// model beats the base. Bartlett long-run variance, the small-sample factor of Harvey, Leybourne
/// and Newbold for one step ahead, Student t with T - 1 degrees of freedom, two-sided.
///
/// Differences that are not finite are left out. `None` with fewer than 10, or when all are zero
/// to within 1e-8.
pub fn diebold_mariano(differences: &[f64], bandwidth: Bandwidth) -> Option<Test> {
    let d: Vec<f64> = differences.iter().copied().filter(|x| x.is_finite()).collect();
    let n = d.len() as f64;
    if d.len() < 10 || d.iter().all(|x| x.abs() <= 1e-8) {
        return None;
    }
    let lags = match bandwidth {
        // Not `cbrt`: it would be exact on cubes, where numpy's power is one too low.
        Bandwidth::CubeRoot => n.powf(1.0 / 3.0).floor() as usize,
        Bandwidth::Lags(lags) => lags,
    };
    let spread = (long_run_variance(&d, lags) / n).sqrt();
    let mean = d.iter().sum::<f64>() / n;
    let statistic = mean / spread * ((n - 1.0) / n).sqrt();
    let p = 2.0 * StudentsT::new(0.0, 1.0, n - 1.0).ok()?.sf(statistic.abs());
    (statistic.is_finite() && p.is_finite()).then_some(Test { statistic, p })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_noise_has_its_variance_and_a_trend_has_more() {
        let alternating: Vec<f64> = (0..1000).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!((long_run_variance(&alternating, 0) - 1.0).abs() < 1e-12);
        assert!(long_run_variance(&alternating, 10) < 0.1);
        let slow: Vec<f64> = (0..1000).map(|i| (f64::from(i) * 0.01).sin()).collect();
        assert!(long_run_variance(&slow, 10) > 5.0 * long_run_variance(&slow, 0));
    }

    #[test]
    fn a_constant_advantage_is_found_and_its_sign_follows_the_base() {
        let d: Vec<f64> = (0..500).map(|i| 0.5 + (f64::from(i) * 1.7).sin()).collect();
        let test = diebold_mariano(&d, Bandwidth::default()).unwrap();
        assert!(test.statistic > 3.0 && test.p < 0.01);
        let flipped: Vec<f64> = d.iter().map(|x| -x).collect();
        assert_eq!(diebold_mariano(&flipped, Bandwidth::default()).unwrap().statistic, -test.statistic);
        assert_ne!(diebold_mariano(&d, Bandwidth::Lags(10)).unwrap().p, test.p);
        assert_eq!(diebold_mariano(&[0.0; 100], Bandwidth::default()), None);
        assert_eq!(diebold_mariano(&d[..9], Bandwidth::default()), None);
    }
}
