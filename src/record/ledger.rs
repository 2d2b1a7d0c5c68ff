//! The ledger: what was decided, in order, each entry bound to the one before it by its hash.
//!
//! One entry is one line of canonical JSON (keys sorted, no spaces, decimals as text):
//!
//! ```text
//! {"body":{…},"hash":"<64 hex>","kind":"publish","prev":"<64 hex>","seq":7,"ts":"2024-01-01T00:00:00Z","v":1}
//! ```
//!
//! `hash` is the SHA-256 of the same line without its `hash` member, and `prev` is the hash of the
//! line before (64 zeros for the first). Anyone can check it:
//!
//! ```text
//! prev=$(printf '0%.0s' $(seq 64))
//! cat ledger/*.jsonl | while IFS= read -r line; do
//!   hash=$(printf '%s' "$line" | jq -cS 'del(.hash)' | tr -d '\n' | sha256sum | cut -d' ' -f1)
//!   [ "$hash" = "$(printf '%s' "$line" | jq -r .hash)" ] || echo "changed: $line"
//!   [ "$prev" = "$(printf '%s' "$line" | jq -r .prev)" ] || echo "unlinked: $line"
//!   prev=$hash
//! done
//! ```

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Error;
use super::chain::Link;
use crate::base::{Digest, Ts};

/// A place in the ledger; the first entry is 0, and there are no gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl std::fmt::Display for Seq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What an entry is about. Text forms are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
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
pub struct Entry {
    /// What it is about.
    pub kind: Kind,
    /// When it was written; in a replay, the time of the stream.
    pub ts: Ts,
    /// What it says. Whole numbers only: decimals are text, so that any tool hashes them alike.
    pub body: Value,
}

/// What was appended.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place.
    pub seq: Seq,
    /// What it is about.
    pub kind: Kind,
    /// When it was written.
    pub ts: Ts,
    /// What it says.
    pub body: Value,
    /// Hash of the entry before.
    pub prev: Digest,
    /// Hash of this entry.
    pub hash: Digest,
}

/// An iterator over entries in order.
pub type Scan<'a> = Box<dyn Iterator<Item = Result<Record, Error>> + 'a>;

/// Where entries are kept.
pub trait Store: Send {
    /// Appends entries in order, all durable when this returns; gives the place of the first.
    ///
    /// # Errors
    /// An entry is too long or holds a decimal number: nothing was appended. A write failed: the
    /// store takes nothing more, since what is on disk is not known until it is opened again.
    fn append_all(&mut self, entries: &[Entry]) -> Result<Seq, Error>;
    /// The entries from `from` on, each checked against its hash and the one before it.
    ///
    /// # Errors
    /// The entries cannot be read.
    fn scan(&self, from: Seq) -> Result<Scan<'_>, Error>;
    /// The place of the next entry.
    fn next(&self) -> Seq;
    /// Appends one entry.
    ///
    /// # Errors
    /// As [`Store::append_all`].
    fn append(&mut self, entry: Entry) -> Result<Seq, Error> {
        self.append_all(std::slice::from_ref(&entry))
    }
}

/// A store that forgets; for backtests and tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    records: Vec<Record>,
}

impl Store for MemoryStore {
    fn append_all(&mut self, entries: &[Entry]) -> Result<Seq, Error> {
        let first = self.next();
        let mut link = self.records.last().map_or(Link::default(), Link::after);
        let mut records = Vec::with_capacity(entries.len());
        for entry in entries {
            records.push(link.seal(entry)?);
        }
        self.records.extend(records);
        Ok(first)
    }
    fn scan(&self, from: Seq) -> Result<Scan<'_>, Error> {
        let from = usize::try_from(from.0).unwrap_or(usize::MAX).min(self.records.len());
        Ok(Box::new(self.records[from..].iter().cloned().map(Ok)))
    }
    fn next(&self) -> Seq {
        Seq(self.records.len() as u64)
    }
}
