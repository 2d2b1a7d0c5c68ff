//! How long volatility stays where it is, and how far a quantile that knows today's volatility lies
//! below one that does not: the larger either is, the larger a buffer against procyclicality must be
//! (Glasserman and Wu 2018).

/// Steps until half of a deviation of the variance is gone: `ln 0.5 / ln persistence`. `None` outside
/// (0, 1).
pub fn half_life(persistence: f64) -> Option<f64> {
    (persistence > 0.0 && persistence < 1.0).then(|| 0.5f64.ln() / persistence.ln())
}

/// Lags over which autocorrelations are regressed.
const LAGS: usize = 60;

/// Persistence of a GARCH-like variance from the decay of its autocorrelations: `rho_k = rho_1
/// p^(k-1)`, hence `p = sum rho_k rho_{k+1} / sum rho_k^2` over the first lags of a proxy of the
/// variance, logs of realised variances or squared returns. `None` with fewer than ten times as many
/// values as lags, or where no autocorrelation is positive.
pub fn persistence(proxy: &[f64]) -> Option<f64> {
    let n = proxy.len();
    if n < 10 * LAGS {
        return None;
    }
    let mean = crate::base::stats::mean(proxy);
    let d: Vec<f64> = proxy.iter().map(|x| x - mean).collect();
    let covariance = |k: usize| d[k..].iter().zip(&d).map(|(a, b)| a * b).sum::<f64>();
    let rho: Vec<f64> = (1..=LAGS + 1).map(|k| covariance(k) / covariance(0)).collect();
    let (mut both, mut first) = (0.0, 0.0);
    for pair in rho.windows(2).take_while(|pair| pair[0] > 0.0) {
        both += pair[0] * pair[1];
        first += pair[0] * pair[0];
    }
    let p = both / first;
    (p > 0.0 && p < 1.0).then_some(p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;

    #[test]
    fn persistence_of_an_autoregression_is_found_and_of_noise_is_small() {
        let of = |phi: f64| {
            let (mut normals, mut x) = (Seed(7).named("persistence").normals(), 0.0);
            let path: Vec<f64> = (0..40_000)
                .map(|_| {
                    x = phi * x + normals.draw();
                    x
                })
                .collect();
            persistence(&path)
        };
        for phi in [0.9, 0.97] {
            assert!((of(phi).unwrap() - phi).abs() < 0.01, "{phi}: {:?}", of(phi));
        }
        assert!(of(0.0).is_none_or(|p| p < 0.5));
        assert_eq!((half_life(0.5), half_life(1.0), persistence(&[1.0; 100])), (Some(1.0), None, None));
    }
}
