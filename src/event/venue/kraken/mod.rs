//! Kraken, spot: the trade history that it offers for download.
//!
//! | file | what it holds |
//! |---|---|
//! | `archive` | reading a file of the history |
//!
//! Its frames are not decoded: they write prices as JSON numbers, of which a reader may lose the last digit.
//!
//! This folder knows nothing of other vendors, of the lake or of sockets.

mod archive;

use super::vendor::{MarketFeed, Venue};

/// Its line of the list.
pub const VENUE: Venue = Venue {
    name: "kraken",
    about: "trade history of Kraken",
    markets: &[MarketFeed { name: "spot", endpoint: Some("wss://ws.kraken.com/v2") }],
    takes_map: false,
    recognise: archive::recognise,
    archive: archive::read,
    frame: None,
};
