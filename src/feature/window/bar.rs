//! Bars made from trades, one trade at a time, in constant memory.

use crate::base::{Span, Ts};
use crate::event::{Bar, BarKind, Trade};

/// Cuts a stream of trades into bars on the grid of `width`.
///
/// ```
/// use margincast::base::{Span, Ts};
/// use margincast::event::Trade;
/// use margincast::feature::BarMaker;
///
/// let mut maker = BarMaker::new(Span::MINUTE);
/// let mut closed = Vec::new();
/// for (second, price) in [(3, 100.0), (59, 101.0), (60, 99.0)] {
///     let (ts, trade) = (Ts(0) + Span::SECOND.times(second), Trade { price, qty: 1.0, aggressor: 1, n_trades: 1 });
///     if !maker.add(ts, ts, &trade) {
///         closed.extend(maker.close(ts));
///         maker.open(ts, ts, &trade);
///     }
/// }
/// assert_eq!(closed.len(), 1);
/// assert_eq!(closed[0].bar().close, 101.0);
/// ```
#[derive(Clone, Debug)]
pub struct BarMaker {
    width: Span,
    making: Option<TradeBar>,
}

impl BarMaker {
    /// No bar in the making. `width` is positive.
    pub fn new(width: Span) -> BarMaker {
        BarMaker { width, making: None }
    }
    /// Adds a trade to the bar in the making; `false`, and nothing done, where there is none or the
    /// trade is not before its end.
    #[inline]
    pub fn add(&mut self, ts_event: Ts, ts_known: Ts, trade: &Trade) -> bool {
        match &mut self.making {
            Some(bar) if ts_event < bar.ts_close => {
                bar.ts_known = bar.ts_known.max(ts_known);
                bar.push(trade);
                true
            }
            _ => false,
        }
    }
    /// Hands over the bar in the making if its end is not after `now`.
    pub fn close(&mut self, now: Ts) -> Option<TradeBar> {
        self.making.take_if(|bar| bar.ts_close <= now)
    }
    /// Begins the bar of a trade. The bar before has been closed.
    pub fn open(&mut self, ts_event: Ts, ts_known: Ts, first: &Trade) {
        debug_assert!(self.making.is_none(), "the bar before has been closed");
        let ts_open = ts_event.floor(self.width);
        self.making = Some(TradeBar::start(ts_open, ts_open + self.width, ts_known, first));
    }
}

/// A bar made from trades. Holds every sum that a vendor's bar has, and the variance of the trade
/// prices inside the bar, which a vendor's bar has not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TradeBar {
    ts_open: Ts,
    ts_close: Ts,
    ts_known: Ts,
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
    fn start(ts_open: Ts, ts_close: Ts, ts_known: Ts, first: &Trade) -> TradeBar {
        let mut bar = TradeBar {
            ts_open,
            ts_close,
            ts_known,
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
    fn push(&mut self, trade: &Trade) {
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
    /// When its last trade could first be known.
    pub fn ts_known(&self) -> Ts {
        self.ts_known
    }
    /// Sum of the squared log returns from trade to trade inside the bar, fraction squared.
    pub fn rv_tick(&self) -> f64 {
        self.rv_tick
    }
    /// The bar as a vendor would give it. The taker split is absent unless every trade told its aggressor.
    pub fn bar(&self) -> Bar {
        Bar {
            ts_open: self.ts_open,
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
        let mut bar = TradeBar::start(Ts(0), Ts(60), Ts(7), &trade(100.0, 1.0, 1));
        bar.push(&trade(102.0, 2.0, -1));
        bar.push(&trade(99.0, 3.0, 1));
        let made = bar.bar();
        assert_eq!((made.open, made.high, made.low, made.close), (100.0, 102.0, 99.0, 99.0));
        assert_eq!((made.volume, made.quote_volume, made.trades), (Some(6.0), Some(601.0), Some(6.0)));
        assert_eq!((made.taker_buy_volume, made.taker_buy_quote_volume), (Some(4.0), Some(397.0)));
        let want = (102.0f64 / 100.0).ln().powi(2) + (99.0f64 / 102.0).ln().powi(2);
        assert!((bar.rv_tick() - want).abs() < 1e-15);
    }

    #[test]
    fn one_trade_of_unknown_side_makes_the_split_absent() {
        let mut bar = TradeBar::start(Ts(0), Ts(60), Ts(7), &trade(100.0, 1.0, 1));
        bar.push(&trade(100.0, 1.0, 0));
        let made = bar.bar();
        assert_eq!((made.taker_buy_volume, made.taker_buy_quote_volume, made.volume), (None, None, Some(2.0)));
    }
}
