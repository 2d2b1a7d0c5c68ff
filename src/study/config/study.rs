//! How models are trained and judged.

use serde::{Deserialize, Serialize};

use super::crash_days::CrashDays;
use super::margin_rule::MarginRule;
use crate::base::{Seed, Span, Ts};
use crate::forecast::combine::calibration;

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
    #[serde(default = "one_phase")]
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
    pub calibration: calibration::Params,
    /// Margin rules that are judged beside the pipeline's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub margins: Vec<MarginRule>,
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

fn one_phase() -> usize {
    1
}
