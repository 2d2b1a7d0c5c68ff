//! The commands, and what runs each.

use anyhow::Result;

use super::verdict::Verdict;
use super::{backtest, configure, demo, explain, guard, ingest, margin, models, score, serve, train, verify};

/// The commands, as a risk desk would say them.
#[derive(clap::Subcommand)]
#[allow(missing_docs)] // Each command's arguments begin with what it does, which is its help.
pub enum Command {
    Demo(demo::Args),
    Ingest(ingest::Args),
    Train(train::Args),
    Backtest(backtest::Args),
    Score(score::Args),
    Margin(margin::Args),
    Models(models::Args),
    Serve(serve::Args),
    Explain(explain::Args),
    Guard(guard::Args),
    Verify(verify::Args),
    Config(configure::Args),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// It could not run: exit code 2.
    pub fn run(self) -> Result<Verdict> {
        match self {
            Command::Demo(args) => demo::run(args),
            Command::Ingest(args) => ingest::run(args),
            Command::Train(args) => train::run(args),
            Command::Backtest(args) => backtest::run(args),
            Command::Score(args) => score::run(args),
            Command::Margin(args) => margin::run(args),
            Command::Models(args) => models::run(args),
            Command::Serve(args) => serve::run(args),
            Command::Explain(args) => explain::run(args),
            Command::Guard(args) => guard::run(args),
            Command::Verify(args) => verify::run(args),
            Command::Config(args) => configure::run(args),
        }
    }
}
