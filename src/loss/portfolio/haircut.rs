//! What collateral is worth when it has to be sold: haircuts, pegs, and losses of position and
//! collateral together.

use serde::{Deserialize, Serialize};

use super::correlation::stressed;
use crate::base::stats;
use crate::loss::Error;

/// A token that should be worth one unit counts as off its peg below this price.
const PEG: f64 = 0.99;

/// What one step below [`PEG`] adds to the haircut.
const PEG_SLOPE: f64 = 4.0;

/// Share of the relief from a hedge that counts.
const RELIEF_MAX: f64 = 0.8;

/// What a haircut is made of.
///
/// | setting | default | range |
/// |---|---|---|
/// | `z` | 2.326347874 | normal quantile of the level, above 0 to 10 |
/// | `mpor_days` | 2 | margin period of risk, above 0 to 365 |
/// | `floor` | 0.01 | least haircut, 0 to 1 |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct Haircut {
    pub z: f64,
    pub mpor_days: f64,
    pub floor: f64,
}

impl Default for Haircut {
    fn default() -> Haircut {
        Haircut { z: stats::normal_quantile(0.99), mpor_days: 2.0, floor: 0.01 }
    }
}

impl Haircut {
    /// Whether every setting is within its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), Error> {
        let want = |key, ok: bool, got: f64, want| {
            if ok { Ok(()) } else { Err(Error::Setting { of: "haircut", key, got: got.to_string(), want }) }
        };
        want("z", self.z > 0.0 && self.z <= 10.0, self.z, "above 0 to 10")?;
        want("mpor_days", self.mpor_days > 0.0 && self.mpor_days <= 365.0, self.mpor_days, "above 0 to 365")?;
        want("floor", (0.0..=1.0).contains(&self.floor), self.floor, "0 to 1")
    }

    /// `min(1, max(floor, 1 - exp(-z sigma sqrt(MPOR)) + liquidity + peg))`: daily volatility, and the
    /// cost of selling as a fraction. `price` is that of a token that is pegged to one unit. What is
    /// no number gives a haircut of 1.
    pub fn of(&self, sigma_daily: f64, liquidity: f64, pegged: Option<f64>) -> f64 {
        let fall = 1.0 - (-self.z * sigma_daily * self.mpor_days.sqrt()).exp();
        let off = pegged.map_or(0.0, |price| (PEG - price).max(0.0) * PEG_SLOPE);
        let cut = fall + liquidity + off;
        if cut.is_nan() || pegged.is_some_and(f64::is_nan) { 1.0 } else { cut.max(self.floor).clamp(0.0, 1.0) }
    }
}

/// The price at which collateral is valued: the median of three sources or more, the lowest of
/// fewer, so that no venue's own book decides alone. `None` without a positive price.
pub fn price(sources: &[f64]) -> Option<f64> {
    let usable: Vec<f64> = sources.iter().copied().filter(|p| p.is_finite() && *p > 0.0).collect();
    let sorted = stats::sorted(&usable);
    if sorted.len() >= 3 { Some(stats::quantile(&sorted, 0.5)) } else { sorted.first().copied() }
}

/// Loss of a position and of its collateral together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Joint {
    /// `z sqrt(Sp^2 + Sc^2 + 2 rho Sp Sc)`.
    pub requirement: f64,
    /// Both alone, `z (Sp + Sc)`: what rho = 1 asks for.
    pub sum: f64,
    /// What is charged: the requirement; with a hedge (rho below 0) never less than the position
    /// alone, and with at most `RELIEF_MAX` of what the hedge relieves.
    pub charge: f64,
}

/// From standard deviations of the position's profit and of the collateral's value over the same
/// time, and their correlation. A correlation that is no number counts as 1.
pub fn joint(position_sd: f64, collateral_sd: f64, rho: f64, z: f64) -> Joint {
    let rho = if rho.is_nan() { 1.0 } else { rho.clamp(-1.0, 1.0) };
    let (p, c) = (position_sd.abs(), collateral_sd.abs());
    let of = |rho: f64| z * (p * p + c * c + 2.0 * rho * p * c).max(0.0).sqrt();
    let (requirement, sum) = (of(rho), z * (p + c));
    let charge = if rho < 0.0 {
        let apart = of(0.0);
        apart - RELIEF_MAX * (apart - requirement.max(z * p))
    } else {
        requirement
    };
    Joint { requirement, sum, charge: charge.min(sum) }
}

/// Correlation of position and collateral that is charged: 1 where the collateral is the position's
/// own ecosystem (wrong-way risk), else the measured one under stress. `short` is the share of the
/// positions' loss, 0 to 1, that is of being short what the collateral is long: so much is on the opposite
/// side.
pub fn charged_correlation(measured: f64, own_ecosystem: bool, short: f64) -> f64 {
    if own_ecosystem { 1.0 } else { stressed(measured, 1.0 - 2.0 * short) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_correlation_never_asks_for_less() {
        let charge = |rho: f64| joint(3000.0, 2000.0, rho, 2.3).charge;
        for i in -100..100 {
            let rho = f64::from(i) / 100.0;
            assert!(charge(rho) <= charge(rho + 0.01) + 1e-9, "{rho}");
            assert!(charge(rho) >= 2.3 * 3000.0 - 1e-9);
        }
        assert_eq!(charge(f64::NAN), charge(1.0));
        // Half of the hedge's relief is more than the position alone would leave: the rest is charged.
        let hedge = joint(3000.0, 2000.0, -0.9, 2.3);
        let apart = joint(3000.0, 2000.0, 0.0, 2.3).charge;
        assert!((hedge.charge - (apart - 0.8 * (apart - 6900.0))).abs() < 1e-9);
    }

    #[test]
    fn haircuts_rise_with_each_risk_and_stay_a_fraction() {
        let h = Haircut::default();
        let base = h.of(0.03, 0.002, Some(1.0));
        assert!(h.of(0.04, 0.002, Some(1.0)) > base && h.of(0.03, 0.003, Some(1.0)) > base);
        assert!((h.of(0.03, 0.002, Some(0.95)) - base - 0.16).abs() < 1e-12);
        assert_eq!((h.of(0.0, 0.0, None), h.of(1e9, 1e9, Some(0.0)), h.of(f64::NAN, 0.0, None)), (0.01, 1.0, 1.0));
        assert_eq!(h.of(0.01, 0.0, Some(f64::NAN)), 1.0);
        assert!(h.check().is_ok());
        for (bad, key) in [
            (Haircut { z: -2.0, ..h }, "`z` is -2"),
            (Haircut { mpor_days: f64::NAN, ..h }, "`mpor_days` is NaN"),
            (Haircut { floor: -5.0, ..h }, "`floor` is -5"),
        ] {
            assert!(bad.check().unwrap_err().to_string().contains(key));
        }
    }

    #[test]
    fn one_venues_book_does_not_decide_the_price() {
        assert_eq!(price(&[0.65, 0.98, 0.99]), Some(0.98));
        assert_eq!((price(&[0.65, 0.99]), price(&[f64::NAN, -1.0]), price(&[])), (Some(0.65), None, None));
    }
}
