//! A calibration from its record to what it found.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::assessment::{Assessment, assess};
use super::bootstrap::Resampling;
use super::choose::Appetite;
use super::evaluate::Evaluated;
use super::frontier::frontier;
use super::objective::PolicyOutcome;
use super::policy::PolicyPoint;
use super::recorded::Record;
use super::replay::{AskedMargin, replay};
use super::search::{Effort, search};
use super::walk_forward::{WalkForward, taken, walk_forward};
use crate::base::{Digest, Horizon, Seed, Span, Ts};
use crate::margin::PolicySettings;
use crate::margin::guardrail::policy::Mode;
use crate::study::{Error, OnProgress};

/// A calibration to be run.
#[derive(Clone, Copy)]
pub struct CalibrationTask<'a> {
    /// Decisions and what followed.
    pub record: &'a Record,
    /// The policy that made them.
    pub today: PolicySettings,
    /// The mode of the policies that are compared.
    pub mode: Mode,
    /// What may be chosen.
    pub appetite: Appetite,
    /// The origins of the walk forward, in order.
    pub origins: &'a [Ts],
    /// How much is searched.
    pub effort: Effort,
    /// Bands.
    pub resampling: Resampling,
    /// Of the search.
    pub seed: Seed,
    /// Folder of what was evaluated, found there again after a kill.
    pub keep: Option<&'a Path>,
}

/// A policy on the frontier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontierPolicy {
    /// The policy.
    pub policy: PolicyPoint,
    /// What came of it over the whole record.
    pub outcome: PolicyOutcome,
    /// Whether the appetite admits it.
    pub admitted: bool,
    /// Whether it was chosen.
    pub chosen: bool,
}

/// The policy that is proposed, chosen on the whole record.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenPolicy {
    /// The policy.
    pub policy: PolicyPoint,
    /// Over the record on which it was chosen: in sample.
    pub in_sample: Option<Assessment>,
    /// The same of what opens, adds or withdraws, where that has a pace of its own.
    #[serde(default)]
    pub new: Option<Assessment>,
}

/// What a calibration found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// The version that found it.
    pub version: String,
    /// Digest of the decisions and outcomes.
    pub record: Digest,
    /// Over which losses are measured.
    pub horizon: Horizon,
    /// Length of a row.
    pub row: Span,
    /// First and last decision that was judged.
    pub span: Option<(Ts, Ts)>,
    /// Recorded requirements, and how many of them the policy of today does not give again bit for bit.
    pub recorded: usize,
    /// See there.
    pub not_replayed: usize,
    /// `lift-only` or `managed-total`.
    pub mode: Mode,
    /// What may be chosen.
    pub appetite: Appetite,
    /// Of the search.
    pub seed: Seed,
    /// How bands were drawn.
    pub resampling: Resampling,
    /// Policies that were compared.
    pub policies: usize,
    /// The settings that made the decisions.
    pub today: PolicySettings,
    /// Those settings in the mode of the policies that are compared.
    pub base: PolicySettings,
    /// Today's policy over the whole record.
    pub today_outcome: Option<Assessment>,
    /// The same of what opens, adds or withdraws, where that has a pace of its own.
    #[serde(default)]
    pub today_new: Option<Assessment>,
    /// The policy that is proposed; absent: none is admitted.
    pub chosen: Option<ChosenPolicy>,
    /// What choosing in this way brought out of sample.
    pub walk_forward: WalkForward,
    /// Policies that no other dominates over the whole record.
    pub frontier: Vec<FrontierPolicy>,
}

/// Searches, walks forward, chooses, and judges.
///
/// # Errors
/// There is nothing to judge by, a setting is out of range, or what is kept cannot be used.
pub fn calibrate(task: &CalibrationTask<'_>, progress: OnProgress<'_>) -> Result<Calibrated, Error> {
    let CalibrationTask { record, today, mode, appetite, origins: walked, resampling, .. } = *task;
    let base = in_mode(&today, mode);
    // One more that knows everything: its choice is the proposal.
    let all_origins: Vec<Ts> = walked.iter().copied().chain([Ts(i64::MAX)]).collect();
    let mut all = Evaluated::new(record, base, &all_origins, task.keep, progress);
    let looked = search(&mut all, &appetite, &all_origins, task.effort, task.seed)?;
    let last = all_origins.len() - 1;
    if all.outcomes.iter().all(|o| o[last].is_none()) {
        let why = "no instrument has 60 decisions with a known outcome; calibrate on a longer backtest";
        return Err(Error::Plan(format!("calibrate: {why}")));
    }
    // Nothing lies after it: whatever any origin looked at may be taken.
    let everything: Vec<usize> = (0..all.places.len()).collect();
    let chosen = taken(&all, &appetite, last, &everything);
    let judge = |policy: &PolicySettings, new: bool| -> Result<Option<Assessment>, Error> {
        if new && policy.guardrail.new.is_none() {
            return Ok(None);
        }
        let pairs = record.series.iter().zip(&all.judged);
        let asked: Vec<AskedMargin> =
            pairs.map(|(series, own)| Ok(own.pick(&replay(series, policy)?))).collect::<Result<_, Error>>()?;
        let asked: Vec<AskedMargin> = if new { asked.into_iter().map(AskedMargin::of_new).collect() } else { asked };
        Ok(assess(&all.judged, &asked, Ts(i64::MIN), record.row, resampling))
    };
    let point = |k: usize| all.ladders.policy(&all.places[k]);
    let proposed = match chosen {
        Some(k) => {
            let (policy, settings) = (point(k), point(k).settings(&base));
            Some(ChosenPolicy { policy, in_sample: judge(&settings, false)?, new: judge(&settings, true)? })
        }
        None => None,
    };
    let walk_forward = walk_forward(record, &all, (&appetite, resampling), (&today, &base), (walked, &looked))?;
    let (recorded, not_replayed) = replayed(record, &today)?;
    Ok(Calibrated {
        version: env!("CARGO_PKG_VERSION").into(),
        record: record.digest(),
        horizon: record.horizon,
        row: record.row,
        span: record.span(),
        recorded,
        not_replayed,
        mode,
        appetite,
        seed: task.seed,
        resampling,
        policies: all.places.len(),
        today,
        base,
        today_outcome: judge(&today, false)?,
        today_new: judge(&today, true)?,
        chosen: proposed,
        walk_forward,
        frontier: efficient(&all, &appetite, last, chosen),
    })
}

impl Calibrated {
    /// As JSON, indented.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Settings in a mode: lift-only is never below the baseline.
fn in_mode(today: &PolicySettings, mode: Mode) -> PolicySettings {
    let mut base = *today;
    base.guardrail.mode = mode;
    if mode == Mode::LiftOnly {
        base.guardrail.m_min = 1.0;
    }
    base
}

/// The policies on the frontier over all that is known.
fn efficient(all: &Evaluated<'_>, appetite: &Appetite, last: usize, chosen: Option<usize>) -> Vec<FrontierPolicy> {
    let known = |i: usize| Some((i, all.outcomes[i][last]?));
    let (numbers, outcomes): (Vec<usize>, Vec<PolicyOutcome>) = (0..all.places.len()).filter_map(known).unzip();
    let of = |i: &usize| FrontierPolicy {
        policy: all.ladders.policy(&all.places[numbers[*i]]),
        outcome: outcomes[*i],
        admitted: appetite.admits(&outcomes[*i]),
        chosen: chosen == Some(numbers[*i]),
    };
    frontier(&outcomes).iter().map(of).collect()
}

/// How many requirements were recorded, and how many of them the policy that made them does not give again.
fn replayed(record: &Record, today: &PolicySettings) -> Result<(usize, usize), Error> {
    let (mut recorded, mut other) = (0, 0);
    for series in &record.series {
        for (row, asked) in series.rows.iter().zip(replay(series, today)?.c) {
            recorded += 1;
            other += usize::from(row.c_im.to_bits() != asked.to_bits());
        }
    }
    Ok((recorded, other))
}
