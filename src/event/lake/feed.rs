//! Which rows of the lake become events, and of which instrument.

use std::fmt;

use super::listing::Listing;
use super::row::{BarRow, TradeRow};
use crate::base::{Span, Symbol};
use crate::event::{BarKind, GaugeKind};

/// Which rows of the lake become events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Trades.
    Trades,
    /// Bars of trades of one length.
    Bars(Span),
    /// Bars of one length and kind.
    BarsOf(Span, BarKind),
    /// Readings of a gauge; a row that lacks the number is none.
    Gauge(GaugeKind),
}

impl Feed {
    /// The table of the lake that it reads.
    pub fn table(self) -> &'static str {
        match self {
            Feed::Trades => TradeRow::TABLE,
            Feed::Bars(_) | Feed::BarsOf(..) => BarRow::TABLE,
            Feed::Gauge(kind) => kind.entry().name,
        }
    }
    /// These listings' rows, each as events of its own instrument.
    pub fn of(self, listings: &[Listing]) -> Vec<Subscription> {
        listings.iter().map(|l| Subscription { listing: l.clone(), feed: self, symbol: l.symbol }).collect()
    }
}

/// Rows of one listing that become events of one instrument, its own or another: the funding of a
/// perpetual is news of the coin's spot market too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whose rows.
    pub listing: Listing,
    /// Which of them.
    pub feed: Feed,
    /// The instrument of the events.
    pub symbol: Symbol,
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Feed::Trades => f.write_str("trades"),
            Feed::Bars(span) => write!(f, "{span} bars"),
            Feed::BarsOf(span, kind) => write!(f, "{span} {kind:?} bars"),
            Feed::Gauge(_) => f.write_str(self.table()),
        }
    }
}
