//! What `backtest`, `train` and `demo` share: configuration, lake, walk, judgement and files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::config::Config;
use super::market;
use super::progress::Progress;
use crate::forecast::window::is_thin;
use crate::study::judge::{self, Judged};
use crate::study::{Told, Walk, ablation, future, impulse, output, report, truth, walk};

/// Where the configuration and the data are.
#[derive(clap::Args, Clone, Debug)]
pub struct Source {
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

/// A finished study.
pub struct Studied {
    /// The effective configuration.
    pub config: Config,
    /// The walk itself.
    pub walk: Walk,
    /// Its scores and lines.
    pub judged: Judged,
}

impl Source {
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
pub fn run(config: Config, lake: &Path, keep: Option<&Path>, title: &str, command: &str) -> Result<Studied> {
    let market = market::load(&config, lake)?;
    for m in config.models.iter().filter(|m| ["historical", "fhs", "filtered"].contains(&m.kind.as_str())) {
        if let Some(window) = m.params["window"].as_u64().filter(|w| is_thin(*w as usize)) {
            tracing::warn!(
                "{}: of {window} losses fewer than five lie beyond 99 %; let `window` be 500 or more",
                m.name
            );
        }
    }
    let progress = Progress::new();
    let tell = |told: Told<'_>| progress.tell(told);
    let plan = config.plan();
    let walk = walk::walk(&plan, &market, config.digest(), keep, &tell)?;
    for failure in walk.failures.iter().take(20) {
        tracing::warn!("{failure}");
    }
    let mut judged = judge::judge(&plan, &walk, title, command, config.digest())?;
    let evidence = &mut judged.scores.evidence;
    evidence.future = Some(future::check(&plan, &market, config.digest(), keep, &tell)?);
    evidence.responses = impulse::responses(&plan, &market, &walk)?;
    evidence.ablations = ablation::run(&plan, &config.ablations, &market, &walk, keep, &tell)?;
    Ok(Studied { config, walk, judged })
}

/// The files of a study.
pub const FILES: [&str; 5] =
    ["forecasts.parquet", "outcomes.parquet", "decisions.parquet", "scores.json", "report.html"];

/// Writes `forecasts.parquet`, `outcomes.parquet`, `decisions.parquet`, `scores.json` and `report.html`.
///
/// # Errors
/// A file cannot be written.
pub fn write(studied: &Studied, out: &Path) -> Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    output::forecasts(&studied.walk.forecasts).write(&out.join("forecasts.parquet"))?;
    let plan = studied.config.plan();
    output::outcomes(&truth::truths(&studied.walk.history, &plan), &plan).write(&out.join("outcomes.parquet"))?;
    output::decisions(&studied.walk.decisions).write(&out.join("decisions.parquet"))?;
    let put = |name: &str, text: &str| {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    };
    put("scores.json", &studied.judged.scores.to_json())?;
    put("report.html", &report::render(&studied.judged.scores, &studied.judged.series))
}
