//! What came to the lake since the last look.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::feed::Subscription;
use super::folders::{Folders, parts};
use super::reader::read;
use crate::base::{Symbol, Ts};
use crate::event::{Error, Event};

/// How far a follower of the lake has read.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    /// Nothing known before this is given.
    from: Option<Ts>,
    /// The last event given of each instrument.
    last: BTreeMap<Symbol, (Ts, u64)>,
    /// The files as they were when last read for an instrument; those that have not changed are not
    /// read again.
    seen: BTreeMap<(Symbol, PathBuf), State>,
}

impl Cursor {
    /// A cursor that gives what is known at or after `from`; all, where it is `None`.
    pub fn from(from: Option<Ts>) -> Cursor {
        Cursor { from, ..Cursor::default() }
    }
    /// A cursor that gives, of one more instrument, what comes after this event.
    pub fn after(mut self, event: &Event) -> Cursor {
        self.last.insert(event.symbol, (event.ts_known, event.seq));
        self
    }
    pub(super) fn advance(&mut self, folders: &Folders, wanted: &[Subscription]) -> Result<Vec<Event>, Error> {
        let mut fresh = vec![];
        let before = self.last.clone();
        for Subscription { listing, feed, symbol } in wanted {
            let last = before.get(symbol).copied();
            let from = last.map(|l| l.0).max(self.from);
            for (start, folder) in folders.partitions(feed.table(), listing, from, None)? {
                let now = state(&folder)?;
                let unchanged =
                    |(part, state): &(PathBuf, State)| self.seen.get(&(*symbol, part.clone())) == Some(state);
                if now.iter().all(unchanged) {
                    continue;
                }
                let events = read(*symbol, *feed, start, &folder)?;
                self.seen.extend(now.into_iter().map(|(part, state)| ((*symbol, part), state)));
                let new = |e: &Event| {
                    last.is_none_or(|l| (e.ts_known, e.seq) > l) && self.from.is_none_or(|t| e.ts_known >= t)
                };
                for event in events.into_iter().filter(new) {
                    let at = (event.ts_known, event.seq);
                    let furthest = self.last.entry(*symbol).or_insert(at);
                    *furthest = (*furthest).max(at);
                    fresh.push(event);
                }
            }
        }
        fresh.sort_by_key(|e| (e.ts_known, e.symbol, e.seq));
        Ok(fresh)
    }
}

type State = (u64, Option<SystemTime>);

/// Length and last change of each file of a partition.
fn state(folder: &Path) -> Result<Vec<(PathBuf, State)>, Error> {
    let one = |part: PathBuf| match std::fs::metadata(&part) {
        Ok(meta) => Ok((part, (meta.len(), meta.modified().ok()))),
        Err(e) => Err(Error::Unreadable { file: part.display().to_string(), why: e.to_string() }),
    };
    parts(folder)?.into_iter().map(one).collect()
}
