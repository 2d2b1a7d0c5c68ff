//! Lines of a hash-chained file: how one is sealed, and how a file of them is read back.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::disk::io;
use super::ledger::{Entry, Kind, Record, Seq};
use super::{Error, damaged};
use crate::base::{Digest, Ts};

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
    kind: Kind,
    prev: Digest,
    seq: Seq,
    ts: Ts,
    v: u64,
}

impl Record {
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
    pub fn read(line: &str, link: &Link) -> Result<Record, String> {
        let value: Value = serde_json::from_str(line).map_err(|e| format!("not JSON ({e})"))?;
        match &value["v"] {
            Value::Number(n) if n.as_u64() == Some(1) => {}
            v => return Err(format!("format version {v}; this program reads version 1")),
        }
        let stored: LineV1 = serde_json::from_value(value).map_err(|e| e.to_string())?;
        let LineV1 { body, hash, kind, prev, seq, ts, .. } = stored;
        let record = Record { seq, kind, ts, body, prev, hash };
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
    pub fn after(record: &Record) -> Link {
        Link { seq: Seq(record.seq.0 + 1), prev: record.hash }
    }
    /// Turns an entry into the record that hooks in here, and moves on.
    ///
    /// # Errors
    /// The entry holds a decimal number or is too long.
    pub fn seal(&mut self, entry: &Entry) -> Result<Record, Error> {
        if let Some(number) = decimal_in(&entry.body) {
            return Err(Error::Refused(format!("ledger: {number} in a body: decimals are stored as text")));
        }
        let Entry { kind, ts, body } = entry.clone();
        let mut record = Record { seq: self.seq, kind, ts, body, prev: self.prev, hash: Digest::default() };
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

/// What an unfinished last line means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// It was never acknowledged: reading ends before it.
    Torn,
    /// More follows in another file: it is damage.
    Whole,
}

/// Reads one file of lines.
pub struct Lines {
    path: PathBuf,
    input: BufReader<File>,
    link: Link,
    tail: Tail,
    line: u64,
    good: u64,
    torn: Vec<u8>,
    done: bool,
}

impl Lines {
    /// From the start of a file whose first line is expected to hook in at `link`.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path, link: Link, tail: Tail) -> Result<Lines, Error> {
        let input = BufReader::with_capacity(1 << 16, File::open(path).map_err(|e| io(path, e))?);
        Ok(Lines { path: path.into(), input, link, tail, line: 0, good: 0, torn: Vec::new(), done: false })
    }
    /// Where the next line would hook in.
    pub fn link(&self) -> Link {
        self.link
    }
    /// Bytes of whole lines read so far.
    pub fn good(&self) -> u64 {
        self.good
    }
    /// The unfinished last line, when reading has ended before one.
    pub fn torn(&self) -> &[u8] {
        &self.torn
    }
    fn place(&self) -> String {
        format!("{}:{}", self.path.display(), self.line)
    }
    fn step(&mut self) -> Result<Option<Record>, Error> {
        let mut bytes = Vec::new();
        self.line += 1;
        let limit = LINE_BYTES_MAX as u64 + 1;
        (&mut self.input).take(limit).read_until(b'\n', &mut bytes).map_err(|e| io(&self.path, e))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.len() > LINE_BYTES_MAX {
            return Err(damaged(self.place(), format!("no line end within {LINE_BYTES_MAX} bytes")));
        }
        if bytes.last() != Some(&b'\n') {
            if self.tail == Tail::Torn && is_cut(&bytes) {
                self.torn = bytes;
                return Ok(None);
            }
            return Err(damaged(self.place(), "the last line has no end and is not the start of an entry"));
        }
        let text = std::str::from_utf8(&bytes[..bytes.len() - 1]).map_err(|e| damaged(self.place(), e.to_string()))?;
        let record = Record::read(text, &self.link).map_err(|why| damaged(self.place(), why))?;
        self.good += bytes.len() as u64;
        self.link = Link::after(&record);
        Ok(Some(record))
    }
}

/// Whether bytes without a line end are the start of an entry (or the zeros that a file system
/// leaves after a power cut), rather than an entry that was changed.
fn is_cut(bytes: &[u8]) -> bool {
    if bytes.iter().all(|b| *b == 0) {
        return true;
    }
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => value.is_object(),
        Err(e) => e.is_eof() && bytes[0] == b'{',
    }
}

impl Iterator for Lines {
    type Item = Result<Record, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}
