//! Where entries are kept, in order, each bound to the one before it by its hash.

use crate::record::chain::{Link, NewEntry, SealedEntry};
use crate::record::error::Error;
use crate::record::seq::Seq;

/// An iterator over entries in order.
pub type Scan<'a> = Box<dyn Iterator<Item = Result<SealedEntry, Error>> + 'a>;

/// Where entries are kept.
pub trait Store: Send {
    /// Appends entries in order, all durable when this returns; gives the place of the first.
    ///
    /// # Errors
    /// An entry is too long or holds a decimal number: nothing was appended. A write failed: the
    /// store takes nothing more, since what is on disk is not known until it is opened again.
    fn append_all(&mut self, entries: &[NewEntry]) -> Result<Seq, Error>;
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
    fn append(&mut self, entry: NewEntry) -> Result<Seq, Error> {
        self.append_all(std::slice::from_ref(&entry))
    }
}

/// A store that forgets; for backtests and tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    records: Vec<SealedEntry>,
}

impl Store for MemoryStore {
    fn append_all(&mut self, entries: &[NewEntry]) -> Result<Seq, Error> {
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
