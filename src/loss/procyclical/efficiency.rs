//! What a requirement costs for what it covers: its place on the frontier of cost and cover, at the
//! nominal breach rate.

use serde::{Deserialize, Serialize};

use crate::base::stats;

/// A requirement times the constant that gives it the nominal number of breaches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rescaled {
    /// The constant.
    pub factor: f64,
    /// Average requirement then: the cost, fraction of notional.
    pub average: f64,
    /// Sum of what is then left uncovered.
    pub shortfall_sum: f64,
    /// Breaches then.
    pub breaches: usize,
}

/// Rescales requirements `c` so that the losses that followed breach `round(miss n)` times, fewer where
/// losses tie: the smallest such constant. `None` without rows, or where the constant is not positive.
pub fn rescaled(c: &[f64], losses: &[f64], miss: f64) -> Option<Rescaled> {
    let n = c.len().min(losses.len());
    let ratios: Vec<f64> = c.iter().zip(losses).map(|(c, l)| l / c).collect();
    let sorted = stats::sorted(&ratios);
    let breaches = (miss * n as f64).round() as usize;
    let factor = *sorted.get(n.checked_sub(1 + breaches)?)?;
    if !(factor > 0.0 && factor.is_finite()) {
        return None;
    }
    let mut found = Rescaled { factor, average: factor * stats::mean(&c[..n]), shortfall_sum: 0.0, breaches: 0 };
    for (ratio, c) in ratios.iter().zip(c).filter(|(r, _)| **r > factor) {
        found.shortfall_sum += (ratio - factor) * c;
        found.breaches += 1;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rescaled_margin_breaches_as_often_as_it_should_whatever_its_level() {
        let losses: Vec<f64> = (0..1000).map(|i| 0.05 * (f64::from(i) * 1.7).sin()).collect();
        let c: Vec<f64> = (0..1000).map(|i| 0.02 + 0.01 * (f64::from(i) * 0.1).cos()).collect();
        let one = rescaled(&c, &losses, 0.01).unwrap();
        assert_eq!(one.breaches, 10);
        let tripled: Vec<f64> = c.iter().map(|c| 3.0 * c).collect();
        let three = rescaled(&tripled, &losses, 0.01).unwrap();
        assert!(
            (three.average / one.average - 1.0).abs() < 1e-12 && (three.factor * 3.0 / one.factor - 1.0).abs() < 1e-12
        );
        assert!((three.shortfall_sum - one.shortfall_sum).abs() < 1e-12);
        assert_eq!(rescaled(&c, &vec![-0.1; 1000], 0.01), None);
    }
}
