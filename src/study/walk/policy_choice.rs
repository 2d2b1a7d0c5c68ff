//! Margin policies chosen inside the walk: at origins, on decisions made and outcomes known before them.

use std::path::Path;

use super::origins::Origin;
use crate::base::{Horizon, Seed, Ts};
use crate::forecast::History;
use crate::margin::calibration::CalibrationSettings;
use crate::margin::{Decision, NewSettings, Order, PolicySettings};
use crate::pipeline::Input;
use crate::study::calibrate::bootstrap::Resampling;
use crate::study::calibrate::choose::Appetite;
use crate::study::calibrate::objective::{FEWEST, judged};
use crate::study::calibrate::recorded::Record;
use crate::study::calibrate::run::{Calibrated, CalibrationTask, calibrate};
use crate::study::calibrate::search::Effort;
use crate::study::config::Plan;
use crate::study::{Error, OnProgress, Progress};

/// Chooses a policy for each horizon at the origins of a study, from the decisions that its configured policy made:
/// what a decision records of baseline and forecast does not depend on the policy.
///
/// # Errors
/// Nothing can be judged by, or what is kept cannot be used.
pub fn choose(
    plan: &Plan,
    settings: &CalibrationSettings,
    (decisions, history): (&[Decision], &History),
    origins: &[Origin],
    (keep, progress): (Option<&Path>, OnProgress<'_>),
) -> Result<Vec<Calibrated>, Error> {
    let Some(first) = decisions.iter().map(|d| d.ts).min() else { return Ok(Vec::new()) };
    let from = origins_of(settings, first, origins);
    let (margin, rows) = (&plan.pipeline.margin, &plan.pipeline.rows);
    // Whole numbers beyond 53 bits do not survive in a reader of the scores whose numbers are doubles.
    let short = |seed: Seed| Seed(seed.0 >> 11);
    let seed = short(plan.study.seed.named("calibrate"));
    let keep = keep.map(|folder| folder.join("policies"));
    let one = |(ahead, horizon): (usize, Horizon)| {
        let record = Record::of(decisions, history, plan, ahead);
        if !judged(&record).iter().any(|own| own.ts.len() >= FEWEST) {
            let why = format!("margin.calibrate: fewer than {FEWEST} decisions over {horizon} to choose by");
            progress(Progress::Warning(&why));
            return Ok(None);
        }
        let task = CalibrationTask {
            record: &record,
            today: PolicySettings { blend: margin.blend, guardrail: margin.guardrail.of_rows(rows.row) },
            mode: margin.guardrail.mode,
            appetite: Appetite { rises: settings.rises.map_or([None; 3], |r| r.map(Some)), dearest: settings.dearest },
            origins: &from,
            effort: Effort::default(),
            resampling: Resampling { samples: 200, ..Resampling::of(short(seed.named("bootstrap"))) },
            seed,
            keep: keep.as_deref(),
        };
        calibrate(&task, progress).map(Some)
    };
    plan.horizons().into_iter().filter_map(|h| one(h).transpose()).collect()
}

/// Origins of the study at which a policy is chosen: the first with enough decisions before it, and then one every so
/// long.
fn origins_of(settings: &CalibrationSettings, first: Ts, origins: &[Origin]) -> Vec<Ts> {
    let mut chosen: Vec<Ts> = Vec::new();
    for origin in origins.iter().filter(|o| o.cut < o.until) {
        let due = chosen.last().map_or(first + settings.least, |last| *last + settings.every);
        if origin.cut >= due {
            chosen.push(origin.cut);
        }
    }
    chosen
}

/// The orders that bring the policies into force, each at its origin.
pub fn orders(calibrated: &[Calibrated]) -> Vec<(Ts, Input)> {
    let of = |one: &Calibrated| {
        let horizon = Some(one.horizon);
        let base = one.base;
        let order = move |at: Ts, new: PolicySettings| {
            let new = NewSettings { horizon, blend: Some(new.blend), guardrail: new.guardrail };
            (at, Input::Order { at, order: Order::Settings(Box::new(new)), now: None })
        };
        let chosen = one.walk_forward.stretches.iter().filter_map(|s| Some((s.from, s.policy?)));
        chosen.map(|(at, policy)| order(at, policy.settings(&base))).collect::<Vec<_>>()
    };
    calibrated.iter().flat_map(of).collect()
}
