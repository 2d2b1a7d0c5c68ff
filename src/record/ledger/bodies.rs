//! What the entries of a ledger say that are not publications: which configuration and models came into
//! force, and where the clock or an operator acted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::publication::ModelRef;
use crate::base::{Digest, Span, Symbol, Ts};
use crate::margin::guardrail::former;
use crate::margin::{Policy, PolicySettings};
use crate::record::error::Error;
use crate::record::stored::{from_bytes, from_value};

/// How many events each instrument had consumed.
pub type Counts = BTreeMap<Symbol, u64>;

/// Body of a `config.loaded` entry: an epoch starts with it, on a road with empty memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigLoaded {
    /// Digest of the effective configuration.
    pub digest: Digest,
    /// The effective configuration, as the text of a JSON object.
    pub config: String,
    /// Rows that close before this only warm up.
    pub publish_from: Ts,
    /// The models at the start of the epoch.
    pub model: ModelRef,
}

impl ConfigLoaded {
    /// The settings of blend and guardrails that the configuration names; the default where it names none.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn policy(&self) -> Result<PolicySettings, Error> {
        policy(&self.config)
    }
}

/// The settings of blend and guardrails in the text of a configuration, for its rows; the default where it names none.
///
/// # Errors
/// They cannot be read.
pub fn policy(config: &str) -> Result<PolicySettings, Error> {
    const PLACE: &str = "margin of the configuration";
    let mut whole: Value = from_bytes(PLACE, config.as_bytes())?;
    let row = whole["rows"]["row"].as_str().and_then(|text| text.parse().ok()).unwrap_or(Span::HOUR);
    let mut named = |key: &str| whole.pointer_mut(key).map(Value::take).filter(|v| !v.is_null());
    let guardrail = match named("/margin/guardrail") {
        None => Policy::default(),
        Some(mut settings) => {
            former::renew(&mut settings);
            from_value(PLACE, settings)?
        }
    };
    let blend = named("/margin/blend").map(|v| from_value(PLACE, v)).transpose()?.unwrap_or_default();
    Ok(PolicySettings { blend, guardrail: guardrail.of_rows(row) })
}

/// Body of a `model.loaded` entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelLoaded {
    /// The models.
    pub model: ModelRef,
    /// Where.
    pub after: Counts,
}

/// Body of a `tick` entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticked {
    /// Where.
    pub after: Counts,
}

/// Body of a `kill` entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Killed {
    /// Frozen, or released.
    pub on: bool,
    /// Where.
    pub after: Counts,
}
