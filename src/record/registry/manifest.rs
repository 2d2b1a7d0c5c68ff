//! What a registered version consists of, where it was made, and from which data.

use serde::{Deserialize, Serialize};

use crate::base::{Digest, Seed, Ts};
use crate::record::error::Error;
use crate::record::stored::{from_bytes, to_bytes};

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
