//! `margincast margin`: the requirement of portfolios, explained.
//!
//! | file | what it holds |
//! |---|---|
//! | `statement` | a statement as text |
//!
//! This folder knows nothing of how a requirement is worked out.

mod statement;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::answer::Answer;
use super::table;
use crate::base::Ts;
use crate::event::lake::Lake;
use crate::margin::account::book::{BookSettings, statements};
use crate::margin::account::charged::Charged;
use crate::margin::account::history::{self, MarketHistory};
use crate::margin::account::position_table;

/// What portfolios must have, explained to the cent
///
/// Every account must have what its positions may lose together in scenarios that they share, and what
/// closing them costs. Scenarios are what all underlyings did over one horizon of the lake's past,
/// scaled to today's volatility, or a CSV file with a name and a column of relative moves per underlying
/// (and SYMBOL.iv for its implied volatility). Amounts are in the quote currency. Exit code 1: an account
/// with collateral has less than what is asked.
#[derive(clap::Args)]
#[command(after_help = "Columns of the positions, one row each, in any order:
  position     its name                       underlying   whose price it follows
  quantity     units, negative is short       account      whose it is; one account without it
  kind         linear (default), call, put, greeks
  price        of the underlying; without it the last of the lake
  strike, expiry_days, iv                     of calls and puts; iv is annual, 0.6 is 60 %
  delta, gamma, vega                          of greeks, of one unit; vega per 1.00 of iv

Settings of --config, each with what it means: data/margin/settings.toml

Example:
  margincast margin --positions data/margin/positions.csv \\
    --config data/margin/settings.toml --lake data/sample")]
pub struct Args {
    /// Positions: .csv, .json or .parquet
    #[arg(long, value_name = "FILE")]
    positions: PathBuf,
    /// Folder of canonical tables with the underlyings' bars
    #[arg(long, value_name = "DIR", conflicts_with = "scenarios", required_unless_present = "scenarios")]
    lake: Option<PathBuf>,
    /// Scenarios instead of history
    #[arg(long, value_name = "FILE")]
    scenarios: Option<PathBuf>,
    /// Markets, collateral and settings; defaults without it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Nothing known at or after this time is used
    #[arg(long, value_name = "TIME")]
    as_of: Option<Ts>,
    /// Multiplier of underlyings that name none, 1 to 3
    #[arg(long, value_name = "M")]
    multiplier: Option<f64>,
    /// Which requirement is asked: `initial`, of positions in force; `new`, of what opens, adds or withdraws
    /// (`multiplier_new`); `held`, below which what is held is liquidated (`multiplier_held`)
    #[arg(long, value_name = "WHICH", default_value = "initial")]
    requirement: Charged,
    /// Options by their sensitivities instead of full revaluation in each scenario
    #[arg(long)]
    greeks: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// A file cannot be used, or an underlying has no history.
pub fn run(args: Args) -> Result<Answer> {
    let mut settings = args.config.as_deref().map_or_else(|| Ok(BookSettings::default()), read)?;
    settings.charged = args.requirement;
    settings.multiplier = args.multiplier.unwrap_or(settings.multiplier);
    let rows = position_table::read(&args.positions)?;
    if rows.is_empty() {
        bail!("{}: there are no positions; want a row for each", args.positions.display());
    }
    let history = match &args.scenarios {
        Some(file) => MarketHistory::given(history::scenarios(file, settings.horizon)?),
        None => {
            let lake = Lake::at(args.lake.as_deref().context("want --lake or --scenarios")?);
            let underlyings = settings.underlyings(&rows).into_iter();
            MarketHistory::read(&lake, underlyings, &settings.of_history(), args.as_of)?
        }
    };
    let statements = statements(&rows, &settings, &history, args.greeks);
    let statements = statements.with_context(|| args.positions.display().to_string())?;
    if args.json {
        table::print(&(serde_json::to_string_pretty(&statements)? + "\n"));
    } else {
        statements.iter().for_each(|s| table::print(&statement::render(s)));
    }
    let short = statements.iter().any(|s| s.collateral.as_ref().is_some_and(|c| c.excess_cents < 0));
    Ok(if short { Answer::No } else { Answer::Yes })
}

fn read(path: &Path) -> Result<BookSettings> {
    let place = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(place)?;
    let settings: BookSettings = toml::from_str(&text).with_context(place)?;
    settings.check().with_context(place)?;
    Ok(settings)
}
