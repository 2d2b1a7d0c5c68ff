//! How far a sink is, on disk: `<ledger>/sinks/<name>.json`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::base::atomic;

/// The last publication that a sink acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    /// Its number; 0 before the first.
    pub seq: u64,
    /// Its set, so that a cursor is not taken for one of another ledger.
    pub set_id: String,
}

/// Every version that was ever written.
#[derive(Serialize, Deserialize)]
#[serde(tag = "schema")]
enum Stored {
    #[serde(rename = "margincast.cursor.v1")]
    V1(Delivered),
}

/// The file of one sink.
#[derive(Clone, Debug)]
pub struct CursorFile {
    path: PathBuf,
}

impl CursorFile {
    /// Beside a ledger.
    pub fn of(ledger: &Path, sink: &str) -> CursorFile {
        CursorFile { path: ledger.join("sinks").join(format!("{sink}.json")) }
    }
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// How far the sink is; at the beginning where there is no file yet.
    ///
    /// # Errors
    /// It cannot be read, or is not what was written.
    pub fn read(&self) -> Result<Delivered> {
        let place = || self.path.display().to_string();
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Delivered::default()),
            Err(e) => return Err(e).with_context(place),
        };
        let Stored::V1(delivered) = serde_json::from_slice(&bytes).with_context(place)?;
        Ok(delivered)
    }
    /// Writes it; when this returns it is on disk.
    ///
    /// # Errors
    /// It cannot be written; what was there is as it was.
    pub fn write(&self, delivered: &Delivered) -> Result<()> {
        let place = || self.path.display().to_string();
        let text = serde_json::to_string(&Stored::V1(delivered.clone()))? + "\n";
        atomic::write(&self.path, text.as_bytes()).with_context(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_damage_is_not_taken_for_a_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let file = CursorFile::of(folder.path(), "a");
        assert_eq!(file.read().unwrap(), Delivered::default());
        let delivered = Delivered { seq: 7, set_id: "0123".into() };
        file.write(&delivered).unwrap();
        assert_eq!(file.read().unwrap(), delivered);
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text, "{\"schema\":\"margincast.cursor.v1\",\"seq\":7,\"set_id\":\"0123\"}\n");
        std::fs::write(file.path(), &text[..20]).unwrap();
        assert!(file.read().is_err());
        std::fs::write(file.path(), text.replace("v1", "v9")).unwrap();
        assert!(format!("{:#}", file.read().unwrap_err()).contains("margincast.cursor.v9"));
    }
}
