//! One published multiplier, as it is stored in the ledger. What is served is made from it by the service.
//!
//! Decimals are text: multipliers with six places, as published; fractions in their shortest form
//! that reads back to the same number, so a [`Decision`] survives the ledger bit for bit.

use serde::{Deserialize, Serialize};

use super::text::{from_iso, from_ppm};
use super::why::PublishedWhy;
use crate::base::{Digest, Symbol, Ts};
use crate::margin::{Decision, Reason, State};
use crate::record::error::Error;
use crate::record::stored::to_value;

/// The stored form that this program writes. The first, `margincast.multiplier.v1`, had no multiplier for
/// withdrawals; it reads as one with the default. The first two had a forecast's credibility, and no blend.
pub const SCHEMA: &str = "margincast.multiplier.v3";

/// Multiplier for withdrawals of the first form, at least, parts per million.
const TRANSFER_V1: u64 = 1_250_000;

/// One multiplier for one instrument over one horizon, and what it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// `margincast.multiplier.v3`; rows written by an older program: `.v2` or `.v1`.
    pub schema: String,
    /// Publication number; the first is 1, and there are no gaps.
    pub seq: u64,
    /// The number of the publication before this one for the same instrument and horizon.
    pub prev_seq: Option<u64>,
    /// The rows with the same id are applied together or not at all.
    pub set_id: String,
    /// How many rows the set has.
    pub set_size: u32,
    /// The instrument as `SYMBOL.VENUE`.
    pub instrument_id: String,
    /// The instrument as the venue names it.
    pub symbol: Symbol,
    /// Margin period of risk, ISO 8601.
    pub horizon: String,
    /// Confidence level of the losses below.
    pub confidence: String,
    /// Initial-margin multiplier: of the margin that a position in force is to hold.
    pub multiplier: String,
    /// Maintenance-margin multiplier: below it a held position is liquidated.
    pub multiplier_mm: String,
    /// Multiplier of what opens, adds or withdraws; never below `multiplier`. Absent in rows of before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier_new: Option<String>,
    /// Multiplier for withdrawals of unrealised profit; never below `multiplier_new`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier_transfer: Option<String>,
    /// Initial-margin multiplier before guardrails.
    pub multiplier_raw: Option<String>,
    /// The `multiplier` published before this one for the same instrument and horizon.
    pub previous_value: Option<String>,
    /// Margin asked, as fractions of notional.
    pub requirement: PublishedRequirement,
    /// What the multiplier multiplies.
    pub baseline: PublishedBaseline,
    /// What the models foresee.
    pub forecast: PublishedForecast,
    /// Every clamp, and every reason for not publishing the target, in the order they acted.
    pub reasons: Vec<Reason>,
    /// Where on the staleness ladder.
    pub state: State,
    /// The same for consumers.
    pub status: Status,
    /// Close of the last window used, or the time of the clock tick that caused this.
    pub as_of: Ts,
    /// When it was published; in a replay, the time of the stream.
    pub published_at: Ts,
    /// The first instant at which it may be applied.
    pub effective_at: Ts,
    /// After this the consumer uses its own fallback, or the one below.
    pub valid_until: Ts,
    /// The multiplier to use after `valid_until` by consumers without a rule of their own.
    pub fallback: String,
    /// The models.
    pub model: ModelRef,
    /// Digest of the effective configuration.
    pub config_digest: Digest,
    /// The numbers between the inputs and the result, for `explain`.
    pub why: PublishedWhy,
    /// What caused it.
    pub cause: Cause,
    /// How many events of the instrument had been consumed, the causing one included.
    pub consumed: u64,
    /// Version of the program.
    pub code: String,
}

/// Margin asked, as fractions of notional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedRequirement {
    /// Initial margin.
    pub initial: Option<String>,
    /// Maintenance margin.
    pub maintenance: Option<String>,
    /// What opens, adds or withdraws; absent in rows of before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// What the multiplier multiplies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedBaseline {
    /// Baseline loss at the confidence level, fraction of notional.
    pub loss: Option<String>,
}

/// What the models foresee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedForecast {
    /// Forecast loss at the confidence level, fraction of notional; null without a usable forecast.
    pub loss: Option<String>,
    /// In rows of `.v1` and `.v2`: how much the forecast was believed, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credibility: Option<String>,
    /// Probability of the stressed regime, where a model gives it.
    pub p_stress: Option<String>,
}

/// Which models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRef {
    /// Registered name.
    pub name: String,
    /// Registered version.
    pub version: String,
    /// The alias through which it came into force.
    pub alias: String,
    /// SHA-256 of its `MANIFEST.json`.
    pub manifest: Digest,
    /// Digest of the bundle of models.
    pub digest: Digest,
}

/// The staleness ladder as consumers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Inputs are fresh.
    Live,
    /// Inputs are fresh, the book is thin: nothing is loosened.
    Thin,
    /// Inputs are late; the last value holds.
    Held,
    /// Inputs are older; the value moves to the fallback.
    Degraded,
    /// Inputs are too old; the fallback holds.
    Fallback,
    /// An operator froze publication.
    Halted,
}

impl Status {
    /// The text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Live => "live",
            Status::Thin => "thin",
            Status::Held => "held",
            Status::Degraded => "degraded",
            Status::Fallback => "fallback",
            Status::Halted => "halted",
        }
    }
}

impl From<State> for Status {
    fn from(state: State) -> Status {
        match state {
            State::Fresh => Status::Live,
            State::Thin => Status::Thin,
            State::Hold => Status::Held,
            State::Degrading => Status::Degraded,
            State::Fallback => Status::Fallback,
            State::Killed => Status::Halted,
        }
    }
}

/// What caused a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A window closed.
    Row,
    /// The clock: nothing came in for too long.
    Tick,
    /// An operator.
    Kill,
}

impl Publication {
    /// The decision it publishes, bit for bit.
    ///
    /// # Errors
    /// A number or length of time in it does not parse.
    pub fn decision(&self) -> Result<Decision, Error> {
        let bad = |key: &str, text: &str| Error::Format {
            place: format!("publication {}", self.seq),
            why: format!("`{key}` is `{text}`"),
        };
        let number = |key: &str, text: &Option<String>| match text {
            None => Ok(f64::NAN),
            Some(t) => t.parse::<f64>().map_err(|_| bad(key, t)),
        };
        let optional = |key: &str, text: &Option<String>| {
            text.as_ref().map(|t| t.parse::<f64>().map_err(|_| bad(key, t))).transpose()
        };
        let parts = |key: &str, text: &str| from_ppm(text).ok_or_else(|| bad(key, text));
        let decision = Decision {
            symbol: self.symbol,
            ts: self.as_of,
            horizon: from_iso(&self.horizon).ok_or_else(|| bad("horizon", &self.horizon))?,
            baseline: number("baseline.loss", &self.baseline.loss)?,
            forecast_loss: optional("forecast.loss", &self.forecast.loss)?,
            m_raw: number("multiplier_raw", &self.multiplier_raw)?,
            m_im_ppm: parts("multiplier", &self.multiplier)?,
            m_mm_ppm: parts("multiplier_mm", &self.multiplier_mm)?,
            m_transfer_ppm: match &self.multiplier_transfer {
                Some(text) => parts("multiplier_transfer", text)?,
                None => parts("multiplier", &self.multiplier)?.max(TRANSFER_V1),
            },
            c_im: number("requirement.initial", &self.requirement.initial)?,
            c_mm: number("requirement.maintenance", &self.requirement.maintenance)?,
            state: self.state,
            reasons: self.reasons.clone(),
            p_stress: optional("forecast.p_stress", &self.forecast.p_stress)?,
            model_digest: self.model.digest,
            config_digest: self.config_digest,
            why: self.why.read(&number, parts("fallback", &self.fallback)?, self.valid_until)?,
        };
        // What consumers read of what is new is what is made again.
        let new = self.multiplier_new.as_ref().map(|text| parts("multiplier_new", text)).transpose()?;
        if new.is_some_and(|new| new != decision.m_new_ppm()) {
            return Err(bad("multiplier_new", self.multiplier_new.as_deref().unwrap_or_default()));
        }
        let new = optional("requirement.new", &self.requirement.new)?;
        if new.is_some_and(|new| new.to_bits() != decision.c_new().to_bits()) {
            return Err(bad("requirement.new", self.requirement.new.as_deref().unwrap_or_default()));
        }
        Ok(decision)
    }
    /// Where the numbers of `made` differ from the published ones: key, published, made. Numbers that
    /// publications of its time did not have are not compared.
    pub fn differences(&self, made: &Decision) -> Vec<(String, String, String)> {
        let made = as_of(made, self.why.older());
        let recorded = self.decision().and_then(|d| to_value("decision", &d)).unwrap_or_default();
        let made = to_value("decision", &made).unwrap_or_default();
        let keys = recorded.as_object().into_iter().chain(made.as_object()).flat_map(|o| o.keys());
        let keys: std::collections::BTreeSet<&String> = keys.collect();
        let text = |v: &serde_json::Value| v.to_string();
        let differs = keys.into_iter().filter(|k| text(&recorded[*k]) != text(&made[*k]));
        differs.map(|k| (k.clone(), text(&recorded[k]), text(&made[k]))).collect()
    }
}

/// A decision without the numbers that publications of a time did not have, as [`PublishedWhy::older`] names
/// them.
pub(super) fn as_of(made: &Decision, older: u64) -> Decision {
    Decision { why: made.why.clone().without(older), ..made.clone() }
}
