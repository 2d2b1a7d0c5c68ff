//! What was published last, and who is told of the next.
//!
//! The hub carries publications as they are in the ledger, with their place there. How they look on a wire
//! is for those who take them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::broadcast;

use super::clock;
use super::options::{ClockMode, Options};
use crate::base::{Horizon, Symbol, Ts};
use crate::margin::PolicySettings;
use crate::pipeline::NamedForecast;
use crate::record::explain::Outlook;
use crate::record::ledger::text::from_iso;
use crate::record::ledger::{PublishedSchedule, StoredOrder, policy_log};
use crate::record::{Publication, Seq};

/// Sets kept for consumers that come back.
const RING_SETS: usize = 10_000;
/// Sets that a slow consumer may be behind before it is sent a snapshot instead.
pub const BEHIND_MAX: usize = 256;

/// Instrument and margin period of risk.
pub type Key = (Symbol, Horizon);

/// A publication and its ledger entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// Where it is recorded.
    pub entry: Seq,
    /// What was published.
    pub publication: Publication,
}

/// Every multiplier in force at one instant.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Number of the newest publication of all; 0 before the first.
    pub seq: u64,
    /// The rows.
    pub rows: BTreeMap<Key, Arc<Published>>,
}

/// Rows that were published together, never none.
#[derive(Clone, Debug)]
pub struct PublishedSet {
    /// In order of their numbers.
    pub rows: Vec<Arc<Published>>,
}

impl PublishedSet {
    /// Number of the first row.
    pub fn first(&self) -> u64 {
        self.rows.first().map_or(0, |r| r.publication.seq)
    }
    /// Number of the last row.
    pub fn last(&self) -> u64 {
        self.rows.last().map_or(0, |r| r.publication.seq)
    }
}

/// How one sink does.
#[derive(Clone, Debug, PartialEq)]
pub struct SinkHealth {
    /// Its kind, as configured.
    pub kind: &'static str,
    /// Whether the service is not ready while it is not well.
    pub required: bool,
    /// Number of the last publication that it acknowledged; 0 before the first.
    pub seq: u64,
    /// When it last acknowledged anything, or had nothing to acknowledge; by the wall clock.
    pub moved: Ts,
    /// What went wrong last; absent once it does well again.
    pub error: Option<String>,
    /// How often a delivery failed.
    pub failures: u64,
}

#[derive(Debug, Default)]
struct Ring {
    sets: VecDeque<Arc<PublishedSet>>,
    /// Ledger entry of each publication, by its number less one.
    entries: Vec<Seq>,
}

impl Ring {
    fn newest(&self) -> u64 {
        self.entries.len() as u64
    }
    /// The sets after a number; `None` where they are no longer kept, or the number is not one of this ledger.
    fn after(&self, seq: u64) -> Option<impl Iterator<Item = &Arc<PublishedSet>>> {
        let oldest = self.sets.front().map_or(self.newest() + 1, |s| s.first());
        let kept = seq <= self.newest() && seq + 1 >= oldest;
        let from = self.sets.partition_point(|s| s.last() <= seq);
        kept.then(|| self.sets.range(from..))
    }
}

/// What a stream starts with.
#[derive(Debug)]
pub struct StreamStart {
    /// What was missed since the id that the consumer had; `None` where that is too long ago.
    pub missed: Option<Vec<Arc<PublishedSet>>>,
    /// What comes.
    pub next: broadcast::Receiver<Arc<PublishedSet>>,
}

/// Where the publisher puts, and everyone else takes.
#[derive(Debug)]
pub struct Hub {
    /// How the service was started.
    pub options: Options,
    snapshot: ArcSwap<Snapshot>,
    forecasts: ArcSwap<BTreeMap<Symbol, Arc<[NamedForecast]>>>,
    guidance: ArcSwap<BTreeMap<Key, Arc<Outlook>>>,
    /// By instrument and horizon, then by the beginning of the week.
    schedules: ArcSwap<BTreeMap<(Key, Ts), Arc<PublishedSchedule>>>,
    /// The settings that the configuration names, and the orders that changed them.
    policy: ArcSwap<Option<(PolicySettings, Vec<StoredOrder>)>>,
    ring: Mutex<Ring>,
    ring_sets: usize,
    /// Wakes threads that wait for the next set.
    news: Condvar,
    sender: broadcast::Sender<Arc<PublishedSet>>,
    sinks: Mutex<BTreeMap<String, SinkHealth>>,
    model: ArcSwap<Option<String>>,
    caught_up: AtomicBool,
    ended: AtomicBool,
    stopping: AtomicBool,
    stream_ns: AtomicI64,
    /// Streams being served.
    pub subscribers: AtomicU64,
}

/// What is behind these locks is whole between any two statements that could panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// With nothing published.
    pub fn new(options: Options) -> Arc<Hub> {
        Hub::with_ring(options, RING_SETS)
    }
    /// As [`Hub::new`], with so many sets kept.
    pub(crate) fn with_ring(options: Options, ring_sets: usize) -> Arc<Hub> {
        Arc::new(Hub {
            options,
            snapshot: ArcSwap::default(),
            forecasts: ArcSwap::default(),
            guidance: ArcSwap::default(),
            schedules: ArcSwap::default(),
            policy: ArcSwap::default(),
            ring: Mutex::default(),
            ring_sets,
            news: Condvar::new(),
            sender: broadcast::channel(BEHIND_MAX).0,
            sinks: Mutex::default(),
            model: ArcSwap::default(),
            caught_up: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            stream_ns: AtomicI64::new(i64::MIN),
            subscribers: AtomicU64::new(0),
        })
    }
    /// What was published last.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }
    /// Every model's forecasts from the last row of each instrument.
    pub fn forecasts(&self) -> Arc<BTreeMap<Symbol, Arc<[NamedForecast]>>> {
        self.forecasts.load_full()
    }
    /// Puts the forecasts made from the last row of an instrument.
    pub fn put_forecasts(&self, symbol: Symbol, forecasts: &[NamedForecast]) {
        let mut all = (*self.forecasts()).clone();
        all.insert(symbol, forecasts.into());
        self.forecasts.store(Arc::new(all));
    }
    /// Forward guidance at the newest publications.
    pub fn guidance(&self) -> Arc<BTreeMap<Key, Arc<Outlook>>> {
        self.guidance.load_full()
    }
    /// Puts the guidance at the newest publications.
    pub fn put_guidance(&self, newest: BTreeMap<Key, Arc<Outlook>>) {
        let mut all = (*self.guidance()).clone();
        all.extend(newest);
        self.guidance.store(Arc::new(all));
    }
    /// The schedules of weeks that are not over, in order of instrument, horizon and week.
    pub fn schedules(&self) -> Vec<Arc<PublishedSchedule>> {
        let now = self.now();
        self.schedules.load().values().filter(|s| s.until > now).cloned().collect()
    }
    /// Puts schedules that are in the ledger.
    pub fn put_schedules(&self, schedules: Vec<PublishedSchedule>) {
        if schedules.is_empty() {
            return;
        }
        let mut all = (**self.schedules.load()).clone();
        for schedule in schedules {
            let key = (schedule.symbol, schedule.over().unwrap_or_default());
            // Weeks that were over when this one was made.
            all.retain(|(k, _), old| *k != key || old.until > schedule.as_of);
            all.insert((key, schedule.from), Arc::new(schedule));
        }
        self.schedules.store(Arc::new(all));
    }
    /// The settings of blend and guardrails in force over a horizon; absent before the ledger is open.
    pub fn policy(&self, over: Horizon) -> Option<PolicySettings> {
        let told = self.policy.load();
        let (base, orders) = Option::as_ref(&told)?;
        Some(policy_log::settings(base, orders, Some(over)))
    }
    /// Puts the settings that a configuration names, and the orders of its ledger.
    pub fn put_policy(&self, base: PolicySettings, orders: Vec<StoredOrder>) {
        self.policy.store(Arc::new(Some((base, orders))));
    }
    /// Puts one order more.
    pub fn put_order(&self, order: StoredOrder) {
        if let Some((base, orders)) = Option::as_ref(&self.policy.load_full()) {
            self.put_policy(*base, orders.iter().cloned().chain([order]).collect());
        }
    }
    /// Takes sets that are in the ledger, with the place of each row there, and tells everyone.
    pub fn publish(&self, sets: Vec<Vec<(Seq, Publication)>>) {
        if sets.is_empty() {
            return;
        }
        let mut rows = self.snapshot().rows.clone();
        let mut fresh = Vec::with_capacity(sets.len());
        let mut ring = locked(&self.ring);
        for set in sets {
            let mut placed = Vec::with_capacity(set.len());
            for (entry, publication) in set {
                ring.entries.push(entry);
                let key = (publication.symbol, from_iso(&publication.horizon).unwrap_or_default());
                let row = Arc::new(Published { entry, publication });
                rows.insert(key, Arc::clone(&row));
                placed.push(row);
            }
            fresh.push(Arc::new(PublishedSet { rows: placed }));
        }
        self.snapshot.store(Arc::new(Snapshot { seq: ring.newest(), rows }));
        for set in fresh {
            ring.sets.push_back(Arc::clone(&set));
            // No receiver is no error: nobody listens.
            let _ = self.sender.send(set);
        }
        while ring.sets.len() > self.ring_sets {
            ring.sets.pop_front();
        }
        self.news.notify_all();
    }
    /// Starts a stream. With an id, what came after it; the snapshot was taken no later.
    pub fn subscribe(&self, after: Option<u64>) -> StreamStart {
        let ring = locked(&self.ring);
        let next = self.sender.subscribe();
        let missed = after.and_then(|id| Some(ring.after(id)?.cloned().collect()));
        StreamStart { missed, next }
    }
    /// The first sets after a number, until they have `rows` rows; `None` where they are no longer kept.
    pub fn after(&self, seq: u64, rows: usize) -> Option<Vec<Arc<PublishedSet>>> {
        let (ring, mut have) = (locked(&self.ring), 0);
        let fits = |set: &&Arc<PublishedSet>| {
            let fits = have < rows;
            have += set.rows.len();
            fits
        };
        Some(ring.after(seq)?.take_while(fits).cloned().collect())
    }
    /// Waits until something newer than a number is published, at most so long.
    pub fn wait(&self, seq: u64, at_most: Duration) {
        let old = |ring: &mut Ring| ring.newest() <= seq;
        // Whoever waits looks again anyway.
        let _ = self.news.wait_timeout_while(locked(&self.ring), at_most, old);
    }
    /// Ledger entry of a publication.
    pub fn entry(&self, seq: u64) -> Option<Seq> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        locked(&self.ring).entries.get(index).copied()
    }
    /// The newest publication's number; 0 before the first.
    pub fn newest(&self) -> u64 {
        self.snapshot.load().seq
    }
    /// How every sink does, by name.
    pub fn sinks(&self) -> BTreeMap<String, SinkHealth> {
        locked(&self.sinks).clone()
    }
    /// Says how a sink does.
    pub fn put_sink(&self, name: &str, health: SinkHealth) {
        locked(&self.sinks).insert(name.into(), health);
    }
    /// Time as consumers know it: of the wall, or of the stream that is replayed.
    pub fn now(&self) -> Ts {
        match self.options.mode {
            ClockMode::Live => clock::now(),
            ClockMode::Replay(_) => Ts(self.stream_ns.load(Ordering::Relaxed)),
        }
    }
    /// Moves the stream's time on.
    pub fn advance(&self, known: Ts) {
        self.stream_ns.fetch_max(known.0, Ordering::Relaxed);
    }
    /// Which models are in force.
    pub fn model(&self) -> Option<String> {
        (**self.model.load()).clone()
    }
    /// Says which models are in force.
    pub fn set_model(&self, model: String) {
        self.model.store(Arc::new(Some(model)));
    }
    /// Whether the past has been made again.
    pub fn is_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Acquire)
    }
    /// Says that the past has been made again.
    pub fn set_caught_up(&self) {
        self.caught_up.store(true, Ordering::Release);
    }
    /// Whether a replay has come to the end of the lake, with everything published.
    pub fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
    /// Says that a replay has come to its end.
    pub fn set_ended(&self) {
        self.ended.store(true, Ordering::Release);
    }
    /// Whether the service is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
    /// Says that the service is about to stop.
    pub fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }
}
