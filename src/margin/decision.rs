//! One published answer: what to ask for one instrument over one horizon, and why.

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use super::state::State;
use super::why::Why;
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

impl Decision {
    /// Published multiplier for positions that open or grow, and for withdrawals, parts per million; that of initial margin
    /// in decisions of before there was one.
    pub fn m_new_ppm(&self) -> u64 {
        Some(self.why.m_new_ppm).filter(|m| m.is_finite() && *m > 0.0).map_or(self.m_im_ppm, |m| m as u64)
    }
    /// What opens, adds or withdraws is asked, fraction of notional; initial margin in decisions of before.
    pub fn c_new(&self) -> f64 {
        Some(self.why.c_new).filter(|c| c.is_finite() && *c > 0.0).unwrap_or(self.c_im)
    }
}
