//! The running pipeline, and what it watches.
//!
//! | file | what it holds |
//! |---|---|
//! | [`publisher`] | the thread: catch up with the ledger, then push, record, publish |
//! | [`pipeline`] | the pipeline, and the registry that its models come from |
//! | [`source`] | the lake's events, followed or replayed |
//! | `operator` | the `KILL` file, approved changes of the guardrails, the alias |
//! | `venue` | accounts and books that the venue writes |
//! | `consequences` | what follows from all that was published |
//! | [`pace`] | how fast a stored stream is replayed |
//!
//! This folder knows nothing of HTTP: it puts publications into the hub, and others take them.

mod consequences;
mod operator;
pub mod pace;
pub mod pipeline;
pub mod publisher;
pub mod source;
mod venue;

pub use operator::settings;
pub use pipeline::Engine;
