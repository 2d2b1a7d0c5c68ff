//! `margincast backtest`: walk forward; write forecasts, decisions, scores and the report.

use std::path::PathBuf;

use anyhow::Result;

use super::study::{self, StudySource};
use super::{Answer, table};
use crate::study::output;

/// Walk-forward backtest of a configuration
///
/// Fits models at rolling origins on what was known then, runs the market through the same
/// pipeline as the live service, and judges what came out of sample. Fits are kept in DIR/fits: a
/// run that was killed goes on where it stopped and ends with the same bits.
#[derive(clap::Args)]
#[command(after_help = "Example:
  margincast backtest --config data/configs/sample.toml --lake data/sample --out out/quick \\
    --set study.start=2023-10-01 --set study.refit=90d")]
pub struct Args {
    #[command(flatten)]
    source: StudySource,
    /// Where forecasts.parquet, decisions.parquet, scores.json and report.html go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print scores.json instead of tables
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration, the lake or the output folder cannot be used.
pub fn run(args: Args) -> Result<Answer> {
    let command = command(&args);
    let trained = study::run(
        args.source.read()?,
        &args.source.lake,
        Some(&args.out.join("fits")),
        &args.source.title(),
        &command,
    )?;
    let studied = &trained.studied;
    output::write(studied, &args.out)?;
    if args.json {
        table::print(&studied.judged.scores.to_json());
    } else {
        table::print(&table::scores(&studied.judged.scores));
        table::print(&format!("report: {}\n", args.out.join("report.html").display()));
    }
    let against = study::against(studied);
    against.iter().for_each(|why| eprintln!("{why}"));
    Ok(if against.is_empty() { Answer::Yes } else { Answer::No })
}

/// The command line that reproduces the run.
fn command(args: &Args) -> String {
    let s = &args.source;
    let sets: String = s.set.iter().map(|o| format!(" --set {o}")).collect();
    let (config, lake, out) = (s.config.display(), s.lake.display(), args.out.display());
    format!("margincast backtest --config {config} --lake {lake} --out {out}{sets}")
}
