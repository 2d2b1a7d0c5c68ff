//! What a stored file means. Every stored form carries its version; this program reads every
//! version that was ever written, and writes the newest.
//!
//! | file | form | read by |
//! |---|---|---|
//! | `MANIFEST.json` | `margincast.manifest.v1` | [`super::Manifest::read`] |
//! | `bundle.json` | `format` 1 | [`crate::pipeline::ModelSet::from_value`] |
//! | `golden.jsonl` | `margincast.golden.v1` | [`super::registry::Golden::read`] |
//! | `env.json` | `margincast.env.v1` | [`super::registry::Env::read`] |
//! | `run.json` | `margincast.run.v1` | [`super::Run::read`] |
//! | `evidence.json` | `margincast.evidence.v1`, `v2`, `v3` | [`super::promotion::Evidence::read`] |
//! | `aliases/<alias>` | `<version> sha256:<digest of MANIFEST.json>` | [`super::registry::AliasTarget`] |
//! | `history.jsonl`, `ledger/*.jsonl` | `v` 1 | `super::Record::read` |
//! | ledger body of `publish` | `margincast.multiplier.v1`, `.v2`, `.v3` | [`super::ledger::Publication`] |
//! | ledger body of `order` | a word for its kind | `super::ledger::order::OrderGiven` |
//! | `ledger/guard/log.jsonl` | `v` 1 | `PolicyLog::proposals` of `ledger/policy_log.rs` |
//! | `ledger/sinks/NAME.json` | `margincast.cursor.v1` | the cursor of a sink, `serve/sink/cursor.rs` |
//!
//! `tests/format/` holds one sample of each, never edited.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{Error, damaged};

pub(crate) fn to_value<T: Serialize>(place: &str, value: &T) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|e| Error::Refused(format!("{place}: cannot be stored: {e}")))
}

/// Pretty JSON with a newline at its end: stored files are read by people too.
pub(crate) fn to_bytes<T: Serialize>(place: &str, value: &T) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(&to_value(place, value)?)
        .map_err(|e| Error::Refused(format!("{place}: cannot be stored: {e}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Broken JSON is damage; whole JSON of an unknown form is another version's.
pub(crate) fn from_bytes<T: DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, Error> {
    from_value(place, serde_json::from_slice(bytes).map_err(|e| damaged(place, format!("not JSON ({e})")))?)
}

/// Reads a stored form.
///
/// # Errors
/// It is not of a form that this program knows.
pub fn from_value<T: DeserializeOwned>(place: &str, value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|e| Error::Format { place: place.into(), why: e.to_string() })
}
