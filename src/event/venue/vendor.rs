//! One vendor: what the list of them says of each.

use std::path::Path;

use super::clock::Clock;
use super::file::VendorFile;
use crate::base::{Span, Symbol};
use crate::event::Error;
use crate::event::check::{Checker, VendorRow};

/// A vendor or exchange. Adding one is a folder with this value, and a line in [`super::VENUES`].
#[derive(Clone, Copy)]
pub struct Venue {
    /// Its name on the command line, and in the lake where its files do not name another.
    pub name: &'static str,
    /// What of it can be read, in a few words.
    pub about: &'static str,
    /// Its markets, the one that is meant where nothing says it first.
    pub markets: &'static [MarketFeed],
    /// Whether its files are read by a mapping file.
    pub takes_map: bool,
    /// Whether a file is of it, by its name and its first line.
    pub recognise: fn(&VendorFile, &str) -> bool,
    /// Reads a file: says what it is, then delivers every row. Gives the clock that its times were read by.
    pub archive: Archive,
    /// Decodes a frame of its live feed; `None` where that is not done yet.
    pub frame: Option<Decode>,
}

/// Reads a file of a vendor.
pub type Archive = fn(&VendorFile, &ReadOptions<'_>, &mut Checker<'_>) -> Result<Clock, Error>;
/// Decodes a frame of a market's feed; the error says what is wrong with it.
pub type Decode = fn(market: &str, frame: &[u8]) -> Result<Frame, String>;

/// A market of a venue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketFeed {
    /// As the lake names it.
    pub name: &'static str,
    /// Where its live feed is.
    pub endpoint: Option<&'static str>,
}

/// What the caller says of a file; what it leaves open the file must tell.
#[derive(Clone, Copy)]
pub struct ReadOptions<'a> {
    /// Market, as the lake names it, where the file or its mapping does not say it.
    pub market: Option<&'a str>,
    /// Instrument, where the file does not name it.
    pub symbol: Option<Symbol>,
    /// Length of bars, where the file does not tell it.
    pub bar: Option<Span>,
    /// The mapping file, for vendors that are read by one.
    pub map: Option<&'a Path>,
    /// Told the size of every piece of text read.
    pub progress: &'a dyn Fn(u64),
}

/// What a frame of a live feed says.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its channel, as the venue names it: one instrument's rows of one table come from one.
    pub channel: &'static str,
    /// What it says; nothing, where it is of a channel that is not used.
    pub rows: Vec<(Symbol, VendorRow)>,
}

impl Frame {
    /// A frame that says nothing for the lake: a confirmation, or another channel.
    pub const NOTHING: Frame = Frame { channel: "", rows: vec![] };
}
