//! What others see: multipliers over HTTP and server-sent events, health, metrics and a page.
//!
//! One thread runs the road and publishes: recorded in the ledger and synced, only then shown. The
//! web side never touches the road; it hands out bytes rendered once per publication.
//!
//! | file | what it holds |
//! |---|---|
//! | [`publisher`] | the thread: catch up with the ledger, then push, record, publish |
//! | [`road`] | the pipeline, and the registry that its models come from |
//! | [`source`] | the lake's events, followed or replayed |
//! | [`hub`] | what was published last, rendered, and who is told of the next |
//! | [`server`] | start and stop |
//! | [`http`] | routes and their handlers |
//! | `outlook` | the routes that look ahead |
//! | `problem` | errors as RFC 9457 has them, and limits |
//! | [`stream`] | server-sent events, resumed by id |
//! | [`health`] | live, started, ready, and why not |
//! | [`meters`] | what is measured, for Prometheus |
//! | [`view`] | the JSON that is not stored |
//! | [`page`] | the page at `/` |
//! | [`pace`] | how fast a stored stream is replayed |
//! | [`clock`] | the wall clock, the only one |

pub mod clock;
pub mod health;
pub mod http;
pub mod hub;
pub mod meters;
mod outlook;
pub mod pace;
pub mod page;
mod problem;
pub mod publisher;
pub mod road;
pub mod server;
pub mod source;
pub mod stream;
pub mod view;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::base::{Digest, Horizon, Span, Symbol, Ts};
use crate::event::snapshot::VenueTable;

pub use hub::Hub;
pub use server::{Running, start};

/// Where time comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// The lake is followed and the wall clock holds.
    Live,
    /// The lake is replayed, so many times faster than it happened; without a number, as fast as it
    /// goes. Time is that of the stream.
    Replay(Option<f64>),
}

impl Mode {
    /// As recorded in the ledger: a ledger is live or a replay's, never both.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Live => "live",
            Mode::Replay(_) => "replay",
        }
    }
}

/// How to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address to listen on; port 0 takes a free one.
    pub listen: String,
    /// The ledger's folder.
    pub ledger: PathBuf,
    /// The registry.
    pub models: PathBuf,
    /// Registered name.
    pub model: String,
    /// Which alias of it.
    pub alias: String,
    /// Venue, for instrument ids.
    pub venue: String,
    /// The instruments.
    pub symbols: Vec<Symbol>,
    /// Margin periods of risk.
    pub horizons: Vec<Horizon>,
    /// The effective configuration, as the text of a JSON object.
    pub config: String,
    /// Its digest.
    pub config_digest: Digest,
    /// Files of accounts and books that the venue writes.
    pub told: BTreeMap<VenueTable, PathBuf>,
    /// Rows that close before this only warm up; absent means: as the ledger has it, else the last
    /// window that closed, else (in a replay) all are published.
    pub from: Option<Ts>,
    /// Where time comes from.
    pub mode: Mode,
    /// How often the lake, the alias and the `KILL` file are looked at.
    pub poll: Span,
    /// How often a followed road is told that time has passed.
    pub tick: Span,
    /// Length of one window.
    pub row: Span,
}
