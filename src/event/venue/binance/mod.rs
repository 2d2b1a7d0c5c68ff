//! Binance, spot and USD-margined: its archives, and the frames of its market streams.
//!
//! | file | what it holds |
//! |---|---|
//! | `archive` | reading a file of the archives |
//! | `layout` | which file of the archives has which columns |
//! | `symbol` | what names of files, folders and intervals say |
//! | `frame` | decoding a frame of a market stream |
//! | `said` | a trade and a kline as the exchange means them, for files and frames alike |
//!
//! This folder knows nothing of other vendors, of the lake or of sockets.

mod archive;
mod frame;
mod layout;
mod said;
mod symbol;

use super::entry::{Market, Venue};

/// Its line of the list.
pub const VENUE: Venue = Venue {
    name: "binance",
    about: "archives and market streams of Binance",
    markets: &[
        Market { name: "spot", endpoint: Some("wss://stream.binance.com:9443/stream") },
        Market { name: "um", endpoint: Some("wss://fstream.binance.com/stream") },
    ],
    takes_map: false,
    recognise: archive::recognise,
    archive: archive::read,
    frame: Some(frame::decode),
};
