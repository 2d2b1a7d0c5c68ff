//! What we can prove: which model was in force, what was decided from it, and that neither has
//! been touched since.
//!
//! | file | what it holds |
//! |---|---|
//! | [`chain`] | files of hash-chained lines: sealed, checked, appended to |
//! | [`ledger`] | what was published and what it rested on, and the same made again |
//! | [`registry`] | registered models: immutable, digested, proved at every load |
//! | [`promotion`] | what a version must show before it is served |
//! | [`explain`] | why a published multiplier is what it is, in words and numbers |
//! | [`stored`] | every stored form and its versions |
//! | `disk` | files that are whole or absent, and locks |
//! | `error` | what can go wrong with stored proof |
//!
//! This folder knows nothing of sockets, clocks or studies.

pub mod chain;
mod disk;
mod error;
pub mod explain;
pub mod ledger;
pub mod promotion;
pub mod registry;
pub mod stored;

pub use chain::{Kind, NewEntry, Record, Seq};
pub use error::Error;
pub use ledger::{FileStore, MemoryStore, Publication, Store};
pub use registry::{Loaded, Manifest, Registry, Run, Which};

pub use explain::{attribution, guidance}; // alias
pub use ledger::file_store as file; // alias
pub use ledger::numbering as press; // alias
pub use ledger::policy_log as guard; // alias
pub use ledger::venue_files as venue; // alias
pub use ledger::{order, rerun}; // alias
pub use promotion as gate; // alias
pub use promotion as margin_gate; // alias
pub use promotion as evidence; // alias
pub use registry::{alias, golden, register, run}; // alias
/// Alias.
pub mod era {
    pub use super::ledger::bodies::*; // alias
    pub use super::ledger::epoch::*; // alias
}
/// Alias.
pub mod publication {
    pub use super::ledger::publication::*; // alias
    pub use super::ledger::text::*; // alias
    pub use super::ledger::working::*; // alias
}
/// Alias.
pub mod manifest {
    pub use super::registry::manifest::*; // alias
    pub use super::stored::from_value; // alias
}
