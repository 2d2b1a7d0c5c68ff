//! How to serve, and where time comes from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::{Digest, Horizon, Span, Symbol, Ts};
use crate::event::snapshot::VenueTable;

/// Where time comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClockMode {
    /// The lake is followed and the wall clock holds.
    Live,
    /// The lake is replayed, so many times faster than it happened; without a number, as fast as it
    /// goes. Time is that of the stream.
    Replay(Option<f64>),
}

impl ClockMode {
    /// As recorded in the ledger: a ledger is live or a replay's, never both.
    pub fn as_str(self) -> &'static str {
        match self {
            ClockMode::Live => "live",
            ClockMode::Replay(_) => "replay",
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
    pub venue_files: BTreeMap<VenueTable, PathBuf>,
    /// Where publications go by themselves.
    pub sinks: Vec<SinkConfig>,
    /// Rows that close before this only warm up; absent means: as the ledger has it, else the last
    /// window that closed, else (in a replay) all are published.
    pub from: Option<Ts>,
    /// Where time comes from.
    pub mode: ClockMode,
    /// How often the lake, the alias and the `KILL` file are looked at.
    pub poll: Span,
    /// How often a followed market is told that time has passed.
    pub tick: Span,
    /// Length of one window.
    pub row: Span,
}

/// One sink. What else its kind wants stands beside these. The configuration is written into the ledger, so
/// nothing secret belongs here; a sink that needs a secret is told which file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SinkConfig {
    /// A kind of sink.
    pub kind: String,
    /// Its name, which no other has; absent: its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the service is not ready while this sink does not do well.
    #[serde(default = "yes")]
    pub required: bool,
    /// What its kind wants.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

fn yes() -> bool {
    true
}

impl SinkConfig {
    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_ref().unwrap_or(&self.kind)
    }
}
