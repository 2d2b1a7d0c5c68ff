//! Where every file is delivered, row by row: rows are checked, counted and handed on in pieces of bounded size.

use std::collections::{BTreeMap, BTreeSet};

use super::admit::{Checked, RowOrigin, admit};
use super::funding_hours;
use super::intervals::Intervals;
use super::report::{Gaps, Refused, Report};
use super::vendor_row::{VendorBar, VendorRow};
use crate::base::table::TradeId;
use crate::base::{Span, Symbol, Ts};
use crate::event::lake::{BarRow, GaugeRow, Tally, TradeRow};
use crate::event::{Error, Fault, GaugeKind};

/// Rows held before they are handed on: about 150 MB of trades.
const HELD_ROWS: usize = 2_000_000;
/// Bars looked at to tell their length, where nobody says it.
const BARS_LOOKED_AT: usize = 1_000;
/// More refused rows than this share, and the file is not what it was taken for.
const MAX_REFUSED: f64 = 0.01;
/// A time without trades that is worth a line in the report.
const QUIET: Span = Span::MINUTE;

/// What a file is, known before its first row.
#[derive(Clone, Debug)]
pub struct FileHeading {
    /// Venue, as the lake names it.
    pub venue: String,
    /// Market, as the lake names it.
    pub market: String,
    /// The layout, for the report.
    pub layout: String,
    /// Whether it starts with column names.
    pub header: bool,
    /// Zone of its times.
    pub zone: String,
    /// Length of its bars, if it is known; absent, the commonest step between rows.
    pub bar: Option<Span>,
    /// Known this much later than it happened.
    pub delay: Span,
}

/// Checked rows of each table, by instrument.
#[derive(Debug, Default)]
pub struct Rows {
    /// Of `trades`.
    pub trades: BTreeMap<Symbol, Vec<TradeRow>>,
    /// Of `bars`.
    pub bars: BTreeMap<Symbol, Vec<BarRow>>,
    /// Of each gauge's table.
    pub gauges: BTreeMap<GaugeKind, BTreeMap<Symbol, Vec<GaugeRow>>>,
}

impl Rows {
    fn push(&mut self, symbol: Symbol, row: Checked) {
        match row {
            Checked::Trade(r) => self.trades.entry(symbol).or_default().push(r),
            Checked::Bar(r) => self.bars.entry(symbol).or_default().push(r),
            Checked::Gauge(r) => self.gauges.entry(r.gauge).or_default().entry(symbol).or_default().push(r),
        }
    }
}

/// Told what the file is and some of its rows; says what became of them.
pub type Write<'w> = dyn FnMut(&FileHeading, Rows) -> Result<Tally, Error> + 'w;

/// Takes the rows of one file.
pub struct Checker<'w> {
    write: &'w mut Write<'w>,
    file: String,
    heading: FileHeading,
    report: Report,
    origin: RowOrigin,
    undecided: Vec<(u64, Symbol, VendorBar)>,
    held: Rows,
    held_rows: usize,
    /// Of each table and symbol: the latest time so far, its ids and its times.
    seen: BTreeMap<(&'static str, Symbol), Seen>,
}

struct Seen {
    last: (Ts, u64),
    ids: Intervals,
    numbered: u64,
    times: Intervals,
}

impl<'w> Checker<'w> {
    /// A checker of one file; `report` says what is known of the file's bytes, `src` names it in rows.
    pub fn new(file: String, src: u32, report: Report, write: &'w mut Write<'w>) -> Checker<'w> {
        let origin = RowOrigin { delay: Span(0), received: None, src };
        let heading = FileHeading {
            venue: String::new(),
            market: String::new(),
            layout: String::new(),
            header: false,
            zone: String::new(),
            bar: None,
            delay: Span(0),
        };
        let (undecided, held, seen) = (vec![], Rows::default(), BTreeMap::new());
        Checker { write, file, heading, report, origin, undecided, held, held_rows: 0, seen }
    }
    /// What the file is; said before its first row.
    pub fn begin(&mut self, heading: FileHeading) {
        self.report.layout.clone_from(&heading.layout);
        self.report.zone.clone_from(&heading.zone);
        (self.report.header, self.report.bar) = (heading.header, heading.bar);
        self.origin.delay = heading.delay;
        self.heading = heading;
    }
    /// Takes a row; `row` is its number in the file, 1 for the first.
    ///
    /// # Errors
    /// The rows held so far cannot be written, or the length of the bars cannot be told.
    pub fn take(&mut self, row: u64, symbol: Symbol, what: VendorRow) -> Result<(), Error> {
        self.report.rows_in += 1;
        match what {
            VendorRow::Bar(mut bar) if bar.span.is_none() => {
                bar.span = self.report.bar;
                if bar.span.is_some() {
                    return self.check(row, symbol, VendorRow::Bar(bar));
                }
                self.undecided.push((row, symbol, bar));
                if self.undecided.len() == BARS_LOOKED_AT { self.decide() } else { Ok(()) }
            }
            other => self.check(row, symbol, other),
        }
    }
    /// Takes a row of a frame that was received then.
    ///
    /// # Errors
    /// As [`Checker::take`].
    pub fn take_received(&mut self, row: u64, symbol: Symbol, what: VendorRow, at: Ts) -> Result<(), Error> {
        self.origin.received = Some(at);
        self.take(row, symbol, what)
    }
    /// Counts a frame that holds nothing for the lake.
    pub fn pass_over(&mut self) {
        self.report.passed_over += 1;
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
            return Err(self.layout(why.into()));
        };
        self.report.bar = Some(Span(step));
        for (row, symbol, bar) in std::mem::take(&mut self.undecided) {
            self.check(row, symbol, VendorRow::Bar(VendorBar { span: Some(Span(step)), ..bar }))?;
        }
        Ok(())
    }
    fn check(&mut self, row: u64, symbol: Symbol, what: VendorRow) -> Result<(), Error> {
        match admit(what, &self.origin) {
            Ok(checked) => {
                self.note(symbol, &checked);
                self.held.push(symbol, checked);
                self.held_rows += 1;
                if self.held_rows < HELD_ROWS { Ok(()) } else { self.hand_on(false) }
            }
            Err(fault) => {
                self.report.refused.entry(fault).or_default().add(row);
                Ok(())
            }
        }
    }
    /// Notes a row's time and number: order, first and last, and what they cover.
    fn note(&mut self, symbol: Symbol, row: &Checked) {
        // Which time of the row is reported and ordered by, what it covers until, and its number.
        let (ts, until, id) = match row {
            Checked::Trade(r) => (r.ts_event, Some(Ts(r.ts_event.0.saturating_add(QUIET.0))), number(&r.id)),
            Checked::Bar(r) => (r.bar.ts_open, Some(r.ts_close), None),
            Checked::Gauge(r) => (r.ts_event, None, None),
        };
        self.report.first = Some(self.report.first.map_or(ts, |t| t.min(ts)));
        self.report.last = self.report.last.max(Some(ts));
        let at = (ts, id.map_or(0, i64::unsigned_abs));
        let new = || Seen { last: at, ids: Intervals::default(), numbered: 0, times: Intervals::default() };
        let seen = self.seen.entry((row.table(), symbol)).or_insert_with(new);
        if at < seen.last {
            self.report.inversions += 1;
        } else {
            seen.last = at;
        }
        if let Some(until) = until {
            seen.times.add(ts.0, until.0);
        }
        if let Some(id) = id {
            seen.numbered += 1;
            seen.ids.add(id, id + 1);
        }
    }
    /// Hands on the rows. Unless it is the end, trades of the last instant stay: equal trades without a number must
    /// meet in one piece.
    fn hand_on(&mut self, end: bool) -> Result<(), Error> {
        let mut held = std::mem::take(&mut self.held);
        self.held_rows = 0;
        if !end {
            for (symbol, rows) in &mut held.trades {
                let last = rows.iter().map(|r| r.ts_event).max();
                let stay: Vec<TradeRow> = rows.extract_if(.., |r| Some(r.ts_event) == last).collect();
                self.held_rows += stay.len();
                self.held.trades.insert(*symbol, stay);
            }
        }
        for (kind, rows) in &mut held.gauges {
            if let Some(at) = kind.entry().interval {
                rows.values_mut().for_each(|rows| funding_hours::tell(rows, at));
            }
        }
        match (self.write)(&self.heading, held) {
            Ok(tally) => {
                self.report.count(tally);
                Ok(())
            }
            Err(Error::Conflict(why)) => Err(self.layout(why)),
            Err(other) => Err(other),
        }
    }
    /// The end of the file: the last rows, the gaps, and whether too much was refused.
    ///
    /// # Errors
    /// More than 1 % of the rows were refused; one id stands at two times; there is no row; or the rows cannot be
    /// written.
    pub fn finish(mut self, time_unit: String) -> Result<Report, Error> {
        if !self.undecided.is_empty() {
            self.decide()?;
        }
        self.report.time_unit = time_unit;
        let (rows, refused) = (self.report.rows_in, self.report.refused_rows());
        if rows == 0 {
            return Err(self.layout("holds no data row".into()));
        }
        if refused as f64 > MAX_REFUSED * rows as f64 {
            let why = |(fault, r): (&Fault, &Refused)| {
                let first: Vec<String> = r.rows.iter().take(5).map(u64::to_string).collect();
                format!("{fault:?} {} (first in rows {})", r.count, first.join(", "))
            };
            let why: Vec<String> = self.report.refused.iter().map(why).collect();
            return Err(self.layout(format!(
                "{refused} of {rows} rows cannot be used: {}; more than 1 % means that the layout or the file is \
                 wrong, and nothing of it was taken",
                why.join(", ")
            )));
        }
        self.hand_on(true)?;
        self.gaps()?;
        let tables: BTreeSet<&str> = self.seen.keys().map(|k| k.0).collect();
        self.report.table = tables.into_iter().collect::<Vec<_>>().join(", ");
        let symbols: BTreeSet<Symbol> = self.seen.keys().map(|k| k.1).collect();
        let FileHeading { venue, market, .. } = &self.heading;
        self.report.listings = symbols.iter().map(|s| format!("{venue}/{market}/{s}")).collect();
        Ok(self.report)
    }
    fn gaps(&mut self) -> Result<(), Error> {
        let (mut ids, mut times) = (vec![], vec![]);
        let mut numbered = (0, 0);
        for ((_, symbol), seen) in &mut self.seen {
            ids.extend(seen.ids.gaps().into_iter().map(|(a, b)| (symbol.to_string(), a, b)));
            times.extend(seen.times.gaps().into_iter().map(|(a, b)| (symbol.to_string(), a, b)));
            numbered = (numbered.0 + seen.numbered, numbered.1 + seen.ids.total().unsigned_abs());
        }
        // An id at two times escapes the lake, which compares rows of one time.
        if numbered.0 > numbered.1 + self.report.duplicates {
            let count = numbered.0 - numbered.1 - self.report.duplicates;
            let why = format!("{count} trade ids stand at two times each; one id must be one trade: mend the file");
            return Err(self.layout(why));
        }
        self.report.id_gaps = Gaps::of(ids, |id| id.to_string(), |n| format!("{n} ids"));
        self.report.time_gaps = Gaps::of(times, |ns| Ts(ns).to_string(), |ns| Span(ns).to_string());
        Ok(())
    }
    fn layout(&self, why: String) -> Error {
        Error::Layout { file: self.file.clone(), why }
    }
}

fn number(id: &TradeId) -> Option<i64> {
    match id {
        TradeId::Number(n) if id.is_some() => i64::try_from(*n).ok(),
        _ => None,
    }
}
