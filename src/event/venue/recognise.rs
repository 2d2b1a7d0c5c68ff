//! Whose file it is, told by the file.

use super::capture::{is_capture, split};
use super::file::VendorFile;
use super::vendor::Venue;
use crate::event::Error;

/// Lines of a capture that are looked at.
const LINES: usize = 200;

/// The only one of these vendors that a file is of.
///
/// # Errors
/// The file cannot be read, or none or several of them say that it is theirs.
pub fn recognise<'v>(venues: &'v [Venue], source: &VendorFile) -> Result<&'v Venue, Error> {
    let lines = if source.is_parquet() { vec![] } else { source.head(LINES)? };
    let first = lines.first().map_or("", String::as_str);
    let theirs = |v: &&Venue| match is_capture(first) {
        true => lines.iter().any(|l| says_something(v, l)),
        false => (v.recognise)(source, first),
    };
    let found: Vec<&Venue> = venues.iter().filter(theirs).collect();
    let names = |all: &[&Venue]| all.iter().map(|v| v.name).collect::<Vec<_>>().join(", ");
    let why = match found[..] {
        [one] => return Ok(one),
        [] => format!(
            "is of no layout that is known ({}); say --venue, and for a layout of your own --venue generic with a map",
            names(&venues.iter().collect::<Vec<_>>())
        ),
        _ => format!("may be of {}; say --venue", names(&found)),
    };
    Err(Error::Layout { file: source.path.display().to_string(), why })
}

/// Whether a line of a capture is a frame of one of the venue's markets, with something for the lake.
fn says_something(venue: &Venue, line: &str) -> bool {
    let Some((decode, (_, frame))) = venue.frame.zip(split(line.as_bytes())) else { return false };
    venue.markets.iter().any(|m| decode(m.name, frame).is_ok_and(|f| !f.rows.is_empty()))
}
