//! Reading any CSV or Parquet file, by a mapping.

use super::cell::{aggressor, instant, number, text};
use super::map::{Map, MapTable};
use crate::base::table::{Column, Reader, Table, TradeId};
use crate::base::{Symbol, Ts};
use crate::event::check::{Checker, FileHeading, Stamp, VendorBar, VendorRow};
use crate::event::lake::TradeRow;
use crate::event::venue::clock::Clock;
use crate::event::venue::file::{Counted, VendorFile};
use crate::event::venue::vendor::ReadOptions;
use crate::event::{Bar, Error};

/// Rows of a CSV that are turned into columns at a time.
const BATCH_ROWS: usize = 16_384;

/// Reads one file as the mapping that was asked for says.
///
/// # Errors
/// There is no mapping; the file is damaged, lacks a column of the mapping, or a row cannot be read.
pub fn read(source: &VendorFile, options: &ReadOptions<'_>, checker: &mut Checker<'_>) -> Result<Clock, Error> {
    let file = source.path.display().to_string();
    let layout_error = |why: String| Error::Layout { file: file.clone(), why };
    let Some(map) = options.map else {
        return Err(layout_error("needs --map M.toml; `margincast ingest sniff FILE` proposes one".into()));
    };
    let map = &Map::read(map)?;
    let symbol = match options.symbol.or(map.symbol) {
        Some(symbol) => Some(symbol),
        None => map.symbol_of(&source.stem()).map_err(layout_error)?,
    };
    if symbol.is_none() && !map.columns.contains_key("symbol") {
        let why = "nothing says which instrument it is of: give --symbol, or `symbol`, `symbol_from_file` or a column \
                   `symbol` in the map";
        return Err(layout_error(why.into()));
    }
    let columnar = source.is_parquet();
    let form = if columnar { "Parquet" } else { "CSV" };
    checker.begin(FileHeading {
        venue: map.venue.clone(),
        market: options.market.unwrap_or(&map.market).into(),
        layout: format!("generic {} ({form})", map.table.name()),
        header: columnar || map.header.is_none(),
        zone: map.zone.clone(),
        bar: options.bar.or(map.bar),
        delay: map.delay,
    });
    let clock = Clock::in_zone(map.offset_s().map_err(layout_error)?).with_dates(map.dates);
    let mut mapper = Mapper { map, file, symbol, clock, checker, row: 0 };
    if columnar {
        let names: Vec<&str> = map.named().collect();
        let mut reader = Reader::open(&source.path)?.select(&names)?;
        let share = source.bytes / reader.rows().max(1) as u64;
        while let Some(batch) = reader.next_batch()? {
            mapper.batch(&batch)?;
            (options.progress)(share * batch.rows() as u64);
        }
    } else {
        read_csv(source, map, options, |batch| mapper.batch(&batch))?;
    }
    Ok(mapper.clock)
}

/// Hands over a CSV in tables of text, mapped columns only.
fn read_csv(
    source: &VendorFile,
    map: &Map,
    options: &ReadOptions<'_>,
    mut take: impl FnMut(Table) -> Result<(), Error>,
) -> Result<(), Error> {
    let file = source.path.display().to_string();
    let damaged = |e: csv::Error| Error::Unreadable { file: file.clone(), why: e.to_string() };
    source.text(|text| {
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(map.header.is_none())
            .delimiter(map.delimiter as u8)
            .comment(map.comment.map(|c| c as u8))
            .from_reader(Counted { inner: text, progress: options.progress });
        let names: Vec<String> = match &map.header {
            Some(names) => names.clone(),
            None => rows.headers().map_err(damaged)?.iter().map(|n| n.trim().to_string()).collect(),
        };
        let mut at = vec![];
        for name in map.named() {
            let found = names.iter().position(|n| n == name).ok_or_else(|| Error::Layout {
                file: file.clone(),
                why: format!("has no column `{name}`, which the map names; it has: {}", names.join(", ")),
            })?;
            at.push((name.to_string(), found));
        }
        let mut record = csv::StringRecord::new();
        loop {
            let mut columns = vec![Vec::with_capacity(BATCH_ROWS); at.len()];
            let mut count = 0;
            while count < BATCH_ROWS && rows.read_record(&mut record).map_err(damaged)? {
                for (column, (_, i)) in columns.iter_mut().zip(&at) {
                    column.push(record.get(*i).map(str::to_string));
                }
                count += 1;
            }
            if count == 0 {
                return Ok(());
            }
            let named = at.iter().zip(columns).map(|((name, _), cells)| (name.clone(), Column::Text(cells)));
            take(Table { columns: named.collect(), source: file.clone() })?;
        }
    })
}

struct Mapper<'m, 'c, 'w> {
    map: &'m Map,
    file: String,
    symbol: Option<Symbol>,
    clock: Clock,
    checker: &'c mut Checker<'w>,
    row: u64,
}

/// A cell's trouble, told with the name of its column.
fn in_column(name: &str) -> impl Fn(String) -> String {
    let name = name.to_string();
    move |why| format!("column {name}: {why}")
}

impl Mapper<'_, '_, '_> {
    fn batch(&mut self, table: &Table) -> Result<(), Error> {
        for i in 0..table.rows() {
            self.row += 1;
            if !self.wanted(table, i) {
                continue;
            }
            let row = self.row;
            let (symbol, what) = self.read(table, i).map_err(|why| Error::Row { file: self.file.clone(), row, why })?;
            self.checker.take(row, symbol, what)?;
        }
        Ok(())
    }
    fn read(&mut self, table: &Table, i: usize) -> Result<(Symbol, VendorRow), String> {
        let symbol = self.symbol_at(table, i)?;
        let column = self.map.columns.get("time").and_then(|c| table.find(c)).ok_or("no time")?;
        let ts = instant(column, i, &mut self.clock).map_err(in_column("time"))?;
        let what = match self.map.table {
            MapTable::Bars => VendorRow::Bar(self.bar(table, i, ts)?),
            MapTable::Trades => VendorRow::Trade(self.trade(table, i, ts)?),
            MapTable::Gauge(kind) => {
                let (entry, mut values) = (kind.entry(), Vec::new());
                for name in entry.names() {
                    values.push(self.number(table, i, name)?);
                }
                let size = if entry.sizes { self.map.contract_size } else { self.map.scale };
                values[0] *= size.unwrap_or(1.0);
                VendorRow::gauge(kind, self.candle_close(ts), &values)
            }
        };
        Ok((symbol, what))
    }
    /// Whether the row's cells say what the map wants.
    fn wanted(&self, table: &Table, i: usize) -> bool {
        self.map.only.iter().all(|(name, value)| table.find(name).is_some_and(|c| text(c, i) == *value))
    }
    /// A candle is known at its close; a time without a candle is that of the reading.
    fn candle_close(&self, ts: Ts) -> Ts {
        match (self.map.bar, self.map.stamp) {
            (Some(length), Stamp::Open) => ts + length,
            (Some(length), Stamp::Last) => ts.floor(length) + length,
            _ => ts,
        }
    }
    fn column<'t>(&self, table: &'t Table, name: &str) -> Option<&'t Column> {
        table.find(self.map.columns.get(name)?)
    }
    fn symbol_at(&self, table: &Table, i: usize) -> Result<Symbol, String> {
        if let Some(symbol) = self.symbol {
            return Ok(symbol);
        }
        let cell = self.column(table, "symbol").map(|c| text(c, i)).unwrap_or_default();
        cell.parse().map_err(|e| format!("column symbol: {e}"))
    }
    /// NaN where the mapping has no such column.
    fn number(&self, table: &Table, i: usize, name: &str) -> Result<f64, String> {
        self.column(table, name).map_or(Ok(f64::NAN), |c| number(c, i).map_err(in_column(name)))
    }
    fn numbers<const N: usize>(&self, table: &Table, i: usize, names: [&str; N]) -> Result<[f64; N], String> {
        let mut values = [f64::NAN; N];
        for (value, name) in values.iter_mut().zip(names) {
            *value = self.number(table, i, name)?;
        }
        Ok(values)
    }
    fn bar(&self, table: &Table, i: usize, ts: Ts) -> Result<VendorBar, String> {
        let some = |name: &str| Ok::<_, String>(Some(self.number(table, i, name)?).filter(|v| !v.is_nan()));
        let [open, high, low, close] = self.numbers(table, i, ["open", "high", "low", "close"])?;
        let size = self.map.contract_size.unwrap_or(1.0);
        let bar = Bar {
            ts_open: ts,
            open,
            high,
            low,
            close,
            volume: some("volume")?.map(|v| v * size),
            quote_volume: some("quote_volume")?,
            trades: some("trades")?,
            taker_buy_volume: some("taker_buy_volume")?.map(|v| v * size),
            taker_buy_quote_volume: some("taker_buy_quote_volume")?,
            kind: self.map.kind,
        };
        Ok(VendorBar { bar, stamp: self.map.stamp, span: None, end: None })
    }
    fn trade(&self, table: &Table, i: usize, ts: Ts) -> Result<TradeRow, String> {
        let [price, contracts, quote_qty, n_trades] =
            self.numbers(table, i, ["price", "qty", "quote_qty", "n_trades"])?;
        let size = self.map.contract_size.unwrap_or(1.0);
        let qty = if self.map.inverse { contracts * size / price } else { contracts * size };
        let id = self.column(table, "id").map(|c| text(c, i)).filter(|t| !t.is_empty());
        let aggressor = match (self.map.side, self.column(table, "side")) {
            (Some(side), Some(column)) => aggressor(side, column, i).map_err(in_column("side"))?,
            _ => 0,
        };
        Ok(TradeRow {
            ts_event: ts,
            ts_known: ts,
            id: id.map_or(TradeId::NONE, |t| TradeId::of(&t)),
            price,
            qty,
            quote_qty: if quote_qty.is_nan() { price * qty } else { quote_qty },
            aggressor,
            n_trades: if n_trades.is_nan() { 1 } else { n_trades as u32 },
            flags: 0,
            src: 0,
        })
    }
}
