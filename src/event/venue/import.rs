//! A vendor's file into the lake, all of it or nothing.

use std::collections::BTreeMap;

use super::capture;
use super::file::VendorFile;
use super::vendor::{ReadOptions, Venue};
use crate::base::{Symbol, atomic};
use crate::event::Error;
use crate::event::check::{Checker, FileHeading, Report, Rows};
use crate::event::lake::{Lake, LakeRow, Listing, Tally, Transaction};

/// What an import may do to the lake.
#[derive(Clone, Copy, Debug, Default)]
pub struct Writing {
    /// Whether rows that contradict the lake overwrite it.
    pub replace: bool,
    /// Whether the lake stays as it is.
    pub dry_run: bool,
}

/// Imports one file, and leaves its report in the lake.
///
/// # Errors
/// The file is damaged, is not of the vendor's layout, or contradicts itself or the lake.
pub fn import(
    venue: &Venue,
    source: &VendorFile,
    lake: &Lake,
    options: &ReadOptions<'_>,
    writing: Writing,
) -> Result<Report, Error> {
    let mut change = lake.change(writing.replace)?;
    let report = read(venue, source, options, &mut |heading, rows| add(&mut change, heading, rows))?;
    if !writing.dry_run {
        // The report goes first: `src` of a visible row always leads to one. A file that brings
        // nothing new keeps the report of the day it did.
        if report.added + report.replaced > 0 || !lake.manifest(&report.sha256).exists() {
            write_report(lake, &report)?;
        }
        change.commit()?;
    }
    Ok(report)
}

/// Reads and checks a file, and hands its rows on in pieces.
fn read(
    venue: &Venue,
    source: &VendorFile,
    options: &ReadOptions<'_>,
    write: &mut dyn FnMut(&FileHeading, Rows) -> Result<Tally, Error>,
) -> Result<Report, Error> {
    let mut checker = Checker::new(source.path.display().to_string(), source.src(), source.report(), write);
    let clock = if !source.is_parquet() && source.head(1)?.first().is_some_and(|l| capture::is_capture(l)) {
        capture::read(venue, source, options, &mut checker)?
    } else {
        (venue.archive)(source, options, &mut checker)?
    };
    checker.finish(clock.unit_name())
}

fn add(change: &mut Transaction<'_>, heading: &FileHeading, rows: Rows) -> Result<Tally, Error> {
    let mut tally = add_all(change, heading, rows.trades)?;
    tally += add_all(change, heading, rows.bars)?;
    for rows in rows.gauges.into_values() {
        tally += add_all(change, heading, rows)?;
    }
    Ok(tally)
}

fn add_all<R: LakeRow>(
    change: &mut Transaction<'_>,
    heading: &FileHeading,
    rows: BTreeMap<Symbol, Vec<R>>,
) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    for (symbol, rows) in rows {
        tally += change.add(&Listing::new(&heading.venue, &heading.market, symbol)?, rows)?;
    }
    Ok(tally)
}

fn write_report(lake: &Lake, report: &Report) -> Result<(), Error> {
    let path = lake.manifest(&report.sha256);
    let fail = |why: String| Error::Unreadable { file: path.display().to_string(), why };
    let mut text = serde_json::to_string_pretty(report).map_err(|e| fail(e.to_string()))?;
    text.push('\n');
    atomic::write(&path, text.as_bytes()).map_err(|e| fail(e.to_string()))
}
