//! `margincast train`: fit, validate and register the models of a configuration.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::study::{self, Source, Studied};
use super::{Answer, table};
use crate::base::Digest;
use crate::event::lake::Lake;
use crate::feature::Row;
use crate::record::Registry;
use crate::record::manifest::{DataLock, Env};
use crate::record::register::Extras;
use crate::record::registry::Registered;
use crate::serve::clock;
use crate::study::scores::Scores;

/// Newest rows of each instrument that a registered version must answer at every load.
const GOLDEN_ROWS: usize = 200;

/// Fit, validate and register the models of a configuration
///
/// Walks forward like `backtest`, then fits once more on everything known at study.end and stores
/// that bundle, its golden rows, its scores and its card as the next version of serve.model. An
/// alias is moved by `margincast models promote`, not by training.
#[derive(clap::Args)]
#[command(after_help = "Example:
  margincast train --config data/configs/sample.toml --lake data/sample --runs out/runs \\
    --set study.start=2023-09-01 --set serve.models=out/models")]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Where runs keep their fits and results
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    /// Go on with this run, a folder below --runs; refused when settings changed
    #[arg(long, value_name = "RUN")]
    resume: Option<String>,
}

/// What a run folder belongs to.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    config_digest: Digest,
    config: serde_json::Value,
}

/// Runs the command.
///
/// # Errors
/// The configuration, the lake, the run folder or the registry cannot be used.
pub fn run(args: Args) -> Result<Answer> {
    let config = super::config::Config::read(&args.source.config, &args.source.set)?;
    let own = Run { config_digest: config.digest(), config: serde_json::to_value(&config)? };
    let id = args.resume.clone().unwrap_or_else(|| own.config_digest.short());
    let folder = args.runs.join(&id);
    check(&folder, &own, args.resume.is_some())?;
    let command =
        format!("margincast train --config {} --lake {}", args.source.config.display(), args.source.lake.display());
    let studied = study::run(&args.source, &folder.join("fits"), &command)?;
    study::write(&studied, &folder)?;
    table::print(&table::scores(&studied.judged.scores));
    if let Some(failure) = studied.walk.failures.first() {
        eprintln!("{} fits failed, nothing was registered; the first: {failure}", studied.walk.failures.len());
        return Ok(Answer::No);
    }
    let registry = Registry::open(&studied.config.serve.models);
    let made = register(&registry, &studied, &args.source.lake, &id)?;
    table::print(&format!(
        "\nrun {}\nregistered {} {}, manifest sha256 {}\n",
        folder.display(),
        made.name,
        made.version,
        made.digest
    ));
    Ok(Answer::Yes)
}

/// A run folder is of one configuration; a resumed run must have one.
fn check(folder: &Path, own: &Run, resume: bool) -> Result<()> {
    let path = folder.join("run.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let other: Run = serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
            if other != *own {
                let (a, b) = (
                    toml::to_string(&other.config).unwrap_or_default(),
                    toml::to_string(&own.config).unwrap_or_default(),
                );
                let changed: Vec<&str> = b.lines().filter(|l| !a.contains(l)).take(5).collect();
                bail!(
                    "{} was started with another configuration; changed: {}; start a new run without --resume",
                    folder.display(),
                    changed.join(", ")
                );
            }
            Ok(())
        }
        Err(_) if resume => bail!("no run at {}; leave out --resume to start one", folder.display()),
        Err(_) => {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
            std::fs::write(&path, serde_json::to_string_pretty(own)?)
                .with_context(|| format!("writing {}", path.display()))
        }
    }
}

/// Registers the bundle that a study ends with.
///
/// # Errors
/// The lake or the registry cannot be used.
pub fn register(registry: &Registry, studied: &Studied, lake: &Path, run_id: &str) -> Result<Registered> {
    let walk = &studied.walk;
    let until = studied.config.study.end;
    let golden: Vec<Row> = walk
        .history
        .values()
        .flat_map(|rows| {
            let known = rows.partition_point(|r| r.ts_known <= until);
            rows[known.saturating_sub(GOLDEN_ROWS)..known].iter().copied()
        })
        .collect();
    let extras = Extras {
        config: serde_json::to_value(&studied.config)?,
        metrics: serde_json::to_value(&studied.judged.scores.models)?,
        data: locks(lake)?,
        env: Env::here(rayon::current_num_threads(), Some(studied.config.study.seed)),
        card: card(&studied.judged.scores),
        run_id: run_id.into(),
        parent: None,
        created_at: clock::now(),
        golden,
    };
    Ok(registry.register(&studied.config.serve.model, &walk.last, &extras)?)
}

/// Digests of the lake's files, in order.
fn locks(lake: &Path) -> Result<Vec<DataLock>> {
    let mut locks = Vec::new();
    let mut folders = vec![Lake::at(lake).root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "parquet") {
                let inside = path.strip_prefix(lake).unwrap_or(&path);
                let table = inside.iter().next().map_or_else(String::new, |t| t.to_string_lossy().into_owned());
                let sha256 = Digest::of_file(&path).with_context(|| format!("reading {}", path.display()))?;
                locks.push(DataLock { table, path: inside.display().to_string(), sha256 });
            }
        }
    }
    locks.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(locks)
}

/// What to know before use.
fn card(scores: &Scores) -> String {
    let m = &scores.meta;
    let symbols: Vec<String> = m.symbols.iter().map(ToString::to_string).collect();
    format!(
        "---\nname: {}\nversion: {}\ninstruments: [{}]\nout_of_sample: {} to {}\ntrained_until: {}\nconfig: {}\ndata: {}\n---\n\n\
         # {}\n\nMade by `{}`.\n\n## Scores, out of sample\n```\n{}```\n\n## Limits\n\
         Made for the instruments above; others get no forecast. Scores are of the span above and of the\n\
         measure of variance that the configuration names. Nothing known after {} was learnt from.\n",
        m.title,
        m.version,
        symbols.join(", "),
        m.start,
        m.end,
        m.end,
        m.config_digest,
        m.data_digest,
        m.title,
        m.command,
        table::scores(scores),
        m.end,
    )
}
