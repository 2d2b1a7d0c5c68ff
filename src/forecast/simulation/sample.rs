//! The distribution of a sample of returns.

use crate::base::quantile::{Rule, rank, shortfall};
use crate::base::stats;
use crate::forecast::Dist;
use crate::forecast::dist::LEVELS;

/// Share of returns beyond the quantiles whose expected shortfalls are published.
const MISS: f64 = 0.01;

/// The distribution of a sample of returns (ascending), with a realised variance from elsewhere and
/// a standard deviation not below `sd_floor`. Quantiles are those of the loss on either side, by the
/// rule; expected shortfalls are Acerbi and Tasche's.
pub(super) fn dist_of_returns(rv: f64, returns: &[f64], rule: Rule, sd_floor: f64) -> Dist {
    let n = returns.len();
    let (fall, rise) = (|i: usize| -returns[n - 1 - i], |i: usize| returns[i]);
    let q = LEVELS.map(|p| if p < 0.5 { -rule.among(n, 1.0 - p, fall) } else { rule.among(n, p, rise) });
    let k = rank(1.0 - MISS, n);
    let es01 = -shortfall(returns[..n - k].iter().map(|r| -r), fall(k - 1), 1.0 - MISS, n);
    let es99 = shortfall(returns[k..].iter().rev().copied(), rise(k - 1), 1.0 - MISS, n);
    let sd = stats::variance(returns).sqrt().max(sd_floor);
    Dist { rv, sd, q, es01: es01.min(q[1]), es99: es99.max(q[7]) }
}

/// Whether a window of so many losses has fewer than five beyond its 99 % quantile, which then says
/// little.
pub fn is_thin(window: usize) -> bool {
    MISS * (window as f64) < 5.0 - 1e-9
}
