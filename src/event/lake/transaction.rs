//! Adding rows to the lake: everything is prepared under temporary names, then renamed.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::ops::AddAssign;
use std::path::PathBuf;

use super::folders::{Folders, MAX_DELAY, parts, read_parts};
use super::listing::Listing;
use super::row::LakeRow;
use crate::base::{Ts, atomic};
use crate::event::Error;

/// What became of the rows of one [`Transaction::add`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// New to the lake.
    pub added: u64,
    /// Came twice, saying the same, and dropped.
    pub duplicates: u64,
    /// Already in the lake, saying the same.
    pub already: u64,
    /// In the lake before, saying something else, and overwritten.
    pub replaced: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.added += other.added;
        self.duplicates += other.duplicates;
        self.already += other.already;
        self.replaced += other.replaced;
    }
}

/// A change of the lake that is not yet visible. [`Transaction::commit`] makes all of it visible;
/// dropping it leaves the lake as it was. One process changes a lake at a time.
#[derive(Debug)]
pub struct Transaction<'a> {
    folders: &'a Folders,
    replace: bool,
    /// The file that will be, and the file that holds its content until then.
    staged: BTreeMap<PathBuf, PathBuf>,
    /// Other parts whose rows are now in the first.
    merged: Vec<PathBuf>,
    /// Held until the change is done.
    _lock: File,
}

impl<'a> Transaction<'a> {
    pub(super) fn begin(folders: &'a Folders, replace: bool) -> Result<Transaction<'a>, Error> {
        let path = folders.root.join("_lock");
        let fail =
            |e: &dyn std::fmt::Display| Error::Unreadable { file: path.display().to_string(), why: e.to_string() };
        fs::create_dir_all(&folders.root).map_err(|e| fail(&e))?;
        let lock = File::create(&path).map_err(|e| fail(&e))?;
        lock.try_lock().map_err(|e| fail(&format!("another process is writing to this lake; wait for it ({e})")))?;
        Ok(Transaction { folders, replace, staged: BTreeMap::new(), merged: vec![], _lock: lock })
    }
    /// Adds rows of one listing, in any order.
    ///
    /// # Errors
    /// A row contradicts another of its kind, here or in the lake (unless the change replaces), is
    /// known before it happened or more than a day after, or a file cannot be read or written.
    pub fn add<R: LakeRow>(&mut self, listing: &Listing, mut rows: Vec<R>) -> Result<Tally, Error> {
        rows.sort_by(R::order);
        let mut tally = Tally::default();
        let mut parts: BTreeMap<(&str, Ts), Vec<R>> = BTreeMap::new();
        for row in rows {
            let delay = row.ts_known() - row.ts_event();
            if delay.0 < 0 || delay > MAX_DELAY {
                let what = row.describe();
                return Err(Error::Conflict(format!("{listing}: {what} is known {delay} after it happened")));
            }
            let part = parts.entry((R::table(row.kind()), row.partition())).or_default();
            match part.last() {
                Some(last) if last.order(&row) == Ordering::Equal && !row.may_repeat() => {
                    if !last.same(&row) {
                        return Err(self.contradiction(listing, last, &row, true));
                    }
                    tally.duplicates += 1;
                }
                _ => part.push(row),
            }
        }
        for ((_, start), rows) in parts {
            tally += self.add_part(listing, start, rows)?;
        }
        Ok(tally)
    }
    fn add_part<R: LakeRow>(&mut self, listing: &Listing, start: Ts, rows: Vec<R>) -> Result<Tally, Error> {
        let Some(kind) = rows.first().map(R::kind) else { return Ok(Tally::default()) };
        let folder = self.folders.partition(R::table(kind), listing, start);
        let target = folder.join("part-0.parquet");
        let (mut old, was_staged) = match self.staged.get(&target) {
            Some(staged) => (R::read(kind, staged)?, true),
            None => {
                let parts = parts(&folder)?;
                self.merged.extend(parts.iter().filter(|p| **p != target).cloned());
                (read_parts::<R>(kind, &parts)?, false)
            }
        };
        let mut tally = Tally::default();
        old.sort_by(R::order);
        let mut all = self.merge(listing, old, rows, was_staged, &mut tally)?;
        if tally.added + tally.replaced > 0 {
            let staged = folder.join(format!(".part-0.{}.staged", std::process::id()));
            self.staged.insert(target, staged.clone());
            all.sort_by_key(R::ts_known);
            R::write(all, &staged)?;
        }
        Ok(tally)
    }
    /// Both lists are in order; a row of one is matched with at most one row of the other.
    fn merge<R: LakeRow>(
        &self,
        listing: &Listing,
        old: Vec<R>,
        new: Vec<R>,
        was_staged: bool,
        tally: &mut Tally,
    ) -> Result<Vec<R>, Error> {
        let mut all = Vec::with_capacity(old.len() + new.len());
        let mut old = old.into_iter().peekable();
        for row in new {
            while let Some(before) = old.next_if(|o| o.order(&row) == Ordering::Less) {
                all.push(before);
            }
            match old.next_if(|o| o.order(&row) == Ordering::Equal) {
                None => {
                    tally.added += 1;
                    all.push(row);
                }
                Some(known) if known.same(&row) => {
                    if was_staged && known.src() == row.src() {
                        tally.duplicates += 1;
                    } else {
                        tally.already += 1;
                    }
                    all.push(known);
                }
                Some(known) if self.replace && !(was_staged && known.src() == row.src()) => {
                    tally.replaced += 1;
                    all.push(row);
                }
                Some(known) => {
                    let one_file = was_staged && known.src() == row.src();
                    return Err(self.contradiction(listing, &known, &row, one_file));
                }
            }
        }
        all.extend(old);
        Ok(all)
    }
    fn contradiction<R: LakeRow>(&self, listing: &Listing, known: &R, row: &R, one_file: bool) -> Error {
        let (before, now) = (known.describe(), row.describe());
        if one_file {
            return Error::Conflict(format!("{listing}: one file says two things: {before}, and {now}; mend the file"));
        }
        let (ours, theirs) = (self.folders.source_name(known.src()), self.folders.source_name(row.src()));
        Error::Conflict(format!(
            "{listing}: {theirs} says {now}, and the lake, from {ours}, says {before}; keep one file, or pass \
             --replace to take the new one"
        ))
    }
    /// Makes the change visible.
    ///
    /// # Errors
    /// A file cannot be renamed.
    pub fn commit(mut self) -> Result<(), Error> {
        let names = std::mem::take(&mut self.staged).into_iter().map(|(target, staged)| (staged, target));
        atomic::rename(names)
            .map_err(|(path, e)| Error::Unreadable { file: path.display().to_string(), why: e.to_string() })?;
        for path in &self.merged {
            fs::remove_file(path)
                .map_err(|e| Error::Unreadable { file: path.display().to_string(), why: e.to_string() })?;
        }
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        for staged in self.staged.values() {
            // What is left over has a name that no reader looks at.
            let _ = fs::remove_file(staged);
            // Folders made for it go too; one that holds anything stays, as removing it fails.
            for folder in staged.ancestors().skip(1).take_while(|f| *f != self.folders.root) {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
    }
}
