//! One published answer: what to ask for one instrument over one horizon, and the numbers behind it.

use serde::{Deserialize, Serialize};

use super::guardrail::blast::Impact;
use super::guardrail::interest_caps::InterestCaps;
use super::reason::Reason;
use super::risk_score::RiskScore;
use super::state::State;
use super::traffic_light::TrafficLightReading;
use crate::base::{Digest, Horizon, Symbol, Ts};

/// One published answer: what to ask for one instrument over one horizon, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The instrument.
    pub symbol: Symbol,
    /// Close of the last row used, or the time of the clock tick that caused it.
    pub ts: Ts,
    /// Over which the loss is measured.
    pub horizon: Horizon,
    /// Baseline 99 % loss, fraction of notional.
    pub baseline: f64,
    /// Forecast 99 % loss, fraction of notional; absent when no forecast was usable.
    pub forecast_loss: Option<f64>,
    /// Weight of the forecast in \[0, 1\].
    pub credibility: f64,
    /// Multiplier before guardrails.
    pub m_raw: f64,
    /// Published initial-margin multiplier, parts per million, rounded up.
    pub m_im_ppm: u64,
    /// Published maintenance-margin multiplier, parts per million, rounded up.
    pub m_mm_ppm: u64,
    /// Published multiplier for withdrawals of unrealised profit, parts per million, rounded up; never
    /// below that of initial margin.
    pub m_transfer_ppm: u64,
    /// Initial margin actually asked, fraction of notional.
    pub c_im: f64,
    /// Maintenance margin actually asked, fraction of notional.
    pub c_mm: f64,
    /// Where on the staleness ladder.
    pub state: State,
    /// Every clamp and every reason for not publishing something new, in the order they acted.
    pub reasons: Vec<Reason>,
    /// Probability of the stressed regime, where a model gives it.
    pub p_stress: Option<f64>,
    /// Digest of the bundle of models.
    pub model_digest: Digest,
    /// Digest of the configuration.
    pub config_digest: Digest,
    /// What else it takes to explain it.
    pub why: Why,
}

/// The numbers between the inputs of a decision and its result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Forecast over baseline.
    pub m0: f64,
    /// The credible part of a rise.
    pub m1: f64,
    /// At least what the stressed regime wants.
    pub m2: f64,
    /// Within the bounds of the multiplier.
    pub m4: f64,
    /// Requirement in the stressed regime, fraction of notional.
    pub stressed: f64,
    /// Expected shortfall of the baseline, fraction of notional.
    pub expected_shortfall: f64,
    /// Plain historical 99 % VaR over all history kept, fraction of notional.
    pub long_run_var: f64,
    /// Disagreement of the baselines, (max - min) / median.
    pub dispersion: f64,
    /// Share of recent windows that made a row.
    pub data_quality: f64,
    /// How far initial margin is below what the multiplier wants, fraction of notional.
    pub gap: f64,
    /// Whether the flag of the stressed regime is up.
    pub stress_flag: bool,
    /// What bound maintenance margin.
    pub mm_reasons: Vec<Reason>,
    /// What a consumer uses after `valid_until`, parts per million.
    pub fallback_m_ppm: u64,
    /// Until when the decision may be used.
    pub valid_until: Ts,
    /// The measured 99 % loss and the result of each stage of [`super::apc`], the last of which is the
    /// baseline; empty where there are no stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<f64>,
    /// Caps on open interest, where the book is known, quote units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interest: Option<InterestCaps>,
    /// What the rise of maintenance margin would newly liquidate, where the accounts are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blast: Option<Impact>,
    /// The risk score, where anything that goes into it is known.
    #[serde(default, rename = "score", skip_serializing_if = "Option::is_none")]
    pub risk_score: Option<RiskScore>,
    /// What the traffic light showed, where it acts.
    #[serde(default, rename = "light", skip_serializing_if = "Option::is_none")]
    pub traffic_light: Option<TrafficLightReading>,
}
