//! The canonical tables on disk: `<lake>/<table>/venue=/market=/symbol=/date=YYYY-MM-DD/part-N.parquet`.
//!
//! | table | one row per | partition |
//! |---|---|---|
//! | `trades` | trade or aggregate | UTC day of `ts_event` |
//! | `bars` | vendor bar, of any length and kind | UTC month of `ts_open`: `date=` is its first day |
//! | `funding`, `open_interest`, `implied_vol` | vendor row | UTC month of `ts_event`: `date=` is its first day |
//!
//! Bars lie in months because a file per day would hold 24 rows of an hourly bar and 10 kB of footer:
//! seven years of hourly bars of one instrument take 17.4 MB and 2.2 s to read in files per day, 4.9 MB
//! and 0.12 s in files per month (measured with `Lake::bars` on two busy cores).
//!
//! Within a partition rows are sorted by `ts_known`. `src` holds the first 32 bits of the source
//! file's SHA-256; the source's import report is `_manifests/<sha256>.json`.
//!
//! Writing is [`Lake::change`]: prepared whole, then renamed, so a reader never sees half of it, and
//! the same row twice is one row. Reading is [`Lake::events`] (all, lazily), [`Lake::load`] (all, at
//! once) and [`Lake::poll`] (what is new); all three give the order (`ts_known`, symbol, `seq`).

mod change;
mod rows;
mod stream;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

pub use change::{Change, Tally};
pub use rows::{BarRow, FundingRow, ImpliedRow, InterestRow, Reading, Record, TradeRow};
pub use stream::{Cursor, Events};

use super::{BarKind, Error, Event, GaugeKind};
use crate::base::{Digest, Span, Symbol, Ts};

/// How much later than it happened a row may be known. Readers look that far back.
pub const MAX_DELAY: Span = Span::DAY;

/// One instrument of one market of one venue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listing {
    /// Venue, as in `venue=binance`.
    pub venue: String,
    /// Market: spot, um, cm, swap, option, equity, future.
    pub market: String,
    /// Instrument.
    pub symbol: Symbol,
}

impl Listing {
    /// A listing whose names may be folder names.
    ///
    /// # Errors
    /// Venue or market is not lower-case letters, digits, `_` or `-`.
    pub fn new(venue: &str, market: &str, symbol: Symbol) -> Result<Listing, Error> {
        for (what, name) in [("venue", venue), ("market", market)] {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
            if name.is_empty() || !name.chars().all(fits) {
                let want = "lower-case letters, digits, `_` and `-`, such as `binance` or `spot`";
                return Err(Error::Missing(format!("`{name}` is no name of a {what}; want {want}")));
            }
        }
        if symbol.as_str().chars().any(|c| "=\\".contains(c)) || symbol.as_str().starts_with('.') {
            return Err(Error::Missing(format!("`{symbol}` cannot name a folder: it holds `=`, `\\` or a first dot")));
        }
        Ok(Listing { venue: venue.into(), market: market.into(), symbol })
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.venue, self.market, self.symbol)
    }
}

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
            Feed::Gauge(GaugeKind::Funding) => FundingRow::TABLE,
            Feed::Gauge(GaugeKind::OpenInterest) => InterestRow::TABLE,
            Feed::Gauge(GaugeKind::ImpliedVol) => ImpliedRow::TABLE,
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

/// A folder of canonical tables.
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
}

impl Lake {
    /// The lake in a folder, which need not exist yet.
    pub fn at(path: impl AsRef<Path>) -> Lake {
        Lake { root: path.as_ref().to_path_buf() }
    }
    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
    /// Starts a change; with `replace`, rows that contradict the lake overwrite it.
    ///
    /// # Errors
    /// The folder cannot be made, or another process is writing.
    pub fn change(&self, replace: bool) -> Result<Change<'_>, Error> {
        Change::begin(self, replace)
    }
    /// Adds bars at once.
    ///
    /// # Errors
    /// As [`Change::add`].
    pub fn write_bars(&self, listing: &Listing, rows: &[BarRow]) -> Result<Tally, Error> {
        self.write(listing, rows)
    }
    /// Adds trades at once.
    ///
    /// # Errors
    /// As [`Change::add`].
    pub fn write_trades(&self, listing: &Listing, rows: &[TradeRow]) -> Result<Tally, Error> {
        self.write(listing, rows)
    }
    /// Adds rows of any table at once.
    ///
    /// # Errors
    /// As [`Change::add`].
    pub fn write<R: Record>(&self, listing: &Listing, rows: &[R]) -> Result<Tally, Error> {
        let mut change = self.change(false)?;
        let tally = change.add(listing, rows.to_vec())?;
        change.commit()?;
        Ok(tally)
    }
    /// The rows of one listing that are known in `[from, until)`, in order of `ts_known`.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn rows<R: Record>(&self, listing: &Listing, from: Option<Ts>, until: Option<Ts>) -> Result<Vec<R>, Error> {
        let mut all = vec![];
        for (_, folder) in self.partitions(R::TABLE, listing, from, until)? {
            all.extend(read_parts::<R>(&parts(&folder)?)?);
        }
        all.retain(|r: &R| from.is_none_or(|t| r.ts_known() >= t) && until.is_none_or(|t| r.ts_known() < t));
        all.sort_by_key(R::ts_known);
        Ok(all)
    }
    /// Events that are known in `[from, until)`, read lazily, one partition of each listing at a time.
    ///
    /// # Errors
    /// A listing is not in the lake; the message says what is.
    pub fn events(&self, wanted: &[Subscription], from: Option<Ts>, until: Option<Ts>) -> Result<Events, Error> {
        for Subscription { listing, feed, .. } in wanted {
            if !self.folder(feed.table(), listing).is_dir() {
                let has: Vec<String> = self.listings(feed.table())?.iter().map(Listing::to_string).collect();
                let has = if has.is_empty() { "nothing".to_string() } else { has.join(", ") };
                return Err(Error::Missing(format!(
                    "{}: no {} of {listing}; this table holds {has}; `margincast ingest` adds more",
                    self.root.display(),
                    feed.table()
                )));
            }
        }
        Events::open(self, wanted, from, until)
    }
    /// Like [`Lake::events`], read whole.
    ///
    /// # Errors
    /// As [`Lake::events`]; a file cannot be read; or a listing has no such event at all.
    pub fn load(&self, wanted: &[Subscription], from: Option<Ts>, until: Option<Ts>) -> Result<Vec<Event>, Error> {
        let mut reader = self.events(wanted, from, until)?;
        let events = reader.by_ref().collect::<Result<Vec<Event>, Error>>()?;
        for (Subscription { listing, feed, .. }, gave) in wanted.iter().zip(reader.gave()) {
            if !gave {
                let lengths = self.bar_lengths(*feed, listing)?;
                return Err(Error::Missing(format!(
                    "{}: no {feed} of {listing} between {} and {}{lengths}",
                    self.root.display(),
                    from.map_or("the beginning".to_string(), |t| t.to_string()),
                    until.map_or("the end".to_string(), |t| t.to_string()),
                )));
            }
        }
        Ok(events)
    }
    /// Bars of trades of one listing and length that are known in `[from, until)`.
    ///
    /// # Errors
    /// As [`Lake::load`].
    pub fn bars(
        &self,
        listing: &Listing,
        span: Span,
        from: Option<Ts>,
        until: Option<Ts>,
    ) -> Result<Vec<Event>, Error> {
        self.load(&Feed::Bars(span).of(std::slice::from_ref(listing)), from, until)
    }
    /// What came to the lake after the cursor, in order; the cursor moves on. Rows known before the
    /// last event given of their instrument are late and never given. A listing that is not there
    /// yet gives nothing.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn poll(&self, wanted: &[Subscription], cursor: &mut Cursor) -> Result<Vec<Event>, Error> {
        cursor.advance(self, wanted)
    }
    /// The listings of a table, in order.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn listings(&self, table: &str) -> Result<Vec<Listing>, Error> {
        let mut found = vec![];
        for (venue, folder) in subfolders(&self.root.join(table), "venue=")? {
            for (market, folder) in subfolders(&folder, "market=")? {
                for (symbol, _) in subfolders(&folder, "symbol=")? {
                    let symbol = symbol.parse().map_err(|e| Error::Missing(format!("{}: {e}", folder.display())))?;
                    found.push(Listing::new(&venue, &market, symbol)?);
                }
            }
        }
        found.sort();
        Ok(found)
    }
    /// Where the import report of a source file lies.
    pub fn manifest(&self, source: &Digest) -> PathBuf {
        self.root.join("_manifests").join(format!("{source}.json"))
    }
    /// The name of the source file whose digest begins with these 32 bits, as its report has it.
    fn source_name(&self, src: u32) -> String {
        let start = format!("{src:08x}");
        let files = std::fs::read_dir(self.root.join("_manifests")).into_iter().flatten().flatten();
        let mut names =
            files.map(|f| f.path()).filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&start)));
        let report = names.next().and_then(|p| std::fs::read(p).ok());
        let report = report.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        match report.as_ref().and_then(|r| r["file"].as_str()) {
            Some(name) => name.to_string(),
            None => format!("the source {start}"),
        }
    }
    fn folder(&self, table: &str, listing: &Listing) -> PathBuf {
        let Listing { venue, market, symbol } = listing;
        self.root.join(table).join(format!("venue={venue}/market={market}/symbol={symbol}"))
    }
    fn partition(&self, table: &str, listing: &Listing, start: Ts) -> PathBuf {
        self.folder(table, listing).join(format!("date={}", start.date()))
    }
    /// Partitions that may hold rows known in `[from, until)`, oldest first.
    fn partitions(
        &self,
        table: &str,
        listing: &Listing,
        from: Option<Ts>,
        until: Option<Ts>,
    ) -> Result<Vec<(Ts, PathBuf)>, Error> {
        let mut found = vec![];
        for (date, folder) in subfolders(&self.folder(table, listing), "date=")? {
            let start: Ts = date.parse().map_err(|e| Error::Missing(format!("{}: {e}", folder.display())))?;
            found.push((start, folder));
        }
        found.sort();
        // The longest partition of trades is a day; of the others a month, and a bar may be as long.
        let reach = MAX_DELAY.days() as i64 + if table == TradeRow::TABLE { 1 } else { 62 };
        found.retain(|(start, _)| from.is_none_or(|t| *start + Span::DAY.times(reach) > t));
        found.retain(|(start, _)| until.is_none_or(|t| *start < t));
        Ok(found)
    }
    fn bar_lengths(&self, feed: Feed, listing: &Listing) -> Result<String, Error> {
        if !matches!(feed, Feed::Bars(_) | Feed::BarsOf(..)) {
            return Ok(String::new());
        }
        let mut lengths = BTreeSet::new();
        for (_, folder) in self.partitions(BarRow::TABLE, listing, None, None)? {
            lengths.extend(read_parts::<BarRow>(&parts(&folder)?)?.iter().map(BarRow::span));
        }
        let lengths: Vec<String> = lengths.iter().map(Span::to_string).collect();
        Ok(format!("; its bars there are {} long", lengths.join(", ")))
    }
}

/// First instant of the UTC month.
fn month(ts: Ts) -> Ts {
    let date = ts.date();
    format!("{}-01", &date[..date.len() - 3]).parse().unwrap_or(ts)
}

/// Folders `<prefix><name>` in a folder, by name; none where the folder is absent.
fn subfolders(folder: &Path, prefix: &str) -> Result<Vec<(String, PathBuf)>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(Error::Unreadable { file: folder.display().to_string(), why: e.to_string() }),
    };
    let named = entries.flatten().filter_map(|e| {
        let name = e.file_name().to_str()?.strip_prefix(prefix)?.to_string();
        Some((name, e.path()))
    });
    let mut found: Vec<_> = named.collect();
    found.sort();
    Ok(found)
}

/// The files of a partition, in order; what is being written has another ending.
fn parts(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let found = subfolders(folder, "part-")?;
    Ok(found.into_iter().map(|f| f.1).filter(|p| p.extension().is_some_and(|e| e == "parquet")).collect())
}

/// Rows of a partition in order; a row that lies in two parts (while they are being merged) is one.
fn read_parts<R: Record>(parts: &[PathBuf]) -> Result<Vec<R>, Error> {
    let mut rows = vec![];
    for part in parts {
        rows.extend(R::read(part)?);
    }
    if parts.len() > 1 {
        rows.sort_by(R::order);
        rows.dedup_by(|b, a| !a.may_repeat() && a.order(b).is_eq() && a.same(b));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests;
