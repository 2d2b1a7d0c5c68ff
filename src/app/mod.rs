//! The door: [`config`] and one file per command.

pub mod backtest;
mod card;
pub mod config;
pub mod configure;
pub mod demo;
pub mod explain;
pub mod guard;
pub mod ingest;
pub mod margin;
pub mod market;
pub mod models;
mod positions;
mod progress;
pub mod score;
pub mod serve;
mod statement;
mod study;
mod table;
pub mod train;
pub mod verify;

use anyhow::Result;

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, or yes: exit code 0.
    Yes,
    /// It ran and the answer is no: exit code 1.
    No,
}

/// The commands, as a risk desk would say them.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Everything on the sample data, offline; prints the result table
    Demo(demo::Args),
    /// Vendor files to canonical tables, with an import report
    Ingest(ingest::Args),
    /// Fit, validate and register the models of a configuration
    Train(train::Args),
    /// Walk forward; write forecasts, decisions, scores and report.html
    Backtest(backtest::Args),
    /// Score a forecast file against the lake
    Score(score::Args),
    /// What portfolios must have, explained to the cent
    Margin(margin::Args),
    /// The model registry: list, show, promote, rollback, verify, whois
    Models(models::Args),
    /// Publish multipliers live from a lake or from a replay
    Serve(serve::Args),
    /// Why a decision is what it is
    Explain(explain::Args),
    /// Guardrail settings and overrides: propose, approve, cancel, show
    Guard(guard::Args),
    /// Re-derive what was recorded; check ledger, registry and data digests
    Verify(verify::Args),
    /// Show, check or print the default configuration
    Config(configure::Args),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// It could not run: exit code 2.
    pub fn run(self) -> Result<Answer> {
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
