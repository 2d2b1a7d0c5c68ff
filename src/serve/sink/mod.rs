//! Where publications go by themselves: each sink is sent every set, in order, at least once.
//!
//! A set is sent once it is in the ledger and in force. What a sink acknowledged is kept beside the ledger, so
//! that after a stop or a kill it goes on where it was; what was sent and not yet kept is sent again.
//!
//! | file | what it holds |
//! |---|---|
//! | `contract` | what a sink is, and what a kind of sink is |
//! | [`mod@file`] | a folder into which every set is dropped as a file |
//! | [`mod@config`] | `[[serve.sinks]]`, opened |
//! | `cursor` | how far a sink is, on disk |
//! | `delivery` | one thread per sink: from the ledger to the sink |
//!
//! This folder knows nothing of HTTP and of how a publication comes to be.

pub mod config;
mod contract;
mod cursor;
pub mod delivery;
pub mod file;

pub use contract::{Sink, SinkKind};

/// Every kind of sink: one line each.
pub const SINKS: &[SinkKind] = &[file::KIND];
