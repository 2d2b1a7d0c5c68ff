//! What was published last, rendered once, and who is told of the next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio::sync::broadcast;

use super::api::wire::ForecastRow;
use super::clock;
use super::options::{Mode, Options};
use crate::base::{Digest, Horizon, Symbol, Ts};
use crate::pipeline::Named;
use crate::record::publication::{Status, from_iso};
use crate::record::{Publication, Seq};

/// Sets kept for consumers that come back.
pub const RING_SETS: usize = 10_000;
/// Sets that a slow consumer may be behind before it is sent a snapshot instead.
pub const BEHIND_MAX: usize = 256;

/// A rendered answer with the headers that go with it.
#[derive(Clone, Debug)]
pub struct Body {
    /// JSON.
    pub bytes: Bytes,
    /// Strong entity tag, quotes included.
    pub etag: String,
    /// Number of the newest publication.
    pub seq: u64,
    /// Oldest input.
    pub as_of: Option<Ts>,
    /// Worst status.
    pub status: Status,
    /// First expiry.
    pub valid_until: Option<Ts>,
}

/// One published row and its JSON.
#[derive(Clone, Debug)]
pub struct Row {
    /// The row.
    pub publication: Arc<Publication>,
    /// Its JSON.
    pub json: Arc<str>,
}

impl Row {
    /// Renders a publication.
    pub fn of(publication: Publication) -> Row {
        let json = serde_json::to_string(&publication).unwrap_or_default().into();
        Row { publication: Arc::new(publication), json }
    }
}

/// Everything that is served from memory, at one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// All instruments.
    pub all: Body,
    /// By instrument.
    pub one: BTreeMap<Symbol, Body>,
    /// Every row, by instrument and horizon.
    pub rows: BTreeMap<(Symbol, Horizon), Row>,
}

/// What streams are told: the rows of one set.
#[derive(Clone, Debug)]
pub struct Delta {
    /// Number of the last row.
    pub seq: u64,
    /// Number of the first row.
    pub first: u64,
    /// JSON.
    pub json: Arc<str>,
}

#[derive(Debug, Default)]
struct Ring {
    deltas: VecDeque<Arc<Delta>>,
    /// Ledger place of each publication, by its number less one.
    places: Vec<Seq>,
}

/// What a stream starts with.
#[derive(Debug)]
pub struct Subscription {
    /// What was missed since the id that the consumer had; `None` where that is too long ago.
    pub missed: Option<Vec<Arc<Delta>>>,
    /// What comes.
    pub next: broadcast::Receiver<Arc<Delta>>,
}

/// Where the publisher puts, and everyone else takes.
#[derive(Debug)]
pub struct Hub {
    /// How the service was started.
    pub options: Options,
    snapshot: ArcSwap<Snapshot>,
    forecasts: ArcSwap<BTreeMap<Symbol, Arc<str>>>,
    guidance: ArcSwap<BTreeMap<(Symbol, Horizon), Arc<str>>>,
    ring: Mutex<Ring>,
    sender: broadcast::Sender<Arc<Delta>>,
    model: ArcSwap<Option<String>>,
    caught_up: AtomicBool,
    ended: AtomicBool,
    stopping: AtomicBool,
    stream_ns: AtomicI64,
    /// Streams being served.
    pub subscribers: AtomicU64,
}

impl Hub {
    /// With nothing published.
    pub fn new(options: Options) -> Arc<Hub> {
        let all = body(0, &BTreeMap::new(), |_| true);
        Arc::new(Hub {
            options,
            snapshot: ArcSwap::from_pointee(Snapshot { all, one: BTreeMap::new(), rows: BTreeMap::new() }),
            forecasts: ArcSwap::default(),
            guidance: ArcSwap::default(),
            ring: Mutex::default(),
            sender: broadcast::channel(BEHIND_MAX).0,
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
    /// The JSON rows of forecasts, by instrument.
    pub fn forecasts(&self) -> Arc<BTreeMap<Symbol, Arc<str>>> {
        self.forecasts.load_full()
    }
    /// Shows the forecasts made from the last row of an instrument.
    pub fn show_forecasts(&self, symbol: Symbol, named: &[Named]) {
        let rows: Vec<String> =
            named.iter().map(|n| serde_json::to_string(&ForecastRow::from(n)).unwrap_or_default()).collect();
        let mut all = (*self.forecasts()).clone();
        all.insert(symbol, rows.join(",").into());
        self.forecasts.store(Arc::new(all));
    }
    /// The JSON rows of forward guidance, by instrument and horizon.
    pub fn guidance(&self) -> Arc<BTreeMap<(Symbol, Horizon), Arc<str>>> {
        self.guidance.load_full()
    }
    /// Shows the guidance at the newest publications.
    pub fn show_guidance(&self, rows: BTreeMap<(Symbol, Horizon), Arc<str>>) {
        let mut all = (*self.guidance()).clone();
        all.extend(rows);
        self.guidance.store(Arc::new(all));
    }
    fn ring(&self) -> MutexGuard<'_, Ring> {
        // A ring is whole between any two statements that could panic.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Shows sets that are in the ledger, with the place of each row there; streams are told.
    pub fn publish(&self, sets: Vec<Vec<(Seq, Publication)>>) {
        if sets.is_empty() {
            return;
        }
        let mut rows = self.snapshot().rows.clone();
        let mut deltas = Vec::new();
        let mut ring = self.ring();
        for set in sets {
            let mut texts = Vec::new();
            let mut span = (u64::MAX, 0);
            for (place, publication) in set {
                span = (span.0.min(publication.seq), publication.seq);
                ring.places.push(place);
                let horizon = from_iso(&publication.horizon).unwrap_or_default();
                let row = Row::of(publication);
                texts.push(Arc::clone(&row.json));
                rows.insert((row.publication.symbol, horizon), row);
            }
            let json = format!(r#"{{"seq":{},"multipliers":[{}]}}"#, span.1, texts.join(",")).into();
            deltas.push(Arc::new(Delta { first: span.0, seq: span.1, json }));
        }
        let seq = ring.places.len() as u64;
        let symbols: std::collections::BTreeSet<Symbol> = rows.keys().map(|k| k.0).collect();
        let one = symbols.into_iter().map(|s| (s, body(seq, &rows, |k| k.0 == s))).collect();
        self.snapshot.store(Arc::new(Snapshot { all: body(seq, &rows, |_| true), one, rows }));
        for delta in deltas {
            ring.deltas.push_back(Arc::clone(&delta));
            // No receiver is no error: nobody listens.
            let _ = self.sender.send(delta);
        }
        while ring.deltas.len() > RING_SETS {
            ring.deltas.pop_front();
        }
    }
    /// Starts a stream. With an id, what came after it; the snapshot was taken no later.
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        let ring = self.ring();
        let next = self.sender.subscribe();
        let newest = ring.places.len() as u64;
        let oldest = ring.deltas.front().map_or(newest + 1, |d| d.first);
        let kept = |id: u64| id <= newest && id + 1 >= oldest;
        let missed =
            after.filter(|id| kept(*id)).map(|id| ring.deltas.iter().filter(|d| d.seq > id).cloned().collect());
        Subscription { missed, next }
    }
    /// Place in the ledger of a publication.
    pub fn place(&self, seq: u64) -> Option<Seq> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.ring().places.get(index).copied()
    }
    /// The newest publication's number; 0 before the first.
    pub fn newest(&self) -> u64 {
        self.snapshot.load().all.seq
    }
    /// Time as consumers know it: of the wall, or of the stream that is replayed.
    pub fn now(&self) -> Ts {
        match self.options.mode {
            Mode::Live => clock::now(),
            Mode::Replay(_) => Ts(self.stream_ns.load(Ordering::Relaxed)),
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

/// Renders the chosen rows. `seq` numbers the whole, so that equal rows under another number are
/// another entity.
pub fn body(seq: u64, rows: &BTreeMap<(Symbol, Horizon), Row>, keep: impl Fn(&(Symbol, Horizon)) -> bool) -> Body {
    let kept: Vec<&Row> = rows.iter().filter(|(k, _)| keep(k)).map(|(_, r)| r).collect();
    let as_of = kept.iter().map(|r| r.publication.as_of).min();
    let valid_until = kept.iter().map(|r| r.publication.valid_until).min();
    let status = kept.iter().map(|r| r.publication.status).max().unwrap_or(Status::Halted);
    let time = |t: Option<Ts>| t.map_or("null".to_string(), |t| format!("\"{t}\""));
    let texts: Vec<&str> = kept.iter().map(|r| &*r.json).collect();
    let text = format!(
        r#"{{"schema":"margincast.multipliers.v1","seq":{seq},"as_of":{},"status":"{}","valid_until":{},"multipliers":[{}]}}"#,
        time(as_of),
        status.as_str(),
        time(valid_until),
        texts.join(",")
    );
    let etag = format!("\"{seq}-{}\"", &Digest::of(text.as_bytes()).to_string()[..8]);
    Body { bytes: text.into(), etag, seq, as_of, status, valid_until }
}
