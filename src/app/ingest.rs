//! `margincast ingest`: vendor files to canonical tables.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::Answer;
use crate::base::{Span, Symbol};
use crate::event::check::Report;
use crate::event::lake::Lake;
use crate::event::venue::generic::{Map, sniff};
use crate::event::venue::source::Source;
use crate::event::venue::{Vendor, Wanted, import};

const EXAMPLE: &str = "\
Exit code 0: done. 1: done, but --strict found something. 2: a file could not be imported; nothing of it was taken.

Example:
  margincast ingest --venue binance --market spot --lake lake data/vendor/BTCUSDT-1h-2023-01.csv
  margincast ingest sniff data/vendor/BTCUSDT-1h-2023-01.csv";

/// Vendor files to canonical tables, with an import report
#[derive(clap::Args)]
#[command(after_help = EXAMPLE, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    sniff: Option<Sniff>,
    /// Layout of the files: `binance` for its archives, `generic` for any CSV or Parquet with a map
    #[arg(long, required = true)]
    venue: Option<VenueName>,
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
    /// Vendor files: CSV, zip or gzip of one CSV, Parquet
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum VenueName {
    Binance,
    Generic,
}

#[derive(clap::Subcommand)]
enum Sniff {
    /// Look at a file and propose a map for it, with the evidence
    Sniff {
        /// CSV or Parquet
        file: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// It could not run.
pub fn run(args: Args) -> Result<Answer> {
    if let Some(Sniff::Sniff { file }) = &args.sniff {
        print!("{}", sniff::sniff(&Source::open(file)?)?);
        return Ok(Answer::Yes);
    }
    let vendor = match (args.venue, &args.map) {
        (Some(VenueName::Binance), None) => Vendor::Binance,
        (Some(VenueName::Binance), Some(_)) => bail!("--map goes with --venue generic"),
        (Some(VenueName::Generic), Some(map)) => Vendor::Generic(Box::new(Map::read(map)?)),
        _ => bail!("--venue generic needs --map M.toml; `margincast ingest sniff FILE` proposes one"),
    };
    let lake = Lake::at(args.lake.as_ref().context("--lake DIR is needed")?);
    let (reports, failed) = import_all(&vendor, &lake, &args);
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

/// Each file is taken whole or not at all; one that fails does not stop the others.
fn import_all(vendor: &Vendor, lake: &Lake, args: &Args) -> (Vec<Report>, usize) {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {msg} {bytes} {bytes_per_sec}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let mut reports = vec![];
    let mut failed = 0;
    for (i, file) in args.files.iter().enumerate() {
        bar.set_message(format!("{}/{} {}", i + 1, args.files.len(), file.display()));
        let wanted = Wanted {
            market: args.market.as_deref(),
            symbol: args.symbol,
            bar: args.bar,
            replace: args.replace,
            dry_run: args.dry_run,
            progress: &|bytes| bar.inc(bytes),
        };
        match import(vendor, file, lake, &wanted) {
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
