//! What `backtest`, `train` and `demo` share: configuration and lake in, a study out.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::config::Config;
use super::market;
use super::progress::Bars;
use crate::forecast::simulation::sample::is_thin;
use crate::study::measure::Heading;
use crate::study::{Progress, Studied, StudyTask, run as walk_and_measure};

/// Where the configuration and the data are.
#[derive(clap::Args, Clone, Debug)]
pub struct StudySource {
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Folder of canonical tables, as `ingest` writes them
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Override one setting, section.key=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// A finished study and the configuration that it is of.
pub struct Trained {
    /// The effective configuration.
    pub config: Config,
    /// What it found.
    pub studied: Studied,
}

impl StudySource {
    /// The effective configuration.
    ///
    /// # Errors
    /// The file cannot be read, or what it says cannot be meant.
    pub fn read(&self) -> Result<Config> {
        Config::read(&self.config, &self.set)
    }
    /// Heading of what is made from it.
    pub fn title(&self) -> String {
        self.config.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned())
    }
}

/// Runs a study; fits are kept in `keep` and found there again after a kill.
///
/// # Errors
/// The lake or a fit's file cannot be used.
pub fn run(config: Config, lake: &Path, keep: Option<&Path>, title: &str, command: &str) -> Result<Trained> {
    let market = market::load(&config, lake)?;
    for m in config.models.iter().filter(|m| ["historical", "fhs", "filtered"].contains(&m.kind.as_str())) {
        if let Some(window) = m.params["window"].as_u64().filter(|w| is_thin(*w as usize)) {
            tracing::warn!(
                "{}: of {window} losses fewer than five lie beyond 99 %; let `window` be 500 or more",
                m.name
            );
        }
    }
    let bars = Bars::new();
    let heading = Heading { title, command, config: config.digest() };
    let plan = config.plan();
    let task = StudyTask { plan: &plan, ablations: &config.ablations, market: &market, heading, keep };
    let studied = walk_and_measure(task, &|progress: Progress<'_>| bars.show(progress))?;
    for failure in studied.walk.failures.iter().take(20) {
        tracing::warn!("{failure}");
    }
    Ok(Trained { config, studied })
}

/// What speaks against a study whose scores would otherwise be trusted: fits that failed, and instruments that are
/// stamped out of step.
pub fn against(studied: &Studied) -> Vec<String> {
    let failures = &studied.walk.failures;
    let failed = failures.first().map(|first| format!("{} fits failed; the first: {first}", failures.len()));
    let lead_lag = studied.judged.scores.evidence.lead_lag.iter().flat_map(|l| &l.out_of_step);
    failed.into_iter().chain(lead_lag.map(ToString::to_string)).collect()
}
