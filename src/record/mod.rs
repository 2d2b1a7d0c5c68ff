//! What we can prove: which model was in force, what was decided from it, and that neither has
//! been touched since.
//!
//! | file | what it holds |
//! |---|---|
//! | [`manifest`] | every stored form and its versions |
//! | [`registry`] | `models/<name>/versions/…`: immutable, digested, proved at every load |
//! | [`register`] | how a version comes to be: staged, synced, renamed |
//! | [`alias`] | `champion` and its like, with a hash-chained history |
//! | [`golden`] | input rows and the forecasts they must give, bit for bit |
//! | [`gate`] | what a version must show before it is served |
//! | [`margin_gate`] | what its margins must show, and what must be signed |
//! | [`ledger`] | the [`Store`] trait, entries, and a store in memory |
//! | [`chain`] | lines of a hash-chained file |
//! | [`mod@file`] | the store on disk: synced before it answers, one writer, torn tails dropped |
//! | [`publication`] | one published multiplier, as it is recorded and served |
//! | `working` | its numbers between inputs and result |
//! | [`press`] | decisions numbered and published |
//! | [`era`] | what a ledger says happened under each configuration |
//! | [`run`] | what went into a training run, and what came out |
//! | [`rerun`] | what the ledger recorded, made again event by event and compared |
//! | [`guard`] | what people propose to the guardrails and others approve |
//! | [`order`] | orders of people as the ledger keeps them |
//! | [`venue`] | accounts and books that a service read, kept so that they can be read again |
//! | [`attribution`] | why a requirement changed between two publications, in terms that sum |
//! | [`guidance`] | where a multiplier may be in some hours, and what would move it |
//! | [`explain`] | why a published multiplier is what it is, in words and numbers |

pub mod alias;
pub mod attribution;
pub mod chain;
mod disk;
pub mod era;
pub mod evidence;
pub mod explain;
pub mod file;
pub mod gate;
pub mod golden;
pub mod guard;
pub mod guidance;
pub mod ledger;
pub mod manifest;
pub mod margin_gate;
pub mod order;
pub mod press;
pub mod publication;
pub mod register;
pub mod registry;
pub mod rerun;
pub mod run;
pub mod venue;
mod working;

pub use file::FileStore;
pub use ledger::{Entry, Kind, MemoryStore, Record, Seq, Store};
pub use manifest::Manifest;
pub use publication::Publication;
pub use registry::{Loaded, Registry, Which};
pub use run::Run;

/// What can go wrong with stored proof. Each says what, where and the mend.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused to read or write.
    #[error("{path}: {why}")]
    Io {
        /// Which file or folder.
        path: String,
        /// What the system said.
        why: String,
    },
    /// Stored bytes are not what was written.
    #[error("{place}: damaged: {why}; {mend}")]
    Damaged {
        /// File, and line where it has lines.
        place: String,
        /// What differs.
        why: String,
        /// What to do.
        mend: &'static str,
    },
    /// A stored form that this program does not read.
    #[error("{place}: {why}; use the program version that wrote it")]
    Format {
        /// Which file.
        place: String,
        /// Which form it has, and which are read.
        why: String,
    },
    /// No such name, version, alias or entry.
    #[error("{0}")]
    Missing(String),
    /// Another process writes here.
    #[error("{path}: in use by process {pid}; stop it, or use another folder")]
    Locked {
        /// The lock file.
        path: String,
        /// Who holds it.
        pid: String,
    },
    /// What was asked for is out of range.
    #[error("{0}")]
    Refused(String),
    /// A stored model does not give the forecasts it gave when it was registered.
    #[error(
        "{place}: {answer}: forecast differs from its golden row: {why}; serve it on the kind of machine named in env.json, or register it again"
    )]
    Golden {
        /// Registered name and version.
        place: String,
        /// Which member, horizon and instrument.
        answer: String,
        /// Expected and found.
        why: String,
    },
    /// The road does not give again what the ledger says it gave.
    #[error("ledger entry {seq}: {what}; the lake, the models or the program are not those it was made with")]
    Differs {
        /// Which entry.
        seq: Seq,
        /// What was recorded and what was made.
        what: String,
    },
}

const RESTORE: &str = "restore it from a copy, or register or start anew";

pub(crate) fn damaged(place: impl std::fmt::Display, why: impl Into<String>) -> Error {
    Error::Damaged { place: place.to_string(), why: why.into(), mend: RESTORE }
}
