//! `margincast ingest`: vendor files to canonical tables.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressStyle};

use super::Answer;
use crate::base::{Span, Symbol};
use crate::event::check::Report;
use crate::event::lake::Lake;
use crate::event::venue::generic::{Map, sniff};
use crate::event::venue::{ReadOptions, VENUES, VendorFile, Venue, Writing, import, recognise};

const EXAMPLE: &str = "\
Exit code 0: done. 1: done, but --strict found something. 2: a file could not be imported; nothing of it was taken.

Example:
  margincast ingest --venue binance --market spot --lake lake data/vendor/BTCUSDT-1h-2023-01.csv
  margincast ingest sniff data/vendor/BTCUSDT-1h-2023-01.csv
  margincast ingest venues";

/// Vendor files to canonical tables, with an import report
#[derive(clap::Args)]
#[command(after_help = EXAMPLE, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    look: Option<Look>,
    /// Whose files they are; told by the files where it is left out. `ingest venues` lists all
    #[arg(long, value_parser = PossibleValuesParser::new(VENUES.iter().map(|v| v.name)))]
    venue: Option<String>,
    /// Mapping file of a generic layout
    #[arg(long, value_name = "M.toml")]
    map: Option<PathBuf>,
    /// The lake: a folder, made if it is not there
    #[arg(long, value_name = "DIR", required = true)]
    lake: Option<PathBuf>,
    /// Market, as the lake names it: spot, um, …  [default: spot, or what the map says]
    #[arg(long)]
    market: Option<String>,
    /// Instrument, where files do not name it
    #[arg(long)]
    symbol: Option<Symbol>,
    /// Length of bars, where files do not tell it, such as 1h
    #[arg(long)]
    bar: Option<Span>,
    /// Look and report; leave the lake as it is
    #[arg(long)]
    dry_run: bool,
    /// Overwrite rows of the lake that say something else
    #[arg(long)]
    replace: bool,
    /// Answer no (exit code 1) where rows were refused, came out of order, or are missing
    #[arg(long)]
    strict: bool,
    /// Print the import reports as JSON
    #[arg(long)]
    json: bool,
    /// Vendor files: CSV, zip or gzip of one CSV, Parquet; or frames of a live feed, one a line after its time
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(clap::Subcommand)]
enum Look {
    /// Look at a file and propose a map for it, with the evidence
    Sniff {
        /// CSV or Parquet
        file: PathBuf,
    },
    /// List the vendors: their markets, and where their live feeds are
    Venues,
}

/// Runs the command.
///
/// # Errors
/// It could not run.
pub fn run(args: Args) -> Result<Answer> {
    match &args.look {
        Some(Look::Sniff { file }) => return sniff_file(file),
        Some(Look::Venues) => {
            print_venues();
            return Ok(Answer::Yes);
        }
        None => {}
    }
    let venue = args.venue.as_ref().and_then(|name| VENUES.iter().find(|v| v.name == name.as_str()));
    match (venue, &args.map) {
        (Some(v), Some(map)) if v.takes_map => drop(Map::read(map)?),
        (Some(v), None) if v.takes_map => {
            bail!("--venue {} needs --map M.toml; `margincast ingest sniff FILE` proposes one", v.name)
        }
        (_, Some(_)) => bail!("--map goes with --venue generic"),
        (_, None) => {}
    }
    let lake = Lake::at(args.lake.as_ref().context("--lake DIR is needed")?);
    let (reports, failed) = import_all(venue, &lake, &args);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&reports)?);
    } else {
        reports.iter().for_each(print_report);
    }
    if failed > 0 {
        bail!("{failed} of {} files could not be imported", args.files.len());
    }
    let stained = args.strict && reports.iter().any(|r| !r.spotless());
    Ok(if stained { Answer::No } else { Answer::Yes })
}

fn sniff_file(file: &Path) -> Result<Answer> {
    let source = VendorFile::open(file)?;
    if let Ok(venue) = recognise(VENUES, &source) {
        println!("# is of {0}; --venue {0} reads it without a map", venue.name);
    }
    print!("{}", sniff::sniff(&source)?);
    Ok(Answer::Yes)
}

fn print_venues() {
    for venue in VENUES {
        println!("{:<10} {}", venue.name, venue.about);
        let frames = if venue.frame.is_some() { "files and frames" } else { "files" };
        for market in venue.markets {
            println!("  {:<8} {frames}{}", market.name, market.endpoint.map_or(String::new(), |e| format!("; {e}")));
        }
    }
}

/// Each file is taken whole or not at all; one that fails does not stop the others.
fn import_all(venue: Option<&Venue>, lake: &Lake, args: &Args) -> (Vec<Report>, usize) {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {msg} {bytes} {bytes_per_sec}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let options = ReadOptions {
        market: args.market.as_deref(),
        symbol: args.symbol,
        bar: args.bar,
        map: args.map.as_deref(),
        progress: &|bytes| bar.inc(bytes),
    };
    let writing = Writing { replace: args.replace, dry_run: args.dry_run };
    let mut reports = vec![];
    let mut failed = 0;
    for (i, file) in args.files.iter().enumerate() {
        bar.set_message(format!("{}/{} {}", i + 1, args.files.len(), file.display()));
        let imported = VendorFile::open(file).and_then(|source| {
            let venue = venue.map_or_else(|| recognise(VENUES, &source), Ok)?;
            import(venue, &source, lake, &options, writing)
        });
        match imported {
            Ok(report) => reports.push(report),
            Err(e) => {
                failed += 1;
                bar.suspend(|| eprintln!("error: {e}"));
            }
        }
    }
    bar.finish_and_clear();
    (reports, failed)
}

fn print_report(r: &Report) {
    let time = |t: Option<crate::base::Ts>| t.map_or("-".to_string(), |t| t.to_string());
    let bar = r.bar.map_or(String::new(), |b| format!(" of {b}"));
    println!("{}  ({}, times in {}, {})", r.file, r.layout, r.time_unit, r.zone);
    println!("  into        {}{bar}  {}", r.table, r.listings.join(" "));
    println!("  span        {} .. {}", time(r.first), time(r.last));
    println!("  rows        {:>12}", r.rows_in);
    for (name, count) in [
        ("added", r.added),
        ("already", r.already),
        ("replaced", r.replaced),
        ("duplicates", r.duplicates),
        ("inversions", r.inversions),
        ("passed over", r.passed_over),
    ] {
        if count > 0 || name == "added" {
            println!("  {name:<11} {count:>12}");
        }
    }
    for (fault, refused) in &r.refused {
        let rows: Vec<String> = refused.rows.iter().take(5).map(u64::to_string).collect();
        println!("  refused     {:>12}  {fault:?}, first in rows {}", refused.count, rows.join(", "));
    }
    for (name, gaps) in [("id gaps", &r.id_gaps), ("time gaps", &r.time_gaps)] {
        if let Some(largest) = gaps.largest.first() {
            let (size, from, until) = (&largest.missing, &largest.from, &largest.until);
            println!("  {name:<11} {:>12}  largest {size}: {from} .. {until}", gaps.count);
        }
    }
    println!("  sha256      {}{}", r.sha256, if r.checksum_verified { "  checksum verified" } else { "" });
}
