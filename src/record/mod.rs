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
//! | `seq` | the place of an entry in a chain |
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
mod seq;
pub mod stored;

pub use chain::{EntryKind, NewEntry, SealedEntry};
pub use error::Error;
pub use ledger::{FileStore, MemoryStore, Publication, Store};
pub use registry::{Loaded, Manifest, Registry, Run, VersionRef};
pub use seq::Seq;
