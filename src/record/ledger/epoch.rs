//! What a ledger says happened, read as eras: under each configuration, which publications, and
//! between which events of the market the clock ticked, an operator froze or the models changed.

use std::collections::{BTreeMap, BTreeSet};

use super::bodies::{ConfigLoaded, Counts, Killed, ModelLoaded, Ticked};
use super::order::{OrderBody, Stored};
use super::publication::{Cause, ModelRef, Publication};
use super::store::Store;
use super::venue_files::Heard;
use crate::base::{Digest, Symbol, Ts};
use crate::event::snapshot::VenueTable;
use crate::margin::guardrail::order::Scope;
use crate::margin::{Decision, Order};
use crate::record::chain::{Kind, Seq};
use crate::record::error::{Error, damaged};
use crate::record::stored::{from_value, to_value};

/// What the ledger says happened under one configuration.
#[derive(Clone, Debug)]
pub struct Era {
    /// How it started.
    pub start: ConfigLoaded,
    /// The models in force at its end.
    pub model: ModelRef,
    /// Whether publication was frozen at its end.
    pub killed: bool,
    /// What else was frozen at its end.
    pub frozen: BTreeSet<Scope>,
    /// Every order that was given, and when.
    pub orders: Vec<(Ts, OrderBody)>,
    /// Which files of the venue were read last.
    pub heard: BTreeMap<VenueTable, Digest>,
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

impl Era {
    /// Which proposals were applied.
    pub fn applied(&self) -> BTreeSet<u64> {
        self.orders.iter().filter_map(|o| o.1.id).collect()
    }
    /// The orders as stored.
    pub fn stored(&self) -> Vec<Stored> {
        self.orders.iter().map(|o| o.1.order.clone()).collect()
    }
}

/// Reads a ledger as eras, oldest first, and shows every publication on the way.
///
/// # Errors
/// It is damaged, or an entry's body is not what its kind asks for.
pub fn eras(store: &dyn Store, mut show: impl FnMut(Seq, Publication)) -> Result<Vec<Era>, Error> {
    let mut eras: Vec<Era> = Vec::new();
    for record in store.scan(Seq(0))? {
        let record = record?;
        let place = format!("ledger entry {}", record.seq);
        if record.kind == Kind::ConfigLoaded {
            let start: ConfigLoaded = from_value(&place, record.body)?;
            let model = start.model.clone();
            let (frozen, orders) = (BTreeSet::new(), Vec::new());
            let (published, injected, heard) = (Vec::new(), Vec::new(), BTreeMap::new());
            eras.push(Era { start, model, killed: false, frozen, orders, heard, published, injected });
            continue;
        }
        let era = match (eras.last_mut(), record.kind) {
            (Some(era), _) => era,
            (None, Kind::Genesis | Kind::Start | Kind::Recovered | Kind::Stop | Kind::ModelLoadFailed) => continue,
            (None, _) => return Err(damaged(&place, "it comes before the first `config.loaded`")),
        };
        match record.kind {
            Kind::Publish => {
                let old: Publication = from_value(&place, record.body)?;
                let mark = mark(old.cause, old.consumed, old.set_size as usize, &old.decision()?);
                era.published.push(Recorded { seq: record.seq, symbol: old.symbol, consumed: old.consumed, mark });
                show(record.seq, old);
            }
            Kind::Tick => {
                let ticked: Ticked = from_value(&place, record.body)?;
                era.injected.push((ticked.after, Injection::Tick(record.ts)));
            }
            Kind::Kill => {
                let killed: Killed = from_value(&place, record.body)?;
                era.killed = killed.on;
                era.injected.push((killed.after, Injection::Freeze(record.ts, killed.on)));
            }
            Kind::Order => {
                let ordered: OrderBody = from_value(&place, record.body)?;
                let order = ordered.order.read()?;
                if let Order::Kill { scope, on } = &order {
                    _ = if *on { era.frozen.insert(scope.clone()) } else { era.frozen.remove(scope) };
                }
                era.injected.push((ordered.after.clone(), Injection::Order(record.ts, order)));
                era.orders.push((record.ts, ordered));
            }
            Kind::Venue => {
                let heard: Heard = from_value(&place, record.body)?;
                era.heard.insert(heard.subject, heard.digest);
                era.injected.push((heard.after, Injection::Venue(record.ts, heard.subject, heard.digest)));
            }
            Kind::ModelLoaded => {
                let loaded: ModelLoaded = from_value(&place, record.body)?;
                era.model = loaded.model.clone();
                era.injected.push((loaded.after, Injection::Install(loaded.model)));
            }
            _ => {}
        }
    }
    Ok(eras)
}

/// What must be made again: the decision, what caused it, where, and how large its set was.
pub(super) fn mark(cause: Cause, consumed: u64, set_size: usize, decision: &Decision) -> Digest {
    let decision = to_value("decision", decision).unwrap_or_default();
    Digest::of_json(&serde_json::json!([cause, consumed, set_size, decision]))
}
