//! Closing positions that are no longer covered: how much, how fast, at which price and fee.

use serde::{Deserialize, Serialize};

use crate::loss::Error;

/// Share of a position that must be closed so that the rest has initial margin again: `(im n - e) /
/// ((im - fee) n)`, in \[0, 1\]; `im` and `fee` are fractions of notional. All of it where equity
/// is gone or the fee takes what closing frees.
pub fn partial_close(equity: f64, notional: f64, im: f64, fee: f64) -> f64 {
    let n = notional.abs();
    let missing = im * n - equity;
    if missing.is_nan() || equity <= 0.0 && n > 0.0 {
        return 1.0;
    }
    if missing <= 0.0 || n == 0.0 {
        return 0.0;
    }
    if im <= fee { 1.0 } else { (missing / ((im - fee) * n)).min(1.0) }
}

/// A recommended liquidation fee, a fraction of notional.
///
/// | setting | default | range |
/// |---|---|---|
/// | `base` | 0.01 | 0 to `max` |
/// | `per_impact` | 0.5 | of the expected impact, 0 or more |
/// | `per_slot` | 1e-6 | of each slot that a liquidation waits, 0 or more |
/// | `max` | 0.025 | up to 1 |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct Fee {
    pub base: f64,
    pub per_impact: f64,
    pub per_slot: f64,
    pub max: f64,
}

impl Default for Fee {
    fn default() -> Fee {
        Fee { base: 0.01, per_impact: 0.5, per_slot: 1e-6, max: 0.025 }
    }
}

impl Fee {
    /// Whether every setting is within its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), Error> {
        let want = |key, ok: bool, got: f64, want| {
            if ok { Ok(()) } else { Err(Error::Setting { of: "fee", key, got: got.to_string(), want }) }
        };
        want("max", (0.0..=1.0).contains(&self.max), self.max, "0 to 1")?;
        want("base", self.base >= 0.0 && self.base <= self.max, self.base, "0 to `max`")?;
        want("per_impact", self.per_impact >= 0.0 && self.per_impact.is_finite(), self.per_impact, "0 or more")?;
        want("per_slot", self.per_slot >= 0.0 && self.per_slot.is_finite(), self.per_slot, "0 or more")
    }
    /// `clamp(base + k impact, base, max)`.
    pub fn of_impact(&self, impact: f64) -> f64 {
        self.bounded(self.per_impact * impact)
    }
    /// The fee of a liquidation that has waited: it rises until somebody takes it.
    pub fn of_wait(&self, slots: u64) -> f64 {
        self.bounded(self.per_slot * slots as f64)
    }
    fn bounded(&self, extra: f64) -> f64 {
        let fee = self.base + extra.max(0.0);
        fee.min(self.max).max(self.base.min(self.max))
    }
}

/// Notional per minute that may be liquidated without being the market: a share of the depth, which
/// comes back `refills_per_min` times a minute.
pub fn budget_per_min(depth: f64, participation: f64, refills_per_min: f64) -> f64 {
    let budget = depth.max(0.0) * participation.clamp(0.0, 1.0) * refills_per_min.max(0.0);
    if budget.is_finite() { budget } else { 0.0 }
}

/// An account whose position is to be taken over at a price (dYdX v4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Takeover {
    /// Position in base units, negative when short.
    pub size: f64,
    /// Its notional at the oracle's price, signed as the size.
    pub notional: f64,
    /// Its maintenance margin.
    pub maintenance: f64,
    /// Net collateral of the account.
    pub collateral: f64,
    /// Maintenance margin of the whole account.
    pub total_maintenance: f64,
}

impl Takeover {
    /// `(PNNV - ABR SMMR PMMR) / PS`, `ABR = BA (1 - TNC / TMMR)` in \[0, 1\]: the worse the account,
    /// the further from the oracle the price. `adjustment` is BA, `spread` SMMR. `None` without a
    /// position or a maintenance margin.
    pub fn fillable_price(&self, adjustment: f64, spread: f64) -> Option<f64> {
        let usable = self.size != 0.0 && self.total_maintenance > 0.0;
        let bankruptcy = (adjustment * (1.0 - self.collateral / self.total_maintenance)).clamp(0.0, 1.0);
        let price = (self.notional - bankruptcy * spread * self.maintenance) / self.size;
        (usable && price.is_finite()).then(|| price.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_after_a_partial_close_has_initial_margin() {
        for (equity, notional, im, fee) in
            [(150.0, 10_000.0, 0.03, 0.005), (90.0, -10_000.0, 0.03, 0.0), (1.0, 50.0, 0.1, 0.01)]
        {
            let x = partial_close(equity, notional, im, fee);
            let n = f64::abs(notional);
            assert!((equity - fee * x * n - im * (1.0 - x) * n).abs() < 1e-9 && (0.0..=1.0).contains(&x));
        }
        assert_eq!((partial_close(400.0, 10_000.0, 0.03, 0.0), partial_close(0.0, 0.0, 0.03, 0.0)), (0.0, 0.0));
        assert_eq!((partial_close(-5.0, 100.0, 0.03, 0.0), partial_close(f64::NAN, 1.0, 0.03, 0.0)), (1.0, 1.0));
        assert_eq!(partial_close(1.0, 100.0, 0.03, 0.05), 1.0);
    }

    #[test]
    fn a_fee_that_is_none_is_refused_by_name() {
        assert!(Fee::default().check().is_ok());
        for (bad, key) in [
            (Fee { base: f64::NAN, ..Fee::default() }, "`base` is NaN"),
            (Fee { base: 0.5, ..Fee::default() }, "`base` is 0.5"),
            (Fee { per_impact: -3.0, ..Fee::default() }, "`per_impact` is -3"),
            (Fee { max: 2.0, ..Fee::default() }, "`max` is 2"),
        ] {
            assert!(bad.check().unwrap_err().to_string().contains(key));
        }
    }

    #[test]
    fn a_short_is_taken_over_above_the_oracle() {
        let short = Takeover {
            size: -1.0,
            notional: -100_000.0,
            maintenance: 1200.0,
            collateral: 600.0,
            total_maintenance: 1200.0,
        };
        assert_eq!(short.fillable_price(1.0, 1.5), Some(100_900.0));
        assert_eq!(Takeover { total_maintenance: 0.0, ..short }.fillable_price(1.0, 1.5), None);
        assert_eq!(Takeover { collateral: 5000.0, ..short }.fillable_price(1.0, 1.5), Some(100_000.0));
    }
}
