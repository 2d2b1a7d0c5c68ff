//! What trading costs, from trades beside the quotes in force: sides, spreads, price impact.
//!
//! ```
//! use margincast::feature::measure::liquidity::{Quoted, effective_spread, sides};
//! let trades = [(100.2, 99.8, 100.2), (99.8, 99.8, 100.2)].map(|(price, bid, ask)| Quoted { price, bid, ask });
//! assert_eq!(sides(&trades), [1.0, -1.0]);
//! assert!((effective_spread(&trades[0], 1.0) - 0.4).abs() < 1e-12);
//! ```

/// A trade and the best quotes when it was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quoted {
    /// Price of the trade.
    pub price: f64,
    /// Best bid.
    pub bid: f64,
    /// Best ask.
    pub ask: f64,
}

impl Quoted {
    /// Middle of the quotes.
    pub fn mid(&self) -> f64 {
        (self.bid + self.ask) / 2.0
    }
}

/// 1 for a trade that a buyer began, -1 for a seller: by the side of the mid on which its price lies, on
/// the mid by the last change of price, and a buy before any (Lee, Ready 1991).
pub fn sides(trades: &[Quoted]) -> Vec<f64> {
    let (mut last, mut before) = (1.0, f64::NAN);
    let one = |t: &Quoted| {
        // Comparisons with the price before the first one are false.
        if t.price > before {
            last = 1.0;
        } else if t.price < before {
            last = -1.0;
        }
        before = t.price;
        if t.price > t.mid() {
            1.0
        } else if t.price < t.mid() {
            -1.0
        } else {
            last
        }
    };
    trades.iter().map(one).collect()
}

/// 2 side (price - mid), quote units.
pub fn effective_spread(trade: &Quoted, side: f64) -> f64 {
    2.0 * side * (trade.price - trade.mid())
}

/// 2 side (price - the mid some time later), quote units (Huang, Stoll 1996).
pub fn realised_spread(trade: &Quoted, side: f64, mid_later: f64) -> f64 {
    2.0 * side * (trade.price - mid_later)
}

/// side (the mid some time later - mid): half of what the effective spread exceeds the realised one by.
pub fn price_impact(trade: &Quoted, side: f64, mid_later: f64) -> f64 {
    side * (mid_later - trade.mid())
}
