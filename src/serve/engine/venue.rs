//! The files that a venue writes while the service runs: accounts and books, read again when they change.
//!
//! What was read is kept beside the ledger and recorded before anything is made from it. A file that is
//! not there, or cannot be read, changes nothing: what was read last holds, and it is said once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Result;

use super::publisher::{Publisher, entry};
use crate::base::Digest;
use crate::event::snapshot::VenueTable;
use crate::pipeline::Input;
use crate::record::Kind;
use crate::record::rerun::PipelineHost;
use crate::record::venue::{BYTES_MAX, Heard, Inputs, read};

/// What is known of the files.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// What was read last and recorded.
    heard: BTreeMap<VenueTable, Digest>,
    /// How each file looked when it was last opened.
    seen: BTreeMap<VenueTable, Look>,
    /// What is wrong with each.
    wrong: BTreeMap<VenueTable, String>,
}

/// Time of the last change, and length.
type Look = (Option<SystemTime>, u64);

impl Files {
    /// After an era in which these were read.
    pub fn after(heard: BTreeMap<VenueTable, Digest>) -> Files {
        Files { heard, ..Files::default() }
    }
    /// The bytes of a file that changed since it was last looked at.
    fn changed(&mut self, subject: VenueTable, path: &Path) -> Result<Option<Vec<u8>>, String> {
        let about = std::fs::metadata(path).map_err(|e| e.to_string())?;
        let look = (about.modified().ok(), about.len());
        if self.seen.get(&subject) == Some(&look) {
            return Ok(None);
        }
        if about.len() > BYTES_MAX {
            return Err(format!("{} bytes, at most {BYTES_MAX} are read", about.len()));
        }
        let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
        self.seen.insert(subject, look);
        Ok((self.heard.get(&subject) != Some(&Digest::of(&bytes))).then_some(bytes))
    }
    fn refuse(&mut self, subject: VenueTable, path: &Path, why: String) {
        if self.wrong.get(&subject) != Some(&why) {
            tracing::error!(file = %path.display(), %why, "what was read last holds");
            self.wrong.insert(subject, why);
        }
    }
}

impl Publisher {
    /// At accounts and books.
    pub(super) fn look_at_venue(&mut self) -> Result<()> {
        for (subject, path) in self.hub.options.told.clone() {
            let bytes = match self.files.changed(subject, &path) {
                Ok(None) => continue,
                Ok(Some(bytes)) => bytes,
                Err(why) => {
                    self.files.refuse(subject, &path, why);
                    continue;
                }
            };
            let told = match read(subject, &bytes) {
                Ok(told) => told,
                Err(why) => {
                    self.files.refuse(subject, &path, why);
                    continue;
                }
            };
            self.files.wrong.remove(&subject);
            self.commit()?;
            let digest = Inputs::of(&self.hub.options.ledger).keep(&bytes)?;
            let (at, after) = (self.now(), self.rerun.counts());
            let heard = Heard::of(subject, digest, &told, after);
            self.append(&[entry(Kind::Venue, at, &heard)?])?;
            tracing::info!(subject = subject.as_str(), digest = %digest.short(), "read");
            let kept = self.engine.snapshot(subject, digest)?;
            self.engine.push(Input::venue(at, kept))?;
            self.files.heard.insert(subject, digest);
            self.fed = None;
        }
        Ok(())
    }
}
