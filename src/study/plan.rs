//! What is studied.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::choice::Choose;
use super::crash::CrashDays;
use super::rule::Rule;
use crate::base::{Horizon, Seed, Span, Ts};
use crate::forecast::calibrated;
use crate::pipeline::Settings;

/// A walk-forward study.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The road: universe, rows, horizons, baseline, multiplier, guardrails.
    pub road: Settings,
    /// Training and judging.
    pub study: Study,
    /// The forecasters, in order; those that combine others come after them.
    pub models: Vec<ModelPlan>,
}

/// How models are trained and judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// First instant of the out-of-sample span.
    pub start: Ts,
    /// End of the out-of-sample span, exclusive.
    pub end: Ts,
    /// Length of the training window; absent means all history.
    #[serde(default)]
    pub window: Option<Span>,
    /// How often models are refitted.
    pub refit: Span,
    /// How often in rows instead, counted over the closes of all instruments from the first origin on:
    /// for markets that close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refit_rows: Option<usize>,
    /// Rows left out between training and judging, beyond those whose outcome is not yet known.
    #[serde(default)]
    pub embargo: usize,
    /// First rows of each instrument that are not learnt from: trailing statistics are not full.
    #[serde(default)]
    pub warmup: usize,
    /// In how many places of a row's length windows open, for pooled models to learn from: with 4,
    /// those of a day also learn from days that begin at 6, 12 and 18 h. A whole number of bars each.
    #[serde(default = "one")]
    pub phases: usize,
    /// Length of the walk before `start` that is not judged: it gives weights and calibration a
    /// track record to start from.
    #[serde(default = "nothing")]
    pub rehearsal: Span,
    /// Seed of all randomness.
    #[serde(default = "default_seed")]
    pub seed: Seed,
    /// The model that the others are compared with.
    #[serde(default = "default_base")]
    pub base: String,
    /// Days, or named stretches, without which scores are given a second time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crash_days: Vec<CrashDays>,
    /// How tails and spike probabilities are calibrated.
    #[serde(default)]
    pub calibration: calibrated::Params,
    /// Margin rules that are judged beside the pipeline's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub margins: Vec<Rule>,
}

fn nothing() -> Span {
    Span(0)
}

fn default_seed() -> Seed {
    Seed(7)
}

fn default_base() -> String {
    "HAR".into()
}

/// One forecaster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPlan {
    /// Instance name, as in tables and files.
    pub name: String,
    /// Catalog name.
    pub kind: String,
    /// Refitted at every n-th origin; 1 is each.
    #[serde(default = "one")]
    pub every: usize,
    /// Its parameters; missing keys take the catalog's defaults.
    #[serde(default = "no_params")]
    pub params: Value,
    /// Parameters that are chosen inside the training window; absent means as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<Choose>,
}

fn one() -> usize {
    1
}

fn no_params() -> Value {
    Value::Object(serde_json::Map::new())
}

impl Plan {
    /// Horizons as lengths of time, with their rows.
    pub fn horizons(&self) -> Vec<(usize, Horizon)> {
        self.road.horizons.iter().map(|h| (*h, Horizon(self.road.rows.row.times(*h as i64)))).collect()
    }
}
