//! The worst scenarios of a profit vector, and their weights in VaR or expected shortfall.

use serde::{Deserialize, Serialize};

use crate::loss::baseline::var::rank;

/// Which tail of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TailMeasure {
    /// Mean of the worst `1 - alpha`: sums of positions never ask for more than their parts.
    #[default]
    Es,
    /// The loss that is exceeded with probability `1 - alpha`.
    Var,
}

/// Scenarios and weights that sum to one, worst first.
pub type Picks = Vec<(usize, f64)>;

/// The scenarios that make the tail: for expected shortfall (Acerbi and Tasche) those beyond rank
/// `k = ceil(alpha n)`, equally, and the one at k with what is left; for VaR that one alone. Of equal
/// losses the earlier is the worse.
pub fn worst(pnl: &[f64], alpha: f64, measure: TailMeasure) -> Picks {
    let n = pnl.len();
    if n == 0 {
        return Vec::new();
    }
    let k = rank(alpha, n);
    let top = lowest(pnl, n - k + 1);
    let miss = (1.0 - alpha) * n as f64;
    let last = top.len() - 1;
    match measure {
        TailMeasure::Var => vec![(top[last].1, 1.0)],
        TailMeasure::Es => {
            let whole = 1.0 / miss;
            let rest = (miss - last as f64) / miss;
            top.iter().enumerate().map(|(i, (_, s))| (*s, if i < last { whole } else { rest })).collect()
        }
    }
}

/// Mean loss over picked scenarios.
pub fn loss(pnl: &[f64], picks: &Picks) -> f64 {
    -picks.iter().map(|(i, weight)| pnl[*i] * weight).sum::<f64>()
}

/// The `count` lowest values with their places, lowest first; of equals the earlier.
pub fn lowest(pnl: &[f64], count: usize) -> Vec<(f64, usize)> {
    const LANES: usize = 8;
    let head = count.min(pnl.len());
    let mut kept: Vec<(f64, usize)> = pnl[..head].iter().copied().zip(0..).collect();
    kept.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some(mut limit) = kept.last().map(|l| l.0) else { return kept };
    // Most of the vector is above the limit: it is passed over a few values at a time.
    for (c, chunk) in pnl[head..].chunks(LANES).enumerate() {
        if !chunk.iter().fold(false, |any, x| any | (*x < limit)) {
            continue;
        }
        for (i, x) in chunk.iter().enumerate() {
            if *x >= limit {
                continue;
            }
            kept.pop();
            let place = kept.partition_point(|k| k.0 <= *x);
            kept.insert(place, (*x, head + c * LANES + i));
            limit = kept[kept.len() - 1].0;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::baseline::var::{Rule, historical};

    #[test]
    fn tail_equals_var_and_shortfall_of_the_sorted_sample() {
        for n in [1, 2, 7, 99, 100, 250, 2328] {
            let pnl: Vec<f64> = (0..n).map(|i| ((i * 7919) % 263) as f64 * (1.7 * i as f64).sin()).collect();
            let losses: Vec<f64> = pnl.iter().map(|p| -p).collect();
            for alpha in [0.9, 0.975, 0.99] {
                let want = historical(&losses, alpha, Rule::Conservative).unwrap();
                let of = |measure| loss(&pnl, &worst(&pnl, alpha, measure));
                assert!((of(TailMeasure::Var) - want.var).abs() < 1e-9, "{n}");
                assert!((of(TailMeasure::Es) - want.es).abs() < 1e-9, "{n} {alpha}");
                let weights: f64 = worst(&pnl, alpha, TailMeasure::Es).iter().map(|p| p.1).sum();
                assert!((weights - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn of_equal_losses_the_earlier_is_kept() {
        let kept = lowest(&[0.0, -1.0, 5.0, -1.0, -1.0, -2.0], 3);
        assert_eq!(kept, vec![(-2.0, 5), (-1.0, 1), (-1.0, 3)]);
        assert_eq!(lowest(&[0.0; 100], 2), vec![(0.0, 0), (0.0, 1)]);
        assert!(lowest(&[], 3).is_empty());
    }
}
