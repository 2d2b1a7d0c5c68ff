//! `margincast score`: score any forecast file against the lake.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::study::StudySource;
use super::{Answer, market, table};
use crate::forecast::History;
use crate::study::measure::forecast::scoreboard::scoreboard;
use crate::study::measure::outcomes;
use crate::study::{output, walk};

/// Score a forecast file against the lake
///
/// The file is Parquet with the columns model, symbol, ts, horizon_ns and rv; q01, q99, p_spike and
/// the rest are used where they are there. It need not be ours. The configuration says which
/// instruments, rows, horizons and span are scored, and which model is the base of ratios.
#[derive(clap::Args)]
#[command(after_help = "Example:
  margincast score --forecasts out/quick/forecasts.parquet \\
    --config data/configs/sample.toml --lake data/sample")]
pub struct Args {
    /// Forecasts, in the layout of forecasts.parquet
    #[arg(long, value_name = "FILE")]
    forecasts: PathBuf,
    #[command(flatten)]
    source: StudySource,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// A file cannot be read, or nothing in it can be scored.
pub fn run(args: Args) -> Result<Answer> {
    let config = super::config::Config::read(&args.source.config, &args.source.set)?;
    let forecasts = output::read_forecasts(&args.forecasts).with_context(|| format!("{}", args.forecasts.display()))?;
    let plan = config.plan();
    let history: History = walk::rows(&plan, &market::load(&config, &args.source.lake)?)?;
    let lines = scoreboard(&plan, &outcomes::all(&history, &plan), &forecasts, &|_, _| true)?;
    if lines.is_empty() {
        bail!(
            "{}: none of its {} rows lies in {} to {} on the instruments and horizons of {}",
            args.forecasts.display(),
            forecasts.len(),
            plan.study.start,
            plan.study.end,
            args.source.config.display()
        );
    }
    if args.json {
        table::print(&(serde_json::to_string_pretty(&lines)? + "\n"));
    } else {
        for (_, horizon) in plan.horizons() {
            table::print(&table::scoreboard(&lines, horizon, &plan.study.base));
        }
    }
    Ok(Answer::Yes)
}
