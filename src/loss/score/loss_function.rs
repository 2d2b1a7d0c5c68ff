//! Losses of single forecasts: of a variance, of a quantile, of a VaR-ES pair. Lower is better.

/// QLIKE of a variance forecast (Patton 2011): `x - ln x - 1`, x = realised over forecast.
pub fn qlike(realised: f64, forecast: f64) -> f64 {
    let x = realised / forecast;
    x - x.ln() - 1.0
}

/// Squared error of the log variance.
pub fn log_error(realised: f64, forecast: f64) -> f64 {
    (realised.ln() - forecast.ln()).powi(2)
}

/// Squared error of the variance over the squared mean of realised variances: free of scale.
pub fn scaled_error(realised: f64, forecast: f64, mean_realised: f64) -> f64 {
    ((realised - forecast) / mean_realised).powi(2)
}

/// Pinball (tick) loss of the `p`-quantile forecast `q` of `x`, in the unit of `x`.
pub fn pinball(x: f64, q: f64, p: f64) -> f64 {
    let below = if x < q { 1.0 } else { 0.0 };
    (p - below) * (x - q)
}

/// FZ0 joint loss of VaR and ES (Patton, Ziegel, Chen 2019): return `y`, its `a`-quantile `v < 0`
/// and the mean beyond it `e < 0`. `-(1 / (a e)) 1{y <= v} (v - y) + v / e + ln(-e) - 1`.
pub fn fz0(y: f64, v: f64, e: f64, a: f64) -> f64 {
    let beyond = if y <= v { v - y } else { 0.0 };
    -beyond / (a * e) + v / e + (-e).ln() - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, want: f64, relative: f64) {
        assert!((got / want - 1.0).abs() < relative, "got {got}, want {want}");
    }

    #[test]
    fn losses_equal_numbers_worked_by_hand() {
        let (y, h) = ([1.0, 2.0, 0.5, 4.0], [1.2, 1.5, 1.0, 2.0]);
        let want = [0.01565489013, 0.04565126088, 0.1931471806, 0.3068528194];
        let got: Vec<f64> = y.iter().zip(&h).map(|(y, h)| qlike(*y, *h)).collect();
        got.iter().zip(&want).for_each(|(g, w)| near(*g, *w, 1e-8));
        near(got.iter().sum::<f64>() / 4.0, 0.1403265378, 1e-9);
        // Loss 0.01 and 0.06 against VaR 0.045: returns below and above the 1 % quantile.
        near(pinball(0.01, 0.045, 0.99), 0.00035, 1e-12);
        near(pinball(0.06, 0.045, 0.99), 0.01485, 1e-12);
        near(pinball(-0.06, -0.045, 0.01), 0.01485, 1e-12);
        near(fz0(-0.06, -0.045, -0.055, 0.01), 24.190487, 1e-7);
        near(fz0(0.01, -0.045, -0.055, 0.01), -3.082240276, 1e-9);
    }

    #[test]
    fn a_perfect_variance_forecast_loses_nothing() {
        assert_eq!(qlike(0.3, 0.3), 0.0);
        assert_eq!(log_error(0.3, 0.3), 0.0);
        assert_eq!(scaled_error(0.3, 0.3, 1.0), 0.0);
    }
}
