//! Any CSV or Parquet file, by a mapping file.
//!
//! | file | what it holds |
//! |---|---|
//! | `map` | [`Map`]: which column of a file is what |
//! | `cell` | one cell, as a number, an instant, a text or a side |
//! | `archive` | reading a file as a mapping says |
//! | [`sniff`] | proposing a mapping for a file |
//!
//! This folder knows nothing of any one vendor, of the lake or of sockets.

mod archive;
mod cell;
mod map;
pub mod sniff;

pub use map::{Map, MapTable, SideRule};

use super::vendor::Venue;

/// Its line of the list. Its files name no venue and no market: the mapping does.
pub const VENUE: Venue = Venue {
    name: "generic",
    about: "any CSV or Parquet file, by a mapping",
    markets: &[],
    takes_map: true,
    recognise: |_, _| false,
    archive: archive::read,
    frame: None,
};
