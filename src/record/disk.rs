//! Files that are either whole or absent.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use super::Error;
use crate::base::atomic;

pub(crate) fn io(path: &Path, error: std::io::Error) -> Error {
    Error::Io { path: path.display().to_string(), why: error.to_string() }
}

/// Replaces a file: a reader sees the old one or the new one, also after a power cut.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    atomic::write(path, bytes).map_err(|e| io(path, e))
}

/// Makes created and renamed names of a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    atomic::sync_folder(folder).map_err(|e| io(folder, e))
}

/// Reads a whole file, having looked at its size first.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(|e| io(path, e))?;
    let size = file.metadata().map_err(|e| io(path, e))?.len();
    let mut bytes = Vec::new();
    // One more than the limit, in case the file grows while it is read.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| io(path, e))?;
    if size > limit || bytes.len() as u64 > limit {
        return Err(Error::Refused(format!("{}: {size} bytes, at most {limit} are read", path.display())));
    }
    Ok(bytes)
}

/// How often a held lock is tried, and how long to wait between: a process that was just killed may
/// take a moment to be gone.
const LOCK_TRIES: u32 = 10;
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// Takes a folder's lock for this process. The system frees it when the process ends, however it
/// ends, so a lock left by a dead process holds nobody up.
pub(crate) fn lock(path: &Path) -> Result<File, Error> {
    let open = File::options().create(true).truncate(false).read(true).write(true).open(path);
    let mut file = open.map_err(|e| io(path, e))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => {
                let pid = std::process::id().to_string();
                file.set_len(0).and_then(|()| file.write_all(pid.as_bytes())).map_err(|e| io(path, e))?;
                return Ok(file);
            }
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            Err(fs::TryLockError::Error(e)) => return Err(io(path, e)),
        }
    }
    let mut pid = String::new();
    let _ = file.take(32).read_to_string(&mut pid);
    let pid = if pid.is_empty() { "unknown".into() } else { pid };
    Err(Error::Locked { path: path.display().to_string(), pid })
}
