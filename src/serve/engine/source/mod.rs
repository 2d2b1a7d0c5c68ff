//! What the engine watches: one trait, and a file for each thing outside.
//!
//! | file | what it holds |
//! |---|---|
//! | `contract` | what a source is, and what may come of it |
//! | `lake` | the market's events, replayed or followed |
//! | `kill_file` | what people freeze |
//! | `approvals` | changes of the guardrails and overrides that people approved |
//! | `venue_file` | accounts and books that the venue writes |
//! | `alias` | the models that are to be served |
//! | `once` | says a thing once |
//!
//! This folder knows nothing of publications.

mod alias;
mod approvals;
mod contract;
mod kill_file;
mod lake;
mod once;
mod venue_file;

pub(super) use alias::Alias;
pub(super) use approvals::Approvals;
pub use contract::{Arrival, Effect, EngineView, Source, Supply};
pub(super) use kill_file::KillFile;
pub use lake::{follow, list, replay};
pub(super) use venue_file::VenueFile;
