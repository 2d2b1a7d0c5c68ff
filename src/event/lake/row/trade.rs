//! Rows of the table `trades`.

use std::cmp::Ordering;
use std::path::Path;

use super::lake_row::LakeRow;
use crate::base::table::{Error, TradeColumns, TradeId};
use crate::base::{Symbol, Ts};
use crate::event::{Body, Event, Trade};

/// A row of `trades`.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeRow {
    /// When it happened.
    pub ts_event: Ts,
    /// When it could first be known.
    pub ts_known: Ts,
    /// The venue's name of it.
    pub id: TradeId,
    /// Price, quote units.
    pub price: f64,
    /// Quantity, base units.
    pub qty: f64,
    /// Quote units.
    pub quote_qty: f64,
    /// +1 buyer, -1 seller, 0 unknown.
    pub aggressor: i8,
    /// Exchange trades in this row.
    pub n_trades: u32,
    /// See [`TradeColumns::flags`].
    pub flags: u32,
    /// First 32 bits of the source file's SHA-256.
    pub src: u32,
}

impl TradeRow {
    /// The table's folder.
    pub const TABLE: &'static str = "trades";
}

impl LakeRow for TradeRow {
    type Kind = ();

    fn table((): ()) -> &'static str {
        Self::TABLE
    }
    fn kind(&self) {}
    fn order(&self, other: &Self) -> Ordering {
        let by_id = self.ts_event.cmp(&other.ts_event).then_with(|| self.id.cmp(&other.id));
        match self.id.is_some() {
            true => by_id,
            // Without an id a trade is what it says.
            false => by_id
                .then(self.price.total_cmp(&other.price))
                .then(self.qty.total_cmp(&other.qty))
                .then(self.aggressor.cmp(&other.aggressor)),
        }
    }
    fn same(&self, other: &Self) -> bool {
        let key = |r: &TradeRow| (r.ts_event, r.aggressor, r.n_trades, r.flags);
        self.price == other.price && self.qty == other.qty && self.id == other.id && key(self) == key(other)
    }
    fn may_repeat(&self) -> bool {
        !self.id.is_some()
    }
    fn ts_event(&self) -> Ts {
        self.ts_event
    }
    fn ts_known(&self) -> Ts {
        self.ts_known
    }
    fn src(&self) -> u32 {
        self.src
    }
    /// Its `seq` is its number at the venue, and where it has none, its place.
    fn event(&self, symbol: Symbol, place: u64) -> Option<Event> {
        let seq = match self.id {
            TradeId::Number(number) if self.id.is_some() => number,
            _ => place,
        };
        let TradeRow { price, qty, aggressor, .. } = *self;
        let trade = Trade { price, qty, aggressor, n_trades: self.n_trades.max(1) };
        Some(Event { symbol, ts_event: self.ts_event, ts_known: self.ts_known, seq, body: Body::Trade(trade) })
    }
    fn describe(&self) -> String {
        let TradeRow { ts_event, id, price, qty, aggressor, .. } = self;
        format!("trade {id} of {ts_event} (price {price} quantity {qty} aggressor {aggressor})")
    }
    fn read((): (), path: &Path) -> Result<Vec<TradeRow>, Error> {
        let c = TradeColumns::read(path)?;
        let one = |(i, id)| TradeRow {
            ts_event: Ts(c.ts_event[i]),
            ts_known: Ts(c.ts_known[i]),
            id,
            price: c.price[i],
            qty: c.qty[i],
            quote_qty: c.quote_qty[i],
            aggressor: c.aggressor[i],
            n_trades: c.n_trades[i],
            flags: c.flags[i],
            src: c.src[i],
        };
        Ok(c.trade_id.into_iter().enumerate().map(one).collect())
    }
    fn write(rows: Vec<TradeRow>, path: &Path) -> Result<(), Error> {
        let columns = TradeColumns {
            ts_event: rows.iter().map(|r| r.ts_event.0).collect(),
            ts_known: rows.iter().map(|r| r.ts_known.0).collect(),
            price: rows.iter().map(|r| r.price).collect(),
            qty: rows.iter().map(|r| r.qty).collect(),
            quote_qty: rows.iter().map(|r| r.quote_qty).collect(),
            aggressor: rows.iter().map(|r| r.aggressor).collect(),
            n_trades: rows.iter().map(|r| r.n_trades).collect(),
            flags: rows.iter().map(|r| r.flags).collect(),
            src: rows.iter().map(|r| r.src).collect(),
            trade_id: rows.into_iter().map(|r| r.id).collect(),
        };
        columns.write(path)
    }
}
