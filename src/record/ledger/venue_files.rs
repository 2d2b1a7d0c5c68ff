//! What a service read of its venue's files: a copy of each under its digest, and the entry that names it.
//!
//! The copy lies in `<ledger>/inputs/`, synced before the entry is: a second run reads the copy, so the
//! decisions that rested on it can be made again whatever became of the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bodies::Counts;
use super::text::decimal;
use crate::base::{Digest, Symbol};
use crate::event::snapshot::{VenueSnapshot, VenueTable};
use crate::record::disk;
use crate::record::error::{Error, damaged};

/// Largest file that is read, bytes.
pub const BYTES_MAX: u64 = 256 << 20;

/// Body of a `venue` entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueFileRead {
    /// Accounts, or books.
    pub subject: VenueTable,
    /// SHA-256 of the file, the name of its copy.
    pub digest: Digest,
    /// What it says of each instrument, for people.
    pub figures: BTreeMap<Symbol, BTreeMap<String, String>>,
    /// Where.
    pub after: Counts,
}

impl VenueFileRead {
    /// Of a file that was kept.
    pub fn of(subject: VenueTable, digest: Digest, snapshot: &VenueSnapshot, after: Counts) -> VenueFileRead {
        let texts = |numbers: Vec<(&'static str, f64)>| {
            numbers.into_iter().filter_map(|(name, v)| Some((name.to_string(), decimal(v)?))).collect()
        };
        let figures = snapshot.figures().into_iter().map(|(symbol, numbers)| (symbol, texts(numbers))).collect();
        VenueFileRead { subject, digest, figures, after }
    }
}

/// The copies beside a ledger.
#[derive(Clone, Debug)]
pub struct VenueFiles {
    folder: PathBuf,
}

impl VenueFiles {
    /// Of a ledger.
    pub fn of(ledger: &Path) -> VenueFiles {
        VenueFiles { folder: ledger.join("inputs") }
    }
    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{digest}.csv"))
    }
    /// Keeps a copy; it is on disk when this returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, bytes: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::of(bytes);
        let path = self.path(digest);
        if !path.exists() {
            std::fs::create_dir_all(&self.folder).map_err(|e| disk::io(&self.folder, e))?;
            disk::replace(&path, bytes)?;
        }
        Ok(digest)
    }
    /// Reads a copy.
    ///
    /// # Errors
    /// It is not there, or not what was kept.
    pub fn snapshot(&self, subject: VenueTable, digest: Digest) -> Result<VenueSnapshot, Error> {
        let path = self.path(digest);
        let place = path.display().to_string();
        let bytes = disk::read_limited(&path, BYTES_MAX)?;
        if Digest::of(&bytes) != digest {
            return Err(damaged(&place, "it is not the file that was read"));
        }
        read(subject, &bytes).map_err(|why| damaged(&place, &why))
    }
}

/// Reads the bytes of a table; what is wrong with it, in words.
///
/// # Errors
/// It is not a table of that form.
pub fn read(subject: VenueTable, bytes: &[u8]) -> Result<VenueSnapshot, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    subject.read(text).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_kept_under_its_digest_and_another_in_its_place_is_found() {
        let folder = tempfile::TempDir::new().unwrap();
        let inputs = VenueFiles::of(folder.path());
        let text = "symbol,equity,notional\nAAA,100,5000\n";
        let digest = inputs.keep(text.as_bytes()).unwrap();
        assert_eq!(inputs.keep(text.as_bytes()).unwrap(), digest);
        let snapshot = inputs.snapshot(VenueTable::Accounts, digest).unwrap();
        assert_eq!(snapshot, VenueTable::Accounts.read(text).unwrap());
        let heard = VenueFileRead::of(VenueTable::Accounts, digest, &snapshot, Counts::new());
        let stored = serde_json::to_string(&heard).unwrap();
        assert!(stored.contains(r#""open_interest":"5000""#), "decimals are text: {stored}");
        assert_eq!(serde_json::from_str::<VenueFileRead>(&stored).unwrap(), heard);
        std::fs::write(inputs.path(digest), text.replace("100", "900")).unwrap();
        assert!(inputs.snapshot(VenueTable::Accounts, digest).unwrap_err().to_string().contains("not the file"));
        std::fs::remove_file(inputs.path(digest)).unwrap();
        assert!(matches!(inputs.snapshot(VenueTable::Accounts, digest), Err(Error::Io { .. })));
    }
}
