//! A study, from its settings and its market to its scores.

use std::path::Path;

use super::config::{Ablation, Plan};
use super::measure::{Again, Heading, Judged, Material, judge};
use super::walk::{MarketEvents, Walk, lead_lag, walk};
use super::{Error, OnProgress, Progress};

/// A study to be run.
#[derive(Clone, Copy)]
pub struct StudyTask<'a> {
    /// What is studied.
    pub plan: &'a Plan,
    /// What is left out once more each, to see what it is worth.
    pub ablations: &'a [Ablation],
    /// The market, of every instrument of the plan.
    pub market: &'a MarketEvents,
    /// What it is called, how it is made again, and the digest of its configuration.
    pub heading: Heading<'a>,
    /// Folder in which fits are kept, and found again after a kill.
    pub keep: Option<&'a Path>,
}

/// A finished study.
pub struct Studied {
    /// What was studied.
    pub plan: Plan,
    /// The walk itself.
    pub walk: Walk,
    /// Its scores and lines.
    pub judged: Judged,
}

/// Looks at the stamps of the market, walks forward, and measures: scores, leak test, impulse responses and ablations.
///
/// # Errors
/// The plan cannot be carried out on this market, or a fit's file cannot be used.
pub fn run(task: StudyTask<'_>, progress: OnProgress<'_>) -> Result<Studied, Error> {
    let StudyTask { plan, ablations, market, heading, keep } = task;
    let lead_lag = lead_lag::check(market, &plan.pipeline.symbols, plan.pipeline.rows.bar);
    lead_lag.out_of_step.iter().for_each(|one| progress(Progress::Warning(&one.to_string())));
    let walk = walk(plan, market, heading.config, keep, progress)?;
    let again = Again { market, lead_lag: &lead_lag, ablations, config: heading.config, keep, progress };
    let judged = judge(&Material::of(plan, &walk, Some(again)), heading)?;
    Ok(Studied { plan: plan.clone(), walk, judged })
}
