//! Files that are either whole or absent, also after a power cut.
//!
//! What is written lies under a temporary name in the same folder until all of it is on disk; then it is
//! renamed, and the folder that holds the name is made durable. A reader sees the old file or the
//! new one, never half of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells the temporary names of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Writes a file whole, in the place of the one that was there.
///
/// # Errors
/// The file cannot be written; what was there before is as it was.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// As [`write()`], with a closure that writes the content. It makes the folder where that is absent.
///
/// # Errors
/// The closure's error, or one of the file; what was there before is as it was.
pub fn write_with<E: From<io::Error>>(path: &Path, content: impl FnOnce(&mut File) -> Result<(), E>) -> Result<(), E> {
    let folder = folder(path);
    fs::create_dir_all(folder)?;
    let temporary = temporary(path);
    let whole = || -> Result<(), E> {
        let mut file = File::create(&temporary)?;
        content(&mut file)?;
        file.sync_all()?;
        Ok(fs::rename(&temporary, path)?)
    };
    whole().inspect_err(|_| {
        // Nothing to tell if the half-written file cannot be removed: the first failure is the news.
        let _ = fs::remove_file(&temporary);
    })?;
    Ok(sync_folder(folder)?)
}

/// Gives files or folders that are on disk their names, all of them before any folder is made durable.
///
/// # Errors
/// One cannot be renamed; those before it are.
pub fn rename(names: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> Result<(), (PathBuf, io::Error)> {
    let mut folders = std::collections::BTreeSet::new();
    for (from, to) in names {
        fs::rename(&from, &to).map_err(|e| (to.clone(), e))?;
        folders.insert(folder(&to).to_path_buf());
    }
    folders.into_iter().try_for_each(|folder| sync_folder(&folder).map_err(|e| (folder, e)))
}

/// Makes the names of a folder durable: what was created in it and renamed.
///
/// # Errors
/// The folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|f| f.sync_all())
}

/// The folder of a file; a bare name lies in the one we are in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name in the same folder that no reader looks at: hidden, and with an ending of its own.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".{name}.{}-{number}.tmp", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_write_that_fails_half_way_leaves_what_was_there_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("new/a.txt");
        write(&path, b"old").unwrap();
        let half = write_with(&path, |file| {
            file.write_all(b"hal")?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(half.unwrap_err().to_string(), "the disk is full");
        assert_eq!((fs::read(&path).unwrap(), names(path.parent().unwrap())), (b"old".to_vec(), vec!["a.txt".into()]));
        write(&path, b"new").unwrap();
        assert_eq!((fs::read(&path).unwrap(), names(path.parent().unwrap())), (b"new".to_vec(), vec!["a.txt".into()]));
    }

    #[test]
    fn a_reader_never_sees_half_a_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        let content = |byte: u8| vec![byte; 1 << 16];
        write(&path, &content(0)).unwrap();
        std::thread::scope(|scope| {
            for byte in 1..3 {
                let path = &path;
                scope.spawn(move || (0..20).for_each(|_| write(path, &content(byte)).unwrap()));
            }
            for _ in 0..200 {
                let seen = fs::read(&path).unwrap();
                assert!(seen.len() == 1 << 16 && seen.iter().all(|b| *b == seen[0]));
            }
        });
        assert_eq!(names(home.path()), ["a"]);
    }

    #[test]
    fn names_are_given_in_order_and_the_one_that_failed_is_told() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        write(&at("a"), b"1").unwrap();
        let failed = rename([(at("a"), at("b")), (at("none"), at("c"))]).unwrap_err();
        assert_eq!((failed.0, names(home.path())), (at("c"), vec!["b".into()]));
    }
}
