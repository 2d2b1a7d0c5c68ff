//! What closing out costs: spread and impact, the time that it takes, concentration, and what
//! others sell at the same time.

use serde::{Deserialize, Serialize};

use crate::base::Span;

/// Share of daily volume that a liquidation may be.
pub const PARTICIPATION: f64 = 0.10;

/// A position that takes longer than this to close is charged as if it took this long.
const CLOSE_DAYS_MAX: f64 = 365.0;

/// The market in which a position would be closed. Amounts are in quote units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketDepth {
    /// Stressed half spread, basis points: the 99th percentile of 30 days.
    pub half_spread_bp: f64,
    /// Average daily volume; absent is not charged, 0 is a market that does not trade.
    pub daily_volume: Option<f64>,
    /// Depth: selling it all moves the price by `1 - 1/e`; absent is not charged.
    pub depth: Option<f64>,
    /// What others would have to sell at the same time on other venues.
    pub elsewhere: f64,
}

impl MarketDepth {
    /// Cost of closing `notional`, as a fraction of it, at most 1: half spread and the larger of
    /// `Y sigma sqrt(Q / ADV)` and the fall that depth implies; Y is 1, sigma daily.
    pub fn cost(&self, notional: f64, sigma_daily: f64) -> f64 {
        let q = notional.abs();
        let walk = self.daily_volume.map_or(0.0, |adv| root_impact(q, adv, sigma_daily));
        let fall = self.depth.filter(|_| q > 0.0).map_or(0.0, |d| price_drop(q, self.elsewhere, d));
        at_most_all(self.half_spread_bp / 1e4 + walk.max(fall))
    }

    /// Days to close `notional` at [`PARTICIPATION`], at most `CLOSE_DAYS_MAX`.
    pub fn close_days(&self, notional: f64) -> f64 {
        let days = self.daily_volume.map_or(0.0, |adv| ratio(notional.abs(), PARTICIPATION * adv));
        days.min(CLOSE_DAYS_MAX)
    }

    /// What closing over time multiplies a loss by: `sqrt(h_eff / h0)`, `h_eff = h0 + T / 3` (the
    /// variance of a linear unwind over T).
    pub fn horizon_factor(&self, notional: f64, horizon: Span) -> f64 {
        let h0 = horizon.days();
        let factor = (effective_days(h0, self.close_days(notional)) / h0).sqrt();
        if factor.is_finite() { factor } else { 1.0 }
    }
}

/// `a / b`, where nothing over nothing is nothing.
fn ratio(a: f64, b: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a / b.max(0.0) }
}

fn at_most_all(cost: f64) -> f64 {
    if cost.is_nan() { 1.0 } else { cost.clamp(0.0, 1.0) }
}

/// Square-root impact `sigma sqrt(Q / ADV)`, a fraction of the price.
fn root_impact(notional: f64, daily_volume: f64, sigma_daily: f64) -> f64 {
    let share = ratio(notional.abs(), daily_volume);
    // A market that neither moves nor trades cannot be sold into.
    if share.is_infinite() { f64::INFINITY } else { sigma_daily * share.sqrt() }
}

/// `h0 + T / 3`, days.
fn effective_days(h0: f64, close_days: f64) -> f64 {
    h0 + close_days / 3.0
}

/// Concentration factor `max(1, sqrt(|S| / T))`; a threshold of 0 or less than nothing allows none.
pub fn concentration(notional: f64, threshold: f64) -> f64 {
    let root = ratio(notional.abs(), threshold).sqrt();
    root.max(1.0)
}

/// How far the price falls when `own` is sold into a depth, and others have to sell the same asset
/// elsewhere: `1 - exp(-(own + elsewhere) / depth)`.
pub fn price_drop(own: f64, elsewhere: f64, depth: f64) -> f64 {
    at_most_all(1.0 - (-ratio(own.abs() + elsewhere.max(0.0), depth)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_without_depth_or_volume_costs_everything_and_not_more() {
        let dead = MarketDepth { half_spread_bp: 5.0, daily_volume: Some(0.0), depth: Some(0.0), elsewhere: 0.0 };
        assert_eq!((dead.cost(1.0, 0.0), dead.close_days(1.0)), (1.0, CLOSE_DAYS_MAX));
        assert!(dead.horizon_factor(1.0, Span::DAY).is_finite());
        assert_eq!((dead.cost(0.0, 0.03), dead.horizon_factor(0.0, Span::DAY)), (5e-4, 1.0));
        assert_eq!(dead.horizon_factor(1.0, Span(0)), 1.0);
        assert_eq!((concentration(1.0, 0.0), concentration(0.0, 0.0)), (f64::INFINITY, 1.0));
    }

    #[test]
    fn cost_rises_with_size_spread_volatility_and_falls_with_depth_and_volume() {
        let book = MarketDepth { half_spread_bp: 2.0, daily_volume: Some(2e9), depth: Some(5e8), elsewhere: 1e7 };
        let cost = book.cost(1e6, 0.03);
        assert!(book.cost(2e6, 0.03) > cost);
        assert!(MarketDepth { half_spread_bp: 3.0, ..book }.cost(1e6, 0.03) > cost);
        assert!(MarketDepth { depth: Some(4e8), ..book }.cost(1e6, 0.03) > cost);
        assert!(MarketDepth { elsewhere: 2e7, ..book }.cost(1e6, 0.03) > cost);
        let thin = MarketDepth { depth: None, ..book };
        assert!(thin.cost(1e6, 0.04) > thin.cost(1e6, 0.03));
        assert!(MarketDepth { daily_volume: Some(1e9), ..thin }.cost(1e6, 0.03) > thin.cost(1e6, 0.03));
    }
}
