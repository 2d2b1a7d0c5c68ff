//! A table that a venue writes while the service runs, accounts or books, read again when it changes.
//!
//! What was read is kept beside the ledger and recorded before anything is made from it. A file that is
//! not there, or cannot be read, changes nothing: what was read last holds, and it is said once.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Result;

use super::contract::{Arrival, Effect, EngineView, Source, Supply};
use super::once::Once;
use crate::base::Digest;
use crate::event::snapshot::VenueTable;
use crate::pipeline::Input;
use crate::record::EntryKind;
use crate::record::ledger::venue_files::{BYTES_MAX, read};
use crate::record::ledger::{VenueFileRead, VenueFiles};

/// Time of the last change, and length.
type Stamp = (Option<SystemTime>, u64);

/// One file.
pub(in crate::serve::engine) struct VenueFile {
    table: VenueTable,
    path: PathBuf,
    /// Where copies are kept.
    inputs: VenueFiles,
    /// What was read last and recorded.
    recorded: Option<Digest>,
    /// How the file was when it was last opened.
    seen: Option<Stamp>,
    reported: Once,
}

impl VenueFile {
    /// A file of which `recorded` was read last.
    pub fn new(table: VenueTable, path: PathBuf, inputs: VenueFiles, recorded: Option<Digest>) -> VenueFile {
        VenueFile { table, path, inputs, recorded, seen: None, reported: Once::default() }
    }
    /// The bytes of the file, if it changed since it was last looked at.
    fn changed(&mut self) -> Result<Option<Vec<u8>>, String> {
        let about = std::fs::metadata(&self.path).map_err(|e| e.to_string())?;
        let stamp = (about.modified().ok(), about.len());
        if self.seen == Some(stamp) {
            return Ok(None);
        }
        if about.len() > BYTES_MAX {
            return Err(format!("{} bytes, at most {BYTES_MAX} are read", about.len()));
        }
        let bytes = std::fs::read(&self.path).map_err(|e| e.to_string())?;
        self.seen = Some(stamp);
        Ok((self.recorded != Some(Digest::of(&bytes))).then_some(bytes))
    }
    fn refuse(&mut self, why: &str) -> Supply {
        if self.reported.is_new(why) {
            tracing::error!(file = %self.path.display(), %why, "what was read last holds");
        }
        Supply::Idle
    }
}

impl Source for VenueFile {
    fn poll(&mut self, _: &EngineView<'_>) -> Result<Supply> {
        let bytes = match self.changed() {
            Ok(None) => return Ok(Supply::Idle),
            Ok(Some(bytes)) => bytes,
            Err(why) => return Ok(self.refuse(&why)),
        };
        let snapshot = match read(self.table, &bytes) {
            Ok(snapshot) => snapshot,
            Err(why) => return Ok(self.refuse(&why)),
        };
        self.reported.clear();
        let (table, digest) = (self.table, self.inputs.keep(&bytes)?);
        self.recorded = Some(digest);
        let read = snapshot.clone();
        let body = Box::new(move |after| {
            tracing::info!(table = table.as_str(), digest = %digest.short(), "read");
            Ok(serde_json::to_value(VenueFileRead::of(table, digest, &read, after))?)
        });
        let give = Box::new(move |at| Input::venue(at, snapshot));
        Ok(Supply::Arrivals(vec![Arrival { kind: EntryKind::Venue, body, effect: Effect::Push(give) }]))
    }
}
