//! A trade and a kline from their fields, of a file or of a frame alike.

use crate::base::table::TradeId;
use crate::base::{Span, Ts};
use crate::event::check::{Stamp, VendorBar, VendorRow};
use crate::event::lake::TradeRow;
use crate::event::{Bar, BarKind};

/// Price in quote units, quantity in base units, and their product.
pub struct Amounts {
    pub price: f64,
    pub qty: f64,
    pub quote_qty: f64,
}

/// A trade, or an aggregate of `n_trades`. Where the buyer's order was the resting one, the seller was the aggressor.
pub fn trade(id: i64, ts: Ts, amounts: Amounts, n_trades: u32, buyer_is_maker: bool) -> Result<VendorRow, String> {
    let Amounts { price, qty, quote_qty } = amounts;
    Ok(VendorRow::Trade(TradeRow {
        ts_event: ts,
        ts_known: ts,
        id: TradeId::Number(u64::try_from(id).map_err(|_| format!("id {id} is negative"))?),
        price,
        qty,
        quote_qty,
        aggressor: if buyer_is_maker { -1 } else { 1 },
        n_trades,
        flags: 0,
        src: 0,
    }))
}

/// How many trades an aggregate from the first to the last of these ids holds.
pub fn aggregated(first: i64, last: i64) -> u32 {
    u32::try_from((last - first + 1).max(1)).unwrap_or(u32::MAX)
}

/// A kline: the times of its first and of its last unit, prices (open, high, low, close), and volume, quote volume,
/// trades, taker buy volume, taker buy quote volume; NaN is absence.
pub fn kline(
    times: (Ts, Ts),
    unit: Span,
    [open, high, low, close]: [f64; 4],
    flow: [f64; 5],
    kind: BarKind,
    span: Option<Span>,
) -> VendorRow {
    // Other prices have no volume, and their count is one of samples.
    let flow = flow.map(|v| Some(v).filter(|v| kind == BarKind::Trade && !v.is_nan()));
    let [volume, quote_volume, trades, taker_buy_volume, taker_buy_quote_volume] = flow;
    let bar = Bar {
        ts_open: times.0,
        open,
        high,
        low,
        close,
        volume,
        quote_volume,
        trades,
        taker_buy_volume,
        taker_buy_quote_volume,
        kind,
    };
    VendorRow::Bar(VendorBar { bar, stamp: Stamp::Open, span, end: Some(times.1 + unit) })
}
