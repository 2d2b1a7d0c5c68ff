//! Vendors and exchanges: each turns the bytes of its files, and of the frames of its live feed, into rows.
//!
//! | file | what it holds |
//! |---|---|
//! | `vendor` | [`Venue`]: what the list says of a vendor |
//! | [`binance`] | the archives and market streams of Binance |
//! | [`generic`] | any CSV or Parquet file, by a mapping |
//! | [`kraken`] | the trade history of Kraken |
//! | `recognise` | [`recognise`]: whose file it is, told by the file |
//! | `import` | [`import`]: a file into the lake, all of it or nothing |
//! | `capture` | frames of a live feed that somebody wrote down |
//! | `file` | [`VendorFile`]: a file, its digest and its text |
//! | `clock` | [`Clock`]: times |
//! | [`field`] | numbers and booleans |
//!
//! Reading is pure: bytes become [`VendorRow`](super::check::VendorRow)s, a [`Checker`](super::check::Checker) checks
//! and counts them, and only [`import`] writes to the lake. A frame of a socket takes the same way.
//!
//! This folder knows nothing of sockets, of models or of margins.

pub mod binance;
mod capture;
mod clock;
pub mod field;
mod file;
pub mod generic;
mod import;
pub mod kraken;
mod recognise;
mod vendor;

pub use clock::{Clock, Dates, TimeUnit};
pub use file::{Counted, VendorFile};
pub use import::{Writing, import};
pub use recognise::recognise;
pub use vendor::{Archive, Decode, Frame, MarketFeed, ReadOptions, Venue};

/// Every vendor. Its line here is all that the rest of the program needs.
pub const VENUES: &[Venue] = &[binance::VENUE, generic::VENUE, kraken::VENUE];
