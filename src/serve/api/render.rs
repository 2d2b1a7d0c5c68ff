//! From publications to the bytes of an answer. Each is rendered once, by the first who asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;

use super::wire::Multiplier;
use crate::base::{Digest, Symbol, Ts};
use crate::record::Publication;
use crate::record::ledger::Status;
use crate::serve::hub::{BEHIND_MAX, Key, PublishedSet, Snapshot};

/// A rendered answer with the headers that go with it.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// JSON.
    pub bytes: Bytes,
    /// Strong entity tag, quotes included.
    pub etag: String,
    /// Number of the newest publication.
    pub seq: u64,
    /// Oldest input.
    pub as_of: Option<Ts>,
    /// Worst status.
    pub status: Status,
    /// First expiry.
    pub valid_until: Option<Ts>,
}

/// A row's JSON with what the answer around it says of it.
#[derive(Clone, Debug)]
pub struct RowText {
    seq: u64,
    as_of: Ts,
    status: Status,
    valid_until: Ts,
    /// The JSON.
    pub text: Arc<str>,
}

impl RowText {
    /// Renders a publication.
    pub fn of(p: &Publication) -> RowText {
        let text = serde_json::to_string(&Multiplier::from(p)).unwrap_or_default().into();
        RowText { seq: p.seq, as_of: p.as_of, status: p.status, valid_until: p.valid_until, text }
    }
}

/// Renders the chosen rows. `seq` numbers the whole, so that equal rows under another number are
/// another entity.
pub fn body(seq: u64, rows: &BTreeMap<Key, RowText>, keep: impl Fn(&Key) -> bool) -> Rendered {
    let kept: Vec<&RowText> = rows.iter().filter(|(k, _)| keep(k)).map(|(_, r)| r).collect();
    let as_of = kept.iter().map(|r| r.as_of).min();
    let valid_until = kept.iter().map(|r| r.valid_until).min();
    let status = kept.iter().map(|r| r.status).max().unwrap_or(Status::Halted);
    let time = |t: Option<Ts>| t.map_or("null".to_string(), |t| format!("\"{t}\""));
    let texts: Vec<&str> = kept.iter().map(|r| &*r.text).collect();
    let text = format!(
        r#"{{"schema":"margincast.multipliers.v1","seq":{seq},"as_of":{},"status":"{}","valid_until":{},"multipliers":[{}]}}"#,
        time(as_of),
        status.as_str(),
        time(valid_until),
        texts.join(",")
    );
    let etag = format!("\"{seq}-{}\"", &Digest::of(text.as_bytes()).to_string()[..8]);
    Rendered { bytes: text.into(), etag, seq, as_of, status, valid_until }
}

/// A snapshot, rendered.
#[derive(Debug)]
pub struct SnapshotText {
    /// All instruments.
    pub all: Rendered,
    /// By instrument.
    pub one: BTreeMap<Symbol, Rendered>,
    /// Every row, by instrument and horizon.
    pub rows: BTreeMap<Key, RowText>,
}

impl SnapshotText {
    fn of(seq: u64, rows: BTreeMap<Key, RowText>) -> SnapshotText {
        let symbols: std::collections::BTreeSet<Symbol> = rows.keys().map(|k| k.0).collect();
        let one = symbols.into_iter().map(|s| (s, body(seq, &rows, |k| k.0 == s))).collect();
        SnapshotText { all: body(seq, &rows, |_| true), one, rows }
    }
}

/// Keeps what was rendered last.
#[derive(Debug)]
pub struct Renderer {
    snapshot: ArcSwap<SnapshotText>,
    /// The newest sets, by the number of their last row. Held while anything is rendered, so that all who ask
    /// at once wait for one rendering.
    sets: Mutex<BTreeMap<u64, Arc<str>>>,
}

impl Default for Renderer {
    fn default() -> Renderer {
        let snapshot = ArcSwap::from_pointee(SnapshotText::of(0, BTreeMap::new()));
        Renderer { snapshot, sets: Mutex::default() }
    }
}

impl Renderer {
    /// A snapshot, or a newer one that somebody had rendered meanwhile.
    pub fn snapshot(&self, snapshot: &Snapshot) -> Arc<SnapshotText> {
        let have = self.snapshot.load_full();
        if have.all.seq >= snapshot.seq {
            return have;
        }
        let _turn = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let have = self.snapshot.load_full();
        if have.all.seq >= snapshot.seq {
            return have;
        }
        let row = |(key, new): (&Key, &Arc<crate::serve::hub::Published>)| {
            let old = have.rows.get(key).filter(|old| old.seq == new.publication.seq);
            (*key, old.cloned().unwrap_or_else(|| RowText::of(&new.publication)))
        };
        let made = Arc::new(SnapshotText::of(snapshot.seq, snapshot.rows.iter().map(row).collect()));
        self.snapshot.store(Arc::clone(&made));
        made
    }
    /// The rows of one set, as streams are sent them.
    pub fn set(&self, set: &PublishedSet) -> Arc<str> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = sets.get(&set.last()) {
            return Arc::clone(text);
        }
        let text: Arc<str> = set_text(set.last(), set.rows.iter().map(|r| &r.publication)).into();
        sets.insert(set.last(), Arc::clone(&text));
        while sets.len() > BEHIND_MAX {
            sets.pop_first();
        }
        text
    }
}

/// The JSON of rows that belong together; `seq` is the number of the last.
pub fn set_text<'a>(seq: u64, rows: impl Iterator<Item = &'a Publication>) -> String {
    let rows: Vec<String> = rows.map(|p| serde_json::to_string(&Multiplier::from(p)).unwrap_or_default()).collect();
    format!(r#"{{"seq":{seq},"multipliers":[{}]}}"#, rows.join(","))
}
