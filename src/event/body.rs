//! One event: what the market did, to which instrument, when, and when we could know.

use serde::{Deserialize, Serialize};

use super::gauge::Gauge;
use crate::base::{Symbol, Ts};

/// One thing the market did.
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
