//! `margincast train`: fit, validate and register the models of a configuration.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::config::Config;
use super::study::{self, StudySource};
use super::{Answer, register, table};
use crate::base::Digest;
use crate::record::registry::{Code, Env, FileEntry, RunOutcome, cpu_name};
use crate::record::{Error, Registry, Run};
use crate::study::{Studied, output};

/// Fit, validate and register the models of a configuration
///
/// Walks forward like `backtest`, then fits once more on everything known at study.end and stores
/// that bundle, its golden rows, its scores and its card as the next version of serve.model. Aliases
/// are moved by `margincast models promote`, not by training.
///
/// A run is a folder below --runs, named after its configuration: run.json says what went in
/// (configuration, data, program, processor, seed) and ends with the digest of what came out. A run
/// that was killed goes on with --resume and ends with the same digest; --verify trains again from
/// nothing and compares.
#[derive(clap::Args)]
#[command(after_help = "\
Exit code 0: trained, or as recorded. 1: a fit failed, or a digest differs. 2: it could not run.

Examples:
  margincast train --config data/configs/sample.toml --lake data/sample --runs out/runs \\
    --set study.start=2023-09-01 --set horizons=[1] --set serve.models=out/models
  margincast train --verify latest --lake data/sample --runs out/runs")]
pub struct Args {
    /// Configuration file
    #[arg(long, value_name = "FILE", required_unless_present = "verify", conflicts_with = "verify")]
    config: Option<PathBuf>,
    /// Folder of canonical tables, as `ingest` writes them
    #[arg(long, value_name = "DIR")]
    lake: PathBuf,
    /// Override one setting, section.key=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "verify")]
    set: Vec<String>,
    /// Where runs keep their fits and results
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    /// Go on with this run, a folder below --runs or `latest`; refused when settings or data changed
    #[arg(long, value_name = "RUN", conflicts_with = "verify")]
    resume: Option<String>,
    /// Who answers for the models, as their card says; the user's name when absent
    #[arg(long, value_name = "WHO")]
    author: Option<String>,
    /// Train a recorded run again from nothing and compare every digest; registers nothing
    #[arg(long, value_name = "RUN")]
    verify: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// The configuration, the lake, the run folder or the registry cannot be used.
pub fn run(args: Args) -> Result<Answer> {
    if let Some(id) = &args.verify {
        return verify(&args, &args.runs.join(named(&args.runs, id)?));
    }
    let config = args.config.clone().unwrap_or_default();
    let source = StudySource { config, lake: args.lake.clone(), set: args.set.clone() };
    let config = source.read()?;
    let mut own = begun(&config, &args.lake, &command(&source))?;
    let id = match &args.resume {
        Some(id) => named(&args.runs, id)?,
        None => own.config_digest.short(),
    };
    let folder = args.runs.join(&id);
    start(&folder, &mut own, args.resume.is_some())?;
    let trained = study::run(config, &args.lake, Some(&folder.join("fits")), &source.title(), &own.command)?;
    let studied = &trained.studied;
    output::write(studied, &folder)?;
    own.outcome = Some(outcome(studied, Some(&folder))?);
    own.write(&folder)?;
    table::print(&table::scores(&studied.judged.scores));
    let mut against = study::against(studied);
    if studied.judged.scores.evidence.leak_test.as_ref().is_none_or(|f| !f.passed) {
        against.push(leak_found(studied));
    }
    if !against.is_empty() {
        against.iter().for_each(|why| eprintln!("{why}; nothing was registered"));
        return Ok(Answer::No);
    }
    let registry = Registry::open(&trained.config.serve.models);
    let author = args.author.clone().unwrap_or_else(super::models::user);
    let made = register::register(&registry, &trained, &args.lake, &id, &author)?;
    table::print(&format!(
        "\nrun {}, digest {}\nregistered {} {}, manifest sha256 {}\n",
        folder.display(),
        own.outcome.map_or_else(String::new, |o| o.total.to_string()),
        made.name,
        made.version,
        made.digest
    ));
    Ok(Answer::Yes)
}

/// Why the leak test did not pass.
fn leak_found(studied: &Studied) -> String {
    match &studied.judged.scores.evidence.leak_test {
        Some(test) if !test.enough => "too little lies behind the leak test's cuts to show anything: let the study \
                                       begin earlier, or its market go on longer"
            .into(),
        _ => "what was known later changed what was learnt or said before".into(),
    }
}

/// The command line that makes the run again.
fn command(source: &StudySource) -> String {
    let sets: String = source.set.iter().map(|o| format!(" --set {o}")).collect();
    format!("margincast train --config {} --lake {}{sets}", source.config.display(), source.lake.display())
}

/// The run that a name stands for: a folder's name, or the run that was touched last.
fn named(runs: &Path, id: &str) -> Result<String> {
    if id != "latest" {
        return Ok(id.to_string());
    }
    let touched = |folder: &Path| std::fs::metadata(folder.join("run.json")).and_then(|m| m.modified()).ok();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(runs).with_context(|| format!("reading {}", runs.display()))? {
        let path = entry?.path();
        found.extend(touched(&path).zip(path.file_name().map(|n| n.to_string_lossy().into_owned())));
    }
    found.sort();
    found.pop().map(|f| f.1).with_context(|| format!("no run in {}; start one with --config", runs.display()))
}

/// The record of a run that begins here and now.
fn begun(config: &Config, lake: &Path, command: &str) -> Result<Run> {
    Ok(Run {
        command: command.into(),
        config_text: toml::to_string(config)?,
        config: serde_json::to_value(config)?,
        config_digest: config.digest(),
        data: register::locks(config, lake)?,
        knowledge_cutoff: config.study.end,
        code: Code::here(),
        cpu: cpu_name(),
        env: Env::here(rayon::current_num_threads(), Some(config.study.seed)),
        outcome: None,
    })
}

/// A run folder is of one configuration and one state of the data; a resumed run must have begun.
fn start(folder: &Path, own: &mut Run, resume: bool) -> Result<()> {
    match Run::read(folder)? {
        Some(other) => {
            if let Err(what) = other.same_input(own) {
                bail!(
                    "{} was started with {what}; start a new run without --resume, in other --runs",
                    folder.display()
                );
            }
        }
        None if resume => bail!("no run at {}; leave out --resume to start one", folder.display()),
        None => {}
    }
    Ok(own.write(folder)?)
}

/// What a study found, as digests, and the files that hold it.
fn outcome(studied: &Studied, folder: Option<&Path>) -> Result<RunOutcome> {
    let meta = &studied.judged.scores.meta;
    let file = |folder: &Path, name: &str| -> Result<FileEntry> {
        let path = folder.join(name);
        let size = std::fs::metadata(&path).with_context(|| format!("reading {}", path.display()))?.len();
        Ok(FileEntry { path: name.into(), size, sha256: Digest::of_file(&path)? })
    };
    let mut outcome = RunOutcome {
        rows: meta.data_digest,
        choices: Digest::of_json(&serde_json::to_value(&studied.walk.choices)?),
        models: meta.model_digest,
        results: meta.result_digest,
        leak_test: Digest::of_json(&serde_json::to_value(&studied.judged.scores.evidence.leak_test)?),
        total: Digest::default(),
        files: folder
            .map_or(Ok(Vec::new()), |f| output::FILES.iter().map(|name| file(f, name)).collect::<Result<_>>())?,
    };
    outcome.total = outcome.total_of(meta.config_digest);
    Ok(outcome)
}

/// Trains again what a run recorded, from nothing, and compares.
fn verify(args: &Args, folder: &Path) -> Result<Answer> {
    let recorded = Run::read(folder)?.with_context(|| format!("no run at {}", folder.display()))?;
    let config = Config::stored(&recorded.config.to_string()).context("the configuration in run.json")?;
    let here = begun(&config, &args.lake, &recorded.command)?;
    let mut wrong = Vec::new();
    if here.config_digest != recorded.config_digest {
        wrong.push("the configuration in run.json does not have the digest recorded with it".to_string());
    }
    wrong.extend(recorded.same_input(&here).err().filter(|_| wrong.is_empty()));
    let settled = match recorded.settled(folder) {
        Ok(_) => None,
        Err(e @ Error::Damaged { .. }) => Some(e.to_string()),
        Err(e) => return Err(e.into()),
    };
    wrong.extend(settled);
    let trained = study::run(config, &args.lake, None, "verify", &recorded.command)?;
    let again = outcome(&trained.studied, None)?;
    if let Some(outcome) = &recorded.outcome {
        let line = |(part, was, is): (&str, Digest, Digest)| format!("{part}: recorded {was}, trained again {is}");
        wrong.extend(outcome.differences(&again).into_iter().map(line));
    }
    if wrong.is_empty() {
        table::print(&format!("ok     run {}: trained again, digest {}\n", folder.display(), again.total));
        return Ok(Answer::Yes);
    }
    wrong.iter().for_each(|w| table::print(&format!("differ {w}\n")));
    recorded.other_circumstances(&here).iter().for_each(|n| table::print(&format!("note   {n}\n")));
    Ok(Answer::No)
}
