//! The running pipeline, and what it watches.
//!
//! | file | what it holds |
//! |---|---|
//! | [`publisher`] | the thread: catch up with the ledger, then push, record, publish |
//! | `opening` | what a start finds in the ledger, and what it records there |
//! | [`source`] | what is watched: the market, the `KILL` file, approvals, files of the venue, the alias |
//! | [`pipeline`] | the pipeline as a service and an audit drive it |
//! | [`models`] | the registry that its models come from |
//! | `consequences` | what follows from all that was published |
//! | [`audit`] | what was decided, decided again |
//! | [`pace`] | how fast a stored stream is replayed |
//!
//! This folder knows nothing of HTTP: it puts publications into the hub, and others take them.

pub mod audit;
mod consequences;
pub mod models;
mod opening;
pub mod pace;
pub mod pipeline;
pub mod publisher;
pub mod source;

pub use models::Models;
pub use pipeline::Engine;
