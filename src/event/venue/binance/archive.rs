//! The archives of Binance: trades, aggregate trades, klines, metrics and funding rates, spot and
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

mod layout;

use csv::ByteRecord;

use self::layout::Layout::{FundingRate, Klines, Metrics, SpotAggTrades, SpotTrades, UmAggTrades, UmTrades};
use self::layout::{Layout, Name, kind, market};
use super::field::{Clock, boolean, float, integer};
use super::intake::{Intake, Stamp, VendorBar};
use super::source::{Counted, Source};
use super::{Wanted, row_error};
use crate::base::table::TradeId;
use crate::base::{Span, Symbol, Ts};
use crate::event::check::Report;
use crate::event::lake::{Change, TradeRow};
use crate::event::{Bar, BarKind, Error};

/// Rows may lie this far outside the day or month of the file's name.
const TOLERANCE: Span = Span::HOUR;

/// Reads one file of an archive.
///
/// # Errors
/// The file is damaged, its layout is not one of the table above, or a row cannot be read.
pub fn read(source: &Source, wanted: &Wanted<'_>, change: &mut Change<'_>) -> Result<Report, Error> {
    let file = source.path.display().to_string();
    let layout_error = |why: String| Error::Layout { file: file.clone(), why };
    if source.is_parquet() {
        return Err(layout_error("is Parquet, not an archive of the exchange; use --venue generic with a map".into()));
    }
    let name = Name::of(&source.stem()).map_err(layout_error)?;
    let symbol = wanted.symbol.or(name.symbol).ok_or_else(|| {
        layout_error("its name does not begin with a symbol, as BTCUSDT-1h-2023-01.csv does; say --symbol".into())
    })?;
    source.text(|text| {
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(Counted { inner: text, progress: wanted.progress });
        let mut record = ByteRecord::new();
        let damaged = |e: csv::Error| Error::Unreadable { file: file.clone(), why: format!("{e}; fetch it again") };
        if !rows.read_byte_record(&mut record).map_err(damaged)? {
            return Err(layout_error("is empty".into()));
        }
        let (layout, header) = Layout::of(&record).map_err(layout_error)?;
        let market = market(layout, source, wanted.market).map_err(layout_error)?;
        let span = wanted.bar.or(name.bar);
        let mut intake = Intake::new(change, "binance", market, source, layout.table(), span);
        (intake.report.layout, intake.report.header) = (layout.name().into(), header);
        let mut parser = Parser { layout, symbol, kind: kind(source), clock: Clock::default(), intake };
        let mut more = !header || rows.read_byte_record(&mut record).map_err(damaged)?;
        let mut row = 0;
        while more {
            row += 1;
            if record.len() != layout.columns().len() {
                let why = format!("has {} fields; want {}", record.len(), layout.columns().len());
                return Err(row_error(&file, row, why));
            }
            let ts = parser.row(row, &record).map_err(|e| e.at(&file, row))?;
            if let Some((start, end)) = name.period.filter(|p| ts < p.0 - TOLERANCE || ts >= p.1 + TOLERANCE) {
                let why =
                    format!("time {ts} lies outside {start} to {end}, which the file's name says; rename the file");
                return Err(row_error(&file, row, why));
            }
            more = rows.read_byte_record(&mut record).map_err(damaged)?;
        }
        parser.intake.report.time_unit = parser.clock.unit_name();
        parser.intake.finish()
    })
}

/// What went wrong in a row: the cell, or the lake that took it.
enum Wrong {
    Cell(String),
    Lake(Error),
}

impl Wrong {
    fn at(self, file: &str, row: u64) -> Error {
        match self {
            Wrong::Cell(why) => row_error(file, row, why),
            Wrong::Lake(e) => e,
        }
    }
}
impl From<String> for Wrong {
    fn from(why: String) -> Wrong {
        Wrong::Cell(why)
    }
}
impl From<Error> for Wrong {
    fn from(e: Error) -> Wrong {
        Wrong::Lake(e)
    }
}

struct Parser<'c, 'l> {
    layout: Layout,
    symbol: Symbol,
    kind: BarKind,
    clock: Clock,
    intake: Intake<'c, 'l>,
}

impl Parser<'_, '_> {
    /// Delivers one row; gives its time.
    fn row(&mut self, row: u64, cells: &ByteRecord) -> Result<Ts, Wrong> {
        let number = |i: usize| float(&cells[i]).map_err(|e| format!("column {}: {e}", self.layout.columns()[i]));
        match self.layout {
            SpotAggTrades | UmAggTrades => {
                let (first, last) = (self.whole(cells, 3)?, self.whole(cells, 4)?);
                let n_trades = u32::try_from((last - first + 1).max(1)).unwrap_or(u32::MAX);
                let (price, qty) = (number(1)?, number(2)?);
                self.trade(row, cells, 5, n_trades, [price, qty, price * qty])
            }
            SpotTrades | UmTrades => {
                let amounts = [number(1)?, number(2)?, number(3)?];
                self.trade(row, cells, 4, 1, amounts)
            }
            Klines => self.kline(row, cells),
            Metrics => {
                let ts = self.clock.read(&cells[0])?;
                let symbol = String::from_utf8_lossy(&cells[1]).parse().map_err(|e| format!("column symbol: {e}"))?;
                let values = [number(2)?, number(3)?, number(4)?, number(5)?, number(6)?, number(7)?];
                self.intake.interest(row, symbol, ts, values)?;
                Ok(ts)
            }
            FundingRate => {
                let (ts, hours, rate) = (self.clock.read(&cells[0])?, number(1)?, number(2)?);
                self.intake.funding(row, self.symbol, ts, [rate, hours, f64::NAN, f64::NAN])?;
                Ok(ts)
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
        row: u64,
        cells: &ByteRecord,
        time: usize,
        n_trades: u32,
        [price, qty, quote_qty]: [f64; 3],
    ) -> Result<Ts, Wrong> {
        let id = self.whole(cells, 0)?;
        let ts = self.clock.count(self.whole(cells, time)?)?;
        let buyer_is_maker = boolean(&cells[time + 1]).map_err(|e| format!("column is_buyer_maker: {e}"))?;
        let trade = TradeRow {
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
        };
        self.intake.trade(row, self.symbol, trade)?;
        Ok(ts)
    }
    fn kline(&mut self, row: u64, cells: &ByteRecord) -> Result<Ts, Wrong> {
        let number = |i: usize| float(&cells[i]).map_err(|e| format!("column {}: {e}", Klines.columns()[i]));
        let ts_open = self.clock.count(self.whole(cells, 0)?)?;
        // The archive names the last unit inside the bar.
        let end = self.clock.count(self.whole(cells, 6)?)? + Span(self.clock.step_ns());
        // Other prices have no volume, and their count is one of samples.
        let flow = |i: usize| Ok::<_, String>(Some(number(i)?).filter(|v| self.kind == BarKind::Trade && !v.is_nan()));
        let bar = Bar {
            ts_open,
            open: number(1)?,
            high: number(2)?,
            low: number(3)?,
            close: number(4)?,
            volume: flow(5)?,
            quote_volume: flow(7)?,
            trades: flow(8)?,
            taker_buy_volume: flow(9)?,
            taker_buy_quote_volume: flow(10)?,
            kind: self.kind,
        };
        self.intake.bar(row, self.symbol, VendorBar { bar, stamp: Stamp::Open, end: Some(end) })?;
        Ok(ts_open)
    }
}
