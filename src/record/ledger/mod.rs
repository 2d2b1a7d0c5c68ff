//! The ledger: what was published, what it rested on, and what people ordered, in order; and the same made
//! again and compared.
//!
//! | file | what it holds |
//! |---|---|
//! | `store` | where entries are kept: the [`Store`] trait, and a store in memory |
//! | `file_store` | the store on disk: synced before it answers, one writer, torn tails dropped; for callers of the library: `open_with` |
//! | [`text`] | numbers and lengths of time as text that reads back to the same bits |
//! | `publication` | one published multiplier, as it is stored |
//! | `why` | its numbers between inputs and result, as they are declared |
//! | `numbering` | decisions numbered and published |
//! | `schedule` | the factors of a week, as they are stored |
//! | `bodies` | what other entries say: configuration, models, ticks, freezes |
//! | `order` | orders of people as they are proposed and as they are stored |
//! | [`venue_files`] | accounts and books that a service read, kept so that they can be read again |
//! | [`policy_log`] | what people propose to the guardrails and others approve |
//! | `policy_state` | the settings in force, and what became of each proposal |
//! | `epoch` | what a ledger says happened under each configuration |
//! | `reference` | which publications people mean |
//! | `audit` | what an audit asks of a ledger by itself |
//! | `rerun` | what was recorded, made again event by event and compared |
//!
//! This folder knows nothing of the registry, of gates, and of how publications are served.

mod audit;
mod bodies;
mod epoch;
mod file_store;
mod numbering;
mod order;
pub mod policy_log;
mod policy_state;
mod publication;
mod reference;
mod rerun;
mod schedule;
mod store;
pub mod text;
pub mod venue_files;
mod why;

pub use audit::{Audited, audit};
pub use bodies::{ConfigLoaded, Counts, Killed, ModelLoaded, Ticked, policy};
pub use epoch::{Epoch, epochs};
pub use file_store::FileStore;
pub use numbering::{Numbering, Occasion};
pub use order::{OrderGiven, ProposedChange, StoredOrder};
pub use policy_log::{PolicyLog, PolicyLogLine, PolicyProposal};
pub use policy_state::{PolicyState, ProposalState};
pub use publication::{
    Cause, ModelRef, Publication, PublishedBaseline, PublishedForecast, PublishedRequirement, SCHEMA, Status,
};
pub use reference::Reference;
pub use rerun::{DecisionSet, PipelineHost, Recall, Rerun};
pub use schedule::PublishedSchedule;
pub use store::{MemoryStore, Scan, Store};
pub use venue_files::{VenueFileRead, VenueFiles};
pub use why::{NewlyLiquidated, PublishedRiskScore, PublishedWhy};
