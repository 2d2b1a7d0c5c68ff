//! Where every importer delivers: rows are checked, counted and passed to the lake in pieces of
//! bounded size.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::interval;
use super::source::Source;
use crate::base::{Span, Symbol, Ts};
use crate::event::check::{Coverage, Gaps, Report};
use crate::event::lake::{BarRow, Change, FundingRow, ImpliedRow, InterestRow, Listing, Record, Tally, TradeRow};
use crate::event::{Bar, BarKind, Error, Fault};

/// Rows held before they are passed on: about 150 MB of trades.
const HELD_ROWS: usize = 2_000_000;
/// Bars looked at to tell their length, where nobody says it.
const BARS_LOOKED_AT: usize = 1_000;
/// More refused rows than this share, and the file is not what it was taken for.
const MAX_REFUSED: f64 = 0.01;
/// A time without trades that is worth a line in the report.
const QUIET: Span = Span::MINUTE;

/// A bar as the vendor gives it.
#[derive(Clone, Copy, Debug)]
pub struct VendorBar {
    /// Prices, and in `ts_open` the time that the vendor stamped.
    pub bar: Bar,
    /// Which instant of the bar that time is.
    pub stamp: Stamp,
    /// End, exclusive, where the vendor says it beside.
    pub end: Option<Ts>,
}

/// Which instant of a bar a vendor's time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// Its first.
    #[default]
    Open,
    /// Its end, exclusive: the first instant of the next.
    Close,
    /// The last unit inside it, such as `…59.999`.
    Last,
}

/// Takes the rows of one file.
#[derive(Debug)]
pub struct Intake<'c, 'l> {
    change: &'c mut Change<'l>,
    venue: String,
    market: String,
    file: String,
    src: u32,
    /// What is found; importers fill in layout, unit and the like.
    pub report: Report,
    /// Added to every time to give the time it could be known.
    pub delay: Span,
    span: Option<Span>,
    undecided: Vec<(u64, Symbol, VendorBar)>,
    held: Held,
    /// Of each symbol: the latest time so far, its ids and its times.
    seen: BTreeMap<Symbol, Seen>,
}

#[derive(Debug, Default)]
struct Held {
    trades: BTreeMap<Symbol, Vec<TradeRow>>,
    bars: BTreeMap<Symbol, Vec<BarRow>>,
    funding: BTreeMap<Symbol, Vec<FundingRow>>,
    interest: BTreeMap<Symbol, Vec<InterestRow>>,
    implied: BTreeMap<Symbol, Vec<ImpliedRow>>,
    rows: usize,
}

#[derive(Debug)]
struct Seen {
    last: (Ts, u64),
    ids: Coverage,
    numbered: u64,
    times: Coverage,
}

impl<'c, 'l> Intake<'c, 'l> {
    /// An empty intake for one file; `span` is the length of its bars, if it is known.
    pub fn new(
        change: &'c mut Change<'l>,
        venue: &str,
        market: &str,
        source: &Source,
        table: &str,
        span: Option<Span>,
    ) -> Intake<'c, 'l> {
        let report = Report {
            file: source.name(),
            sha256: source.digest,
            bytes: source.bytes,
            checksum_verified: source.checksum_verified,
            importer: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).into(),
            layout: String::new(),
            table: table.into(),
            listings: vec![],
            rows_in: 0,
            added: 0,
            already: 0,
            replaced: 0,
            duplicates: 0,
            refused: BTreeMap::new(),
            inversions: 0,
            header: false,
            time_unit: String::new(),
            zone: "UTC".into(),
            bar: span,
            first: None,
            last: None,
            id_gaps: Gaps::default(),
            time_gaps: Gaps::default(),
        };
        Intake {
            change,
            venue: venue.into(),
            market: market.into(),
            file: source.path.display().to_string(),
            src: source.src(),
            report,
            delay: Span(0),
            span,
            undecided: vec![],
            held: Held::default(),
            seen: BTreeMap::new(),
        }
    }
    /// Takes a trade; `row` is its number in the file. Its `ts_known` and `src` are set here.
    ///
    /// # Errors
    /// The lake cannot take the rows held so far.
    pub fn trade(&mut self, row: u64, symbol: Symbol, mut trade: TradeRow) -> Result<(), Error> {
        self.report.rows_in += 1;
        let sound = trade.price.is_finite() && trade.price > 0.0 && trade.qty.is_finite() && trade.qty >= 0.0;
        if !sound {
            return self.refuse(Fault::NotANumber, row);
        }
        (trade.ts_known, trade.src) = (trade.ts_event + self.delay, self.src);
        let id = match trade.id {
            crate::base::table::TradeId::Number(n) if trade.id.is_some() => i64::try_from(n).ok(),
            _ => None,
        };
        let seen = self.at(symbol, trade.ts_event, id.map_or(0, |n| n as u64));
        seen.times.add(trade.ts_event.0, trade.ts_event.0.saturating_add(QUIET.0));
        if let Some(id) = id {
            seen.numbered += 1;
            seen.ids.add(id, id + 1);
        }
        self.held.trades.entry(symbol).or_default().push(trade);
        self.hold()
    }
    /// Takes a bar; `row` is its number in the file.
    ///
    /// # Errors
    /// The lake cannot take the rows held so far, or the length of the bars cannot be told.
    pub fn bar(&mut self, row: u64, symbol: Symbol, bar: VendorBar) -> Result<(), Error> {
        self.report.rows_in += 1;
        match self.span {
            Some(span) => self.bar_of(span, row, symbol, bar),
            None => {
                self.undecided.push((row, symbol, bar));
                if self.undecided.len() == BARS_LOOKED_AT { self.decide() } else { Ok(()) }
            }
        }
    }
    /// The commonest step between neighbours is the length of the bars.
    fn decide(&mut self) -> Result<(), Error> {
        let mut steps: BTreeMap<i64, usize> = BTreeMap::new();
        for pair in self.undecided.windows(2) {
            let step = pair[1].2.bar.ts_open - pair[0].2.bar.ts_open;
            if pair[0].1 == pair[1].1 && step.0 > 0 {
                *steps.entry(step.0).or_default() += 1;
            }
        }
        let Some((step, _)) = steps.into_iter().max_by_key(|(step, count)| (*count, -step)) else {
            let why = "the length of its bars cannot be told from its times; say it with --bar 1h, or `bar` in the map";
            return Err(Error::Layout { file: self.file.clone(), why: why.into() });
        };
        self.span = Some(Span(step));
        self.report.bar = self.span;
        for (row, symbol, bar) in std::mem::take(&mut self.undecided) {
            self.bar_of(Span(step), row, symbol, bar)?;
        }
        Ok(())
    }
    fn bar_of(&mut self, span: Span, row: u64, symbol: Symbol, vendor: VendorBar) -> Result<(), Error> {
        let mut b = vendor.bar;
        let prices = [b.open, b.high, b.low, b.close];
        let positive = b.kind == BarKind::Premium || prices.iter().all(|p| *p > 0.0);
        if !positive || !prices.iter().all(|p| p.is_finite()) {
            return self.refuse(Fault::NotANumber, row);
        }
        if b.high < b.open.max(b.close) || b.low > b.open.min(b.close) {
            return self.refuse(Fault::BadRange, row);
        }
        // Bars longer than a day start on a day, of the week or month that the vendor chose.
        let grid = Span(span.0.min(Span::DAY.0));
        let stamped = b.ts_open;
        b.ts_open = match vendor.stamp {
            Stamp::Open => stamped,
            Stamp::Close => stamped - span,
            Stamp::Last => stamped.floor(grid) + grid - span,
        };
        let late = vendor.stamp == Stamp::Last && b.ts_open + span > stamped + Span::SECOND;
        // A bar that ends early was cut by an outage: its grid and its numbers are what they are. One
        // that ends late is of another length.
        let other = vendor.end.is_some_and(|e| e > b.ts_open + span || e <= b.ts_open);
        if late || other || b.ts_open.floor(grid) != b.ts_open {
            return self.refuse(Fault::OffGrid, row);
        }
        let ts_close = b.ts_open + span;
        let seen = self.at(symbol, b.ts_open, 0);
        seen.times.add(b.ts_open.0, ts_close.0);
        let row = BarRow { ts_close, ts_known: ts_close + self.delay, bar: b, src: self.src };
        self.held.bars.entry(symbol).or_default().push(row);
        self.hold()
    }
    /// Takes a funding rate: rate, hours of its interval, predicted rate, mark price; NaN is absence.
    /// Hours that are absent are told from the times.
    ///
    /// # Errors
    /// The lake cannot take the rows held so far.
    pub fn funding(&mut self, row: u64, symbol: Symbol, ts: Ts, values: [f64; 4]) -> Result<(), Error> {
        self.report.rows_in += 1;
        if !values[0].is_finite() {
            return self.refuse(Fault::NotANumber, row);
        }
        self.at(symbol, ts, 0);
        let row = FundingRow::new(ts, ts + self.delay, values, self.src);
        self.held.funding.entry(symbol).or_default().push(row);
        self.hold()
    }
    /// Takes an open interest, in the order of the table; NaN is absence, but not of both sizes.
    ///
    /// # Errors
    /// The lake cannot take the rows held so far.
    pub fn interest(&mut self, row: u64, symbol: Symbol, ts: Ts, values: [f64; 6]) -> Result<(), Error> {
        self.report.rows_in += 1;
        if !values[0].is_finite() && !values[1].is_finite() {
            return self.refuse(Fault::NotANumber, row);
        }
        self.at(symbol, ts, 0);
        let row = InterestRow::new(ts, ts + self.delay, values, self.src);
        self.held.interest.entry(symbol).or_default().push(row);
        self.hold()
    }
    /// Takes an implied volatility, a fraction a year.
    ///
    /// # Errors
    /// The lake cannot take the rows held so far.
    pub fn implied(&mut self, row: u64, symbol: Symbol, ts: Ts, iv: f64) -> Result<(), Error> {
        self.report.rows_in += 1;
        if !iv.is_finite() || iv <= 0.0 {
            return self.refuse(Fault::NotANumber, row);
        }
        self.at(symbol, ts, 0);
        let row = ImpliedRow::new(ts, ts + self.delay, [iv], self.src);
        self.held.implied.entry(symbol).or_default().push(row);
        self.hold()
    }
    fn refuse(&mut self, why: Fault, row: u64) -> Result<(), Error> {
        self.report.refused.entry(why).or_default().add(row);
        Ok(())
    }
    /// Notes a time: order, first and last.
    fn at(&mut self, symbol: Symbol, ts: Ts, id: u64) -> &mut Seen {
        let report = &mut self.report;
        report.first = Some(report.first.map_or(ts, |t| t.min(ts)));
        report.last = report.last.max(Some(ts));
        let new = || Seen { last: (ts, id), ids: Coverage::default(), numbered: 0, times: Coverage::default() };
        let seen = self.seen.entry(symbol).or_insert_with(new);
        if (ts, id) < seen.last {
            report.inversions += 1;
        } else {
            seen.last = (ts, id);
        }
        seen
    }
    fn hold(&mut self) -> Result<(), Error> {
        self.held.rows += 1;
        if self.held.rows < HELD_ROWS { Ok(()) } else { self.pass_on(false) }
    }
    /// Hands the rows to the change. Unless it is the end, trades of the last instant stay: equal
    /// trades without a number must meet in one piece.
    fn pass_on(&mut self, end: bool) -> Result<(), Error> {
        let mut held = std::mem::take(&mut self.held);
        if !end {
            for (symbol, rows) in &mut held.trades {
                let last = rows.iter().map(|r| r.ts_event).max();
                let stay: Vec<TradeRow> = rows.extract_if(.., |r| Some(r.ts_event) == last).collect();
                self.held.rows += stay.len();
                self.held.trades.insert(*symbol, stay);
            }
        }
        let mut tally = Tally::default();
        tally += self.give(held.trades)?;
        tally += self.give(held.bars)?;
        held.funding.values_mut().for_each(|rows| interval::tell(rows));
        tally += self.give(held.funding)?;
        tally += self.give(held.interest)?;
        tally += self.give(held.implied)?;
        self.report.count(tally);
        Ok(())
    }
    fn give<R: Record>(&mut self, rows: BTreeMap<Symbol, Vec<R>>) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        for (symbol, rows) in rows {
            let listing = Listing::new(&self.venue, &self.market, symbol)?;
            let named = |e: Error| match e {
                Error::Conflict(why) => Error::Layout { file: self.file.clone(), why },
                other => other,
            };
            tally += self.change.add(&listing, rows).map_err(named)?;
        }
        Ok(tally)
    }
    /// The end of the file: the last rows, the gaps, and whether too much was refused.
    ///
    /// # Errors
    /// More than 1 % of the rows were refused; one id stands at two times; there is no row; or the
    /// lake cannot take the rows.
    pub fn finish(mut self) -> Result<Report, Error> {
        if !self.undecided.is_empty() {
            self.decide()?;
        }
        let layout = |why: String| Error::Layout { file: self.file.clone(), why };
        let (rows, refused) = (self.report.rows_in, self.report.refused_rows());
        if rows == 0 {
            return Err(layout("holds no data row".into()));
        }
        if refused as f64 > MAX_REFUSED * rows as f64 {
            let why = |(fault, r): (&Fault, &crate::event::check::Refused)| {
                let first: Vec<String> = r.rows.iter().take(5).map(u64::to_string).collect();
                format!("{fault:?} {} (first in rows {})", r.count, first.join(", "))
            };
            let why: Vec<String> = self.report.refused.iter().map(why).collect();
            return Err(layout(format!(
                "{refused} of {rows} rows cannot be used: {}; more than 1 % means that the layout or the file is \
                 wrong, and nothing of it was taken",
                why.join(", ")
            )));
        }
        self.pass_on(true)?;
        self.gaps()?;
        let name = |symbol: &Symbol| format!("{}/{}/{symbol}", self.venue, self.market);
        self.report.listings = self.seen.keys().map(name).collect();
        Ok(self.report)
    }
    fn gaps(&mut self) -> Result<(), Error> {
        let (mut ids, mut times) = (vec![], vec![]);
        let mut numbered = (0, 0);
        for (symbol, seen) in &mut self.seen {
            ids.extend(seen.ids.gaps().into_iter().map(|(a, b)| (symbol.to_string(), a, b)));
            times.extend(seen.times.gaps().into_iter().map(|(a, b)| (symbol.to_string(), a, b)));
            numbered = (numbered.0 + seen.numbered, numbered.1 + seen.ids.total().unsigned_abs());
        }
        // An id at two times escapes the lake, which compares rows of one time.
        if numbered.0 > numbered.1 + self.report.duplicates {
            let count = numbered.0 - numbered.1 - self.report.duplicates;
            let why = format!("{count} trade ids stand at two times each; one id must be one trade: mend the file");
            return Err(Error::Layout { file: self.file.clone(), why });
        }
        self.report.id_gaps = Gaps::of(ids, |id| id.to_string(), |n| format!("{n} ids"));
        self.report.time_gaps = Gaps::of(times, |ns| Ts(ns).to_string(), |ns| Span(ns).to_string());
        Ok(())
    }
}
