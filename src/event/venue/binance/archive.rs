//! The archives: trades, aggregate trades, klines, metrics and funding rates, spot and
//! USD-margined, as CSV or as a zip of one CSV, with or without column names.
//!
//! | layout | columns | times | told by |
//! |---|---|---|---|
//! | spot aggTrades | 8 | ms, us from 2025 on | 8 columns |
//! | um aggTrades | 7 | ms | 7 columns, the sixth a time |
//! | spot trades | 7 | ms, us from 2025 on | 7 columns, the sixth a boolean |
//! | um trades | 6 | ms | 6 columns |
//! | klines, also of mark, index and premium prices | 12 | ms, us from 2025 on (spot) | 12 columns |
//! | metrics (open interest) | 8, named | text UTC | names |
//! | fundingRate | 3, named | ms | names |
//!
//! `is_buyer_maker` true means that the seller was the aggressor. A kline's close is its open plus
//! its length, not the archive's `…999`; one that says it ends later is off the grid, and one that ends earlier was cut
//! by an outage. The name of the file gives
//! the symbol, the length of klines, and the day or month in which every row must lie.

use csv::ByteRecord;

use super::fields::{Amounts, aggregated, kline, trade};
use super::layout::ArchiveLayout::{
    self, FundingRate, Klines, Metrics, SpotAggTrades, SpotTrades, UmAggTrades, UmTrades,
};
use super::symbol::{NAME, Name, kind, market};
use crate::base::{Span, Symbol, Ts};
use crate::event::check::{Checker, FileHeading, VendorRow};
use crate::event::venue::clock::Clock;
use crate::event::venue::field::{boolean, float, integer};
use crate::event::venue::file::{Counted, VendorFile};
use crate::event::venue::vendor::ReadOptions;
use crate::event::{BarKind, Error, GaugeKind};

/// Rows may lie this far outside the day or month of the file's name.
const TOLERANCE: Span = Span::HOUR;

/// Whether a file's name and first row are of an archive.
pub fn recognise(source: &VendorFile, first: &str) -> bool {
    let named = Name::of(&source.stem()).is_ok_and(|n| n.symbol.is_some() && n.period.is_some());
    let cells: Vec<&str> = first.trim_end().split(',').collect();
    named && ArchiveLayout::of(&ByteRecord::from(cells)).is_ok()
}

/// Reads one file of an archive.
///
/// # Errors
/// The file is damaged, its layout is not one of the table above, or a row cannot be read.
pub fn read(source: &VendorFile, options: &ReadOptions<'_>, checker: &mut Checker<'_>) -> Result<Clock, Error> {
    let file = source.path.display().to_string();
    let layout_error = |why: String| Error::Layout { file: file.clone(), why };
    if source.is_parquet() {
        return Err(layout_error("is Parquet, not an archive of the exchange; use --venue generic with a map".into()));
    }
    let name = Name::of(&source.stem()).map_err(layout_error)?;
    let symbol = options.symbol.or(name.symbol).ok_or_else(|| {
        layout_error("its name does not begin with a symbol, as BTCUSDT-1h-2023-01.csv does; say --symbol".into())
    })?;
    source.text(|text| {
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(Counted { inner: text, progress: options.progress });
        let mut record = ByteRecord::new();
        let damaged = |e: csv::Error| Error::Unreadable { file: file.clone(), why: format!("{e}; fetch it again") };
        if !rows.read_byte_record(&mut record).map_err(damaged)? {
            return Err(layout_error("is empty".into()));
        }
        let (layout, header) = ArchiveLayout::of(&record).map_err(layout_error)?;
        let market = market(layout, source, options.market).map_err(layout_error)?;
        checker.begin(FileHeading {
            venue: NAME.into(),
            market: market.into(),
            layout: layout.name().into(),
            header,
            zone: "UTC".into(),
            bar: options.bar.or(name.bar),
            delay: Span(0),
        });
        let mut parser = Parser { layout, symbol, kind: kind(source), clock: Clock::default() };
        let mut more = !header || rows.read_byte_record(&mut record).map_err(damaged)?;
        let mut row = 0;
        while more {
            row += 1;
            let at = |why: String| Error::Row { file: file.clone(), row, why };
            if record.len() != layout.columns().len() {
                return Err(at(format!("has {} fields; want {}", record.len(), layout.columns().len())));
            }
            let (ts, symbol, what) = parser.row(&record).map_err(at)?;
            checker.take(row, symbol, what)?;
            if let Some((start, end)) = name.period.filter(|p| ts < p.0 - TOLERANCE || ts >= p.1 + TOLERANCE) {
                return Err(at(format!(
                    "time {ts} lies outside {start} to {end}, which the file's name says; rename the file"
                )));
            }
            more = rows.read_byte_record(&mut record).map_err(damaged)?;
        }
        Ok(parser.clock)
    })
}

struct Parser {
    layout: ArchiveLayout,
    symbol: Symbol,
    kind: BarKind,
    clock: Clock,
}

impl Parser {
    /// One row: the time that is to lie in the file's period, the instrument, and what is said of it.
    fn row(&mut self, cells: &ByteRecord) -> Result<(Ts, Symbol, VendorRow), String> {
        let number = |i: usize| float(&cells[i]).map_err(|e| format!("column {}: {e}", self.layout.columns()[i]));
        match self.layout {
            SpotAggTrades | UmAggTrades => {
                let n_trades = aggregated(self.whole(cells, 3)?, self.whole(cells, 4)?);
                let (price, qty) = (number(1)?, number(2)?);
                self.trade(cells, 5, n_trades, Amounts { price, qty, quote_qty: price * qty })
            }
            SpotTrades | UmTrades => {
                let amounts = Amounts { price: number(1)?, qty: number(2)?, quote_qty: number(3)? };
                self.trade(cells, 4, 1, amounts)
            }
            Klines => self.kline(cells),
            Metrics => {
                let ts = self.clock.read(&cells[0])?;
                let symbol = String::from_utf8_lossy(&cells[1]).parse().map_err(|e| format!("column symbol: {e}"))?;
                let values = [number(2)?, number(3)?, number(4)?, number(5)?, number(6)?, number(7)?];
                Ok((ts, symbol, VendorRow::gauge(GaugeKind::OpenInterest, ts, &values)))
            }
            FundingRate => {
                let (ts, hours, rate) = (self.clock.read(&cells[0])?, number(1)?, number(2)?);
                Ok((ts, self.symbol, VendorRow::gauge(GaugeKind::Funding, ts, &[rate, hours])))
            }
        }
    }
    fn whole(&self, cells: &ByteRecord, i: usize) -> Result<i64, String> {
        integer(&cells[i]).ok_or_else(|| {
            let text = String::from_utf8_lossy(&cells[i]).into_owned();
            format!("column {}: `{text}` is not a whole number", self.layout.columns()[i])
        })
    }
    fn trade(
        &mut self,
        cells: &ByteRecord,
        time: usize,
        n_trades: u32,
        amounts: Amounts,
    ) -> Result<(Ts, Symbol, VendorRow), String> {
        let id = self.whole(cells, 0)?;
        let ts = self.clock.count(self.whole(cells, time)?)?;
        let buyer_is_maker = boolean(&cells[time + 1]).map_err(|e| format!("column is_buyer_maker: {e}"))?;
        Ok((ts, self.symbol, trade(id, ts, amounts, n_trades, buyer_is_maker)?))
    }
    fn kline(&mut self, cells: &ByteRecord) -> Result<(Ts, Symbol, VendorRow), String> {
        let number = |i: usize| float(&cells[i]).map_err(|e| format!("column {}: {e}", Klines.columns()[i]));
        // The archive names the last unit inside the bar.
        let times = (self.clock.count(self.whole(cells, 0)?)?, self.clock.count(self.whole(cells, 6)?)?);
        let prices = [number(1)?, number(2)?, number(3)?, number(4)?];
        let flow = [number(5)?, number(7)?, number(8)?, number(9)?, number(10)?];
        Ok((times.0, self.symbol, kline(times, Span(self.clock.step_ns()), prices, flow, self.kind, None)))
    }
}
