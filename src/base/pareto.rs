//! The generalised Pareto law of what lies beyond a threshold, fitted by maximum likelihood ([`fit`])
//! or, where a sample is large and the fit must be quick, by probability-weighted moments
//! ([`of_outermost`]).
//!
//! `P(L > x) = N_u/n (1 + xi (x - u)/beta)^(-1/xi)` for x above u: `VaR = u + beta/xi ((n/N_u (1 -
//! alpha))^-xi - 1)`, `ES = (VaR + beta - xi u)/(1 - xi)`, with the limits `u - beta ln(n/N_u (1 - alpha))`
//! and `VaR + beta` as xi goes to 0. Sources: McNeil, Frey (2000); Hosking, Wallis (1987) for the moments.

/// Shapes that a fit may have: the mean exists, and the tail does not end too soon.
const SHAPES: (f64, f64) = (-0.2, 0.5);

/// Below this a shape counts as zero, where the formulas divide by it.
const FLAT: f64 = 1e-9;

/// The law of one tail; losses are positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pareto {
    /// Threshold u.
    pub threshold: f64,
    /// Share of the sample beyond it, `N_u/n`.
    pub beyond: f64,
    /// Shape xi, below 1.
    pub shape: f64,
    /// Scale beta, above 0.
    pub scale: f64,
}

impl Pareto {
    /// Loss at confidence `alpha`, which lies beyond the threshold.
    pub fn var(&self, alpha: f64) -> f64 {
        let ratio = (1.0 - alpha) / self.beyond;
        let away = if self.shape.abs() < FLAT { -ratio.ln() } else { (ratio.powf(-self.shape) - 1.0) / self.shape };
        self.threshold + self.scale * away
    }
    /// Mean loss beyond that.
    pub fn shortfall(&self, alpha: f64) -> f64 {
        (self.var(alpha) + self.scale - self.shape * self.threshold) / (1.0 - self.shape)
    }
}

/// Shape, scale and log-likelihood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Shape xi, from -0.2 to 0.5.
    pub shape: f64,
    /// Scale beta.
    pub scale: f64,
    /// Log-likelihood there.
    pub loglik: f64,
}

/// The likeliest law of exceedances over a threshold, its shape kept from -0.2 to 0.5. `None` unless
/// every exceedance is finite and not negative and some differ.
pub fn fit(exceedances: &[f64]) -> Option<Fit> {
    let n = exceedances.len() as f64;
    let largest = exceedances.iter().copied().fold(0.0, f64::max);
    let mean = exceedances.iter().sum::<f64>() / n;
    let alike = exceedances.iter().all(|y| *y == exceedances[0]);
    if alike || !exceedances.iter().all(|y| y.is_finite() && *y >= 0.0) || mean <= 0.0 {
        return None;
    }
    // Given theta = xi/beta the likeliest xi is the mean of ln(1 + theta y), which rises with theta.
    let shape = |theta: f64| exceedances.iter().map(|y| (theta * y).ln_1p()).sum::<f64>() / n;
    let profile = |theta: f64| {
        let xi = shape(theta);
        let scale = if (theta * largest).abs() < 1e-8 { mean } else { xi / theta };
        -n * (scale.ln() + xi + 1.0)
    };
    let at = |xi: f64, low: f64, high: f64| bisect(|theta| shape(theta) - xi, low, high);
    let mut top = 1.0 / mean;
    while shape(top) < SHAPES.1 {
        top *= 2.0;
    }
    let (low, high) = (at(SHAPES.0, -(1.0 - 1e-12) / largest, 0.0), at(SHAPES.1, 0.0, top));
    let theta = peak(profile, low, high);
    let xi = shape(theta);
    let edge = 1e-6 * (high - low);
    if theta > low + edge && theta < high - edge {
        let scale = if (theta * largest).abs() < 1e-8 { mean } else { xi / theta };
        return Some(Fit { shape: xi, scale, loglik: profile(theta) });
    }
    // The likeliest shape lies outside: the nearer bound, and the likeliest scale given it.
    let xi = if theta < 0.5 * (low + high) { SHAPES.0 } else { SHAPES.1 };
    let loglik = |ln_scale: f64| {
        let scale = ln_scale.exp();
        -n * ln_scale - (1.0 + 1.0 / xi) * exceedances.iter().map(|y| (xi * y / scale).ln_1p()).sum::<f64>()
    };
    let least = if xi < 0.0 { (-xi * largest * (1.0 + 1e-9)).ln() } else { (1e-3 * mean).ln() };
    let ln_scale = peak(loglik, least, least.max(mean.ln()) + 3.0);
    Some(Fit { shape: xi, scale: ln_scale.exp(), loglik: loglik(ln_scale) })
}

/// Share of a sample to which [`of_outermost`] fits its law.
const OUTERMOST: f64 = 0.025;
/// Fewer values beyond the threshold tell no shape.
const NEED: usize = 20;
/// Shapes of [`of_outermost`]: mean and variance exist, and the tail does not end too soon.
const SHAPES_OF_MOMENTS: (f64, f64) = (-0.5, 0.45);

/// The law of the outermost fortieth of a sample, losses positive and in descending order, by
/// probability-weighted moments; the threshold is the first value that is not beyond it. `None`
/// where fewer than 20 lie beyond, or all are alike.
pub fn of_outermost(descending: impl ExactSizeIterator<Item = f64>) -> Option<Pareto> {
    let n = descending.len();
    let k = (n as f64 * OUTERMOST) as usize;
    if k < NEED {
        return None;
    }
    let top: Vec<f64> = descending.take(k + 1).collect();
    let threshold = top[k];
    // Moments E[y] and E[y (1 - F(y))] of the peaks, ranks from the largest.
    let (mut a0, mut a1) = (0.0, 0.0);
    for (i, x) in top[..k].iter().enumerate() {
        let y = x - threshold;
        a0 += y / k as f64;
        a1 += y * (i as f64 + 0.35) / (k * k) as f64;
    }
    let spread = a0 - 2.0 * a1;
    if !(spread > 0.0 && a0 > 0.0) {
        return None;
    }
    let shape = (2.0 - a0 / spread).clamp(SHAPES_OF_MOMENTS.0, SHAPES_OF_MOMENTS.1);
    // The scale that keeps the mean of the peaks where the shape was cut off.
    let scale = a0 * (1.0 - shape);
    Some(Pareto { threshold, beyond: k as f64 / n as f64, shape, scale })
}

/// Where a rising function crosses zero.
fn bisect(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if f(middle) < 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The highest point: the best of a grid, then golden sections around it.
fn peak(f: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    const GRID: usize = 24;
    let place = |i: usize| low + (high - low) * i as f64 / GRID as f64;
    let best = (0..=GRID).map(|i| (f(place(i)), i)).filter(|(v, _)| !v.is_nan());
    let best = best.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |b| b.1);
    let (mut a, mut b) = (place(best.saturating_sub(1)), place((best + 1).min(GRID)));
    let ratio = 0.5 * (5f64.sqrt() - 1.0);
    let (mut c, mut d) = (b - ratio * (b - a), a + ratio * (b - a));
    let (mut fc, mut fd) = (f(c), f(d));
    for _ in 0..50 {
        if fc > fd {
            (b, d, fd) = (d, c, fc);
            c = b - ratio * (b - a);
            fc = f(c);
        } else {
            (a, c, fc) = (c, d, fd);
            d = a + ratio * (b - a);
            fd = f(d);
        }
    }
    0.5 * (a + b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Seed, stats};
    use rand::RngExt;

    /// Exceedances at the middle of each of n equal steps of probability.
    fn even(shape: f64, scale: f64, n: usize) -> Vec<f64> {
        let q = |i: usize| (i as f64 + 0.5) / n as f64;
        (0..n)
            .map(|i| {
                let away = if shape == 0.0 { -(1.0 - q(i)).ln() } else { ((1.0 - q(i)).powf(-shape) - 1.0) / shape };
                scale * away
            })
            .collect()
    }

    #[test]
    fn laws_are_found_again_and_shapes_outside_stop_at_the_bound() {
        for shape in [-0.15, 0.0, 0.2, 0.4] {
            let got = fit(&even(shape, 0.5, 5000)).unwrap();
            assert!((got.shape - shape).abs() < 0.01 && (got.scale - 0.5).abs() < 0.01, "{shape}: {got:?}");
        }
        assert_eq!(fit(&even(0.9, 0.5, 500)).unwrap().shape, SHAPES.1);
        assert_eq!(fit(&even(-0.6, 0.5, 500)).unwrap().shape, SHAPES.0);
    }

    #[test]
    fn the_unit_of_the_losses_does_not_matter() {
        let y = even(0.2, 0.5, 200);
        let one = fit(&y).unwrap();
        for unit in [1e-6, 1e4] {
            let other = fit(&y.iter().map(|y| unit * y).collect::<Vec<_>>()).unwrap();
            assert!((other.shape - one.shape).abs() < 1e-6 && (other.scale / unit / one.scale - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn the_outermost_of_a_pareto_sample_is_found_again() {
        // 1 - F = x^(-4): shape 1/4, and q, ES in closed form.
        let mut rng = Seed(8).rng();
        let x: Vec<f64> = (0..200_000).map(|_| (1.0 - rng.random::<f64>()).powf(-0.25)).collect();
        let tail = of_outermost(stats::sorted(&x).into_iter().rev()).unwrap();
        assert!((tail.shape - 0.25).abs() < 0.05, "{tail:?}");
        for p in [0.99, 0.995, 0.999] {
            let q = (1.0f64 - p).powf(-0.25);
            assert!((tail.var(p) / q - 1.0).abs() < 0.03, "{p}");
            assert!((tail.shortfall(p) / (q * 4.0 / 3.0) - 1.0).abs() < 0.05, "{p}");
        }
        assert_eq!(of_outermost((0..700).rev().map(f64::from)), None);
        assert_eq!(of_outermost([1.0; 5000].into_iter()), None);
    }

    #[test]
    fn exceedances_that_tell_nothing_have_no_law() {
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[0.0; 60]), None);
        assert_eq!(fit(&[1.0; 60]), None);
        assert_eq!(fit(&[f64::NAN, 1.0]), None);
    }
}
