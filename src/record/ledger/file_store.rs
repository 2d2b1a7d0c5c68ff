//! The store on disk: `<folder>/<seq of its first entry>.jsonl`, one file after another.
//!
//! An entry is acknowledged when its whole line, newline included, is on disk. A last line without
//! a newline was therefore never acknowledged; it is dropped when the store is opened, and an entry
//! of kind `recovered` says so. Any other difference is an error that names file and line.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::publication::Publication;
use super::store::{Scan, Store};
use crate::base::{Digest, Ts};
use crate::record::chain::{ChainedLog, EntryKind, LINE_BYTES_MAX, Lines, Link, NewEntry, TailRule};
use crate::record::disk::{io, lock};
use crate::record::error::{Error, damaged};
use crate::record::seq::Seq;
use crate::record::stored::from_value;

/// A file is full at this size; the next entry starts a new one.
pub const FILE_BYTES_MAX: u64 = 16 << 20;

/// A ledger in a folder.
#[derive(Debug)]
pub struct FileStore {
    folder: PathBuf,
    link: Link,
    segments: Vec<Seq>,
    writer: Option<Writer>,
}

#[derive(Debug)]
struct Writer {
    /// Held for as long as the store lives.
    _lock: File,
    /// The last file; none before the first entry.
    last: Option<ChainedLog>,
    file_bytes_max: u64,
}

impl FileStore {
    /// Opens or makes a ledger for writing; every entry is read and checked. `now` stamps the
    /// `recovered` entry where a torn tail is dropped.
    ///
    /// # Errors
    /// Another process writes here, or the ledger is damaged.
    pub fn open(folder: &Path, now: Ts) -> Result<FileStore, Error> {
        FileStore::open_with(folder, now, FILE_BYTES_MAX)
    }
    /// As [`FileStore::open`], with files of another size.
    ///
    /// # Errors
    /// As [`FileStore::open`].
    pub fn open_with(folder: &Path, now: Ts, file_bytes_max: u64) -> Result<FileStore, Error> {
        fs::create_dir_all(folder).map_err(|e| io(folder, e))?;
        let held = lock(&folder.join("LOCK"))?;
        let mut store = FileStore { folder: folder.into(), link: Link::default(), segments: Vec::new(), writer: None };
        let mut last = store.check()?;
        let torn = last.as_mut().map_or(Ok(Vec::new()), ChainedLog::drop_torn)?;
        store.writer = Some(Writer { _lock: held, last, file_bytes_max });
        if !torn.is_empty() {
            let body = json!({"dropped_bytes": torn.len(), "dropped_sha256": Digest::of(&torn)});
            store.append(NewEntry { kind: EntryKind::Recovered, ts: now, body })?;
        }
        Ok(store)
    }
    /// Opens a ledger for reading, also while another process writes it; every entry is checked.
    ///
    /// # Errors
    /// There is no ledger, or it is damaged.
    pub fn read(folder: &Path) -> Result<FileStore, Error> {
        let mut store = FileStore::peek(folder)?;
        store.check()?;
        Ok(store)
    }
    /// Opens a ledger for reading without checking what lies before the entries that are scanned.
    ///
    /// # Errors
    /// There is no ledger.
    pub fn peek(folder: &Path) -> Result<FileStore, Error> {
        let segments = segments(folder)?;
        if segments.is_empty() {
            return Err(Error::Missing(format!(
                "{}: no ledger here; name the folder that `margincast serve` writes",
                folder.display()
            )));
        }
        Ok(FileStore { folder: folder.into(), link: Link::default(), segments, writer: None })
    }
    /// The publication at a place, if that is one.
    ///
    /// # Errors
    /// There is none, or the ledger is damaged there.
    pub fn publication(&self, seq: Seq) -> Result<Publication, Error> {
        let place = format!("{}: entry {seq}", self.folder.display());
        let absent = || Error::Missing(format!("{place}: no publication there"));
        let record = self.scan(seq)?.next().ok_or_else(absent)??;
        if record.kind != EntryKind::Publish {
            return Err(absent());
        }
        from_value(&place, record.body)
    }
    /// Reads everything; gives the last file.
    fn check(&mut self) -> Result<Option<ChainedLog>, Error> {
        self.segments = segments(&self.folder)?;
        let mut last = None;
        for (i, first) in self.segments.iter().enumerate() {
            let path = file_path(&self.folder, *first);
            if *first != self.link.seq {
                return Err(damaged(path.display(), format!("entry {} comes next; a file is missing", self.link.seq)));
            }
            let tail = if i + 1 == self.segments.len() { TailRule::Torn } else { TailRule::Whole };
            let log = ChainedLog::read(&path, self.link, tail, |_, _| Ok(()))?;
            self.link = log.link();
            last = Some(log);
        }
        Ok(last)
    }
}

fn file_path(folder: &Path, first: Seq) -> PathBuf {
    folder.join(format!("{:020}.jsonl", first.0))
}

fn segments(folder: &Path) -> Result<Vec<Seq>, Error> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).map_err(|e| io(folder, e))? {
        let name = item.map_err(|e| io(folder, e))?.file_name();
        if let Some(stem) = name.to_string_lossy().strip_suffix(".jsonl") {
            let first = stem.parse().map_err(|_| damaged(folder.join(&name).display(), "not a ledger file's name"))?;
            found.push(Seq(first));
        }
    }
    found.sort_unstable();
    Ok(found)
}

impl Store for FileStore {
    fn append_all(&mut self, entries: &[NewEntry]) -> Result<Seq, Error> {
        let first = self.link.seq;
        if entries.is_empty() {
            return Ok(first);
        }
        let refused = || Error::Refused(format!("{}: not open for writing; open it again", self.folder.display()));
        let writer = self.writer.as_mut().ok_or_else(refused)?;
        let path = file_path(&self.folder, first);
        let log = match writer.last.take().filter(|log| log.bytes() < writer.file_bytes_max) {
            Some(log) => log,
            None => ChainedLog::read(&path, self.link, TailRule::Torn, |_, _| Ok(()))?,
        };
        let log = writer.last.insert(log);
        let starts = log.bytes() == 0 && self.segments.last() != Some(&first);
        log.append(entries)?;
        self.segments.extend(starts.then_some(first));
        self.link = log.link();
        Ok(first)
    }
    fn scan(&self, from: Seq) -> Result<Scan<'_>, Error> {
        let start = self.segments.partition_point(|first| *first <= from).saturating_sub(1);
        let mut link = None;
        let files = self.segments[start..].iter().enumerate().map(move |(i, first)| {
            let tail = if start + i + 1 == self.segments.len() { TailRule::Torn } else { TailRule::Whole };
            (file_path(&self.folder, *first), *first, tail)
        });
        let records = files.flat_map(move |(path, first, tail)| -> Scan<'_> {
            let hook = match link.map_or_else(|| head(&path, first), Ok) {
                Ok(hook) => hook,
                Err(e) => return Box::new(std::iter::once(Err(e))),
            };
            match Lines::open(&path, hook, tail) {
                Ok(lines) => {
                    let read: Vec<_> = lines.collect();
                    link = read.iter().rev().find_map(|r| r.as_ref().ok()).map(Link::after).or(Some(hook));
                    Box::new(read.into_iter())
                }
                Err(e) => Box::new(std::iter::once(Err(e))),
            }
        });
        Ok(Box::new(records.filter(move |r| r.as_ref().map_or(true, |r| r.seq >= from))))
    }
    fn next(&self) -> Seq {
        self.link.seq
    }
}

/// The link at which a file starts, taken from its own first line: what lies before is not read.
fn head(path: &Path, first: Seq) -> Result<Link, Error> {
    use std::io::{BufRead, Read};
    if first == Seq(0) {
        return Ok(Link::default());
    }
    let mut line = String::new();
    let file = File::open(path).map_err(|e| io(path, e))?;
    let limit = LINE_BYTES_MAX as u64;
    std::io::BufReader::new(file).take(limit).read_line(&mut line).map_err(|e| io(path, e))?;
    let value: serde_json::Value = serde_json::from_str(line.trim_end()).unwrap_or_default();
    let prev = value["prev"].as_str().and_then(|p| p.parse().ok());
    // An empty or torn file hooks in anywhere: it has no line to check.
    Ok(Link { seq: first, prev: prev.unwrap_or_default() })
}
