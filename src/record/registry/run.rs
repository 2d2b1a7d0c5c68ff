//! The record of a training run: what went in, on what machine, and what came out, so that anybody
//! may make it again and compare.
//!
//! `run.json` is written when a run begins and once more when it has ended. Its `total` digest
//! covers everything that the run learnt and said, and nothing of where, when or with how many
//! threads it ran.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::manifest::{DataLock, Env, FileEntry};
use crate::base::{Digest, Ts};
use crate::record::disk::{io, read_limited, replace};
use crate::record::error::{Error, damaged};
use crate::record::stored::{from_bytes, to_bytes};

/// Largest `run.json`, bytes.
const RUN_BYTES_MAX: u64 = 64 << 20;

/// What went into a run, and what came out when it had ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The command line.
    pub command: String,
    /// The effective configuration as text, with every default.
    pub config_text: String,
    /// The same as data.
    pub config: Value,
    /// Digest of what of it decides.
    pub config_digest: Digest,
    /// Files of the lake that were read.
    pub data: Vec<DataLock>,
    /// Nothing known after this was learnt from.
    pub knowledge_cutoff: Ts,
    /// The program.
    pub code: Code,
    /// Name of the processor.
    pub cpu: String,
    /// Processor features, worker threads, seed.
    pub env: Env,
    /// Absent until the run has ended.
    pub outcome: Option<RunOutcome>,
}

/// Which program ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Version.
    pub version: String,
    /// Digest of the executable file; absent where the system does not show it.
    pub build: Option<Digest>,
}

impl Code {
    /// This program.
    pub fn here() -> Code {
        let build = std::env::current_exe().ok().and_then(|path| Digest::of_file(&path).ok());
        Code { version: env!("CARGO_PKG_VERSION").into(), build }
    }
}

/// What a run learnt and said, as digests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunOutcome {
    /// Of every row of every instrument.
    pub rows: Digest,
    /// Of the parameters that were chosen inside training windows.
    pub choices: Digest,
    /// Of the models fitted on everything known at the cut-off.
    pub models: Digest,
    /// Of every forecast and decision out of sample.
    pub results: Digest,
    /// Of what a permuted future left as it was.
    #[serde(rename = "future")]
    pub leak_test: Digest,
    /// Of the configuration and all of these.
    pub total: Digest,
    /// Result files in the run's folder.
    pub files: Vec<FileEntry>,
}

impl RunOutcome {
    /// The digest over configuration and parts.
    pub fn total_of(&self, config: Digest) -> Digest {
        Digest::of_json(&json!({
            "config": config, "rows": self.rows, "choices": self.choices, "models": self.models,
            "results": self.results, "future": self.leak_test,
        }))
    }
    /// The parts that differ, by name; files are not among them.
    pub fn differences(&self, other: &RunOutcome) -> Vec<(&'static str, Digest, Digest)> {
        let parts = |o: &RunOutcome| {
            [
                ("rows", o.rows),
                ("choices", o.choices),
                ("models", o.models),
                ("results", o.results),
                ("future", o.leak_test),
                ("total", o.total),
            ]
        };
        let pairs = parts(self).into_iter().zip(parts(other));
        pairs.filter(|(a, b)| a.1 != b.1).map(|(a, b)| (a.0, a.1, b.1)).collect()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "schema")]
enum StoredRun {
    #[serde(rename = "margincast.run.v1")]
    V1(Box<Run>),
}

impl Run {
    /// Reads the record in a run's folder; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read, or is of a form that this program does not know.
    pub fn read(folder: &Path) -> Result<Option<Run>, Error> {
        let path = folder.join("run.json");
        if !path.exists() {
            return Ok(None);
        }
        let StoredRun::V1(run) = from_bytes(&path.display().to_string(), &read_limited(&path, RUN_BYTES_MAX)?)?;
        Ok(Some(*run))
    }
    /// Writes the record: a reader sees the old one or the new one.
    ///
    /// # Errors
    /// The folder cannot be made or written to.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        std::fs::create_dir_all(folder).map_err(|e| io(folder, e))?;
        replace(&folder.join("run.json"), &to_bytes("run.json", &StoredRun::V1(Box::new(self.clone())))?)
    }
    /// Whether two runs are of one thing: configuration and data. Machine, threads, program and
    /// command line may differ.
    ///
    /// # Errors
    /// The first thing that differs, by name.
    pub fn same_input(&self, other: &Run) -> Result<(), String> {
        if self.config_digest != other.config_digest {
            let had: Vec<&str> = self.config_text.lines().collect();
            let changed: Vec<&str> = other.config_text.lines().filter(|l| !had.contains(l)).take(5).collect();
            let changed = if changed.is_empty() { "a setting was taken out".into() } else { changed.join(", ") };
            return Err(format!("another configuration; changed: {changed}"));
        }
        different_data(&self.data, &other.data).map_or(Ok(()), |what| Err(format!("other data: {what}")))
    }
    /// What may explain other bits than recorded: another program, processor or arithmetic.
    pub fn other_circumstances(&self, here: &Run) -> Vec<String> {
        let mut notes = Vec::new();
        if self.code.version != here.code.version {
            notes.push(format!("recorded by version {}, this is {}", self.code.version, here.code.version));
        } else if self.code.build != here.code.build {
            notes.push("recorded by another build of the same version".into());
        }
        if !self.env.same_arithmetic(&here.env) {
            notes.push(format!(
                "recorded on {} ({}), this is {} ({}): nets may differ in their last bits",
                self.env.target,
                self.env.cpu_features.join(" "),
                here.env.target,
                here.env.cpu_features.join(" ")
            ));
        }
        if self.cpu != here.cpu {
            notes.push(format!("recorded on processor `{}`, this is `{}`", self.cpu, here.cpu));
        }
        notes
    }
    /// The outcome, where the record agrees with itself and with the files beside it.
    ///
    /// # Errors
    /// The run has not ended, its total is not the digest of its parts, or a file was changed.
    pub fn settled(&self, folder: &Path) -> Result<&RunOutcome, Error> {
        let place = folder.join("run.json");
        let outcome = self.outcome.as_ref().ok_or_else(|| {
            Error::Missing(format!("{}: the run has not ended; go on with it by --resume", place.display()))
        })?;
        if outcome.total != outcome.total_of(self.config_digest) {
            return Err(damaged(place.display(), "its total digest is not that of its parts"));
        }
        for file in &outcome.files {
            let path = folder.join(&file.path);
            let digest = Digest::of_file(&path).map_err(|e| damaged(path.display(), e.to_string()))?;
            if digest != file.sha256 {
                let why = format!("digest is {}, recorded as {}", digest.short(), file.sha256.short());
                return Err(damaged(path.display(), why));
            }
        }
        Ok(outcome)
    }
}

/// The first file that is not the same in both lists.
fn different_data(had: &[DataLock], have: &[DataLock]) -> Option<String> {
    let missing = had.iter().find(|d| !have.iter().any(|h| h.path == d.path));
    if let Some(d) = missing {
        return Some(format!("{} is gone", d.path));
    }
    let other = have.iter().find(|h| !had.contains(h))?;
    let known = had.iter().any(|d| d.path == other.path);
    Some(format!("{} {}", other.path, if known { "has changed" } else { "is new" }))
}

/// Name of this machine's processor, `unknown` where the system does not tell.
pub fn cpu_name() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("model name"));
    line.and_then(|l| l.split_once(": ")).map_or_else(|| "unknown".into(), |(_, name)| name.trim().to_string())
}
