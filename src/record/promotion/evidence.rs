//! What speaks for a version: what its study measured, as far as promotion asks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{Horizon, Ts};

/// What a study measured of a version, as far as the gate asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence<M = ForecastEvidence> {
    /// The model whose forecasts set the margin.
    pub served: String,
    /// The model that it must beat where there is no champion.
    pub base: String,
    /// By horizon.
    pub horizons: Vec<M>,
    /// What the permutation of the future found.
    #[serde(rename = "future")]
    pub leak_test: LeakEvidence,
    /// Stability index of each input, newest rows against training.
    pub drift: BTreeMap<String, f64>,
    /// The largest that any stretch of that length in training had.
    pub usual: BTreeMap<String, f64>,
    /// Of the guarded margin, by horizon; empty in a version of before it was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub margins: Vec<MarginEvidence>,
    /// Whether the study's instruments were stamped in step; absent in a version of before that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_lag: Option<LeadLagEvidence>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signature>,
}

/// One horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastEvidence {
    /// How far ahead.
    pub horizon: Horizon,
    /// Issue times, ascending.
    pub ts: Vec<Ts>,
    /// QLIKE at these times, averaged over instruments, by instance name.
    pub losses: BTreeMap<String, Vec<f64>>,
    /// Breaches of the served model's 1 % quantile.
    pub below: Hits,
    /// Breaches of its 99 % quantile.
    pub above: Hits,
}

/// Breaches among outcomes that do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hits {
    /// Outcomes.
    pub n: usize,
    /// Breaches.
    pub breaches: usize,
    /// Pairs that follow each other, breach before and after.
    pub transitions: [[usize; 2]; 2],
}

/// What the permutation of the future found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakEvidence {
    /// Nothing known after this was as it was.
    pub cut: Ts,
    /// Models compared, over all horizons.
    pub models: usize,
    /// Events changed.
    pub changed: u64,
    /// Whether all that could not know of it was the same.
    pub passed: bool,
}

/// What the comparison of instruments at every lag found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadLagEvidence {
    /// Pairs of instruments whose returns clearly move together, in all stretches; 0: nothing could be told.
    pub compared: u64,
    /// Each finding in words; empty where all are in step.
    pub out_of_step: Vec<String>,
}

/// What a study measured of the guarded margin over one horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginEvidence {
    /// How far ahead.
    pub horizon: Horizon,
    /// Breaches, pooled over instruments and sides.
    pub hits: Hits,
    /// Acerbi and Szekely's second statistic of the same outcomes.
    pub z2: Option<f64>,
    /// What it cost.
    pub own: MarginCost,
    /// The baseline times the constant of equal average.
    pub control: MarginCost,
    /// Largest mean margin over twice the old one, less 1, when volatility doubles.
    pub overshoot: Option<f64>,
    /// Scenarios.
    pub stress: Vec<StressEvidence>,
}

/// What a margin cost those who paid it, and what it missed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginCost {
    /// Breaches, over all instruments.
    pub breaches: usize,
    /// Sum of shortfalls, fraction of notional.
    pub shortfall_sum: f64,
    /// Mean of the relative five-day rises beyond their 99 % order statistic.
    pub call_es99: Option<f64>,
}

/// Sums of what was left uncovered in one scenario, fraction of notional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StressEvidence {
    /// Which.
    pub name: String,
    /// By the guarded margin.
    pub own: f64,
    /// By the baseline.
    pub baseline: f64,
}

/// Who answers for a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Who trained it.
    pub author: String,
    /// How many limits its card names.
    pub limits: usize,
    /// From then on it is to be looked at again.
    pub expires: Ts,
}
