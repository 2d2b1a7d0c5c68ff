//! A folder of registered models: what is there, checked, loaded and promoted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::Value;

use super::alias::{AliasMove, AliasTarget, Aliases, ChangedBy, is_name, is_version};
use super::golden::{Golden, Proof};
use super::manifest::{Env, FileEntry, Manifest};
use crate::base::{Digest, Ts};
use crate::pipeline::ModelSet;
use crate::record::disk::{io, lock, read_limited};
use crate::record::error::{Error, damaged};
use crate::record::stored::from_bytes;

/// Largest stored file, bytes.
pub const FILE_BYTES_MAX: u64 = 256 << 20;
/// Largest manifest, bytes.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// A folder of registered models.
#[derive(Clone, Debug)]
pub struct Registry {
    root: PathBuf,
}

/// One version of a registered name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Registered {
    /// Registered name.
    pub name: String,
    /// Version, six digits.
    pub version: String,
    /// Digest of its `MANIFEST.json`.
    pub digest: Digest,
}

/// Which version: by number, or by what an alias stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionRef {
    /// By alias.
    Alias(String),
    /// By number, six digits.
    Version(String),
}

impl FromStr for VersionRef {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<VersionRef, Self::Err> {
        match text.parse::<u32>() {
            Ok(number) => Ok(VersionRef::Version(format!("{number:06}"))),
            Err(_) => Ok(VersionRef::Alias(text.into())),
        }
    }
}

impl fmt::Display for VersionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (VersionRef::Alias(text) | VersionRef::Version(text)) = self;
        f.write_str(text)
    }
}

/// A model that is what was registered and answers as it did then.
#[derive(Clone)]
pub struct Loaded {
    /// The models.
    pub bundle: ModelSet,
    /// What they consist of.
    pub manifest: Manifest,
    /// Digest of the manifest: the version's identity.
    pub digest: Digest,
    /// How the golden rows went.
    pub proof: Proof,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loaded {{ {} {} {} }}", self.manifest.name, self.manifest.version, self.digest.short())
    }
}

impl Registry {
    /// In this folder, which need not exist yet.
    pub fn open(root: &Path) -> Registry {
        Registry { root: root.into() }
    }
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
    /// Registered names, in order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        listing(&self.root, |n| is_name(n) && self.folder(n).join("versions").is_dir())
    }
    /// Versions of a name, oldest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn versions(&self, name: &str) -> Result<Vec<String>, Error> {
        listing(&self.folder(name).join("versions"), is_version)
    }
    /// The aliases of a name.
    ///
    /// # Errors
    /// There is no such name.
    pub fn aliases(&self, name: &str) -> Result<Aliases, Error> {
        if !is_name(name) || !self.folder(name).is_dir() {
            let has = self.names()?.join(", ");
            return Err(Error::Missing(format!(
                "{}: no model named `{name}`; there are: {}; register one with `margincast train`",
                self.root.display(),
                if has.is_empty() { "none" } else { &has }
            )));
        }
        Ok(Aliases::of(&self.folder(name)))
    }
    /// Which version that is, and the digest that it must have, where an alias states it.
    fn resolve(&self, name: &str, which: &VersionRef) -> Result<(String, Option<Digest>), Error> {
        let aliases = self.aliases(name)?;
        let (version, digest) = match which {
            VersionRef::Alias(alias) => aliases.get(alias).map(|t| (t.version, Some(t.digest)))?,
            VersionRef::Version(version) => (version.clone(), None),
        };
        let has = self.versions(name)?;
        if !has.contains(&version) {
            let has = if has.is_empty() { "none".into() } else { has.join(", ") };
            return Err(Error::Missing(format!(
                "{}: `{which}` is version {version}, which is not there; there are: {has}; restore it, or promote another",
                self.folder(name).display()
            )));
        }
        Ok((version, digest))
    }
    /// The manifest of a version, and its digest.
    ///
    /// # Errors
    /// There is no such version, or its manifest is not the one that the alias names.
    pub fn show(&self, name: &str, which: &VersionRef) -> Result<(Manifest, Digest), Error> {
        let (version, wanted) = self.resolve(name, which)?;
        let path = self.version_folder(name, &version).join("MANIFEST.json");
        let bytes = read_limited(&path, MANIFEST_BYTES_MAX)?;
        let digest = Digest::of(&bytes);
        if let Some(wanted) = wanted.filter(|w| *w != digest) {
            let why = format!("alias `{which}` names digest {}, the file has {}", wanted.short(), digest.short());
            return Err(damaged(path.display(), why));
        }
        let manifest = Manifest::read(&path.display().to_string(), &bytes)?;
        if (manifest.name.as_str(), manifest.version.as_str()) != (name, version.as_str()) {
            let why = format!("it is the manifest of {} {}", manifest.name, manifest.version);
            return Err(damaged(path.display(), why));
        }
        Ok((manifest, digest))
    }
    /// The folder of a version.
    pub fn version_folder(&self, name: &str, version: &str) -> PathBuf {
        self.folder(name).join("versions").join(version)
    }
    /// A file of a version, as registered.
    ///
    /// # Errors
    /// There is none of that name, or its bytes are not those registered.
    pub fn file(&self, manifest: &Manifest, path: &str) -> Result<Vec<u8>, Error> {
        let folder = self.version_folder(&manifest.name, &manifest.version);
        let Some(entry) = manifest.files.iter().find(|f| f.path == path) else {
            return Err(damaged(folder.join("MANIFEST.json").display(), format!("no file `{path}` in it")));
        };
        read_checked(&folder, entry)
    }
    /// Loads models: alias, version, every digest, schema, golden rows, in this order. There is no
    /// half load.
    ///
    /// # Errors
    /// The first of these that is not as registered, with what, where and the mend.
    pub fn load(&self, name: &str, which: &VersionRef) -> Result<Loaded, Error> {
        let (manifest, digest) = self.show(name, which)?;
        let folder = self.version_folder(name, &manifest.version);
        let path = folder.join("SHA256SUMS");
        if read_limited(&path, MANIFEST_BYTES_MAX)? != sums(&manifest, digest).into_bytes() {
            return Err(damaged(
                path.display(),
                "it does not list the digests of MANIFEST.json and of the files in it",
            ));
        }
        for entry in &manifest.files {
            let known = ["bundle.json", "golden.jsonl", "env.json"].contains(&entry.path.as_str());
            if !known {
                read_checked(&folder, entry)?;
            }
        }
        let place = |file: &str| folder.join(file).display().to_string();
        let stored: Value = from_bytes(&place("bundle.json"), &self.file(&manifest, "bundle.json")?)?;
        let model = |e: crate::forecast::Error| Error::Format { place: place("bundle.json"), why: e.to_string() };
        let bundle = ModelSet::from_value(&stored).map_err(model)?;
        let env = Env::read(&place("env.json"), &self.file(&manifest, "env.json")?)?;
        let golden = Golden::read(&place("golden.jsonl"), &self.file(&manifest, "golden.jsonl")?)?;
        let exact = env.same_arithmetic(&Env::here(1, None));
        let proof = golden.prove(&bundle, &format!("{name} {}", manifest.version), exact)?;
        Ok(Loaded { bundle, manifest, digest, proof })
    }
    /// Makes an alias stand for a version, after that version has been loaded.
    ///
    /// # Errors
    /// The version does not load, or something cannot be written; the alias then stays.
    pub fn promote(&self, name: &str, alias: &str, which: &VersionRef, by: &ChangedBy) -> Result<AliasMove, Error> {
        let aliases = self.aliases(name)?;
        let _lock = lock(&self.folder(name).join("LOCK"))?;
        let loaded = self.load(name, which)?;
        aliases.set(alias, AliasTarget { version: loaded.manifest.version, digest: loaded.digest }, by)
    }
    /// Makes an alias stand for what it stood for before its last move, after that has been loaded.
    ///
    /// # Errors
    /// It never stood for anything else, or that does not load; the alias then stays.
    pub fn rollback(&self, name: &str, alias: &str, by: &ChangedBy) -> Result<AliasMove, Error> {
        let moves = self.aliases(name)?.history()?;
        let last = moves.iter().rev().find(|m| m.alias == alias);
        let before = last.and_then(|m| m.from.clone()).ok_or_else(|| {
            Error::Refused(format!("{name}: alias `{alias}` never stood for another version; promote one instead"))
        })?;
        let (_, digest) = self.show(name, &VersionRef::Version(before.version.clone()))?;
        if digest != before.digest {
            let why = format!("it was {}, it is {}", before.digest.short(), digest.short());
            return Err(damaged(self.version_folder(name, &before.version).display(), why));
        }
        self.promote(name, alias, &VersionRef::Version(before.version), by)
    }
    /// Everything of one name that is not as registered: versions, files that do not belong, and aliases
    /// against their history.
    ///
    /// # Errors
    /// There is no such name.
    pub fn verify(&self, name: &str) -> Result<Vec<String>, Error> {
        let aliases = self.aliases(name)?;
        let mut wrong = Vec::new();
        for version in self.versions(name)? {
            match self.load(name, &VersionRef::Version(version.clone())) {
                Ok(loaded) => wrong.extend(self.strangers(&loaded.manifest)?),
                Err(e) => wrong.push(e.to_string()),
            }
        }
        match aliases.check() {
            Ok(more) => wrong.extend(more.into_iter().map(|m| format!("{name}: {m}"))),
            Err(e) => wrong.push(e.to_string()),
        }
        for (alias, _) in aliases.list().unwrap_or_default() {
            wrong.extend(self.show(name, &VersionRef::Alias(alias)).err().map(|e| e.to_string()));
        }
        Ok(wrong)
    }
    fn strangers(&self, manifest: &Manifest) -> Result<Vec<String>, Error> {
        let folder = self.version_folder(&manifest.name, &manifest.version);
        let known =
            |n: &str| ["MANIFEST.json", "SHA256SUMS"].contains(&n) || manifest.files.iter().any(|f| f.path == n);
        let found = listing(&folder, |n| !known(n))?;
        Ok(found.into_iter().map(|n| format!("{}: not part of the version", folder.join(n).display())).collect())
    }
    /// What an alias stood for at an instant: the audit's question.
    ///
    /// # Errors
    /// There is no such name, or its history is damaged.
    pub fn whois(&self, name: &str, alias: &str, at: Ts) -> Result<Option<AliasMove>, Error> {
        self.aliases(name)?.at(alias, at)
    }
}

/// The text of `SHA256SUMS`.
pub(crate) fn sums(manifest: &Manifest, digest: Digest) -> String {
    let files = manifest.files.iter().map(|f| format!("{}  {}\n", f.sha256, f.path));
    std::iter::once(format!("{digest}  MANIFEST.json\n")).chain(files).collect()
}

fn listing(folder: &Path, keep: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for item in std::fs::read_dir(folder).map_err(|e| io(folder, e))? {
        let name = item.map_err(|e| io(folder, e))?.file_name().to_string_lossy().into_owned();
        if keep(&name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn read_checked(folder: &Path, entry: &FileEntry) -> Result<Vec<u8>, Error> {
    let inside = !entry.path.is_empty() && !entry.path.contains(['/', '\\']) && entry.path != "..";
    if !inside {
        return Err(damaged(folder.join("MANIFEST.json").display(), format!("`{}` is not a file's name", entry.path)));
    }
    let path = folder.join(&entry.path);
    let length = std::fs::metadata(&path).map_err(|e| damaged(path.display(), e.to_string()))?.len();
    if length != entry.size {
        return Err(damaged(path.display(), format!("{length} bytes, registered with {}", entry.size)));
    }
    let bytes = read_limited(&path, FILE_BYTES_MAX)?;
    let digest = Digest::of(&bytes);
    if digest != entry.sha256 {
        let why = format!("digest is {}, registered with {}", digest.short(), entry.sha256.short());
        return Err(damaged(path.display(), why));
    }
    Ok(bytes)
}
