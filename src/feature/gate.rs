//! What may enter: every refusal is a counted [`Fault`], and the event changes nothing else.

use crate::base::{Span, Symbol, Ts};
use crate::event::{Bar, BarKind, Body, Event, Fault, GAUGES, Gauge, Trade};

/// Taker volume may exceed total volume by this share: vendors round the two apart.
const ROUNDING: f64 = 1e-9;
/// No market event lies further from 1970 than this (the year 2116); sums of times cannot overflow.
const TIME_LIMIT_NS: i64 = i64::MAX / 2;

/// Knows what was seen of one instrument and tells what may follow.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    bar: Span,
    symbol: Option<Symbol>,
    known: Ts,
    last_trade: Option<(Ts, u64)>,
    last_bar: Option<Ts>,
    /// When the last reading of each kind of gauge happened.
    last_gauge: [Option<Ts>; GAUGES.len()],
    /// End of the last closed bar; nothing of an earlier time may follow.
    closed: Ts,
}

impl Gate {
    pub(super) fn new(bar: Span) -> Gate {
        let never = Ts(i64::MIN);
        Gate {
            bar,
            symbol: None,
            known: never,
            last_trade: None,
            last_bar: None,
            last_gauge: [None; GAUGES.len()],
            closed: never,
        }
    }
    /// Every bar that ends at or before `end` is closed.
    pub(super) fn close(&mut self, end: Ts) {
        self.closed = end;
    }
    /// Takes note of the event, or says why it must be ignored.
    #[inline]
    pub(super) fn admit(&mut self, event: &Event) -> Result<(), Fault> {
        self.may_follow(event.symbol, event.ts_known)?;
        match &event.body {
            Body::Trade(trade) => self.trade(event, trade)?,
            Body::Bar(bar) if bar.kind == BarKind::Trade => self.vendor_bar(event, bar)?,
            Body::Gauge(gauge) => self.gauge(event, gauge)?,
            Body::Bar(_) => {}
        }
        (self.symbol, self.known) = (Some(event.symbol), event.ts_known);
        Ok(())
    }
    /// Takes note that time has come to `now`.
    pub(super) fn tick(&mut self, symbol: Symbol, now: Ts) -> Result<(), Fault> {
        self.may_follow(symbol, now)?;
        (self.symbol, self.known) = (Some(symbol), now);
        Ok(())
    }
    #[inline]
    fn may_follow(&self, symbol: Symbol, known: Ts) -> Result<(), Fault> {
        if known < self.known {
            return Err(Fault::OutOfOrder);
        }
        if self.symbol.is_some_and(|s| s != symbol) {
            return Err(Fault::UnknownSymbol);
        }
        Ok(())
    }
    #[inline]
    fn trade(&mut self, event: &Event, trade: &Trade) -> Result<(), Fault> {
        let positive = trade.price > 0.0 && trade.price.is_finite();
        if !positive || !trade.qty.is_finite() || event.ts_event.0.unsigned_abs() > TIME_LIMIT_NS as u64 {
            return Err(Fault::NotANumber);
        }
        if trade.qty < 0.0 {
            return Err(Fault::BadRange);
        }
        let this = (event.ts_event, event.seq);
        if self.last_trade == Some(this) {
            return Err(Fault::Duplicate);
        }
        // Equal times are told apart by the sequence number.
        let late = self.last_trade.is_some_and(|last| event.ts_known == self.known && event.seq < last.1);
        if late || event.ts_event < self.closed {
            return Err(Fault::OutOfOrder);
        }
        self.last_trade = Some(this);
        Ok(())
    }
    fn vendor_bar(&mut self, event: &Event, bar: &Bar) -> Result<(), Fault> {
        let prices = [bar.open, bar.high, bar.low, bar.close];
        let flows = [bar.volume, bar.quote_volume, bar.trades, bar.taker_buy_volume, bar.taker_buy_quote_volume]
            .map(|f| f.unwrap_or(0.0));
        let finite = prices.iter().chain(&flows).all(|x| x.is_finite());
        if !finite || prices.iter().any(|p| *p <= 0.0) || bar.ts_open.0.unsigned_abs() > TIME_LIMIT_NS as u64 {
            return Err(Fault::NotANumber);
        }
        let inside = |p: f64| bar.low <= p && p <= bar.high;
        let part = |part: Option<f64>, whole: Option<f64>| match (part, whole) {
            (Some(p), Some(w)) => p <= w * (1.0 + ROUNDING),
            _ => true,
        };
        let split = part(bar.taker_buy_volume, bar.volume) && part(bar.taker_buy_quote_volume, bar.quote_volume);
        if !inside(bar.open) || !inside(bar.close) || flows.iter().any(|f| *f < 0.0) || !split {
            return Err(Fault::BadRange);
        }
        if bar.ts_open.floor(self.bar) != bar.ts_open || event.ts_event != bar.ts_open + self.bar {
            return Err(Fault::OffGrid);
        }
        // Once trades flow they make the bars; a vendor's bar says the same thing again.
        if self.last_bar == Some(bar.ts_open) || self.last_trade.is_some() {
            return Err(Fault::Duplicate);
        }
        if bar.ts_open < self.closed {
            return Err(Fault::OutOfOrder);
        }
        self.last_bar = Some(bar.ts_open);
        Ok(())
    }
    fn gauge(&mut self, event: &Event, gauge: &Gauge) -> Result<(), Fault> {
        if !gauge.value.is_finite() || event.ts_event.0.unsigned_abs() > TIME_LIMIT_NS as u64 {
            return Err(Fault::NotANumber);
        }
        // What is known cannot yet have to happen.
        if !gauge.kind.entry().admits(gauge.value) || event.ts_known < event.ts_event {
            return Err(Fault::BadRange);
        }
        let last = &mut self.last_gauge[gauge.kind as usize];
        match *last {
            Some(before) if before == event.ts_event => return Err(Fault::Duplicate),
            Some(before) if before > event.ts_event => return Err(Fault::OutOfOrder),
            _ => *last = Some(event.ts_event),
        }
        Ok(())
    }
}
