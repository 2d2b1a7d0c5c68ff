//! The door: the configuration, and one file per command. It reads, calls and prints.
//!
//! | file | what it holds |
//! |---|---|
//! | [`config`] | the configuration of a run |
//! | [`demo`] | everything on the sample data |
//! | [`ingest`] | files of a vendor into the lake |
//! | [`train`] | models, registered |
//! | [`backtest`] | a study, written |
//! | [`calibrate`] | which margin policy recorded decisions speak for |
//! | [`score`] | any forecasts, scored |
//! | [`margin`] | what portfolios must have |
//! | [`models`] | the registry |
//! | [`serve`] | the service |
//! | [`explain`] | why a multiplier is what it is |
//! | [`guard`] | guardrails, by the approval of others |
//! | [`verify`] | whether everything is as recorded |
//! | [`configure`] | the configuration, checked and shown |
//! | `study` | what `backtest`, `train` and `demo` share |
//! | `register` | how a trained model is registered |
//! | [`market`] | the events that a configuration asks for |
//! | `answer` | what a command found |
//! | `progress` | how far a long command is |
//! | `table` | what is written to stdout |
//!
//! This folder knows nothing of how anything is worked out.

mod answer;
pub mod backtest;
pub mod calibrate;
pub mod config;
pub mod configure;
pub mod demo;
pub mod explain;
pub mod guard;
pub mod ingest;
pub mod margin;
pub mod market;
pub mod models;
mod progress;
mod register;
pub mod score;
pub mod serve;
mod study;
mod table;
pub mod train;
pub mod verify;

use anyhow::Result;

pub use answer::Answer;

/// The commands, as a risk desk would say them.
#[derive(clap::Subcommand)]
#[allow(missing_docs)] // Each command's arguments begin with what it does, which is its help.
pub enum Command {
    Demo(demo::Args),
    Ingest(ingest::Args),
    Train(train::Args),
    Backtest(backtest::Args),
    Calibrate(calibrate::Args),
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
    pub fn run(self) -> Result<Answer> {
        match self {
            Command::Demo(args) => demo::run(args),
            Command::Ingest(args) => ingest::run(args),
            Command::Train(args) => train::run(args),
            Command::Backtest(args) => backtest::run(args),
            Command::Calibrate(args) => calibrate::run(args),
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
