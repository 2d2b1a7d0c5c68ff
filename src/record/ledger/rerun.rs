//! What the ledger recorded, made again event by event and compared.
//!
//! Everything on the road is deterministic, so its state is never stored: a server that starts, and
//! an audit, push the lake's events from the beginning, in the lake's order. Whatever the market did
//! not send — clock ticks, an operator's freeze, a change of models — is in the ledger with how many
//! events each instrument had consumed by then: a gate. An instrument that has come to a gate waits
//! there for the others, so between two gates every run pushes the same events in the same order.

use std::collections::{BTreeMap, VecDeque};

use super::bodies::Counts;
use super::epoch::{Era, Injection, Recorded, mark};
use super::publication::{Cause, ModelRef, Publication};
use crate::base::{Digest, Symbol, Ts};
use crate::event::{Body, Event};
use crate::margin::venue::Subject;
use crate::margin::{Decision, Order};
use crate::record::chain::Seq;
use crate::record::error::Error;

/// What is done on the road.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// An event is pushed.
    Event(&'a Event),
    /// Models are installed.
    Install(&'a ModelRef),
    /// People gave an order.
    Order(Ts, &'a Order),
    /// The venue told of accounts or books: the copy of this digest.
    Venue(Ts, Subject, Digest),
}

/// The decisions made from one row, or by one tick or freeze.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// What caused it.
    pub cause: Cause,
    /// How many events of the instrument had been consumed.
    pub consumed: u64,
    /// When the event that caused it was known.
    pub known: Ts,
    /// The whole set.
    pub decisions: Vec<Decision>,
    /// How many at its start are in the ledger already.
    pub recorded: usize,
}

/// Reads a publication from the ledger.
pub type Recall = Box<dyn Fn(Seq) -> Result<Publication, Error> + Send>;

/// Drives a road along the past of one era, and then on.
pub struct Rerun {
    lanes: BTreeMap<Symbol, Lane>,
    gates: VecDeque<(Counts, Injection)>,
    held: Vec<Event>,
    compared: u64,
    recall: Recall,
}

#[derive(Debug, Default)]
struct Lane {
    consumed: u64,
    /// The last injected time: what comes after it was not known before it.
    clock: Option<Ts>,
    published: VecDeque<Recorded>,
}

impl Rerun {
    /// A new past is empty; an old one is that of `era`. `recall` reads a publication from the
    /// ledger, to say what differs.
    pub fn new(symbols: &[Symbol], era: Option<&Era>, recall: Recall) -> Rerun {
        let mut lanes: BTreeMap<Symbol, Lane> = symbols.iter().map(|s| (*s, Lane::default())).collect();
        let gates = era.iter().flat_map(|e| &e.injected).cloned().collect();
        for old in era.iter().flat_map(|e| &e.published) {
            lanes.entry(old.symbol).or_default().published.push_back(*old);
        }
        Rerun { lanes, gates, held: Vec::new(), compared: 0, recall }
    }
    /// How many events each instrument has consumed.
    pub fn counts(&self) -> Counts {
        self.lanes.iter().map(|(s, l)| (*s, l.consumed)).collect()
    }
    /// How many recorded publications were made again, equal in every field.
    pub fn compared(&self) -> u64 {
        self.compared
    }
    /// Whether all of the past has been made again.
    pub fn is_done(&self) -> bool {
        self.unfinished().is_none()
    }
    /// What is recorded and was not made again.
    pub fn unfinished(&self) -> Option<Error> {
        for (symbol, lane) in &self.lanes {
            if let Some(old) = lane.published.front() {
                let (n, at) = (lane.consumed, old.consumed);
                let what = format!("{symbol} was published after {at} events; {n} events do not give it");
                return Some(Error::Differs { seq: old.seq, what });
            }
            if let Some(after) = self.gate(*symbol) {
                let n = lane.consumed;
                let what = format!(
                    "{symbol} had consumed {after} events at a recorded tick, freeze, order, reading or change of models; there are {n}"
                );
                return Some(Error::Differs { seq: Seq(0), what });
            }
        }
        None
    }
    /// Runs what is recorded before the first event.
    ///
    /// # Errors
    /// As [`Rerun::feed`].
    pub fn begin<E: From<Error>>(
        &mut self,
        drive: &mut dyn FnMut(Step<'_>) -> Result<Vec<Decision>, E>,
    ) -> Result<Vec<Set>, E> {
        let mut made = Vec::new();
        self.pass_gates(drive, &mut made)?;
        Ok(made)
    }
    /// Takes the next event of the lake; gives the sets it made.
    ///
    /// # Errors
    /// A decision differs from the recorded one, or the road refuses.
    pub fn feed<E: From<Error>>(
        &mut self,
        event: &Event,
        drive: &mut dyn FnMut(Step<'_>) -> Result<Vec<Decision>, E>,
    ) -> Result<Vec<Set>, E> {
        let mut made = Vec::new();
        self.take(event, drive, &mut made)?;
        self.pass_gates(drive, &mut made)?;
        Ok(made)
    }
    /// Pushes an event that is not the market's, now, on one instrument. It has been recorded.
    ///
    /// # Errors
    /// The road refuses.
    pub fn now<E: From<Error>>(
        &mut self,
        symbol: Symbol,
        at: Ts,
        body: Body,
        drive: &mut dyn FnMut(Step<'_>) -> Result<Vec<Decision>, E>,
    ) -> Result<Vec<Set>, E> {
        let mut made = Vec::new();
        self.push(injected(symbol, at, body), drive, &mut made)?;
        Ok(made)
    }
    fn take<E: From<Error>>(
        &mut self,
        event: &Event,
        drive: &mut dyn FnMut(Step<'_>) -> Result<Vec<Decision>, E>,
        made: &mut Vec<Set>,
    ) -> Result<(), E> {
        let gate = self.gate(event.symbol);
        let Some(lane) = self.lanes.get_mut(&event.symbol) else { return Ok(()) };
        if gate.is_some_and(|after| after <= lane.consumed) {
            self.held.push(*event);
            return Ok(());
        }
        lane.consumed += 1;
        let known = lane.clock.map_or(event.ts_known, |c| c.max(event.ts_known));
        self.push(Event { ts_known: known, ..*event }, drive, made)
    }
    /// After how many events of `symbol` the next gate stands.
    fn gate(&self, symbol: Symbol) -> Option<u64> {
        self.gates.front().map(|g| g.0.get(&symbol).copied().unwrap_or(0))
    }
    /// Passes the gates at which every instrument has come.
    fn pass_gates<E: From<Error>>(
        &mut self,
        drive: &mut dyn FnMut(Step<'_>) -> Result<Vec<Decision>, E>,
        made: &mut Vec<Set>,
    ) -> Result<(), E> {
        while self.lanes.iter().all(|(s, lane)| self.gate(*s).is_some_and(|after| after <= lane.consumed)) {
            match self.gates.pop_front() {
                Some((_, Injection::Install(model))) => _ = drive(Step::Install(&model))?,
                Some((_, Injection::Order(at, order))) => _ = drive(Step::Order(at, &order))?,
                Some((_, Injection::Venue(at, subject, digest))) => _ = drive(Step::Venue(at, subject, digest))?,
                Some((_, Injection::Event(at, body))) => {
                    let symbols: Vec<Symbol> = self.lanes.keys().copied().collect();
                    for symbol in symbols {
                        self.push(injected(symbol, at, body), drive, made)?;
                    }
                }
                None => return Ok(()),
            }
            for event in std::mem::take(&mut self.held) {
                self.take(&event, drive, made)?;
            }
        }
        Ok(())
    }
    fn push<E: From<Error>>(
        &mut self,
        mut event: Event,
        drive: &mut dyn FnMut(Step<'_>) -> Result<Vec<Decision>, E>,
        made: &mut Vec<Set>,
    ) -> Result<(), E> {
        let injected = match event.body {
            Body::Tick => Some(Cause::Tick),
            Body::Kill(_) => Some(Cause::Kill),
            Body::Trade(_) | Body::Bar(_) | Body::Gauge(_) => None,
        };
        if let Some(lane) = self.lanes.get_mut(&event.symbol).filter(|_| injected.is_some()) {
            let now = lane.clock.map_or(event.ts_known, |c| c.max(event.ts_known));
            (event.ts_event, event.ts_known, lane.clock) = (now, now, Some(now));
        }
        let decisions = drive(Step::Event(&event))?;
        // One event can end the waiting of many rows: each row's decisions are a set.
        for decisions in decisions.chunk_by(|a, b| (a.symbol, a.ts) == (b.symbol, b.ts)) {
            let own = injected.filter(|_| (decisions[0].symbol, decisions[0].ts) == (event.symbol, event.ts_known));
            self.compare(own.unwrap_or(Cause::Row), event.ts_known, decisions, made)?;
        }
        Ok(())
    }
    /// Compares a set with what is recorded next for its instrument.
    fn compare(&mut self, cause: Cause, known: Ts, decisions: &[Decision], made: &mut Vec<Set>) -> Result<(), Error> {
        let Some(lane) = self.lanes.get_mut(&decisions[0].symbol) else { return Ok(()) };
        let mut set = Set { cause, consumed: lane.consumed, known, decisions: decisions.to_vec(), recorded: 0 };
        for decision in decisions {
            let Some(old) = lane.published.pop_front() else { break };
            if old.mark != mark(cause, set.consumed, decisions.len(), decision) {
                return Err(differs(old.seq, &(self.recall)(old.seq)?, &set, decision));
            }
            set.recorded += 1;
            self.compared += 1;
        }
        made.push(set);
        Ok(())
    }
}

fn injected(symbol: Symbol, at: Ts, body: Body) -> Event {
    Event { symbol, ts_event: at, ts_known: at, seq: 0, body }
}

fn differs(seq: Seq, old: &Publication, set: &Set, made: &Decision) -> Error {
    let mut differences = old.differences(made);
    let mut also = |key: &str, old: String, new: String| {
        if old != new {
            differences.push((key.into(), old, new));
        }
    };
    also("cause", format!("{:?}", old.cause), format!("{:?}", set.cause));
    also("consumed", old.consumed.to_string(), set.consumed.to_string());
    also("set_size", old.set_size.to_string(), set.decisions.len().to_string());
    let text: Vec<String> = differences.iter().map(|(k, a, b)| format!("{k} recorded {a}, made {b}")).collect();
    let what = format!("publication {} of {} at {}: {}", old.seq, old.symbol, old.as_of, text.join("; "));
    Error::Differs { seq, what }
}

#[cfg(test)]
mod tests;
