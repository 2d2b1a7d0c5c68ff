//! Binance, spot and USD-margined: its archives, and the frames of its market streams.
//!
//! | file | what it holds |
//! |---|---|
//! | `archive` | reading a file of the archives |
//! | `layout` | which file of the archives has which columns |
//! | `symbol` | what names of files, folders and intervals say |
//! | `frame` | decoding a frame of a market stream |
//! | `fields` | a trade and a kline from their fields, for files and frames alike |
//!
//! This folder knows nothing of other vendors, of the lake or of sockets.

mod archive;
mod fields;
mod frame;
mod layout;
mod symbol;

use super::vendor::{MarketFeed, Venue};

/// Its line of the list.
pub const VENUE: Venue = Venue {
    name: symbol::NAME,
    about: "archives and market streams of Binance",
    markets: &[
        MarketFeed { name: "spot", endpoint: Some("wss://stream.binance.com:9443/stream") },
        MarketFeed { name: "um", endpoint: Some("wss://fstream.binance.com/stream") },
    ],
    takes_map: false,
    recognise: archive::recognise,
    archive: archive::read,
    frame: Some(frame::decode),
};
