//! Where EM starts: bands of the ranked observations, from several shares, of which the best end is kept.

use std::ops::Range;

use rand::RngExt;

use crate::base::{Seed, stats};
use crate::forecast::Error;

/// Observations are clipped to their median plus or minus this many robust standard deviations, so
/// that one wild value cannot take a state for itself.
const CLIP: f64 = 8.0;

/// Median plus or minus [`CLIP`] robust standard deviations of the finite values.
pub(in crate::forecast) fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let seen = stats::sorted(&values.filter(|v| v.is_finite()).collect::<Vec<_>>());
    if seen.is_empty() {
        return (0.0, 0.0);
    }
    let median = stats::quantile(&seen, 0.5);
    let away = stats::sorted(&seen.iter().map(|v| (v - median).abs()).collect::<Vec<_>>());
    // 1.4826 makes the median deviation a standard deviation under the normal; a tenth keeps a
    // mostly constant column from clipping every change away.
    let width = CLIP * (1.4826 * stats::quantile(&away, 0.5)).max(0.1);
    (median - width, median + width)
}

/// The places of `count` ranked observations cut into bands of the given shares; all of them where a band
/// would be empty.
pub(in crate::forecast) fn bands(count: usize, shares: &[f64]) -> Vec<Range<usize>> {
    let total: f64 = shares.iter().sum();
    let (mut from, mut sum) = (0, 0.0);
    let one = |share: &f64| {
        sum += share;
        let to = ((sum / total * count as f64).round() as usize).clamp(from, count);
        let band = if from < to { from..to } else { 0..count };
        from = to;
        band
    };
    shares.iter().map(one).collect()
}

/// EM from several starts, each given by the shares of its states; the first of the best ends, `None`
/// without a start. A start that fails is passed over.
pub(in crate::forecast) fn best<E>(
    (starts, states): (usize, usize),
    tolerance: f64,
    seed: Seed,
    loglik: impl Fn(&E) -> f64,
    fit: impl Fn(&[f64]) -> Result<E, Error>,
) -> Option<Result<E, Error>> {
    let mut rng = seed.rng();
    let mut best: Option<Result<E, Error>> = None;
    for i in 0..starts {
        let shares: Vec<f64> = match i {
            0 => vec![1.0; states],
            1 => (1..=states).rev().map(|s| s as f64).collect(),
            _ => (0..states).map(|_| 0.1 + rng.random::<f64>()).collect(),
        };
        let end = fit(&shares);
        // Ends that differ by less than the tolerance are the same; the first one stays.
        let better = match (&end, &best) {
            (Ok(new), Some(Ok(old))) => loglik(new) > loglik(old) + 10.0 * tolerance,
            (new, old) => new.is_ok() || old.is_none(),
        };
        if better {
            best = Some(end);
        }
    }
    best
}
