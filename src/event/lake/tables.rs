//! The lake: writing whole changes, reading rows and events.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::cursor::Cursor;
use super::feed::{Feed, Subscription};
use super::folders::{Folders, parts, read_parts};
use super::listing::Listing;
use super::reader::Events;
use super::row::{BarRow, LakeRow};
use super::transaction::{Tally, Transaction};
use crate::base::{Digest, Span, Ts};
use crate::event::{Error, Event};

/// A folder of canonical tables.
#[derive(Clone, Debug)]
pub struct Lake {
    folders: Folders,
}

impl Lake {
    /// The lake in a folder, which need not exist yet.
    pub fn at(path: impl AsRef<Path>) -> Lake {
        Lake { folders: Folders { root: path.as_ref().to_path_buf() } }
    }
    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.folders.root
    }
    /// Starts a change; with `replace`, rows that contradict the lake overwrite it.
    ///
    /// # Errors
    /// The folder cannot be made, or another process is writing.
    pub fn change(&self, replace: bool) -> Result<Transaction<'_>, Error> {
        Transaction::begin(&self.folders, replace)
    }
    /// Adds rows of any table at once.
    ///
    /// # Errors
    /// As [`Transaction::add`].
    pub fn write<R: LakeRow>(&self, listing: &Listing, rows: &[R]) -> Result<Tally, Error> {
        let mut change = self.change(false)?;
        let tally = change.add(listing, rows.to_vec())?;
        change.commit()?;
        Ok(tally)
    }
    /// The rows of one listing that are known in `[from, until)`, in order of `ts_known`.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn rows<R: LakeRow<Kind = ()>>(
        &self,
        listing: &Listing,
        from: Option<Ts>,
        until: Option<Ts>,
    ) -> Result<Vec<R>, Error> {
        self.rows_of((), listing, from, until)
    }
    /// As [`Lake::rows`], of the table of a gauge.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn rows_of<R: LakeRow>(
        &self,
        kind: R::Kind,
        listing: &Listing,
        from: Option<Ts>,
        until: Option<Ts>,
    ) -> Result<Vec<R>, Error> {
        let mut all = vec![];
        for (_, folder) in self.folders.partitions(R::table(kind), listing, from, until)? {
            all.extend(read_parts::<R>(kind, &parts(&folder)?)?);
        }
        all.retain(|r: &R| from.is_none_or(|t| r.ts_known() >= t) && until.is_none_or(|t| r.ts_known() < t));
        all.sort_by_key(R::ts_known);
        Ok(all)
    }
    /// Events that are known in `[from, until)`, read lazily, one partition of each listing at a time.
    ///
    /// # Errors
    /// A listing is not in the lake; the message says what is.
    pub fn events(&self, wanted: &[Subscription], from: Option<Ts>, until: Option<Ts>) -> Result<Events, Error> {
        for Subscription { listing, feed, .. } in wanted {
            if !self.folders.folder(feed.table(), listing).is_dir() {
                let has: Vec<String> = self.listings(feed.table())?.iter().map(Listing::to_string).collect();
                let has = if has.is_empty() { "nothing".to_string() } else { has.join(", ") };
                return Err(Error::Missing(format!(
                    "{}: no {} of {listing}; this table holds {has}; `margincast ingest` adds more",
                    self.root().display(),
                    feed.table()
                )));
            }
        }
        Events::open(&self.folders, wanted, from, until)
    }
    /// Like [`Lake::events`], read whole.
    ///
    /// # Errors
    /// As [`Lake::events`]; a file cannot be read; or a listing has no such event at all.
    pub fn load(&self, wanted: &[Subscription], from: Option<Ts>, until: Option<Ts>) -> Result<Vec<Event>, Error> {
        let mut reader = self.events(wanted, from, until)?;
        let events = reader.by_ref().collect::<Result<Vec<Event>, Error>>()?;
        for (Subscription { listing, feed, .. }, gave) in wanted.iter().zip(reader.gave()) {
            if !gave {
                let lengths = self.bar_lengths(*feed, listing)?;
                return Err(Error::Missing(format!(
                    "{}: no {feed} of {listing} between {} and {}{lengths}",
                    self.root().display(),
                    from.map_or("the beginning".to_string(), |t| t.to_string()),
                    until.map_or("the end".to_string(), |t| t.to_string()),
                )));
            }
        }
        Ok(events)
    }
    /// Bars of trades of one listing and length that are known in `[from, until)`.
    ///
    /// # Errors
    /// As [`Lake::load`].
    pub fn bars(
        &self,
        listing: &Listing,
        span: Span,
        from: Option<Ts>,
        until: Option<Ts>,
    ) -> Result<Vec<Event>, Error> {
        self.load(&Feed::Bars(span).of(std::slice::from_ref(listing)), from, until)
    }
    /// What came to the lake after the cursor, in order; the cursor moves on. Rows known before the
    /// last event given of their instrument are late and never given. A listing that is not there
    /// yet gives nothing.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn poll(&self, wanted: &[Subscription], cursor: &mut Cursor) -> Result<Vec<Event>, Error> {
        cursor.advance(&self.folders, wanted)
    }
    /// The listings of a table, in order.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn listings(&self, table: &str) -> Result<Vec<Listing>, Error> {
        self.folders.listings(table)
    }
    /// Where the import report of a source file lies.
    pub fn manifest(&self, source: &Digest) -> PathBuf {
        self.folders.manifest(source)
    }
    fn bar_lengths(&self, feed: Feed, listing: &Listing) -> Result<String, Error> {
        if !matches!(feed, Feed::Bars(_) | Feed::BarsOf(..)) {
            return Ok(String::new());
        }
        let mut lengths = BTreeSet::new();
        for (_, folder) in self.folders.partitions(BarRow::TABLE, listing, None, None)? {
            lengths.extend(read_parts::<BarRow>((), &parts(&folder)?)?.iter().map(BarRow::span));
        }
        let lengths: Vec<String> = lengths.iter().map(Span::to_string).collect();
        Ok(format!("; its bars there are {} long", lengths.join(", ")))
    }
}
