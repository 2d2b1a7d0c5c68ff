//! A risk score in \[0, 100\], from green to critical, whose parts sum to it exactly.
//!
//! `score = 100 sum w_k u_k`, `u_k` the empirical percentile of a component over the year before. A
//! component that is not known is named absent, and the weights of the others are scaled. The score orders
//! instruments for people; no multiplier comes from it.

use serde::{Deserialize, Serialize};

use super::percentile::Percentile;
use crate::base::Ts;

/// The components, in order.
pub const COMPONENTS: [&str; 6] =
    ["volatility", "liquidity", "order flow", "concentration", "collateral", "model risk"];

/// RiskWeights of the components; they are scaled to sum to one over what is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RiskWeights(pub [f64; 6]);

impl Default for RiskWeights {
    fn default() -> RiskWeights {
        RiskWeights([0.30, 0.20, 0.15, 0.15, 0.10, 0.10])
    }
}

/// Where a score lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// Below 30.
    Green,
    /// 30 to below 60.
    Watch,
    /// 60 to below 80.
    Elevated,
    /// 80 or more.
    Critical,
}

impl Band {
    /// All of them, the safest first.
    pub const ALL: [Band; 4] = [Band::Green, Band::Watch, Band::Elevated, Band::Critical];
}

/// Millionths of a point in one point.
const POINT: f64 = 1e6;

/// A score with its parts, millionths of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskScore {
    /// The sum of the parts.
    pub total: u64,
    /// What each component contributes; `None` where it is not known.
    pub parts: [Option<u64>; 6],
}

impl RiskScore {
    /// From the percentiles, each in \[0, 1\]; one that is not known or no number is left out and the
    /// weights of the others scaled. `None` where no weight is left.
    pub fn of(percentiles: &[Option<f64>; 6], weights: &RiskWeights) -> Option<RiskScore> {
        let known = |k: usize| percentiles[k].filter(|u| u.is_finite()).map(|u| u.clamp(0.0, 1.0));
        let weight = |k: usize| Some(weights.0[k]).filter(|w| w.is_finite() && *w > 0.0);
        let sum: f64 = (0..6).filter(|k| known(*k).is_some()).filter_map(weight).sum();
        if !(sum.is_finite() && sum > 0.0) {
            return None;
        }
        let part = |k: usize| Some((100.0 * POINT * (weight(k)? / sum) * known(k)?).round() as u64);
        let parts = std::array::from_fn(part);
        Some(RiskScore { total: parts.iter().flatten().sum(), parts })
    }
    /// In points.
    pub fn points(&self) -> f64 {
        self.total as f64 / POINT
    }
    /// Its band.
    pub fn band(&self) -> Band {
        match self.points() {
            p if p < 30.0 => Band::Green,
            p if p < 60.0 => Band::Watch,
            p if p < 80.0 => Band::Elevated,
            _ => Band::Critical,
        }
    }
}

/// The year's readings of each component of one instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranks([Percentile; 6]);

impl Ranks {
    /// Takes what a component, by its place in [`COMPONENTS`], reads now, larger for riskier; gives where
    /// that stands among its own of the year before. `None` where it is not known, or too few are.
    pub fn place(&mut self, component: usize, now: Ts, reading: Option<f64>) -> Option<f64> {
        self.0.get_mut(component)?.place(now, reading.unwrap_or(f64::NAN))
    }
}

/// How often what was asked was exceeded in each band: what a score is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandRates {
    /// (breaches, outcomes), green first.
    pub counts: [(u64, u64); 4],
}

impl BandRates {
    /// Takes one outcome.
    pub fn push(&mut self, band: Band, breach: bool) {
        let count = &mut self.counts[band as usize];
        *count = (count.0 + u64::from(breach), count.1 + 1);
    }
    /// The realised breach rate of a band, if it had outcomes.
    pub fn rate(&self, band: Band) -> Option<f64> {
        let (breaches, n) = self.counts[band as usize];
        (n > 0).then(|| breaches as f64 / n as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_weights_or_percentiles_there_is_no_score() {
        let all = [Some(0.5); 6];
        assert_eq!(RiskScore::of(&[None; 6], &RiskWeights::default()), None);
        assert_eq!(RiskScore::of(&[Some(f64::NAN); 6], &RiskWeights::default()), None);
        for w in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(RiskScore::of(&all, &RiskWeights([w; 6])), None, "{w}");
        }
        assert_eq!(
            RiskScore::of(&all, &RiskWeights([0.0, 3.0, f64::NAN, 0.0, 0.0, 0.0])).map(|s| s.points()),
            Some(50.0)
        );
        assert_eq!(RiskScore::of(&[Some(9.0); 6], &RiskWeights::default()).map(|s| s.points()), Some(100.0));
    }

    #[test]
    fn breach_rates_are_counted_by_band() {
        let mut rates = BandRates::default();
        [(Band::Green, false), (Band::Green, true), (Band::Critical, true)].iter().for_each(|r| rates.push(r.0, r.1));
        assert_eq!(
            (rates.rate(Band::Green), rates.rate(Band::Watch), rates.rate(Band::Critical)),
            (Some(0.5), None, Some(1.0))
        );
    }
}
