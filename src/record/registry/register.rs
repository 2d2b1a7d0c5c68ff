//! How a version comes to be: written to a staging folder, synced, and renamed into place, so that
//! a version is whole or absent.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::alias::is_name;
use super::golden::Golden;
use super::manifest::{DataLock, Env, FileEntry, Manifest};
use super::versions::{Registered, Registry, sums};
use crate::base::{Digest, Ts, atomic};
use crate::feature::Row;
use crate::pipeline::ModelSet;
use crate::record::disk::{io, lock, replace};
use crate::record::error::Error;
use crate::record::stored::to_bytes;

/// What is registered beside the models.
#[derive(Clone, Debug)]
pub struct Extras {
    /// The effective configuration of the run.
    pub config: Value,
    /// What the run measured.
    pub metrics: Value,
    /// What it learnt from.
    pub data: Vec<DataLock>,
    /// Where and how it ran.
    pub env: Env,
    /// What to know before use; Markdown.
    pub card: String,
    /// Further files by name, such as the evidence that promotion asks for.
    pub more: BTreeMap<String, Vec<u8>>,
    /// Which run.
    pub run_id: String,
    /// The version that was in force at the time, if any.
    pub parent: Option<String>,
    /// When it is registered.
    pub created_at: Ts,
    /// Golden rows: the newest rows of some instruments, in close order per instrument, enough to
    /// warm the members up.
    pub golden: Vec<Row>,
}

impl Registry {
    /// Stores a bundle as the next version of `name`. The models are read back and their golden
    /// rows run before the version appears.
    ///
    /// # Errors
    /// The name is not one, the golden rows prove nothing, or something cannot be written.
    pub fn register(&self, name: &str, bundle: &ModelSet, extras: &Extras) -> Result<Registered, Error> {
        if !is_name(name) {
            return Err(Error::Refused(format!(
                "model name `{name}`: want 1 to 57 of a-z, 0-9, - and _, and not six digits"
            )));
        }
        let versions = self.folder(name).join("versions");
        fs::create_dir_all(&versions).map_err(|e| io(&versions, e))?;
        let _lock = lock(&self.folder(name).join("LOCK"))?;
        let version = format!("{:06}", self.versions(name)?.last().map_or(0, |v| v.parse().unwrap_or(0)) + 1);
        let staging = versions.join(format!(".staging-{}", std::process::id()));
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(|e| io(&staging, e))?;
        }
        fs::create_dir(&staging).map_err(|e| io(&staging, e))?;
        let done = stage(&staging, name, &version, bundle, extras)
            .and_then(|digest| publish(&staging, &versions.join(&version)).map(|()| digest));
        if done.is_err() {
            let _ = fs::remove_dir_all(&staging);
        }
        Ok(Registered { name: name.into(), version, digest: done? })
    }
}

fn publish(staging: &Path, to: &Path) -> Result<(), Error> {
    atomic::rename([(staging.to_path_buf(), to.to_path_buf())]).map_err(|(path, e)| io(&path, e))
}

fn stage(folder: &Path, name: &str, version: &str, bundle: &ModelSet, extras: &Extras) -> Result<Digest, Error> {
    let golden = Golden::make(bundle, &extras.golden)?;
    let stored = bundle.to_value();
    let model = |e: crate::forecast::Error| Error::Format { place: format!("{name} {version}"), why: e.to_string() };
    golden.prove(&ModelSet::from_value(&stored).map_err(model)?, &format!("{name} {version}"), true)?;
    let mut files = extras.more.clone();
    files.extend(
        [
            ("bundle.json", stored.to_string().into_bytes()),
            ("card.md", extras.card.clone().into_bytes()),
            ("config.json", to_bytes("config.json", &extras.config)?),
            ("data.lock.json", to_bytes("data.lock.json", &extras.data)?),
            ("env.json", extras.env.write()?),
            ("golden.jsonl", golden.write()?),
            ("metrics.json", to_bytes("metrics.json", &extras.metrics)?),
        ]
        .map(|(name, bytes): (&str, Vec<u8>)| (name.to_string(), bytes)),
    );
    let mut entries = Vec::new();
    for (path, bytes) in &files {
        replace(&folder.join(path), bytes)?;
        entries.push(FileEntry { path: path.to_string(), size: bytes.len() as u64, sha256: Digest::of(bytes) });
    }
    let manifest = Manifest {
        name: name.into(),
        version: version.into(),
        files: entries,
        created_at: extras.created_at,
        run_id: extras.run_id.clone(),
        parent: extras.parent.clone(),
    };
    let bytes = manifest.write()?;
    let digest = Digest::of(&bytes);
    replace(&folder.join("MANIFEST.json"), &bytes)?;
    replace(&folder.join("SHA256SUMS"), sums(&manifest, digest).as_bytes())?;
    Ok(digest)
}
