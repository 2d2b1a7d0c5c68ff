//! A file of the history: one pair, one trade a line, without column names.
//!
//! | column | unit |
//! |---|---|
//! | time | seconds since 1970, with or without a fraction |
//! | price | quote units |
//! | volume | base units |
//!
//! It tells neither the aggressor nor an id, so equal lines of one file are so many trades. The name begins with the
//! pair as Kraken writes it: `XBTUSD.csv`. Source: a file of the history; no document of it was found.

use csv::ByteRecord;

use crate::base::table::TradeId;
use crate::base::{Span, Symbol};
use crate::event::Error;
use crate::event::check::{Checker, FileHeading, VendorRow};
use crate::event::lake::TradeRow;
use crate::event::venue::clock::Clock;
use crate::event::venue::field::float;
use crate::event::venue::file::{Counted, VendorFile};
use crate::event::venue::vendor::ReadOptions;

/// The pair that a file's name begins with.
fn pair(source: &VendorFile) -> Option<Symbol> {
    let stem = source.stem();
    let name = stem.split('_').next()?;
    let capitals = name.len() >= 5 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if capitals { name.parse().ok() } else { None }
}

/// Whether a file's name begins with a pair, and its first line is a trade.
pub fn recognise(source: &VendorFile, first: &str) -> bool {
    let cells: Vec<&str> = first.trim_end().split(',').collect();
    pair(source).is_some() && trade(&mut Clock::default(), &ByteRecord::from(cells)).is_ok()
}

/// Reads a file of the history.
///
/// # Errors
/// The file is damaged, its name tells no pair, or a line is no trade.
pub fn read(source: &VendorFile, options: &ReadOptions<'_>, checker: &mut Checker<'_>) -> Result<Clock, Error> {
    let file = source.path.display().to_string();
    let Some(symbol) = options.symbol.or_else(|| pair(source)) else {
        let why = "its name does not begin with a pair, as XBTUSD.csv does; say --symbol".into();
        return Err(Error::Layout { file, why });
    };
    checker.begin(FileHeading {
        venue: "kraken".into(),
        market: options.market.unwrap_or("spot").into(),
        layout: "kraken trades".into(),
        header: false,
        zone: "UTC".into(),
        bar: None,
        delay: Span(0),
    });
    source.text(|text| {
        let text = Counted { inner: text, progress: options.progress };
        let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        let (mut clock, mut cells, mut row) = (Clock::default(), ByteRecord::new(), 0);
        let damaged = |e: csv::Error| Error::Unreadable { file: file.clone(), why: e.to_string() };
        while rows.read_byte_record(&mut cells).map_err(damaged)? {
            row += 1;
            let what = trade(&mut clock, &cells).map_err(|why| Error::Row { file: file.clone(), row, why })?;
            checker.take(row, symbol, what)?;
        }
        Ok(clock)
    })
}

fn trade(clock: &mut Clock, cells: &ByteRecord) -> Result<VendorRow, String> {
    if cells.len() != 3 {
        return Err(format!("has {} fields; want time, price and volume", cells.len()));
    }
    let ts = clock.read(&cells[0]).map_err(|e| format!("column time: {e}"))?;
    let number = |i: usize, name: &str| float(&cells[i]).map_err(|e| format!("column {name}: {e}"));
    let (price, qty) = (number(1, "price")?, number(2, "volume")?);
    Ok(VendorRow::Trade(TradeRow {
        ts_event: ts,
        ts_known: ts,
        id: TradeId::NONE,
        price,
        qty,
        quote_qty: price * qty,
        aggressor: 0,
        n_trades: 1,
        flags: 0,
        src: 0,
    }))
}
