//! Rows of the lake as events, in order.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{BarRow, Feed, FundingRow, ImpliedRow, InterestRow, Lake, Record, Subscription, TradeRow};
use crate::base::table::TradeId;
use crate::base::{Symbol, Ts};
use crate::event::{BarKind, Body, Error, Event, Gauge, GaugeKind, Trade};

/// The events of some subscriptions, merged in the order (`ts_known`, symbol, `seq`).
#[derive(Debug)]
pub struct Events {
    lanes: Vec<Lane>,
    from: Option<Ts>,
    until: Option<Ts>,
    failed: bool,
}

/// One subscription's events: partitions still to read, and events read but not given.
#[derive(Debug)]
struct Lane {
    symbol: Symbol,
    feed: Feed,
    partitions: VecDeque<(Ts, PathBuf)>,
    ready: VecDeque<Event>,
    gave: bool,
}

impl Events {
    pub(super) fn open(
        lake: &Lake,
        wanted: &[Subscription],
        from: Option<Ts>,
        until: Option<Ts>,
    ) -> Result<Events, Error> {
        let mut lanes = vec![];
        for Subscription { listing, feed, symbol } in wanted {
            let partitions = lake.partitions(feed.table(), listing, from, until)?.into();
            lanes.push(Lane { symbol: *symbol, feed: *feed, partitions, ready: VecDeque::new(), gave: false });
        }
        Ok(Events { lanes, from, until, failed: false })
    }
    /// Of each subscription, whether it has given an event.
    pub(super) fn gave(&self) -> impl Iterator<Item = bool> {
        self.lanes.iter().map(|l| l.gave)
    }
    fn take(&mut self) -> Result<Option<Event>, Error> {
        let mut first: Option<((Ts, Symbol, u64), usize)> = None;
        for (i, lane) in self.lanes.iter_mut().enumerate() {
            lane.fill(self.from)?;
            if let Some(e) = lane.ready.front() {
                let key = (e.ts_known, e.symbol, e.seq);
                if first.is_none_or(|f| key < f.0) {
                    first = Some((key, i));
                }
            }
        }
        let Some(((known, ..), i)) = first else { return Ok(None) };
        if self.until.is_some_and(|t| known >= t) {
            return Ok(None);
        }
        self.lanes[i].gave = true;
        Ok(self.lanes[i].ready.pop_front())
    }
}

impl Iterator for Events {
    type Item = Result<Event, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.take().transpose();
        self.failed = !matches!(next, Some(Ok(_)));
        next
    }
}

impl Lane {
    /// Reads on until no unread partition can hold an event before the first ready one: nothing is
    /// known before its partition starts.
    fn fill(&mut self, from: Option<Ts>) -> Result<(), Error> {
        while let Some((start, _)) = self.partitions.front() {
            if self.ready.front().is_some_and(|e| e.ts_known < *start) {
                break;
            }
            let Some((start, folder)) = self.partitions.pop_front() else { break };
            let mut events = read(self.symbol, self.feed, start, &folder)?;
            events.retain(|e| from.is_none_or(|t| e.ts_known >= t));
            if events.is_empty() {
                continue;
            }
            self.ready.extend(events);
            self.ready.make_contiguous().sort_by_key(|e| (e.ts_known, e.seq));
        }
        Ok(())
    }
}

/// The events of one partition, in order.
///
/// `seq` does not depend on what else was read: a bar's is its close in milliseconds, a trade's is
/// its number at the venue, and where that is none, its place in the partition. A gauge's is its
/// kind: at equal times readings come before the bar that closes with them.
fn read(symbol: Symbol, feed: Feed, start: Ts, folder: &Path) -> Result<Vec<Event>, Error> {
    let parts = super::parts(folder)?;
    let bars = |span, kind| -> Result<Vec<Event>, Error> {
        let rows = super::read_parts::<BarRow>(&parts)?;
        let wanted = rows.into_iter().filter(|r| r.span() == span && r.bar.kind == kind);
        Ok(wanted.map(|r| bar_event(symbol, &r)).collect())
    };
    let mut events = match feed {
        Feed::Bars(span) => bars(span, BarKind::Trade)?,
        Feed::BarsOf(span, kind) => bars(span, kind)?,
        Feed::Trades => {
            let day = u64::try_from(start.0 / crate::base::Span::DAY.0).unwrap_or(0);
            let rows = super::read_parts::<TradeRow>(&parts)?;
            rows.iter().enumerate().map(|(i, r)| trade_event(symbol, r, (day << 32) + i as u64)).collect()
        }
        Feed::Gauge(GaugeKind::Funding) => gauges(symbol, GaugeKind::Funding, &parts, FundingRow::per_eight_hours)?,
        Feed::Gauge(kind @ GaugeKind::OpenInterest) => {
            gauges(symbol, kind, &parts, |r: &InterestRow| Some(r.values[0]))?
        }
        Feed::Gauge(kind @ GaugeKind::ImpliedVol) => gauges(symbol, kind, &parts, |r: &ImpliedRow| Some(r.values[0]))?,
    };
    events.sort_by_key(|e| (e.ts_known, e.seq));
    Ok(events)
}

fn bar_event(symbol: Symbol, row: &BarRow) -> Event {
    let seq = u64::try_from(row.ts_close.ms()).unwrap_or(0);
    Event { symbol, ts_event: row.ts_close, ts_known: row.ts_known, seq, body: Body::Bar(row.bar) }
}

fn trade_event(symbol: Symbol, row: &TradeRow, place: u64) -> Event {
    let seq = match row.id {
        TradeId::Number(number) if row.id.is_some() => number,
        _ => place,
    };
    let trade = Trade { price: row.price, qty: row.qty, aggressor: row.aggressor, n_trades: row.n_trades.max(1) };
    Event { symbol, ts_event: row.ts_event, ts_known: row.ts_known, seq, body: Body::Trade(trade) }
}

/// Rows as readings of a gauge; one without the number is none.
fn gauges<R: Record>(
    symbol: Symbol,
    kind: GaugeKind,
    parts: &[PathBuf],
    value: impl Fn(&R) -> Option<f64>,
) -> Result<Vec<Event>, Error> {
    let one = |row: &R| {
        let value = value(row).filter(|v| !v.is_nan())?;
        let body = Body::Gauge(Gauge { kind, value });
        Some(Event { symbol, ts_event: row.ts_event(), ts_known: row.ts_known(), seq: kind as u64, body })
    };
    Ok(super::read_parts::<R>(parts)?.iter().filter_map(one).collect())
}

/// How far a follower of the lake has read.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    /// Nothing known before this is given.
    from: Option<Ts>,
    /// The last event given of each instrument.
    last: BTreeMap<Symbol, (Ts, u64)>,
    /// The files as they were when last read for an instrument; those that have not changed are not
    /// read again.
    seen: BTreeMap<(Symbol, PathBuf), State>,
}

impl Cursor {
    /// A cursor that gives what is known at or after `from`; all, where it is `None`.
    pub fn from(from: Option<Ts>) -> Cursor {
        Cursor { from, ..Cursor::default() }
    }
    /// A cursor that gives, of one more instrument, what comes after this event.
    pub fn after(mut self, event: &Event) -> Cursor {
        self.last.insert(event.symbol, (event.ts_known, event.seq));
        self
    }
    pub(super) fn advance(&mut self, lake: &Lake, wanted: &[Subscription]) -> Result<Vec<Event>, Error> {
        let mut fresh = vec![];
        let before = self.last.clone();
        for Subscription { listing, feed, symbol } in wanted {
            let last = before.get(symbol).copied();
            let from = last.map(|l| l.0).max(self.from);
            for (start, folder) in lake.partitions(feed.table(), listing, from, None)? {
                let now = state(&folder)?;
                let unchanged =
                    |(part, state): &(PathBuf, State)| self.seen.get(&(*symbol, part.clone())) == Some(state);
                if now.iter().all(unchanged) {
                    continue;
                }
                let events = read(*symbol, *feed, start, &folder)?;
                self.seen.extend(now.into_iter().map(|(part, state)| ((*symbol, part), state)));
                let new = |e: &Event| {
                    last.is_none_or(|l| (e.ts_known, e.seq) > l) && self.from.is_none_or(|t| e.ts_known >= t)
                };
                for event in events.into_iter().filter(new) {
                    let at = (event.ts_known, event.seq);
                    let furthest = self.last.entry(*symbol).or_insert(at);
                    *furthest = (*furthest).max(at);
                    fresh.push(event);
                }
            }
        }
        fresh.sort_by_key(|e| (e.ts_known, e.symbol, e.seq));
        Ok(fresh)
    }
}

type State = (u64, Option<SystemTime>);

/// Length and last change of each file of a partition.
fn state(folder: &Path) -> Result<Vec<(PathBuf, State)>, Error> {
    let one = |part: PathBuf| match std::fs::metadata(&part) {
        Ok(meta) => Ok((part, (meta.len(), meta.modified().ok()))),
        Err(e) => Err(Error::Unreadable { file: part.display().to_string(), why: e.to_string() }),
    };
    super::parts(folder)?.into_iter().map(one).collect()
}
