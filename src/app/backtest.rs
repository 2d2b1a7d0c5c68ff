//! `margincast backtest`.

use anyhow::{Result, bail};

use super::Answer;

/// Arguments.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// It could not run.
pub fn run(_args: Args) -> Result<Answer> {
    bail!("not built yet")
}
