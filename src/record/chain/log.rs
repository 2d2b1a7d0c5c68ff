//! One file of sealed lines: read and checked whole, then appended to with one sync a batch.
//!
//! A line is acknowledged when all of it, newline included, is on disk. A last line without a newline was
//! therefore never acknowledged: reading ends before it, and the next append drops it. Any other difference
//! is an error that names file and line.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::entry::{NewEntry, SealedEntry};
use super::lines::{Lines, TailRule};
use super::link::Link;
use crate::record::disk::{io, sync_folder};
use crate::record::error::Error;

/// One file of sealed lines that is appended to.
#[derive(Debug)]
pub struct ChainedLog {
    path: PathBuf,
    link: Link,
    /// Bytes of whole lines.
    bytes: u64,
    /// The unfinished last line.
    torn: Vec<u8>,
    file: Option<File>,
    /// Whether a write failed: what is on disk is then not known until the file is read again.
    broken: bool,
}

impl ChainedLog {
    /// Reads a file whose first line hooks in at `link`, checks every line and gives each to `take` with
    /// its place; a file that is not there is empty.
    ///
    /// # Errors
    /// A line is not what was written, or `take` refuses one.
    pub fn read(
        path: &Path,
        link: Link,
        tail: TailRule,
        mut take: impl FnMut(&str, SealedEntry) -> Result<(), Error>,
    ) -> Result<ChainedLog, Error> {
        let mut log = ChainedLog { path: path.into(), link, bytes: 0, torn: Vec::new(), file: None, broken: false };
        if !path.exists() {
            return Ok(log);
        }
        let mut lines = Lines::open(path, link, tail)?;
        while let Some(record) = lines.next().transpose()? {
            take(&lines.place(), record)?;
        }
        (log.link, log.bytes, log.torn) = (lines.link(), lines.good(), lines.torn().to_vec());
        Ok(log)
    }
    /// Where the next line hooks in.
    pub fn link(&self) -> Link {
        self.link
    }
    /// Bytes of whole lines.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
    /// Drops the unfinished last line now, and gives its bytes; none where the file ends whole.
    ///
    /// # Errors
    /// The file cannot be cut.
    pub fn drop_torn(&mut self) -> Result<Vec<u8>, Error> {
        if self.torn.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = self.bytes;
        let path = self.path.clone();
        let cut = |file: &mut File| file.set_len(bytes).and_then(|()| file.sync_all());
        cut(self.open()?).map_err(|e| io(&path, e))?;
        Ok(std::mem::take(&mut self.torn))
    }
    /// Appends entries, all durable when this returns.
    ///
    /// # Errors
    /// An entry is too long or holds a decimal number: nothing was appended. A write failed: the log takes
    /// nothing more until it is read again.
    pub fn append(&mut self, entries: &[NewEntry]) -> Result<(), Error> {
        let mut link = self.link;
        let sealed = entries.iter().map(|e| link.seal(e).map(|r| r.line() + "\n"));
        let text = sealed.collect::<Result<String, Error>>()?;
        if text.is_empty() {
            return Ok(());
        }
        if self.broken {
            return Err(Error::Refused(format!("{}: a write failed here; open it again", self.path.display())));
        }
        self.drop_torn()?;
        let path = self.path.clone();
        let file = self.open()?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
        self.broken = written.is_err();
        written.map_err(|e| io(&path, e))?;
        self.bytes += text.len() as u64;
        self.link = link;
        Ok(())
    }
    /// The file, opened for appending; a new one has a durable name.
    fn open(&mut self) -> Result<&mut File, Error> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let is_new = !self.path.exists();
                let open = File::options().create(true).append(true).open(&self.path);
                let file = open.map_err(|e| io(&self.path, e))?;
                if is_new {
                    sync_folder(self.path.parent().unwrap_or(Path::new(".")))?;
                }
                file
            }
        };
        Ok(self.file.insert(file))
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::EntryKind;
    use super::*;
    use crate::base::Ts;

    fn entry(n: u64) -> NewEntry {
        NewEntry { kind: EntryKind::Tick, ts: Ts(7), body: serde_json::json!({ "n": n }) }
    }

    fn read(path: &Path) -> Result<(Vec<SealedEntry>, ChainedLog), Error> {
        let mut seen = Vec::new();
        let keep = |_: &str, record| {
            seen.push(record);
            Ok(())
        };
        let log = ChainedLog::read(path, Link::default(), TailRule::Torn, keep)?;
        Ok((seen, log))
    }

    #[test]
    fn what_was_appended_reads_back_and_a_torn_last_line_gives_way_to_the_next() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = read(&path).unwrap().1;
        log.append(&[entry(1), entry(2)]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], &whole[..30]].concat()).unwrap();
        let (seen, mut log) = read(&path).unwrap();
        assert_eq!((seen.len(), log.bytes()), (2, whole.len() as u64));
        log.append(&[entry(3)]).unwrap();
        let (seen, log) = read(&path).unwrap();
        let said: Vec<u64> = seen.iter().map(|r| r.body["n"].as_u64().unwrap()).collect();
        assert_eq!((said, log.link()), (vec![1, 2, 3], Link::after(&seen[2])));
    }

    #[test]
    fn an_entry_that_cannot_be_sealed_appends_nothing_of_its_batch() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = read(&path).unwrap().1;
        let decimal = NewEntry { body: serde_json::json!({ "n": 0.5 }), ..entry(2) };
        assert!(log.append(&[entry(1), decimal]).is_err());
        assert!(!path.exists());
        log.append(&[entry(1)]).unwrap();
        assert_eq!(read(&path).unwrap().0.len(), 1);
    }

    #[test]
    fn a_changed_line_is_damage_that_is_named() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = read(&path).unwrap().1;
        log.append(&[entry(1), entry(2)]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"n\":2", "\"n\":3")).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("log.jsonl:2"), "{error}");
    }
}
