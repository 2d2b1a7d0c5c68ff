//! What the ledger recorded, made again event by event and compared.
//!
//! Everything on the road is deterministic, so its state is never stored: a server that starts, and
//! an audit, push the lake's events from the beginning, in the lake's order. Whatever the market did
//! not send — clock ticks, an operator's freeze, a change of models — is in the ledger with how many
//! events each instrument had consumed by then: a gate. An instrument that has come to a gate waits
//! there for the others, so between two gates every run pushes the same events in the same order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::bodies::Counts;
use super::epoch::{Epoch, Injection, Recorded, mark};
use super::publication::{Cause, ModelRef, Publication, as_of};
use crate::base::{Digest, Horizon, Symbol, Ts};
use crate::event::Event;
use crate::event::snapshot::{VenueSnapshot, VenueTable};
use crate::margin::guardrail::order::Scope;
use crate::margin::{Decision, Order};
use crate::pipeline::{Input, ModelSet, NamedSchedule};
use crate::record::error::Error;
use crate::record::seq::Seq;

/// The pipeline that makes the past again, and where it finds what the ledger only names.
pub trait PipelineHost {
    /// Why it refuses.
    type Error: From<Error>;
    /// Pushes one input.
    ///
    /// # Errors
    /// The pipeline refuses it.
    fn push(&mut self, input: Input) -> Result<Vec<Decision>, Self::Error>;
    /// Takes the schedules that inputs made since they were last taken.
    fn schedules(&mut self) -> Vec<NamedSchedule>;
    /// The models of a version.
    ///
    /// # Errors
    /// They cannot be loaded, or are not those that are named.
    fn models(&mut self, model: &ModelRef) -> Result<Arc<ModelSet>, Self::Error>;
    /// The kept copy of a table of the venue.
    ///
    /// # Errors
    /// It is not there, or not what was read.
    fn snapshot(&mut self, table: VenueTable, digest: Digest) -> Result<VenueSnapshot, Self::Error>;
}

/// The decisions made from one row, or by one tick or freeze.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionSet {
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

/// Drives a pipeline along the past of one epoch, and then on.
pub struct Rerun {
    past: BTreeMap<Symbol, Past>,
    gates: VecDeque<(Counts, Injection)>,
    held: Vec<Event>,
    compared: u64,
    recall: Recall,
    /// Schedules that are recorded and were not made again yet.
    planned: BTreeMap<Plan, (Seq, NamedSchedule)>,
    /// Those that are not recorded, with when what caused them was known.
    fresh: Vec<(Ts, NamedSchedule)>,
}

/// Of which instrument, horizon and week a schedule is.
type Plan = (Symbol, Horizon, Ts);

fn plan(of: &NamedSchedule) -> Plan {
    (of.symbol, of.horizon, of.schedule.from)
}

#[derive(Debug, Default)]
struct Past {
    consumed: u64,
    /// The last injected time: what comes after it was not known before it.
    clock: Option<Ts>,
    published: VecDeque<Recorded>,
}

impl Rerun {
    /// A new past is empty; an old one is that of `epoch`. `recall` reads a publication from the
    /// ledger, to say what differs.
    pub fn new(symbols: &[Symbol], epoch: Option<&Epoch>, recall: Recall) -> Rerun {
        let mut past: BTreeMap<Symbol, Past> = symbols.iter().map(|s| (*s, Past::default())).collect();
        let gates = epoch.iter().flat_map(|e| &e.injected).cloned().collect();
        for old in epoch.iter().flat_map(|e| &e.published) {
            past.entry(old.symbol).or_default().published.push_back(*old);
        }
        let planned = epoch.iter().flat_map(|e| &e.schedules).filter_map(|(seq, stored)| {
            // What does not read is refused where the ledger is read.
            let named = stored.schedule().ok()?;
            Some((plan(&named), (*seq, named)))
        });
        Rerun { past, gates, held: Vec::new(), compared: 0, recall, planned: planned.collect(), fresh: Vec::new() }
    }
    /// How many events each instrument has consumed.
    pub fn counts(&self) -> Counts {
        self.past.iter().map(|(s, l)| (*s, l.consumed)).collect()
    }
    /// How many recorded publications were made again, equal in every field.
    pub fn compared(&self) -> u64 {
        self.compared
    }
    /// Takes the schedules that were made and are not recorded, with when what caused them was known.
    pub fn take_schedules(&mut self) -> Vec<(Ts, NamedSchedule)> {
        std::mem::take(&mut self.fresh)
    }
    /// Whether all of the past has been made again.
    pub fn is_done(&self) -> bool {
        self.unfinished().is_none()
    }
    /// What is recorded and was not made again.
    pub fn unfinished(&self) -> Option<Error> {
        for (symbol, own) in &self.past {
            if let Some(old) = own.published.front() {
                let (n, at) = (own.consumed, old.consumed);
                let what = format!("{symbol} was published after {at} events; {n} events do not give it");
                return Some(Error::Differs { seq: old.seq, what });
            }
            if let Some(after) = self.gate(*symbol) {
                let n = own.consumed;
                let what = format!(
                    "{symbol} had consumed {after} events at a recorded tick, freeze, order, reading or change of models; there are {n}"
                );
                return Some(Error::Differs { seq: Seq(0), what });
            }
        }
        let (seq, left) = self.planned.values().next()?;
        let what = format!("the schedule of {} for the week from {} is not made", left.symbol, left.schedule.from);
        Some(Error::Differs { seq: *seq, what })
    }
    /// Runs what is recorded before the first event.
    ///
    /// # Errors
    /// As [`Rerun::feed`].
    pub fn begin<H: PipelineHost>(&mut self, host: &mut H) -> Result<Vec<DecisionSet>, H::Error> {
        let mut made = Vec::new();
        self.pass_gates(host, &mut made)?;
        Ok(made)
    }
    /// Takes the next event of the lake; gives the sets it made.
    ///
    /// # Errors
    /// A decision differs from the recorded one, or the pipeline refuses.
    pub fn feed<H: PipelineHost>(&mut self, event: &Event, host: &mut H) -> Result<Vec<DecisionSet>, H::Error> {
        let mut made = Vec::new();
        self.take(event, host, &mut made)?;
        self.pass_gates(host, &mut made)?;
        Ok(made)
    }
    /// Tells every instrument the time, now. It has been recorded.
    ///
    /// # Errors
    /// The pipeline refuses.
    pub fn tick<H: PipelineHost>(&mut self, at: Ts, host: &mut H) -> Result<Vec<DecisionSet>, H::Error> {
        let mut made = Vec::new();
        self.inject(Injection::Tick(at), host, &mut made)?;
        Ok(made)
    }
    /// Freezes or releases everything, now. It has been recorded.
    ///
    /// # Errors
    /// The pipeline refuses.
    pub fn freeze<H: PipelineHost>(&mut self, on: bool, at: Ts, host: &mut H) -> Result<Vec<DecisionSet>, H::Error> {
        let mut made = Vec::new();
        self.inject(Injection::Freeze(at, on), host, &mut made)?;
        Ok(made)
    }
    fn take<H: PipelineHost>(
        &mut self,
        event: &Event,
        host: &mut H,
        made: &mut Vec<DecisionSet>,
    ) -> Result<(), H::Error> {
        let gate = self.gate(event.symbol);
        let Some(own) = self.past.get_mut(&event.symbol) else { return Ok(()) };
        if gate.is_some_and(|after| after <= own.consumed) {
            self.held.push(*event);
            return Ok(());
        }
        own.consumed += 1;
        let known = own.clock.map_or(event.ts_known, |c| c.max(event.ts_known));
        let decisions = host.push(Event { ts_known: known, ..*event }.into())?;
        self.schedule(known, host.schedules())?;
        self.sort(None, known, &decisions, made)?;
        Ok(())
    }
    /// After how many events of `symbol` the next gate stands.
    fn gate(&self, symbol: Symbol) -> Option<u64> {
        self.gates.front().map(|g| g.0.get(&symbol).copied().unwrap_or(0))
    }
    /// Passes the gates at which every instrument has come.
    fn pass_gates<H: PipelineHost>(&mut self, host: &mut H, made: &mut Vec<DecisionSet>) -> Result<(), H::Error> {
        while self.past.iter().all(|(s, own)| self.gate(*s).is_some_and(|after| after <= own.consumed)) {
            let Some((_, injection)) = self.gates.pop_front() else { return Ok(()) };
            self.inject(injection, host, made)?;
            for event in std::mem::take(&mut self.held) {
                self.take(&event, host, made)?;
            }
        }
        Ok(())
    }
    /// Pushes what the market did not send, as the inputs that it stands for.
    fn inject<H: PipelineHost>(
        &mut self,
        injection: Injection,
        host: &mut H,
        made: &mut Vec<DecisionSet>,
    ) -> Result<(), H::Error> {
        let input = match injection {
            Injection::Install(model) => Input::Install(host.models(&model)?),
            Injection::Order(at, order) => Input::Order { at, order, now: None },
            Injection::Venue(at, table, digest) => Input::venue(at, host.snapshot(table, digest)?),
            Injection::Tick(at) => {
                return self.each(Cause::Tick, at, host, made, |symbol, at| Input::Tick { symbol, at });
            }
            Injection::Freeze(at, on) => {
                let order = Order::Kill { scope: Scope::All, on };
                return self.each(Cause::Kill, at, host, made, |symbol, at| Input::Order {
                    at,
                    order: order.clone(),
                    now: Some(symbol),
                });
            }
        };
        host.push(input)?;
        Ok(())
    }
    /// Pushes an input for each instrument in turn, never earlier than one before it.
    fn each<H: PipelineHost>(
        &mut self,
        cause: Cause,
        at: Ts,
        host: &mut H,
        made: &mut Vec<DecisionSet>,
        input: impl Fn(Symbol, Ts) -> Input,
    ) -> Result<(), H::Error> {
        let symbols: Vec<Symbol> = self.past.keys().copied().collect();
        for symbol in symbols {
            let Some(own) = self.past.get_mut(&symbol) else { continue };
            let now = own.clock.map_or(at, |c| c.max(at));
            own.clock = Some(now);
            let decisions = host.push(input(symbol, now))?;
            self.schedule(now, host.schedules())?;
            self.sort(Some((cause, symbol)), now, &decisions, made)?;
        }
        Ok(())
    }
    /// One input can end the waiting of many rows: each row's decisions are a set, and so are those of the
    /// instrument that answers to the input itself.
    fn sort(
        &mut self,
        own: Option<(Cause, Symbol)>,
        known: Ts,
        decisions: &[Decision],
        made: &mut Vec<DecisionSet>,
    ) -> Result<(), Error> {
        for decisions in decisions.chunk_by(|a, b| (a.symbol, a.ts) == (b.symbol, b.ts)) {
            let own = own.filter(|(_, symbol)| (decisions[0].symbol, decisions[0].ts) == (*symbol, known));
            self.compare(own.map_or(Cause::Row, |o| o.0), known, decisions, made)?;
        }
        Ok(())
    }
    /// Compares schedules with those that are recorded; the others are new.
    fn schedule(&mut self, known: Ts, made: Vec<NamedSchedule>) -> Result<(), Error> {
        for made in made {
            match self.planned.remove(&plan(&made)) {
                None => self.fresh.push((known, made)),
                Some((_, old)) if old == made => {}
                Some((seq, old)) => {
                    let (symbol, from) = (old.symbol, old.schedule.from);
                    let told = |s: &NamedSchedule| format!("{:?} as of {}", s.schedule.factors_ppm, s.schedule.made);
                    let (old, new) = (told(&old), told(&made));
                    let what = format!("the schedule of {symbol} for the week from {from}: recorded {old}, made {new}");
                    return Err(Error::Differs { seq, what });
                }
            }
        }
        Ok(())
    }
    /// Compares a set with what is recorded next for its instrument.
    fn compare(
        &mut self,
        cause: Cause,
        known: Ts,
        decisions: &[Decision],
        made: &mut Vec<DecisionSet>,
    ) -> Result<(), Error> {
        let Some(own) = self.past.get_mut(&decisions[0].symbol) else { return Ok(()) };
        let mut set = DecisionSet { cause, consumed: own.consumed, known, decisions: decisions.to_vec(), recorded: 0 };
        for decision in decisions {
            let Some(old) = own.published.pop_front() else { break };
            if old.mark != mark(cause, set.consumed, decisions.len(), &as_of(decision, old.older)) {
                return Err(differs(old.seq, &(self.recall)(old.seq)?, &set, decision));
            }
            set.recorded += 1;
            self.compared += 1;
        }
        made.push(set);
        Ok(())
    }
}

fn differs(seq: Seq, old: &Publication, set: &DecisionSet, made: &Decision) -> Error {
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
