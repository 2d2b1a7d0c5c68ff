//! How a series of requirements moved from one step to the next.

use crate::base::stats;
use crate::loss::baseline::var::rank;

/// Relative rises over `steps` steps.
pub fn rises(c: &[f64], steps: usize) -> Vec<f64> {
    c.iter().zip(c.iter().skip(steps)).map(|(before, after)| after / before - 1.0).collect()
}

/// The largest rise.
pub(in crate::loss) fn largest(x: &[f64]) -> Option<f64> {
    x.iter().copied().reduce(f64::max)
}

/// Mean of what lies beyond the order statistic at `alpha`; the largest where nothing does.
pub(in crate::loss) fn beyond(x: &[f64], alpha: f64) -> Option<f64> {
    let sorted = stats::sorted(x);
    let above = sorted.get(rank(alpha, x.len().max(1))..)?;
    if above.is_empty() { sorted.last().copied() } else { Some(stats::mean(above)) }
}

/// Standard deviation (n - 1) of log changes.
pub(in crate::loss) fn change_sd(c: &[f64]) -> Option<f64> {
    let changes: Vec<f64> = c.windows(2).map(|w| (w[1] / w[0]).ln()).collect();
    let n = changes.len() as f64;
    (n > 1.0).then(|| (stats::variance(&changes) * n / (n - 1.0)).sqrt())
}
