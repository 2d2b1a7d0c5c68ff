//! What one line of a chain holds: before it is sealed, and after.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Digest, Ts};
use crate::record::seq::Seq;

/// What an entry is about. Text forms are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntryKind {
    /// The first entry: how this ledger is to be read.
    #[serde(rename = "genesis")]
    Genesis,
    /// A server started.
    #[serde(rename = "start")]
    Start,
    /// A server stopped in good order.
    #[serde(rename = "stop")]
    Stop,
    /// One published multiplier.
    #[serde(rename = "publish")]
    Publish,
    /// The factors of a week to come, of one instrument and horizon.
    #[serde(rename = "schedule")]
    Schedule,
    /// An operator froze publication, or released it.
    #[serde(rename = "kill")]
    Kill,
    /// People gave an order: other settings, an override, a freeze of some part.
    #[serde(rename = "order")]
    Order,
    /// A file of the venue, accounts or books, was read.
    #[serde(rename = "venue")]
    Venue,
    /// A change of the guardrails, or an override, was proposed.
    #[serde(rename = "guard.proposed")]
    GuardProposed,
    /// It was approved.
    #[serde(rename = "guard.approved")]
    GuardApproved,
    /// It was cancelled.
    #[serde(rename = "guard.cancelled")]
    GuardCancelled,
    /// The clock moved on; entered before the road is told, for it may change what comes after.
    #[serde(rename = "tick")]
    Tick,
    /// A model came into force.
    #[serde(rename = "model.loaded")]
    ModelLoaded,
    /// A model could not be loaded; the one before stays in force.
    #[serde(rename = "model.load_failed")]
    ModelLoadFailed,
    /// A configuration came into force.
    #[serde(rename = "config.loaded")]
    ConfigLoaded,
    /// A torn tail was dropped when the ledger was opened.
    #[serde(rename = "recovered")]
    Recovered,
    /// An alias of the registry was moved.
    #[serde(rename = "alias.set")]
    AliasSet,
}

/// What is to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry {
    /// What it is about.
    pub kind: EntryKind,
    /// When it was written; in a replay, the time of the stream.
    pub ts: Ts,
    /// What it says. Whole numbers only: decimals are text, so that any tool hashes them alike.
    pub body: Value,
}

/// What was appended.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedEntry {
    /// Its place.
    pub seq: Seq,
    /// What it is about.
    pub kind: EntryKind,
    /// When it was written.
    pub ts: Ts,
    /// What it says.
    pub body: Value,
    /// Hash of the entry before.
    pub prev: Digest,
    /// Hash of this entry.
    pub hash: Digest,
}
