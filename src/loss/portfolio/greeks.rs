//! Sensitivities and option prices: what a move of the underlying and of its implied volatility
//! does to a position.
//!
//! Second order in the price, first in volatility: `dV = delta dS + 0.5 gamma dS^2 + vega dIV`, dS in
//! quote units, dIV in units of annual volatility (0.01 is one point). Options also by Black's
//! formula (Black 1976) on the forward, without interest: margin horizons are days.

use serde::{Deserialize, Serialize};

use crate::base::stats;

/// Days in a year of a market that never closes.
pub const YEAR_DAYS: f64 = 365.0;

/// Sensitivities of one unit of a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Greeks {
    /// Value per unit of price.
    pub delta: f64,
    /// Delta per unit of price.
    pub gamma: f64,
    /// Value per 1.00 of annual implied volatility.
    pub vega: f64,
}

impl Greeks {
    /// Profit of a price change `ds` and a change of annual volatility `div`.
    pub fn pnl(&self, ds: f64, div: f64) -> f64 {
        self.delta * ds + 0.5 * self.gamma * ds * ds + self.vega * div
    }
}

/// Relative moves from `-range` to `range`, `steps` to each side and none.
pub fn price_grid(range: f64, steps: usize) -> Vec<f64> {
    let n = steps as i64;
    (-n..=n).map(|i| if n == 0 { 0.0 } else { range * i as f64 / n as f64 }).collect()
}

/// What the holder may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Buy at the strike.
    Call,
    /// Sell at the strike.
    Put,
}

/// A European option on the forward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vanilla {
    /// Call or put.
    pub right: Right,
    /// In quote units.
    pub strike: f64,
    /// To expiry.
    pub years: f64,
}

impl Vanilla {
    /// Expiring in some days.
    pub fn in_days(right: Right, strike: f64, days: f64) -> Vanilla {
        Vanilla { right, strike, years: days.max(0.0) / YEAR_DAYS }
    }

    /// What exercise would bring at this price.
    fn intrinsic(&self, forward: f64) -> f64 {
        match self.right {
            Right::Call => (forward - self.strike).max(0.0),
            Right::Put => (self.strike - forward).max(0.0),
        }
    }

    /// `d1` and the standard deviation to expiry; `None` where the price is certain.
    fn moneyness(&self, forward: f64, vol: f64) -> Option<(f64, f64)> {
        let sd = vol * self.years.sqrt();
        (sd > 0.0 && forward > 0.0 && self.strike > 0.0)
            .then(|| ((forward / self.strike).ln() / sd + 0.5 * sd, sd))
            .filter(|(d1, _)| d1.is_finite())
    }

    /// Value at a forward and an annual volatility: `F N(d1) - K N(d2)` of a call; the intrinsic value
    /// where volatility or time is zero.
    pub fn price(&self, forward: f64, vol: f64) -> f64 {
        let Some((d1, sd)) = self.moneyness(forward, vol) else { return self.intrinsic(forward) };
        let (n1, n2) = match self.right {
            Right::Call => (stats::normal_cdf(d1), stats::normal_cdf(d1 - sd)),
            Right::Put => (stats::normal_cdf(-d1), stats::normal_cdf(sd - d1)),
        };
        let side = if self.right == Right::Call { 1.0 } else { -1.0 };
        // Far from the money the difference of two small numbers may be a rounding below zero.
        (side * (forward * n1 - self.strike * n2)).max(0.0)
    }

    /// Sensitivities at a forward and an annual volatility.
    pub fn greeks(&self, forward: f64, vol: f64) -> Greeks {
        let side = if self.right == Right::Call { 1.0 } else { -1.0 };
        let Some((d1, sd)) = self.moneyness(forward, vol) else {
            let delta = if self.intrinsic(forward) > 0.0 { side } else { 0.0 };
            return Greeks { delta, ..Greeks::default() };
        };
        let density = stats::normal_pdf(d1);
        let gamma = density / (forward * sd);
        Greeks {
            delta: side * stats::normal_cdf(side * d1),
            // So far from the money that both numbers vanish, it is none.
            gamma: if gamma.is_finite() { gamma } else { 0.0 },
            vega: forward * density * self.years.sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_price_and_greeks_equal_hulls_example() {
        // Hull, Options, Futures and Other Derivatives, European futures put: F 20, K 20, 4 months,
        // 25 %, with a discount factor of exp(-0.09 / 3) gives 1.12.
        let put = Vanilla { right: Right::Put, strike: 20.0, years: 4.0 / 12.0 };
        assert!((put.price(20.0, 0.25) * (-0.09_f64 / 3.0).exp() - 1.12).abs() < 0.005);
        // scipy 1.17 norm.cdf: F 100, K 110, 30 days, 60 %.
        let call = Vanilla::in_days(Right::Call, 110.0, 30.0);
        let (f, v) = (100.0, 0.6);
        let g = call.greeks(f, v);
        let slope = |h: f64| (call.price(f + h, v) - call.price(f - h, v)) / (2.0 * h);
        let bend = (call.price(f + 0.01, v) - 2.0 * call.price(f, v) + call.price(f - 0.01, v)) / 1e-4;
        let vega = (call.price(f, v + 1e-4) - call.price(f, v - 1e-4)) / 2e-4;
        assert!((g.delta - slope(1e-4)).abs() < 1e-7 && (g.gamma - bend).abs() < 1e-6 && (g.vega - vega).abs() < 1e-5);
    }

    #[test]
    fn calls_less_puts_are_the_forward() {
        for (f, days, vol) in
            [(80.0, 3.0, 0.4), (120.0, 200.0, 1.1), (100.0, 0.0, 0.5), (100.0, 30.0, 0.0), (0.0, 9.0, 0.5)]
        {
            let of = |right| Vanilla::in_days(right, 100.0, days);
            let parity = of(Right::Call).price(f, vol) - of(Right::Put).price(f, vol);
            assert!((parity - (f - 100.0)).abs() < 1e-10, "{f} {days} {vol}");
            let deltas = of(Right::Call).greeks(f, vol).delta - of(Right::Put).greeks(f, vol).delta;
            assert!((deltas - 1.0).abs() < 1e-12 || f == 100.0);
        }
    }

    #[test]
    fn no_price_or_volatility_makes_a_number_that_is_none() {
        for f in [0.0, 1e-300, 1.0, 1e300] {
            for vol in [0.0, 1e-300, 0.5, 1e6] {
                for days in [0.0, 1e-9, 30.0, 1e9] {
                    let put = Vanilla::in_days(Right::Put, 100.0, days);
                    let g = put.greeks(f, vol);
                    assert!(put.price(f, vol).is_finite(), "{f} {vol} {days}");
                    assert!([g.delta, g.gamma, g.vega].iter().all(|v| v.is_finite()), "{f} {vol} {days} {g:?}");
                }
            }
        }
    }
}
