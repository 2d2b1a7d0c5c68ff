//! Empirical quantiles by any of the usual rules, and the mean of what lies beyond one.
//!
//! Every rule is a place `h` among the ascending values, counted from 1; a place between two values is
//! interpolated, one outside is moved to the nearest end. The seven are those of Strata's
//! `QuantileCalculationMethod`.

use serde::{Deserialize, Serialize};

/// Which empirical quantile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// `h = ceil(p n)`, never interpolated: the conservative one for losses (Strata's IndexAbove).
    #[default]
    Conservative,
    /// `h = round(p n)`, halves up (NearestIndex).
    Nearest,
    /// `h = round(p (n + 1))`, halves up (SamplePlusOneNearestIndex).
    NearestPlusOne,
    /// `h = p n` (SampleInterpolation; R's type 4).
    Type4,
    /// `h = p n + 1/2` (MidwayInterpolation; R's type 5).
    Type5,
    /// `h = p (n + 1)` (SamplePlusOneInterpolation; R's type 6).
    Type6,
    /// `h = 1 + p (n - 1)` (ExcelInterpolation; R's type 7, numpy's default).
    Type7,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 7] =
        [Rule::Conservative, Rule::Nearest, Rule::NearestPlusOne, Rule::Type4, Rule::Type5, Rule::Type6, Rule::Type7];

    /// The quantile at `p` of an ascending slice; NaN when empty.
    pub fn quantile(self, sorted: &[f64], p: f64) -> f64 {
        self.among(sorted.len(), p, |i| sorted[i])
    }

    /// The quantile at `p` of `n` values, of which `at` gives the ascending one at an index from 0.
    pub fn among(self, n: usize, p: f64, at: impl Fn(usize) -> f64) -> f64 {
        if n == 0 || p.is_nan() {
            return f64::NAN;
        }
        let size = n as f64;
        let place = match self {
            Rule::Conservative => rank(p, n) as f64,
            Rule::Nearest => (p * size + 0.5).floor(),
            Rule::NearestPlusOne => (p * (size + 1.0) + 0.5).floor(),
            Rule::Type4 => p * size,
            Rule::Type5 => p * size + 0.5,
            Rule::Type6 => p * (size + 1.0),
            Rule::Type7 => 1.0 + p * (size - 1.0),
        }
        .clamp(1.0, size);
        let below = place.floor() as usize;
        let low = at(below - 1);
        low + (place - below as f64) * (at(below.min(n - 1)) - low)
    }
}

/// `ceil(p n)`, forgiving the last bits of the product; at least 1, at most n.
pub fn rank(p: f64, n: usize) -> usize {
    ((p * n as f64 - 1e-9).ceil().max(1.0) as usize).min(n)
}

/// Expected shortfall after Acerbi and Tasche from the losses beyond `k = ceil(alpha n)`, worst first,
/// and the loss at k: `[sum_{i>k} L_(i) + (k - alpha n) L_(k)] / ((1 - alpha) n)`.
pub fn shortfall(beyond: impl Iterator<Item = f64>, at_k: f64, alpha: f64, n: usize) -> f64 {
    let (sum, count) = beyond.fold((0.0, 0usize), |(sum, count), l| (sum + l, count + 1));
    let miss = (1.0 - alpha) * n as f64;
    (sum + (miss - count as f64) * at_k) / miss
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stay_within_the_sample_and_never_fall() {
        let x: Vec<f64> = (0..37).map(|i| f64::from(i * i)).collect();
        for rule in Rule::ALL {
            let q: Vec<f64> = (0..=100).map(|p| rule.quantile(&x, f64::from(p) / 100.0)).collect();
            assert!(q.windows(2).all(|w| w[0] <= w[1]) && q[0] == 0.0 && q[100] == 1296.0, "{rule:?}");
            assert_eq!(rule.quantile(&[3.0], 0.5), 3.0);
            assert!(rule.quantile(&[], 0.5).is_nan());
        }
    }
}
