//! Rows of the lake as events, in order.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::feed::{Feed, Subscription};
use super::folders::{Folders, parts, read_parts};
use super::row::{BarRow, GaugeRow, LakeRow, TradeRow};
use crate::base::{Span, Symbol, Ts};
use crate::event::{BarKind, Error, Event};

/// The events of some subscriptions, merged in the order (`ts_known`, symbol, `seq`).
#[derive(Debug)]
pub struct Events {
    feeds: Vec<Partitions>,
    from: Option<Ts>,
    until: Option<Ts>,
    failed: bool,
}

/// One subscription's events: partitions still to read, and events read but not given.
#[derive(Debug)]
struct Partitions {
    symbol: Symbol,
    feed: Feed,
    partitions: VecDeque<(Ts, PathBuf)>,
    ready: VecDeque<Event>,
    gave: bool,
}

impl Events {
    pub(super) fn open(
        folders: &Folders,
        wanted: &[Subscription],
        from: Option<Ts>,
        until: Option<Ts>,
    ) -> Result<Events, Error> {
        let mut feeds = vec![];
        for Subscription { listing, feed, symbol } in wanted {
            let partitions = folders.partitions(feed.table(), listing, from, until)?.into();
            feeds.push(Partitions { symbol: *symbol, feed: *feed, partitions, ready: VecDeque::new(), gave: false });
        }
        Ok(Events { feeds, from, until, failed: false })
    }
    /// Of each subscription, whether it has given an event.
    pub(super) fn gave(&self) -> impl Iterator<Item = bool> {
        self.feeds.iter().map(|f| f.gave)
    }
    fn take(&mut self) -> Result<Option<Event>, Error> {
        let mut first: Option<((Ts, Symbol, u64), usize)> = None;
        for (i, feed) in self.feeds.iter_mut().enumerate() {
            feed.fill(self.from)?;
            if let Some(e) = feed.ready.front() {
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
        self.feeds[i].gave = true;
        Ok(self.feeds[i].ready.pop_front())
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

impl Partitions {
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
pub(super) fn read(symbol: Symbol, feed: Feed, start: Ts, folder: &Path) -> Result<Vec<Event>, Error> {
    let parts = parts(folder)?;
    let mut events = match feed {
        Feed::Bars(span) => bars(symbol, span, BarKind::Trade, &parts)?,
        Feed::BarsOf(span, kind) => bars(symbol, span, kind, &parts)?,
        Feed::Trades => {
            let day = u64::try_from(start.0 / Span::DAY.0).unwrap_or(0);
            events::<TradeRow>((), symbol, &parts, day << 32)?
        }
        Feed::Gauge(kind) => events::<GaugeRow>(kind, symbol, &parts, 0)?,
    };
    events.sort_by_key(|e| (e.ts_known, e.seq));
    Ok(events)
}

fn bars(symbol: Symbol, span: Span, kind: BarKind, parts: &[PathBuf]) -> Result<Vec<Event>, Error> {
    let rows = read_parts::<BarRow>((), parts)?;
    let wanted = rows.iter().filter(|r| r.span() == span && r.bar.kind == kind);
    Ok(wanted.filter_map(|r| r.event(symbol, 0)).collect())
}

/// Rows as events, numbered from `first` on where nothing else numbers them.
fn events<R: LakeRow>(kind: R::Kind, symbol: Symbol, parts: &[PathBuf], first: u64) -> Result<Vec<Event>, Error> {
    let rows = read_parts::<R>(kind, parts)?;
    Ok(rows.iter().enumerate().filter_map(|(i, r)| r.event(symbol, first + i as u64)).collect())
}
