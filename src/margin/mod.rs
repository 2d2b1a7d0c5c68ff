//! What we ask for: the multiplier chain and the guardrails that act on `C = m b`.

pub mod apc;
pub mod blast;
pub mod cents;
pub mod change;
pub mod collateral;
pub mod guardrail;
pub mod haircut;
pub mod hysteresis;
pub mod ladder;
pub mod light;
mod live;
pub mod median;
pub mod multiplier;
pub mod notice;
pub mod order;
pub mod percentile;
pub mod policy;
pub mod recheck;
pub mod requirement;
pub mod score;
pub mod statement;
pub mod thin;
pub mod tier;
mod track;

pub use guardrail::{Bundle, Conditions, Guardrail, Proposal};
pub use multiplier::{Chain, Credibility, Inputs};
pub use order::{Order, Override};
pub use policy::{Mode, Policy};

use serde::{Deserialize, Serialize};

use crate::base::{Digest, Horizon, Symbol, Ts};
use blast::Impact;
use score::Score;
use thin::InterestCaps;

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
    /// The measured 99 % loss and the result of each stage of [`apc`], the last of which is the
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// What the traffic light showed, where it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub light: Option<light::Shown>,
}

/// The staleness ladder, and what an operator may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Inputs are fresh.
    #[default]
    Fresh,
    /// Inputs are fresh, and the book is so thin that nothing is loosened.
    Thin,
    /// Inputs are late; the last value holds.
    Hold,
    /// Inputs are older; the value moves linearly to the fallback.
    Degrading,
    /// Inputs are too old; the fallback holds.
    Fallback,
    /// An operator froze the value; it glides to the baseline.
    Killed,
}

/// Why a published value is not simply the target. Text forms are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// The multiplier was above its cap.
    Cap,
    /// The multiplier was below its floor.
    Floor,
    /// The upward step limit bound.
    StepUp,
    /// The downward step limit bound.
    StepDn,
    /// The larger upward step of the emergency lane was used.
    EmergencyLane,
    /// The change was too small to publish.
    Deadband,
    /// A decrease waits for confirmations, or a change for the time since the last one.
    Cooldown,
    /// The requirement was lifted to the baseline.
    BaselineFloor,
    /// Mode B: the requirement lags the baseline within what is allowed.
    Lag,
    /// Mode B: the allowed lag is used up; the requirement was lifted.
    LagMax,
    /// The limit on the total lift over the long-run VaR bound.
    TotalLift,
    /// The limit on the rise over one day bound.
    DayLift,
    /// Maintenance margin was held down to its share of initial margin, or initial margin up to it.
    CrossField,
    /// A step of maintenance margin waits for its notice.
    Notice,
    /// Inputs are stale.
    Stale,
    /// No usable forecast; the baseline alone decides.
    NoForecast,
    /// Members of the forecast were silent; the others spoke for them.
    PartialForecast,
    /// The forecast over a shorter horizon was larger, and was taken.
    HorizonLift,
    /// No usable baseline; nothing new is published.
    NoBaseline,
    /// A number was not finite; the previous value holds.
    NonFinite,
    /// What was derived after clamping moved against intent; the whole set was rejected.
    PostClampDeviation,
    /// An operator froze publication.
    Kill,
    /// The book is thin: nothing falls, maintenance margin is frozen, initial margin aims higher.
    Thin,
    /// Little confidence in the inputs: the multiplier is raised, and nothing falls.
    LowConfidence,
    /// People set the multiplier, for a time.
    Override,
    /// A rise of maintenance margin would liquidate too many at once and is spread over more steps.
    BlastRadius,
    /// The traffic light is yellow: the multiplier was lifted to its floor.
    TrafficYellow,
    /// The traffic light is red: the champion is taken off, the baseline times a constant is asked.
    TrafficRed,
}

/// Why a margin policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A loss cannot be worked out.
    #[error(transparent)]
    Loss(#[from] crate::loss::Error),
    /// An amount is no number that can be told to the cent.
    #[error("{what} is {got:e}; want at most {most:e}: check quantities, prices and scenarios, or take a larger unit", most = cents::AMOUNT_MAX)]
    Amount {
        /// What it is.
        what: String,
        /// How much.
        got: f64,
    },
    /// Collateral cannot be valued.
    #[error("collateral {asset}: `{key}` is {got}; want {want}")]
    Asset {
        /// Which.
        asset: Symbol,
        /// Which number of it.
        key: &'static str,
        /// Its value.
        got: f64,
        /// What is accepted.
        want: &'static str,
    },
    /// A setting is out of range.
    #[error("margin policy: `{key}` is {got}; want {want}")]
    Policy {
        /// Which setting.
        key: &'static str,
        /// Its value.
        got: String,
        /// What is accepted.
        want: &'static str,
    },
}
