//! What a stored file means. Every stored form carries its version; this program reads every
//! version that was ever written, and writes the newest.
//!
//! | file | form | read by |
//! |---|---|---|
//! | `MANIFEST.json` | `margincast.manifest.v1` | [`Manifest::read`] |
//! | `bundle.json` | `format` 1 | [`crate::pipeline::Bundle::from_value`] |
//! | `golden.jsonl` | `margincast.golden.v1` | [`super::golden::Golden::read`] |
//! | `env.json` | `margincast.env.v1` | [`Env::read`] |
//! | `run.json` | `margincast.run.v1` | [`super::Run::read`] |
//! | `evidence.json` | `margincast.evidence.v1`, `v2`, `v3` | [`super::evidence::Evidence::read`] |
//! | `aliases/<alias>` | `<version> sha256:<digest of MANIFEST.json>` | [`super::alias::Target`] |
//! | `history.jsonl`, `ledger/*.jsonl` | `v` 1 | [`super::Record::read`] |
//! | ledger body of `publish` | `margincast.multiplier.v1`, `.v2` | [`super::Publication`] |
//! | ledger body of `order` | a word for its kind | [`super::order::Ordered`] |
//! | `ledger/guard/log.jsonl` | `v` 1 | [`super::guard::Guard::proposals`] |
//!
//! `tests/format/` holds one sample of each, never edited.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Error, damaged};
use crate::base::{Digest, Seed, Ts};

/// One file of a registered version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Name within the version's folder.
    pub path: String,
    /// Length, bytes.
    pub size: u64,
    /// Digest of its bytes.
    pub sha256: Digest,
}

/// What a registered version consists of. The digest of its bytes is the version's identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Registered name.
    pub name: String,
    /// Version, six digits.
    pub version: String,
    /// Every other file but `SHA256SUMS`, in name order.
    pub files: Vec<FileEntry>,
    /// When it was registered.
    pub created_at: Ts,
    /// Which run made it.
    pub run_id: String,
    /// The version that was in force when it was made, if any.
    pub parent: Option<String>,
}

/// Every version that was ever written.
#[derive(Serialize, Deserialize)]
#[serde(tag = "schema")]
enum StoredManifest {
    #[serde(rename = "margincast.manifest.v1")]
    V1(Manifest),
}

impl Manifest {
    /// Reads any version.
    ///
    /// # Errors
    /// Not JSON, or a form that this program does not know.
    pub fn read(place: &str, bytes: &[u8]) -> Result<Manifest, Error> {
        let StoredManifest::V1(manifest) = from_bytes(place, bytes)?;
        Ok(manifest)
    }
    /// The newest form, ready to be stored.
    ///
    /// # Errors
    /// Never for a manifest that was read or made here.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        to_bytes("MANIFEST.json", &StoredManifest::V1(self.clone()))
    }
}

/// Where and how a model was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Env {
    /// Version of the program.
    pub program: String,
    /// Processor architecture and system.
    pub target: String,
    /// Processor features that numerical code may choose between at run time.
    pub cpu_features: Vec<String>,
    /// Worker threads.
    pub threads: usize,
    /// Seed of all randomness.
    pub seed: Option<Seed>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "schema")]
enum StoredEnv {
    #[serde(rename = "margincast.env.v1")]
    V1(Env),
}

macro_rules! detected {
    ($($name:tt)*) => { vec![$(($name, std::arch::is_x86_feature_detected!($name)),)*] };
}

impl Env {
    /// This program on this machine.
    pub fn here(threads: usize, seed: Option<Seed>) -> Env {
        #[cfg(target_arch = "x86_64")]
        let features: Vec<(&str, bool)> = detected!["sse4.2" "avx" "avx2" "fma" "avx512f" "avx512bw" "avx512vl"];
        #[cfg(not(target_arch = "x86_64"))]
        let features: Vec<(&str, bool)> = Vec::new();
        Env {
            program: env!("CARGO_PKG_VERSION").into(),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            cpu_features: features.iter().filter(|f| f.1).map(|f| f.0.to_string()).collect(),
            threads,
            seed,
        }
    }
    /// Whether numerical code takes the same instructions here as there.
    pub fn same_arithmetic(&self, other: &Env) -> bool {
        self.target == other.target && self.cpu_features == other.cpu_features
    }
    /// Reads any version.
    ///
    /// # Errors
    /// Not JSON, or a form that this program does not know.
    pub fn read(place: &str, bytes: &[u8]) -> Result<Env, Error> {
        let StoredEnv::V1(env) = from_bytes(place, bytes)?;
        Ok(env)
    }
    /// The newest form, ready to be stored.
    ///
    /// # Errors
    /// Never.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        to_bytes("env.json", &StoredEnv::V1(self.clone()))
    }
}

/// One table that a model learnt from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataLock {
    /// Table of the lake.
    pub table: String,
    /// File within the lake.
    pub path: String,
    /// Digest of its bytes.
    pub sha256: Digest,
}

pub(crate) fn to_value<T: Serialize>(place: &str, value: &T) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|e| Error::Refused(format!("{place}: cannot be stored: {e}")))
}

/// Pretty JSON with a newline at its end: stored files are read by people too.
pub(crate) fn to_bytes<T: Serialize>(place: &str, value: &T) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(&to_value(place, value)?)
        .map_err(|e| Error::Refused(format!("{place}: cannot be stored: {e}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Broken JSON is damage; whole JSON of an unknown form is another version's.
pub(crate) fn from_bytes<T: DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, Error> {
    from_value(place, serde_json::from_slice(bytes).map_err(|e| damaged(place, format!("not JSON ({e})")))?)
}

/// Reads a stored form.
///
/// # Errors
/// It is not of a form that this program knows.
pub fn from_value<T: DeserializeOwned>(place: &str, value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|e| Error::Format { place: place.into(), why: e.to_string() })
}
