//! One file per vendor layout; each turns a vendor's file into rows of the lake and a report.
//!
//! To add a vendor, write a file with a `read` like [`binance::read`], add it to [`Vendor`], and
//! deliver every row to an [`intake::Intake`], which checks, counts and stores.

pub mod binance;
pub mod field;
pub mod generic;
pub mod intake;
mod interval;
pub mod source;

use std::path::Path;

use self::source::Source;
use super::Error;
use super::check::Report;
use super::lake::Lake;
use crate::base::{Span, Symbol};

/// Whose layout a file has.
#[derive(Clone, Debug)]
pub enum Vendor {
    /// The archives of Binance.
    Binance,
    /// Any CSV or Parquet, by a mapping.
    Generic(Box<generic::Map>),
}

/// What the caller says of a file; what it leaves open the file must tell.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Market, as the lake names it, where the file or its mapping does not say it.
    pub market: Option<&'a str>,
    /// Instrument, where the file does not name it.
    pub symbol: Option<Symbol>,
    /// Length of bars, where the file does not tell it.
    pub bar: Option<Span>,
    /// Whether rows that contradict the lake overwrite it.
    pub replace: bool,
    /// Whether the lake stays as it is.
    pub dry_run: bool,
    /// Told the size of every piece of text read.
    pub progress: &'a dyn Fn(u64),
}

/// Imports one file, all of it or nothing, and leaves its report in the lake.
///
/// # Errors
/// The file cannot be read, is not of the vendor's layout, or contradicts itself or the lake.
pub fn import(vendor: &Vendor, path: &Path, lake: &Lake, wanted: &Wanted<'_>) -> Result<Report, Error> {
    let source = Source::open(path)?;
    let mut change = lake.change(wanted.replace)?;
    let report = match vendor {
        Vendor::Binance => binance::read(&source, wanted, &mut change)?,
        Vendor::Generic(map) => generic::read(&source, map, wanted, &mut change)?,
    };
    if !wanted.dry_run {
        // The report goes first: `src` of a visible row always leads to one. A file that brings
        // nothing new keeps the report of the day it did.
        if report.added + report.replaced > 0 || !lake.manifest(&report.sha256).exists() {
            write_report(lake, &report)?;
        }
        change.commit()?;
    }
    Ok(report)
}

fn write_report(lake: &Lake, report: &Report) -> Result<(), Error> {
    let path = lake.manifest(&report.sha256);
    let fail = |why: String| Error::Unreadable { file: path.display().to_string(), why };
    let mut text = serde_json::to_string_pretty(report).map_err(|e| fail(e.to_string()))?;
    text.push('\n');
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| fail(e.to_string()))?;
    }
    let temporary = path.with_extension("json.tmp");
    std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, &path)).map_err(|e| fail(e.to_string()))
}

/// A row that cannot be read.
fn row_error(file: &str, row: u64, why: String) -> Error {
    Error::Row { file: file.to_string(), row, why }
}
