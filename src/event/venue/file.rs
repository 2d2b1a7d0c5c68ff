//! A vendor's file: its digest, its checksum, and its text out of zip or gzip, within limits.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::base::Digest;
use crate::event::Error;
use crate::event::check::Report;

/// No file unpacks to more.
const MAX_BYTES: u64 = 8 << 30;
/// No honest text file shrinks further.
const MAX_RATIO: u64 = 200;
/// Of the beginning of a file, no more than this is looked at.
const MAX_HEAD_BYTES: u64 = 4 << 20;
/// Below this no ratio is suspicious.
const SMALL_BYTES: u64 = 1 << 20;

/// A vendor's file, whose digest is known and whose checksum, if there is one, is right.
#[derive(Clone, Debug)]
pub struct VendorFile {
    /// Where it lies.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Whether a `.CHECKSUM` beside it said so too.
    pub checksum_verified: bool,
}

impl VendorFile {
    /// Reads the file once for its digest and compares it with `<file>.CHECKSUM`, if that is there.
    ///
    /// # Errors
    /// The file cannot be read, or the checksum differs.
    pub fn open(path: &Path) -> Result<VendorFile, Error> {
        let fail = |e: io::Error| unreadable(path, &e);
        let mut hasher = Sha256::new();
        let bytes = io::copy(&mut File::open(path).map_err(fail)?, &mut hasher).map_err(fail)?;
        let digest = Digest(hasher.finalize().into());
        let mut beside = path.as_os_str().to_os_string();
        beside.push(".CHECKSUM");
        let checksum_verified = match std::fs::read_to_string(&beside) {
            Ok(text) => {
                let said = text.split_whitespace().next().unwrap_or_default().to_lowercase();
                if said != digest.to_string() {
                    let why =
                        format!("its checksum file says sha256 {said}, and its bytes have {digest}; fetch both again");
                    return Err(Error::Layout { file: path.display().to_string(), why });
                }
                true
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => false,
            Err(e) => return Err(fail(e)),
        };
        Ok(VendorFile { path: path.to_path_buf(), digest, bytes, checksum_verified })
    }
    /// File name without folder.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
    /// File name without folder and endings: `BTCUSDT-1h-2023-01.csv.gz` gives `BTCUSDT-1h-2023-01`.
    pub fn stem(&self) -> String {
        let name = self.name();
        let endings = [".gz", ".zip", ".bak", ".csv", ".txt", ".parquet"];
        endings.iter().fold(name.as_str(), |n, e| n.strip_suffix(e).unwrap_or(n)).to_string()
    }
    /// First 32 bits of the digest: the `src` of its rows.
    pub fn src(&self) -> u32 {
        u32::from_be_bytes([self.digest.0[0], self.digest.0[1], self.digest.0[2], self.digest.0[3]])
    }
    /// Whether its bytes are Parquet, whatever its name.
    pub fn is_parquet(&self) -> bool {
        let mut magic = [0; 4];
        File::open(&self.path).and_then(|mut f| f.read_exact(&mut magic)).is_ok() && &magic == b"PAR1"
    }
    /// The first lines of its text.
    ///
    /// # Errors
    /// As [`VendorFile::text`].
    pub fn head(&self, lines: usize) -> Result<Vec<String>, Error> {
        self.text(|text| {
            let (mut text, mut found, mut line) = (BufReader::new(text.take(MAX_HEAD_BYTES)), vec![], vec![]);
            while found.len() < lines && text.read_until(b'\n', &mut line).map_err(|e| self.damaged(&e))? > 0 {
                found.push(String::from_utf8_lossy(&line).trim_end().to_string());
                line.clear();
            }
            Ok(found)
        })
    }
    /// What an import report says of it.
    pub(super) fn report(&self) -> Report {
        Report {
            file: self.name(),
            sha256: self.digest,
            bytes: self.bytes,
            checksum_verified: self.checksum_verified,
            importer: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).into(),
            ..Report::default()
        }
    }
    /// Unpacks the text and hands it to `read`, without a byte-order mark.
    ///
    /// # Errors
    /// The archive is damaged, holds other than one file, or unpacks beyond the limits; or `read`
    /// fails.
    pub fn text<T>(&self, read: impl FnOnce(&mut dyn Read) -> Result<T, Error>) -> Result<T, Error> {
        let mut file = File::open(&self.path).map_err(|e| self.damaged(&e))?;
        let mut magic = vec![];
        file.by_ref().take(4).read_to_end(&mut magic).map_err(|e| self.damaged(&e))?;
        file.rewind().map_err(|e| self.damaged(&e))?;
        let file = BufReader::with_capacity(1 << 16, file);
        match magic.as_slice() {
            [b'P', b'K', ..] => self.unzip(file, read),
            [0x1f, 0x8b, ..] => self.unmarked(self.limit(flate2::read::MultiGzDecoder::new(file)), read),
            _ => self.unmarked(file, read),
        }
    }
    fn unzip<T>(
        &self,
        file: BufReader<File>,
        read: impl FnOnce(&mut dyn Read) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut archive = zip::ZipArchive::new(file).map_err(|e| self.damaged(&e))?;
        let refuse = |why: String| Error::Layout { file: self.path.display().to_string(), why };
        if archive.len() != 1 {
            let names: Vec<_> = archive.file_names().take(5).flatten().collect();
            let why = format!("the zip holds {} files ({}); want exactly one", archive.len(), names.join(", "));
            return Err(refuse(why));
        }
        let member = archive.by_index(0).map_err(|e| self.damaged(&e))?;
        if member.enclosed_name().is_none() || !member.is_file() {
            return Err(refuse(format!(
                "the zip's member `{}` is no plain file inside it",
                member.name().unwrap_or_default()
            )));
        }
        if member.size() > self.most() {
            let (size, most) = (member.size(), self.most());
            return Err(refuse(format!("the zip says it unpacks to {size} bytes; at most {most} are believed")));
        }
        self.unmarked(self.limit(member), read)
    }
    /// Skips a UTF-8 byte-order mark.
    fn unmarked<T>(
        &self,
        mut text: impl Read,
        read: impl FnOnce(&mut dyn Read) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut start = vec![];
        text.by_ref().take(3).read_to_end(&mut start).map_err(|e| self.damaged(&e))?;
        if start == b"\xef\xbb\xbf" {
            start.clear();
        }
        read(&mut io::Cursor::new(start).chain(text))
    }
    /// How far this file may unpack.
    fn most(&self) -> u64 {
        (self.bytes * MAX_RATIO).clamp(SMALL_BYTES, MAX_BYTES)
    }
    fn limit<R: Read>(&self, inner: R) -> Limited<R> {
        Limited { inner, left: self.most() }
    }
    fn damaged(&self, e: &dyn std::fmt::Display) -> Error {
        unreadable(&self.path, &format!("{e}; if it was cut short, fetch it again"))
    }
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::Unreadable { file: path.display().to_string(), why: why.to_string() }
}

/// Fails when more comes out than may: a size in an archive's directory is only a claim.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(got as u64).ok_or_else(|| {
            io::Error::other(format!("unpacks to more than {MAX_RATIO} times its size, or more than {MAX_BYTES} bytes"))
        })?;
        Ok(got)
    }
}

/// Tells how many bytes of text have been read.
pub struct Counted<'a, R> {
    /// The text.
    pub inner: R,
    /// Told the length of every piece.
    pub progress: &'a dyn Fn(u64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        (self.progress)(got as u64);
        Ok(got)
    }
}
