//! Rows of the table `bars`.

use std::cmp::Ordering;
use std::path::Path;

use super::lake_row::{LakeRow, month, source, sources};
use crate::base::table::{Column, Error, Table};
use crate::base::{Span, Symbol, Ts};
use crate::event::{Bar, BarKind, Body, Event};

/// A row of `bars`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarRow {
    /// End of the bar, exclusive.
    pub ts_close: Ts,
    /// When it could first be known.
    pub ts_known: Ts,
    /// Prices and volumes.
    pub bar: Bar,
    /// First 32 bits of the source file's SHA-256.
    pub src: u32,
}

impl BarRow {
    /// Length of the bar.
    pub fn span(&self) -> Span {
        self.ts_close - self.bar.ts_open
    }
}

/// The names of bar kinds on disk.
const KINDS: [(BarKind, &str); 4] =
    [(BarKind::Trade, "trade"), (BarKind::Mark, "mark"), (BarKind::Index, "index"), (BarKind::Premium, "premium")];

impl BarRow {
    /// The table's folder.
    pub const TABLE: &'static str = "bars";
}

impl LakeRow for BarRow {
    type Kind = ();

    fn table((): ()) -> &'static str {
        Self::TABLE
    }
    fn kind(&self) {}
    fn order(&self, other: &Self) -> Ordering {
        let key = |r: &BarRow| (r.ts_close, r.bar.ts_open, r.bar.kind as u8);
        key(self).cmp(&key(other))
    }
    fn same(&self, other: &Self) -> bool {
        self.bar == other.bar && self.ts_close == other.ts_close
    }
    fn ts_event(&self) -> Ts {
        self.ts_close
    }
    fn ts_known(&self) -> Ts {
        self.ts_known
    }
    /// Bars of a month lie together: see the module's note on partitions.
    fn partition(&self) -> Ts {
        month(self.bar.ts_open)
    }
    fn src(&self) -> u32 {
        self.src
    }
    /// Its `seq` is its close in milliseconds.
    fn event(&self, symbol: Symbol, _place: u64) -> Option<Event> {
        let seq = u64::try_from(self.ts_close.ms()).unwrap_or(0);
        Some(Event { symbol, ts_event: self.ts_close, ts_known: self.ts_known, seq, body: Body::Bar(self.bar) })
    }
    fn describe(&self) -> String {
        let Bar { ts_open, open, high, low, close, volume, .. } = self.bar;
        let volume = volume.map_or_else(|| "unknown".to_string(), |v| v.to_string());
        let length = self.span();
        format!("the {length} bar of {ts_open} (open {open} high {high} low {low} close {close} volume {volume})")
    }
    fn read((): (), path: &Path) -> Result<Vec<BarRow>, Error> {
        let table = Table::read(path)?;
        let (open, close, known) = (table.times("ts_open")?, table.times("ts_close")?, table.times("ts_known")?);
        let names = ["open", "high", "low", "close"];
        let price = names.map(|n| table.floats(n)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let names = ["volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume"];
        let flow = names.map(|n| table.floats(n)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let (kinds, src) = (table.texts("kind")?, table.ints("src")?);
        let some = |column: usize, row: usize| Some(flow[column][row]).filter(|v| !v.is_nan());
        let one = |i: usize| BarRow {
            ts_close: close[i],
            ts_known: known[i],
            bar: Bar {
                ts_open: open[i],
                open: price[0][i],
                high: price[1][i],
                low: price[2][i],
                close: price[3][i],
                volume: some(0, i),
                quote_volume: some(1, i),
                trades: some(2, i),
                taker_buy_volume: some(3, i),
                taker_buy_quote_volume: some(4, i),
                kind: KINDS.iter().find(|k| Some(k.1) == kinds[i].as_deref()).map_or(BarKind::Trade, |k| k.0),
            },
            src: source(src[i]),
        };
        Ok((0..table.rows()).map(one).collect())
    }
    fn write(rows: Vec<BarRow>, path: &Path) -> Result<(), Error> {
        let times = |get: fn(&BarRow) -> Ts| Column::Time(rows.iter().map(|r| Some(get(r).0)).collect());
        let price = |get: fn(&Bar) -> f64| Column::Float(rows.iter().map(|r| get(&r.bar)).collect());
        let flow = |get: fn(&Bar) -> Option<f64>| {
            Column::Float(rows.iter().map(|r| get(&r.bar).unwrap_or(f64::NAN)).collect())
        };
        let kind = |r: &BarRow| KINDS.iter().find(|k| k.0 == r.bar.kind).map(|k| k.1.to_string());
        let table = Table::new([
            ("ts_open", times(|r| r.bar.ts_open)),
            ("ts_close", times(|r| r.ts_close)),
            ("ts_known", times(|r| r.ts_known)),
            ("open", price(|b| b.open)),
            ("high", price(|b| b.high)),
            ("low", price(|b| b.low)),
            ("close", price(|b| b.close)),
            ("volume", flow(|b| b.volume)),
            ("quote_volume", flow(|b| b.quote_volume)),
            ("trades", flow(|b| b.trades)),
            ("taker_buy_volume", flow(|b| b.taker_buy_volume)),
            ("taker_buy_quote_volume", flow(|b| b.taker_buy_quote_volume)),
            ("kind", Column::Text(rows.iter().map(kind).collect())),
            ("src", sources(&rows)),
        ]);
        table.write(path)
    }
}
