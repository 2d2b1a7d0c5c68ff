//! How one file of sealed lines is read back, and what its unfinished last line means.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::entry::SealedEntry;
use super::link::{LINE_BYTES_MAX, Link};
use crate::record::disk::io;
use crate::record::error::{Error, damaged};

/// What an unfinished last line means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailRule {
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
    tail: TailRule,
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
    pub fn open(path: &Path, link: Link, tail: TailRule) -> Result<Lines, Error> {
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
    /// File and line of what was read last.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.path.display(), self.line)
    }
    fn step(&mut self) -> Result<Option<SealedEntry>, Error> {
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
            if self.tail == TailRule::Torn && is_cut(&bytes) {
                self.torn = bytes;
                return Ok(None);
            }
            return Err(damaged(self.place(), "the last line has no end and is not the start of an entry"));
        }
        let text = std::str::from_utf8(&bytes[..bytes.len() - 1]).map_err(|e| damaged(self.place(), e.to_string()))?;
        let record = SealedEntry::read(text, &self.link).map_err(|why| damaged(self.place(), why))?;
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
    type Item = Result<SealedEntry, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}
