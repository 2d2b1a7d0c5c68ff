//! Whether one row can be: the check that rows of files and frames of live feeds share.

use super::vendor_row::{Stamp, VendorBar, VendorRow};
use crate::base::{Span, Symbol, Ts};
use crate::event::lake::{BarRow, GaugeRow, LakeRow, TradeRow};
use crate::event::{Bar, BarKind, Event, Fault};

/// Where a row comes from.
#[derive(Clone, Copy, Debug)]
pub struct RowOrigin {
    /// Added to every time to give the time it could be known.
    pub delay: Span,
    /// When it was received, where that was noted: it could not be known before.
    pub received: Option<Ts>,
    /// First 32 bits of the source file's SHA-256; 0 where there is no file.
    pub src: u32,
}

/// A row that can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Checked {
    /// Of `trades`.
    Trade(TradeRow),
    /// Of `bars`.
    Bar(BarRow),
    /// Of the table of a gauge.
    Gauge(GaugeRow),
}

impl Checked {
    /// The event that it is, as it comes back from the lake; `place` numbers trades that the venue does not.
    pub fn event(&self, symbol: Symbol, place: u64) -> Option<Event> {
        match self {
            Checked::Trade(r) => r.event(symbol, place),
            Checked::Bar(r) => r.event(symbol, place),
            Checked::Gauge(r) => r.event(symbol, place),
        }
    }
    /// Its table.
    pub fn table(&self) -> &'static str {
        match self {
            Checked::Trade(_) => TradeRow::TABLE,
            Checked::Bar(_) => BarRow::TABLE,
            Checked::Gauge(r) => GaugeRow::table(r.gauge),
        }
    }
}

/// The row as the lake keeps it.
///
/// # Errors
/// It cannot be: a number that is none, a price that is not positive, a bar off its grid or without a length.
pub fn admit(row: VendorRow, origin: &RowOrigin) -> Result<Checked, Fault> {
    let known = |ts: Ts| origin.received.map_or(ts + origin.delay, |t| t.max(ts + origin.delay));
    match row {
        VendorRow::Trade(mut trade) => {
            let sound = trade.price.is_finite() && trade.price > 0.0 && trade.qty.is_finite() && trade.qty >= 0.0;
            (trade.ts_known, trade.src) = (known(trade.ts_event), origin.src);
            if sound { Ok(Checked::Trade(trade)) } else { Err(Fault::NotANumber) }
        }
        VendorRow::Bar(vendor) => {
            let (bar, ts_close) = placed(vendor)?;
            Ok(Checked::Bar(BarRow { ts_close, ts_known: known(ts_close), bar, src: origin.src }))
        }
        VendorRow::Gauge(kind, ts, values) => {
            let row = GaugeRow { gauge: kind, ts_event: ts, ts_known: known(ts), values, src: origin.src };
            if kind.entry().sound(&values) { Ok(Checked::Gauge(row)) } else { Err(Fault::NotANumber) }
        }
    }
}

/// A sound bar with its open on the grid, and its close.
fn placed(vendor: VendorBar) -> Result<(Bar, Ts), Fault> {
    let mut b = vendor.bar;
    let prices = [b.open, b.high, b.low, b.close];
    let positive = b.kind == BarKind::Premium || prices.iter().all(|p| *p > 0.0);
    if !positive || !prices.iter().all(|p| p.is_finite()) {
        return Err(Fault::NotANumber);
    }
    if b.high < b.open.max(b.close) || b.low > b.open.min(b.close) {
        return Err(Fault::BadRange);
    }
    let span = vendor.span.ok_or(Fault::OffGrid)?;
    // Bars longer than a day start on a day, of the week or month that the vendor chose.
    let grid = Span(span.0.min(Span::DAY.0));
    let stamped = b.ts_open;
    b.ts_open = match vendor.stamp {
        Stamp::Open => stamped,
        Stamp::Close => stamped - span,
        Stamp::Last => stamped.floor(grid) + grid - span,
    };
    let late = vendor.stamp == Stamp::Last && b.ts_open + span > stamped + Span::SECOND;
    // A bar that ends early was cut by an outage: its grid and its numbers are what they are. One
    // that ends late is of another length.
    let other = vendor.end.is_some_and(|e| e > b.ts_open + span || e <= b.ts_open);
    if late || other || b.ts_open.floor(grid) != b.ts_open {
        return Err(Fault::OffGrid);
    }
    Ok((b, b.ts_open + span))
}
