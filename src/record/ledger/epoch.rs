//! What a ledger says happened, read as epochs: under each configuration, which publications, and
//! between which events of the market the clock ticked, an operator froze or the models changed.

use std::collections::{BTreeMap, BTreeSet};

use super::bodies::{ConfigLoaded, Counts, Killed, ModelLoaded, Ticked};
use super::order::{OrderGiven, StoredOrder};
use super::publication::{Cause, ModelRef, Publication};
use super::schedule::PublishedSchedule;
use super::store::Store;
use super::venue_files::VenueFileRead;
use crate::base::{Digest, Symbol, Ts};
use crate::event::snapshot::VenueTable;
use crate::margin::guardrail::order::Scope;
use crate::margin::{Decision, Order};
use crate::record::chain::EntryKind;
use crate::record::error::{Error, damaged};
use crate::record::seq::Seq;
use crate::record::stored::{from_value, to_value};

/// What the ledger says happened under one configuration.
#[derive(Clone, Debug)]
pub struct Epoch {
    /// How it started.
    pub start: ConfigLoaded,
    /// The models in force at its end.
    pub model: ModelRef,
    /// Whether publication was frozen at its end.
    pub killed: bool,
    /// What else was frozen at its end.
    pub frozen: BTreeSet<Scope>,
    /// Every order that was given, and when.
    pub orders: Vec<(Ts, OrderGiven)>,
    /// Which files of the venue were read last.
    pub heard: BTreeMap<VenueTable, Digest>,
    /// Every schedule that was published, with its place.
    pub schedules: Vec<(Seq, PublishedSchedule)>,
    pub(super) published: Vec<Recorded>,
    pub(super) injected: Vec<(Counts, Injection)>,
}

/// A publication in short: a long ledger is compared in little memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded {
    pub seq: Seq,
    pub symbol: Symbol,
    pub consumed: u64,
    pub mark: Digest,
    /// Which numbers publications of its time did not have.
    pub older: u64,
}

/// What was pushed that the market did not send.
#[derive(Clone, Debug)]
pub(super) enum Injection {
    Tick(Ts),
    /// Of everything; each instrument answers at once.
    Freeze(Ts, bool),
    Install(ModelRef),
    Order(Ts, Order),
    Venue(Ts, VenueTable, Digest),
}

impl Epoch {
    /// With nothing in it.
    fn begun(start: ConfigLoaded, model: ModelRef) -> Epoch {
        let (frozen, orders) = (BTreeSet::new(), Vec::new());
        let (published, injected, heard, schedules) = (Vec::new(), Vec::new(), BTreeMap::new(), Vec::new());
        Epoch { start, model, killed: false, frozen, orders, heard, schedules, published, injected }
    }
    /// Which proposals were applied.
    pub fn applied(&self) -> BTreeSet<u64> {
        self.orders.iter().filter_map(|o| o.1.id).collect()
    }
    /// The orders as stored.
    pub fn stored(&self) -> Vec<StoredOrder> {
        self.orders.iter().map(|o| o.1.order.clone()).collect()
    }
}

/// Reads a ledger as epochs, oldest first, and shows every publication on the way.
///
/// # Errors
/// It is damaged, or an entry's body is not what its kind asks for.
pub fn epochs(store: &dyn Store, mut show: impl FnMut(Seq, Publication)) -> Result<Vec<Epoch>, Error> {
    let mut epochs: Vec<Epoch> = Vec::new();
    for record in store.scan(Seq(0))? {
        let record = record?;
        let place = format!("ledger entry {}", record.seq);
        if record.kind == EntryKind::ConfigLoaded {
            let start: ConfigLoaded = from_value(&place, record.body)?;
            let model = start.model.clone();
            epochs.push(Epoch::begun(start, model));
            continue;
        }
        let epoch = match (epochs.last_mut(), record.kind) {
            (Some(epoch), _) => epoch,
            (
                None,
                EntryKind::Genesis
                | EntryKind::Start
                | EntryKind::Recovered
                | EntryKind::Stop
                | EntryKind::ModelLoadFailed,
            ) => continue,
            (None, _) => return Err(damaged(&place, "it comes before the first `config.loaded`")),
        };
        match record.kind {
            EntryKind::Publish => {
                let old: Publication = from_value(&place, record.body)?;
                let mark = mark(old.cause, old.consumed, old.set_size as usize, &old.decision()?);
                let (symbol, consumed, older) = (old.symbol, old.consumed, old.why.older());
                epoch.published.push(Recorded { seq: record.seq, symbol, consumed, mark, older });
                show(record.seq, old);
            }
            EntryKind::Schedule => {
                let schedule: PublishedSchedule = from_value(&place, record.body)?;
                schedule.schedule()?;
                epoch.schedules.push((record.seq, schedule));
            }
            EntryKind::Tick => {
                let ticked: Ticked = from_value(&place, record.body)?;
                epoch.injected.push((ticked.after, Injection::Tick(record.ts)));
            }
            EntryKind::Kill => {
                let killed: Killed = from_value(&place, record.body)?;
                epoch.killed = killed.on;
                epoch.injected.push((killed.after, Injection::Freeze(record.ts, killed.on)));
            }
            EntryKind::Order => {
                let ordered: OrderGiven = from_value(&place, record.body)?;
                let order = ordered.order.read()?;
                if let Order::Kill { scope, on } = &order {
                    _ = if *on { epoch.frozen.insert(scope.clone()) } else { epoch.frozen.remove(scope) };
                }
                epoch.injected.push((ordered.after.clone(), Injection::Order(record.ts, order)));
                epoch.orders.push((record.ts, ordered));
            }
            EntryKind::Venue => {
                let heard: VenueFileRead = from_value(&place, record.body)?;
                epoch.heard.insert(heard.subject, heard.digest);
                epoch.injected.push((heard.after, Injection::Venue(record.ts, heard.subject, heard.digest)));
            }
            EntryKind::ModelLoaded => {
                let loaded: ModelLoaded = from_value(&place, record.body)?;
                epoch.model = loaded.model.clone();
                epoch.injected.push((loaded.after, Injection::Install(loaded.model)));
            }
            _ => {}
        }
    }
    Ok(epochs)
}

/// What must be made again: the decision, what caused it, where, and how large its set was.
pub(super) fn mark(cause: Cause, consumed: u64, set_size: usize, decision: &Decision) -> Digest {
    let decision = to_value("decision", decision).unwrap_or_default();
    Digest::of_json(&serde_json::json!([cause, consumed, set_size, decision]))
}
