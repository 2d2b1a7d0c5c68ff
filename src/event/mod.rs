//! What the market did: one [`Event`] per trade, vendor bar, gauge reading or clock tick.
//!
//! | file | what it holds |
//! |---|---|
//! | [`venue`] | one file per vendor layout; each turns vendor bytes into events and faults |
//! | [`lake`] | the canonical tables on disk |
//! | [`gauge`] | numbers that hold until their next reading, one entry each |
//! | [`check`] | duplicates, gaps and disorder, reported and never repaired in silence |
//! | [`synth`] | made-up but repeatable events for tests and benches |

pub mod check;
pub mod gauge;
pub mod lake;
pub mod synth;
pub mod venue;

pub use gauge::{GAUGES, Gauge, GaugeEntry, GaugeKind};

use serde::{Deserialize, Serialize};

use crate::base::{Symbol, Ts};

/// One thing the market did, or one tick of the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The instrument it concerns.
    pub symbol: Symbol,
    /// When it happened. A bar happens at its close.
    pub ts_event: Ts,
    /// When we could first know it. Everything sorts and joins on this.
    pub ts_known: Ts,
    /// Breaks ties between equal times; rises within one symbol.
    pub seq: u64,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Body {
    /// One trade, or one aggregate of trades at one price.
    Trade(Trade),
    /// A bar that the vendor aggregated.
    Bar(Bar),
    /// A number that holds until its next reading.
    Gauge(Gauge),
    /// Time passed; nothing else is known to have happened.
    Tick,
    /// An operator asked to freeze (`true`) or release (`false`) publication of this symbol.
    Kill(bool),
}

/// A trade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// Price in quote units.
    pub price: f64,
    /// Quantity in base units (never contracts).
    pub qty: f64,
    /// +1 the buyer was the aggressor, -1 the seller, 0 unknown.
    pub aggressor: i8,
    /// How many exchange trades this row aggregates; at least 1.
    pub n_trades: u32,
}

/// A vendor's bar. Times are those of the bar, not of its arrival. What the vendor has no column
/// for is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// First instant of the bar. Its close is the event's `ts_event`.
    pub ts_open: Ts,
    /// Price of the first trade.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Price of the last trade.
    pub close: f64,
    /// Base units traded.
    pub volume: Option<f64>,
    /// Quote units traded.
    pub quote_volume: Option<f64>,
    /// Number of trades.
    pub trades: Option<f64>,
    /// Base units where the buyer was the aggressor.
    pub taker_buy_volume: Option<f64>,
    /// Quote units where the buyer was the aggressor.
    pub taker_buy_quote_volume: Option<f64>,
    /// What the prices are prices of.
    pub kind: BarKind,
}

/// What a bar's prices are prices of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BarKind {
    /// Trades.
    #[default]
    Trade,
    /// The venue's mark price.
    Mark,
    /// An index.
    Index,
    /// The premium over an index.
    Premium,
}

/// Bad market data: counted and reported, never an error that stops the road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A price or quantity that is not finite, or a price that is not positive.
    NotANumber,
    /// High below low, or open or close outside them.
    BadRange,
    /// Known before something already seen of the same symbol.
    OutOfOrder,
    /// The same thing again.
    Duplicate,
    /// A bar that does not lie on the grid of the configured bar length.
    OffGrid,
    /// A window with missing bars; it makes no row.
    Incomplete,
    /// A symbol that the model or the configuration does not know.
    UnknownSymbol,
    /// A model gave a number that is not finite or not positive.
    BadForecast,
}

/// What can go wrong on the way from files to events. Each says what, where and the mend.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened or read.
    #[error("{file}: cannot read: {why}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system or the decoder said.
        why: String,
    },
    /// The file's layout is not the one expected.
    #[error("{file}: {why}")]
    Layout {
        /// Which file.
        file: String,
        /// What differs, and the mend.
        why: String,
    },
    /// One row cannot be used.
    #[error("{file}, row {row}: {why}")]
    Row {
        /// Which file.
        file: String,
        /// Row number, 1 for the first data row.
        row: u64,
        /// What is wrong, and the mend.
        why: String,
    },
    /// The lake or a map file does not hold what was asked for.
    #[error("{0}")]
    Missing(String),
    /// Two rows say different things of one thing, or a row cannot be.
    #[error("{0}")]
    Conflict(String),
    /// A Parquet file could not be read or written.
    #[error(transparent)]
    Table(#[from] crate::base::table::Error),
}
