//! The far tail by peaks over threshold: a generalised Pareto law for what lies beyond the outermost
//! fortieth of a sample.
//!
//! P(X > x) = (k/n) (1 + xi (x - u)/beta)^(-1/xi) for x > u, u the (k+1)th largest of n values;
//! q_p = u + beta/xi (((1 - p) n/k)^(-xi) - 1), ES_p = (q_p + beta - xi u)/(1 - xi). xi and beta are
//! those of the probability-weighted moments. Sources: Hosking, Wallis 1987; McNeil, Frey 2000.

use crate::base::pareto::Pareto;

/// Share of the sample that the law is fitted to.
const SHARE: f64 = 0.025;
/// Fewer values beyond the threshold tell no shape.
const NEED: usize = 20;
/// The shape is kept where mean and variance exist and the tail does not end too soon.
const SHAPE: (f64, f64) = (-0.5, 0.45);

/// The law of one tail, losses positive, from values in descending order; `None` where too few or all alike.
pub(super) fn fit(descending: impl ExactSizeIterator<Item = f64>) -> Option<Pareto> {
    let n = descending.len();
    let k = (n as f64 * SHARE) as usize;
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
    let shape = (2.0 - a0 / spread).clamp(SHAPE.0, SHAPE.1);
    // The scale that keeps the mean of the peaks where the shape was cut off.
    let scale = a0 * (1.0 - shape);
    Some(Pareto { threshold, beyond: k as f64 / n as f64, shape, scale })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Seed, stats};
    use rand::RngExt;

    #[test]
    fn a_pareto_tail_is_found_again() {
        // 1 - F = x^(-4): shape 1/4, and q, ES in closed form.
        let mut rng = Seed(8).rng();
        let x: Vec<f64> = (0..200_000).map(|_| (1.0 - rng.random::<f64>()).powf(-0.25)).collect();
        let sorted = stats::sorted(&x);
        let tail = fit(sorted.iter().rev().copied()).unwrap();
        assert!((tail.shape - 0.25).abs() < 0.05, "{tail:?}");
        for p in [0.99, 0.995, 0.999] {
            let q = (1.0f64 - p).powf(-0.25);
            assert!((tail.var(p) / q - 1.0).abs() < 0.03, "{p}");
            assert!((tail.shortfall(p) / (q * 4.0 / 3.0) - 1.0).abs() < 0.05, "{p}");
        }
    }

    #[test]
    fn too_few_values_or_none_that_differ_have_no_law() {
        assert_eq!(fit((0..700).rev().map(f64::from)), None);
        assert_eq!(fit([1.0; 5000].into_iter()), None);
    }
}
