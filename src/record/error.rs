//! What can go wrong with stored proof.

use super::seq::Seq;

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
