//! What the risk score of an instrument is made of, row by row.
//!
//! | component | reading | absent |
//! |---|---|---|
//! | volatility | `rv_mid` | |
//! | liquidity | `amihud_long`: price impact of a unit traded | |
//! | order flow | `abs_imbalance_mid`: bars as buckets of VPIN | without signed volume |
//! | concentration | the largest account's share of open interest | where accounts are not known |
//! | collateral | | always: what backs the accounts is not known |
//! | model risk | disagreement of the baselines | |
//!
//! Each stands where it stands among its own readings of the year before (from the first row on; model
//! risk from the first decision on).

use crate::base::Ts;
use crate::feature::{Feature, Row};
use crate::margin::risk_score::{Ranks, RiskScore, RiskWeights};

/// Place of the last component.
const MODEL_RISK: usize = 5;

/// The running state.
#[derive(Default)]
pub(super) struct Components {
    ranks: Ranks,
    places: [Option<f64>; 6],
}

impl Components {
    /// Takes what a row, and the accounts, tell.
    pub fn see(&mut self, row: &Row, concentration: Option<f64>) {
        let of = |feature| row.get(feature);
        let flow = of(Feature::AbsImbalanceMid);
        let readings = [of(Feature::RvMid), of(Feature::AmihudLong), flow, concentration, None];
        for (k, reading) in readings.into_iter().enumerate() {
            self.places[k] = self.ranks.place(k, row.ts, reading);
        }
    }
    /// The score of a decision whose baselines disagree by so much.
    pub fn score(&mut self, now: Ts, dispersion: f64) -> Option<RiskScore> {
        self.places[MODEL_RISK] = self.ranks.place(MODEL_RISK, now, Some(dispersion));
        RiskScore::of(&self.places, &RiskWeights::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    fn row(n: i64, volatility: f64, impact: Option<f64>) -> Row {
        let at = |n: i64| Ts(0) + Span::HOUR.times(n);
        let mut row = Row::empty("AAA".parse().unwrap(), at(n), at(n + 1), at(n + 1));
        row.set(Feature::RvMid, volatility);
        row.set(Feature::AmihudLong, impact.unwrap_or(f64::NAN));
        row
    }

    fn risk(impact: Option<f64>) -> Components {
        let mut risk = Components::default();
        for n in 0..200 {
            let x = ((n * 37) % 200) as f64 / 200.0;
            risk.see(&row(n, x, impact.map(|i| i * x)), None);
            risk.score(Ts(0) + Span::HOUR.times(n + 1), x);
        }
        risk
    }

    fn score(risk: &mut Components, volatility: f64, impact: Option<f64>, dispersion: f64) -> RiskScore {
        risk.see(&row(200, volatility, impact), None);
        risk.score(Ts(0) + Span::HOUR.times(201), dispersion).unwrap()
    }

    #[test]
    fn what_is_not_known_is_absent_and_its_weight_is_that_of_the_others() {
        // Volatility 0.30 and model risk 0.10 of what is known: three quarters and one.
        let got = score(&mut risk(None), 9.0, None, -9.0);
        assert_eq!(got.parts, [Some(75_000_000), None, None, None, None, Some(0)]);
        assert_eq!(got.total, 75_000_000);
        let got = score(&mut risk(Some(1.0)), 9.0, Some(9.0), -9.0);
        assert_eq!(got.parts.map(|p| p.is_some()), [true, true, false, false, false, true]);
        assert_eq!(got.parts.iter().flatten().sum::<u64>(), got.total, "parts sum");
        assert!((got.points() - 100.0 * 0.5 / 0.6).abs() < 1e-5, "{got:?}");
    }

    #[test]
    fn more_of_any_component_never_lowers_the_score() {
        let at = |v: f64, i: f64, d: f64| score(&mut risk(Some(1.0)), v, Some(i), d).total;
        let grid: Vec<f64> = (-2..=12).map(|k| f64::from(k) / 10.0).collect();
        for w in grid.windows(2) {
            assert!(at(w[0], 0.3, 0.5) <= at(w[1], 0.3, 0.5));
            assert!(at(0.5, w[0], 0.5) <= at(0.5, w[1], 0.5));
            assert!(at(0.5, 0.3, w[0]) <= at(0.5, 0.3, w[1]));
        }
    }
}
