//! The model registry: immutable versions, each proved at every load.
//!
//! ```text
//! <models>/<name>/versions/000001/   MANIFEST.json bundle.json config.json golden.jsonl metrics.json
//!                                    data.lock.json env.json card.md card.json profile.json
//!                                    evidence.json SHA256SUMS
//! <models>/<name>/aliases/<alias>    000001 sha256:<digest of MANIFEST.json>
//! <models>/<name>/history.jsonl      who moved which alias, when, and why; hash-chained
//! ```
//!
//! `sha256sum -c SHA256SUMS` checks a version without this program.
//!
//! | file | what it holds |
//! |---|---|
//! | `manifest` | what a version consists of, where it was made and from which data |
//! | `golden` | input rows and the forecasts they must give, bit for bit |
//! | `alias` | `champion` and its like, with a hash-chained history |
//! | `versions` | a folder of registered models: listed, checked, loaded, promoted; for callers of the library: `version_folder` |
//! | `register` | how a version comes to be: staged, synced, renamed |
//! | `run` | what went into a training run, and what came out |
//!
//! This folder knows nothing of the ledger, and nothing of what a version must show to be promoted.

mod alias;
mod golden;
mod manifest;
mod register;
mod run;
mod versions;

pub use alias::{AliasMove, AliasTarget, Aliases, ChangedBy};
pub use golden::{Golden, Proof};
pub use manifest::{DataLock, Env, FileEntry, Manifest};
pub use register::Extras;
pub use run::{Code, Run, RunOutcome, cpu_name};
pub use versions::{Loaded, Registered, Registry, VersionRef};
