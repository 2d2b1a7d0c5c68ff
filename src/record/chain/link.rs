//! How an entry is sealed into a line, and how a sealed line is checked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::{EntryKind, NewEntry, SealedEntry};
use crate::base::{Digest, Ts};
use crate::record::error::Error;
use crate::record::seq::Seq;

/// Longest line, its newline included.
pub const LINE_BYTES_MAX: usize = 65_536;

/// Where the next entry hooks in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Its place.
    pub seq: Seq,
    /// Hash of the entry before it; zeros before the first.
    pub prev: Digest,
}

/// The stored form. Every version that was ever written is one variant; the newest is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineV1 {
    body: Value,
    hash: Digest,
    kind: EntryKind,
    prev: Digest,
    seq: Seq,
    ts: Ts,
    v: u64,
}

impl SealedEntry {
    fn unsealed(&self) -> Value {
        serde_json::json!({
            "body": self.body, "kind": self.kind, "prev": self.prev, "seq": self.seq, "ts": self.ts, "v": 1,
        })
    }
    /// The line, without its newline.
    pub fn line(&self) -> String {
        let mut value = self.unsealed();
        value["hash"] = Value::String(self.hash.to_string());
        value.to_string()
    }
    /// Reads a line that `link` expects next. Every byte of it must be what was written.
    ///
    /// # Errors
    /// What differs, in words.
    pub fn read(line: &str, link: &Link) -> Result<SealedEntry, String> {
        let value: Value = serde_json::from_str(line).map_err(|e| format!("not JSON ({e})"))?;
        match &value["v"] {
            Value::Number(n) if n.as_u64() == Some(1) => {}
            v => return Err(format!("format version {v}; this program reads version 1")),
        }
        let stored: LineV1 = serde_json::from_value(value).map_err(|e| e.to_string())?;
        let LineV1 { body, hash, kind, prev, seq, ts, .. } = stored;
        let record = SealedEntry { seq, kind, ts, body, prev, hash };
        let found = Digest::of_json(&record.unsealed());
        if found != hash {
            return Err(format!("hash is {hash}, the line hashes to {found}"));
        }
        if record.line() != line {
            return Err("not in canonical form".into());
        }
        if seq != link.seq {
            return Err(format!("seq is {seq}, {} comes next", link.seq));
        }
        if prev != link.prev {
            return Err(format!("prev is {prev}, the line before has {}", link.prev));
        }
        Ok(record)
    }
}

impl Link {
    /// The link that follows a record.
    pub fn after(record: &SealedEntry) -> Link {
        Link { seq: Seq(record.seq.0 + 1), prev: record.hash }
    }
    /// Turns an entry into the record that hooks in here, and moves on.
    ///
    /// # Errors
    /// The entry holds a decimal number or is too long.
    pub fn seal(&mut self, entry: &NewEntry) -> Result<SealedEntry, Error> {
        if let Some(number) = decimal_in(&entry.body) {
            return Err(Error::Refused(format!("ledger: {number} in a body: decimals are stored as text")));
        }
        let NewEntry { kind, ts, body } = entry.clone();
        let mut record = SealedEntry { seq: self.seq, kind, ts, body, prev: self.prev, hash: Digest::default() };
        record.hash = Digest::of_json(&record.unsealed());
        let length = record.line().len() + 1;
        if length > LINE_BYTES_MAX {
            return Err(Error::Refused(format!(
                "ledger: an entry of {length} bytes; at most {LINE_BYTES_MAX} fit a line"
            )));
        }
        *self = Link::after(&record);
        Ok(record)
    }
}

fn decimal_in(value: &Value) -> Option<String> {
    match value {
        Value::Number(n) => n.is_f64().then(|| n.to_string()),
        Value::Array(list) => list.iter().find_map(decimal_in),
        Value::Object(map) => map.values().find_map(decimal_in),
        _ => None,
    }
}
