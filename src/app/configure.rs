//! `margincast config`: the default configuration, checks, and what is in effect.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Map, Value};

use super::config::Config;
use super::{Answer, table};
use crate::forecast::CATALOG;
use crate::study::measure::schema;

/// Show, check or print the default configuration
#[derive(clap::Args)]
#[command(after_help = "Example:\n  margincast config check --config data/configs/sample.toml")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print a commented configuration with every model's defaults
    Default,
    /// Say every problem of a configuration, each with its key
    Check(File),
    /// Print the configuration in effect, defaults filled in, and its digest
    Show(File),
    /// Print the JSON schema of scores.json
    Schema,
}

#[derive(clap::Args)]
struct File {
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Override one setting, section.key=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// The configuration cannot be read or is wrong.
pub fn run(args: Args) -> Result<Answer> {
    match args.what {
        What::Default => {
            table::print(include_str!("../../data/configs/sample.toml"));
            table::print("\n# Every kind of model with its default parameters:\n");
            for entry in CATALOG {
                let defaults = plain((entry.defaults)());
                let text = toml::to_string(&serde_json::json!({ "params": defaults }))?;
                let commented: String = text.lines().map(|l| format!("#   {l}\n")).collect();
                table::print(&format!("#\n# kind = \"{}\"  ({})\n{commented}", entry.name, entry.about));
            }
        }
        What::Schema => table::print(&schema::text()),
        What::Check(file) => {
            let config = Config::read(&file.config, &file.set)?;
            table::print(&format!("{}: good, digest {}\n", file.config.display(), config.digest()));
        }
        What::Show(file) => {
            let config = Config::read(&file.config, &file.set)?;
            table::print(&toml::to_string(&plain(serde_json::to_value(&config)?))?);
            table::print(&format!("# digest {}\n", config.digest()));
        }
    }
    Ok(Answer::Yes)
}

/// Without nulls, which TOML cannot say.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, plain(v)));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(plain).collect()),
        other => other,
    }
}
