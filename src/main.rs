//! Parse, run, print the error chain, exit code.

use std::process::ExitCode;

use clap::Parser;
use margincast::app::{Answer, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Forward-looking margin multipliers from order flow, under guardrails.
#[derive(Parser)]
#[command(name = "margincast", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// 0 done or yes; 1 it ran and the answer is no; 2 it could not run.
fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
