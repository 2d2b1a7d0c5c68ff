//! What others see: multipliers over HTTP and server-sent events, health, metrics and a page.
//!
//! One thread runs the engine and publishes: recorded in the ledger and synced, only then shown. The
//! web side never touches the engine; it takes what the hub has.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@options`] | how to serve, and where time comes from |
//! | [`clock`] | the wall clock, the only one |
//! | [`hub`] | what was published last, and who is told of the next; for callers of the library: `is_ended` |
//! | [`meters`] | what is measured, for Prometheus |
//! | [`engine`] | the running pipeline: catch up with the ledger, then push, record, publish |
//! | [`api`] | what is asked over HTTP and how it is answered |
//! | [`sink`] | where publications go by themselves |
//! | [`server`] | start and stop; for callers of the library: `is_publishing` |
//!
//! This folder knows nothing of how models are trained or judged.

pub mod api;
pub mod clock;
pub mod engine;
pub mod hub;
pub mod meters;
pub mod options;
pub mod server;
pub mod sink;

pub use hub::Hub;
pub use options::{ClockMode, Options, SinkConfig};
pub use server::{Running, start};
