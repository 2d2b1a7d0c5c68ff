//! Mixtures of zero-mean normals: the return of a model of regimes, before it is known which.

use crate::base::stats;
use crate::forecast::{Dist, dist};

/// A mixture of zero-mean normals, as published.
pub(in crate::forecast) fn mixture(rv: f64, weights: &[f64], sd: &[f64]) -> Dist {
    let sum = |f: &dyn Fn(f64) -> f64| weights.iter().zip(sd).map(|(w, s)| w * f(*s)).sum::<f64>();
    let most = sd.iter().fold(0.0_f64, |m, s| m.max(*s));
    let tail: [f64; 4] = std::array::from_fn(|i| {
        // The widest component alone bounds the quantile from below; the median is 0.
        let (mut low, mut high) = (most * dist::NORMAL[i], 0.0);
        let p = dist::LEVELS[i];
        let mut x = 0.5 * low;
        for _ in 0..60 {
            let below = sum(&|s| stats::normal_cdf(x / s));
            if below < p {
                low = x
            } else {
                high = x
            }
            // Newton on the logarithm, which is nearly straight in the tail; halving where that leaves
            // the bounds. Newton doubles the digits, so that the step after a short one would move nothing.
            let newton = x - (below / p).ln() * below / sum(&|s| stats::normal_pdf(x / s) / s);
            let inside = low < newton && newton < high;
            let next = if inside { newton } else { 0.5 * (low + high) };
            let done = (next - x).abs() <= if inside { 1e-10 } else { 1e-15 } * x.abs();
            x = next;
            if done {
                break;
            }
        }
        x
    });
    let q = std::array::from_fn(|i| match i {
        0..4 => tail[i],
        4 => 0.0,
        _ => -tail[8 - i],
    });
    let es = sum(&|s| s * stats::normal_pdf(tail[1] / s)) / dist::LEVELS[1];
    Dist { rv, sd: sum(&|s| s * s).sqrt(), q, es01: -es, es99: es }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixture_quantiles_hold_their_probability() {
        let (weights, sd) = ([0.5, 0.3, 0.15, 0.05], [0.01, 0.02, 0.04, 0.15]);
        let dist = mixture(1e-3, &weights, &sd);
        assert!(dist.is_sound());
        for (q, p) in dist.q.iter().zip(dist::LEVELS) {
            let below: f64 = weights.iter().zip(sd).map(|(w, s)| w * stats::normal_cdf(q / s)).sum();
            assert!((below - p).abs() < 1e-12);
        }
        // Expected shortfall against a sum over the tail's quantile function.
        let mean = (0..2000).map(|i| {
            let p = (f64::from(i) + 0.5) / 2000.0 * 0.01;
            let (mut low, mut high) = (-2.0, 0.0);
            for _ in 0..60 {
                let m = 0.5 * (low + high);
                let below: f64 = weights.iter().zip(sd).map(|(w, s)| w * stats::normal_cdf(m / s)).sum();
                if below < p { low = m } else { high = m }
            }
            low / 2000.0
        });
        assert!((mean.sum::<f64>() / dist.es01 - 1.0).abs() < 1e-3);
    }
}
