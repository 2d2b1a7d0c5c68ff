//! Bars made from trades: the bar in the making, one trade at a time, in constant memory.

use crate::base::Ts;
use crate::event::{Bar, BarKind, Trade};

/// A bar in the making. Holds every sum that a vendor's bar has, and the variance of the trade
/// prices inside the bar, which a vendor's bar has not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TradeBar {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    ln_close: f64,
    volume: f64,
    quote_volume: f64,
    buy_volume: f64,
    buy_quote_volume: f64,
    trades: u64,
    /// Whether every trade so far told its aggressor.
    sided: bool,
    rv_tick: f64,
}

impl TradeBar {
    /// The bar that `first` opens.
    pub fn start(first: &Trade) -> TradeBar {
        let mut bar = TradeBar {
            open: first.price,
            high: first.price,
            low: first.price,
            close: first.price,
            ln_close: first.price.ln(),
            volume: 0.0,
            quote_volume: 0.0,
            buy_volume: 0.0,
            buy_quote_volume: 0.0,
            trades: 0,
            sided: true,
            rv_tick: 0.0,
        };
        bar.push(first);
        bar
    }
    /// Takes the next trade, in the order in which trades became known.
    #[inline]
    pub fn push(&mut self, trade: &Trade) {
        let quote = trade.price * trade.qty;
        let bought = f64::from(u8::from(trade.aggressor > 0));
        self.volume += trade.qty;
        self.quote_volume += quote;
        self.buy_volume += bought * trade.qty;
        self.buy_quote_volume += bought * quote;
        self.trades += u64::from(trade.n_trades);
        self.sided &= trade.aggressor != 0;
        // Most trades repeat the last price; only a move costs a logarithm.
        if trade.price != self.close {
            let ln = trade.price.ln();
            let r = ln - self.ln_close;
            self.rv_tick += r * r;
            self.ln_close = ln;
            self.close = trade.price;
            self.high = self.high.max(trade.price);
            self.low = self.low.min(trade.price);
        }
    }
    /// Sum of the squared log returns from trade to trade inside the bar, fraction squared.
    pub fn rv_tick(&self) -> f64 {
        self.rv_tick
    }
    /// The bar so far. The taker split is absent unless every trade told its aggressor.
    pub fn bar(&self, ts_open: Ts) -> Bar {
        Bar {
            ts_open,
            open: self.open,
            high: self.high,
            low: self.low,
            close: self.close,
            volume: Some(self.volume),
            quote_volume: Some(self.quote_volume),
            trades: Some(self.trades as f64),
            taker_buy_volume: self.sided.then_some(self.buy_volume),
            taker_buy_quote_volume: self.sided.then_some(self.buy_quote_volume),
            kind: BarKind::Trade,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(price: f64, qty: f64, aggressor: i8) -> Trade {
        Trade { price, qty, aggressor, n_trades: 2 }
    }

    #[test]
    fn a_bar_is_the_sums_of_its_trades() {
        let mut bar = TradeBar::start(&trade(100.0, 1.0, 1));
        bar.push(&trade(102.0, 2.0, -1));
        bar.push(&trade(99.0, 3.0, 1));
        let made = bar.bar(Ts(0));
        assert_eq!((made.open, made.high, made.low, made.close), (100.0, 102.0, 99.0, 99.0));
        assert_eq!((made.volume, made.quote_volume, made.trades), (Some(6.0), Some(601.0), Some(6.0)));
        assert_eq!((made.taker_buy_volume, made.taker_buy_quote_volume), (Some(4.0), Some(397.0)));
        let want = (102.0f64 / 100.0).ln().powi(2) + (99.0f64 / 102.0).ln().powi(2);
        assert!((bar.rv_tick() - want).abs() < 1e-15);
    }

    #[test]
    fn one_trade_of_unknown_side_makes_the_split_absent() {
        let mut bar = TradeBar::start(&trade(100.0, 1.0, 1));
        bar.push(&trade(100.0, 1.0, 0));
        let made = bar.bar(Ts(0));
        assert_eq!((made.taker_buy_volume, made.taker_buy_quote_volume, made.volume), (None, None, Some(2.0)));
    }
}
