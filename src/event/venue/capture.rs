//! Frames of a live feed that somebody wrote down: one a line, the time of receipt before it.
//!
//! ```text
//! 1680652700441533 {"stream":"btcusdt@trade","data":{…}}
//! 1626992742.289739: {"stream":"ctkusdt@aggTrade","data":{…}}
//! ```
//!
//! The time is in s, ms, us or ns, told by its size. What a frame says is known when it was received, but never before
//! it happened: clocks of recorders are seconds off. Lines without a frame, such as addresses and subscriptions, are
//! passed over.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use super::clock::Clock;
use super::file::{Counted, VendorFile};
use super::vendor::{Decode, ReadOptions, Venue};
use crate::base::{Span, Symbol};
use crate::event::Error;
use crate::event::check::{Checker, FileHeading};

/// The time of receipt and the frame of a line.
pub(super) fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = line.iter().position(|b| *b == b' ')?;
    let (time, frame) = (&line[..space], line[space..].trim_ascii());
    let time = time.strip_suffix(b":").unwrap_or(time);
    let number = !time.is_empty() && time.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    (number && frame.first().is_some_and(|b| b"{[".contains(b))).then_some((time, frame))
}

/// Whether a file is a capture, by its first line: an address, or a frame with its time.
pub(super) fn is_capture(first: &str) -> bool {
    first.starts_with("wss://") || first.starts_with("ws://") || split(first.as_bytes()).is_some()
}

/// Reads a capture of a venue's feed.
///
/// # Errors
/// The venue's frames are not decoded yet; the file is damaged; a frame cannot be decoded; or two channels tell of the
/// same trades.
pub(super) fn read(
    venue: &Venue,
    source: &VendorFile,
    options: &ReadOptions<'_>,
    checker: &mut Checker<'_>,
) -> Result<Clock, Error> {
    let file = source.path.display().to_string();
    let layout_error = |why: String| Error::Layout { file: file.clone(), why };
    let Some(decode) = venue.frame else {
        return Err(layout_error(format!("holds frames of a live feed, and those of {} are not decoded", venue.name)));
    };
    let market = options.market.or(venue.markets.first().map(|m| m.name)).unwrap_or_default();
    checker.begin(FileHeading {
        venue: venue.name.into(),
        market: market.into(),
        layout: format!("{} frames", venue.name),
        header: false,
        zone: "UTC".into(),
        bar: None,
        delay: Span(0),
    });
    let mut reader = Frames { decode, market, clock: Clock::default(), channels: BTreeMap::new(), row: 0 };
    source.text(|text| {
        let mut lines = BufReader::with_capacity(1 << 18, Counted { inner: text, progress: options.progress });
        let (mut line, mut number) = (vec![], 0);
        let damaged = |e: std::io::Error| Error::Unreadable { file: file.clone(), why: e.to_string() };
        while lines.read_until(b'\n', &mut line).map_err(damaged)? > 0 {
            number += 1;
            let at = |why: String| Error::Row { file: file.clone(), row: number, why };
            reader.line(&line, checker, &at)?;
            line.clear();
        }
        Ok(reader.clock)
    })
}

struct Frames<'a> {
    decode: Decode,
    market: &'a str,
    clock: Clock,
    /// Which channel tells of an instrument's trades, bars and readings.
    channels: BTreeMap<(Symbol, &'static str), &'static str>,
    row: u64,
}

impl Frames<'_> {
    fn line(&mut self, line: &[u8], checker: &mut Checker<'_>, at: &dyn Fn(String) -> Error) -> Result<(), Error> {
        let Some((time, frame)) = split(line) else {
            checker.pass_over();
            return Ok(());
        };
        let received = self.clock.read(time).map_err(at)?;
        let frame = (self.decode)(self.market, frame).map_err(at)?;
        if frame.rows.is_empty() {
            checker.pass_over();
        }
        for (symbol, what) in frame.rows {
            let one = self.channels.entry((symbol, what.table())).or_insert(frame.channel);
            if *one != frame.channel {
                let (a, b) = (*one, frame.channel);
                return Err(at(format!("`{b}` tells of {symbol} what `{a}` told before; keep the frames of one")));
            }
            self.row += 1;
            checker.take_received(self.row, symbol, what, received)?;
        }
        Ok(())
    }
}
