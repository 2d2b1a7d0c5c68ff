//! A made-up road on which every kind of event leaves a trace in all later decisions, so that
//! anything pushed at another place is found.

use std::sync::Mutex;

use serde::Serialize;

use super::*;
use crate::base::{Digest, Horizon, Span};
use crate::event::snapshot::BookSnapshot;
use crate::event::{Body, Trade};
use crate::margin::schedule::WeekSchedule;
use crate::margin::{State, Why};
use crate::record::chain::{EntryKind, NewEntry, SealedEntry};
use crate::record::ledger::bodies::{ConfigLoaded, Killed, ModelLoaded, Ticked};
use crate::record::ledger::epoch::epochs;
use crate::record::ledger::numbering::{Numbering, Occasion};
use crate::record::ledger::order::{OrderGiven, StoredOrder};
use crate::record::ledger::schedule::PublishedSchedule;
use crate::record::ledger::{MemoryStore, Store};

type Trace = BTreeMap<Symbol, u64>;
type Shelf = Arc<Mutex<Vec<Publication>>>;

const SYMBOLS: [&str; 2] = ["AAA", "BBB"];

fn symbols() -> Vec<Symbol> {
    SYMBOLS.iter().map(|s| s.parse().unwrap()).collect()
}

fn model(version: &str) -> ModelRef {
    let digest = Digest::of(version.as_bytes());
    ModelRef { name: "m".into(), version: version.into(), alias: "champion".into(), manifest: digest, digest }
}

/// Mixes what happens into a number per instrument; two decisions on every third event, on ticks and
/// on kills.
#[derive(Default)]
struct Road {
    traces: Trace,
    installed: u64,
    pushed: u64,
    made: Vec<NamedSchedule>,
}

impl Road {
    fn trace(&mut self, symbol: Symbol, kind: u64, at: Ts, speaks: bool) -> Vec<Decision> {
        self.pushed += 1;
        let trace = self.traces.entry(symbol).or_default();
        *trace = trace.wrapping_mul(31).wrapping_add(kind + at.0.unsigned_abs() * 7 + self.installed) % 1_000_003;
        if speaks { [1, 24].map(|h| decision(symbol, at, h, *trace)).to_vec() } else { Vec::new() }
    }
}

impl PipelineHost for Road {
    type Error = Error;
    fn models(&mut self, model: &ModelRef) -> Result<Arc<ModelSet>, Error> {
        Ok(Arc::new(ModelSet::new(Vec::new(), Ts(i64::from(model.digest.0[0])))))
    }
    fn schedules(&mut self) -> Vec<NamedSchedule> {
        std::mem::take(&mut self.made)
    }
    fn snapshot(&mut self, _: VenueTable, _: Digest) -> Result<VenueSnapshot, Error> {
        Ok(VenueSnapshot::Books(BookSnapshot::default()))
    }
    fn push(&mut self, input: Input) -> Result<Vec<Decision>, Error> {
        Ok(match input {
            Input::Install(models) => {
                self.installed = models.trained_until.0.unsigned_abs() + 1;
                Vec::new()
            }
            Input::Order { at, order: Order::Kill { on, .. }, now: Some(symbol) } => {
                self.trace(symbol, 3 + u64::from(on), at, true)
            }
            Input::Order { at, order, .. } => {
                let on = u64::from(matches!(order, Order::Kill { on: true, .. }));
                self.installed = 500 + on + at.0.unsigned_abs() % 89;
                Vec::new()
            }
            Input::Accounts { at, .. } | Input::Books { at, .. } => {
                self.installed = 700 + at.0.unsigned_abs() % 97;
                Vec::new()
            }
            Input::Tick { symbol, at } => self.trace(symbol, 2, at, true),
            Input::Event(event) => match event.body {
                Body::Trade(t) => {
                    let (symbol, made) = (event.symbol, event.ts_known);
                    let decisions = self.trace(symbol, t.price as u64, made, event.seq.is_multiple_of(3));
                    if event.seq.is_multiple_of(9) {
                        let factors_ppm = vec![self.traces[&symbol]];
                        let schedule = WeekSchedule { from: made, slot: Span::HOUR, factors_ppm, made };
                        self.made.push(NamedSchedule { symbol, horizon: Horizon(Span::HOUR), schedule });
                    }
                    decisions
                }
                Body::Bar(_) | Body::Gauge(_) => self.trace(event.symbol, 1, event.ts_known, true),
            },
        })
    }
}

fn decision(symbol: Symbol, ts: Ts, hours: i64, trace: u64) -> Decision {
    Decision {
        symbol,
        ts,
        horizon: Horizon(Span::HOUR.times(hours)),
        baseline: 0.01 + trace as f64 * 1e-9,
        forecast_loss: None,
        m_raw: 1.0,
        m_im_ppm: trace,
        m_mm_ppm: trace,
        m_transfer_ppm: trace,
        c_im: 0.01,
        c_mm: 0.008,
        state: State::Fresh,
        reasons: Vec::new(),
        p_stress: None,
        model_digest: Digest::default(),
        config_digest: Digest::default(),
        why: Why::default(),
    }
}

fn market(n: u64) -> Vec<Event> {
    let one = |i: u64| {
        let at = Ts(i as i64 * 1_000);
        let symbol = symbols()[usize::from(i % 5 < 2)];
        let trade = Trade { price: 100.0 + (i % 7) as f64, qty: 1.0, aggressor: 1, n_trades: 1 };
        Event { symbol, ts_event: at, ts_known: at, seq: i, body: Body::Trade(trade) }
    };
    (0..n).map(one).collect()
}

/// A service in small: records what is new, as the publisher does.
struct Service {
    store: MemoryStore,
    numbering: Numbering,
    shelf: Shelf,
    rerun: Rerun,
    road: Road,
}

impl Service {
    /// Starts on a ledger, which may be empty.
    fn start(mut store: MemoryStore) -> Service {
        let start =
            ConfigLoaded { digest: Digest::default(), config: "{}".into(), publish_from: Ts(0), model: model("1") };
        if store.next() == Seq(0) {
            store.append(entry(EntryKind::ConfigLoaded, Ts(0), &start)).unwrap();
        }
        let mut numbering = Numbering::new("venue", model("1"));
        let shelf = Shelf::default();
        let epoch = epochs(&store, |_, p| {
            numbering.remember(&p);
            shelf.lock().unwrap().push(p);
        })
        .unwrap()
        .pop();
        let (kept, mut road) = (Arc::clone(&shelf), Road::default());
        let recall: Recall = Box::new(move |_| Ok(kept.lock().unwrap()[0].clone()));
        let mut rerun = Rerun::new(&symbols(), epoch.as_ref(), recall);
        let sets = rerun.begin(&mut road).unwrap();
        let mut service = Service { store, numbering, shelf, rerun, road };
        service.record(sets);
        service
    }
    fn record(&mut self, sets: Vec<DecisionSet>) {
        for (known, made) in self.rerun.take_schedules() {
            let schedule = PublishedSchedule::of(&made, known);
            self.store.append(entry(EntryKind::Schedule, known, &schedule)).unwrap();
        }
        for set in sets {
            let occasion = Occasion { cause: set.cause, consumed: set.consumed, at: set.known };
            for decision in &set.decisions[set.recorded..] {
                let row = self.numbering.row(decision, &set.decisions, occasion);
                self.store.append(entry(EntryKind::Publish, set.known, &row)).unwrap();
                self.shelf.lock().unwrap().push(row);
            }
        }
    }
    fn feed(&mut self, event: &Event) -> Result<(), Error> {
        let sets = self.rerun.feed(event, &mut self.road)?;
        self.record(sets);
        Ok(())
    }
    fn tick(&mut self, at: Ts) {
        let after = self.rerun.counts();
        self.store.append(entry(EntryKind::Tick, at, &Ticked { after })).unwrap();
        let sets = self.rerun.tick(at, &mut self.road).unwrap();
        self.record(sets);
    }
    fn freeze(&mut self, on: bool, at: Ts) {
        let after = self.rerun.counts();
        self.store.append(entry(EntryKind::Kill, at, &Killed { on, after })).unwrap();
        let sets = self.rerun.freeze(on, at, &mut self.road).unwrap();
        self.record(sets);
    }
    fn install(&mut self, version: &str) {
        let loaded = ModelLoaded { model: model(version), after: self.rerun.counts() };
        self.store.append(entry(EntryKind::ModelLoaded, Ts(1), &loaded)).unwrap();
        let models = self.road.models(&model(version)).unwrap();
        self.road.push(Input::Install(models)).unwrap();
    }
    fn order(&mut self, at: Ts, on: bool) {
        let order = Order::Kill { scope: Scope::Model("HMM".into()), on };
        let stored = StoredOrder::of(&order).unwrap();
        let ordered = OrderGiven { order: stored, id: None, who: vec![], why: "x".into(), after: self.rerun.counts() };
        self.store.append(entry(EntryKind::Order, at, &ordered)).unwrap();
        self.road.push(Input::Order { at, order, now: None }).unwrap();
    }
    /// A day: events with ticks, freezes and changes of models between them, ahead of the market's
    /// clock as live ticks are.
    fn day(events: &[Event]) -> Service {
        let mut service = Service::start(MemoryStore::default());
        service.tick(Ts(-5));
        for (i, event) in events.iter().enumerate() {
            service.feed(event).unwrap();
            let at = event.ts_known + Span(1_500);
            match i % 11 {
                3 => service.tick(at),
                5 => service.freeze(i % 2 == 0, at),
                7 => service.install(&i.to_string()),
                9 => service.order(at, i % 2 == 0),
                8 => (service.tick(at), service.install("b")).1,
                _ => {}
            }
        }
        service
    }
}

fn entry<T: Serialize>(kind: EntryKind, ts: Ts, body: &T) -> NewEntry {
    NewEntry { kind, ts, body: serde_json::to_value(body).unwrap() }
}

/// The first `n` entries.
fn cut(store: &MemoryStore, n: u64) -> MemoryStore {
    let mut short = MemoryStore::default();
    for record in store.scan(Seq(0)).unwrap().take(n as usize) {
        let SealedEntry { kind, ts, body, .. } = record.unwrap();
        short.append(NewEntry { kind, ts, body }).unwrap();
    }
    short
}

fn published(store: &MemoryStore) -> Vec<Publication> {
    let mut all = Vec::new();
    epochs(store, |_, p| all.push(p)).unwrap();
    all
}

#[test]
fn a_whole_past_is_made_again_and_nothing_is_published_twice() {
    let events = market(60);
    let day = Service::day(&events);
    let all = published(&day.store);
    let mut again = Service::start(day.store.clone());
    assert!(!again.rerun.is_done());
    events.iter().for_each(|e| again.feed(e).unwrap());
    assert!(again.rerun.is_done());
    assert_eq!((again.rerun.compared(), published(&again.store)), (all.len() as u64, all));
    assert_eq!((again.road.pushed, again.road.traces), (day.road.pushed, day.road.traces));
    let schedules = |s: &MemoryStore| epochs(s, |_, _| {}).unwrap().pop().unwrap().schedules;
    let (made, recorded) = (schedules(&again.store), schedules(&day.store));
    assert_eq!((made.len(), made), (7, recorded), "none is recorded twice");
}

#[test]
fn a_schedule_that_is_another_or_is_not_made_again_is_found() {
    let events = market(60);
    let day = Service::day(&events);
    let changed = |change: &dyn Fn(&SealedEntry) -> Option<serde_json::Value>| {
        let mut store = MemoryStore::default();
        for record in day.store.scan(Seq(0)).unwrap().map(Result::unwrap) {
            let (kind, ts) = (record.kind, record.ts);
            if let Some(body) = if kind == EntryKind::Schedule { change(&record) } else { Some(record.body) } {
                store.append(NewEntry { kind, ts, body }).unwrap();
            }
        }
        let mut again = Service::start(store);
        events.iter().try_for_each(|e| again.feed(e))?;
        again.rerun.unfinished().map_or(Ok(()), Err)
    };
    changed(&|r| Some(r.body.clone())).unwrap();
    changed(&|_| None).unwrap();
    let with = |r: &SealedEntry, key: &str, value: serde_json::Value| {
        let mut body = r.body.clone();
        body[key] = value;
        Some(body)
    };
    let other = changed(&|r| with(r, "factors_ppm", serde_json::json!([7]))).unwrap_err().to_string();
    assert!(other.contains("recorded [7]") && other.contains("the schedule of"), "{other}");
    let never = |r: &SealedEntry| {
        let from = Ts(1).to_string();
        let mut body = with(r, "from", from.into())?;
        body["until"] = (Ts(1) + Span::DAY.times(7)).to_string().into();
        Some(body)
    };
    let missing = changed(&never).unwrap_err().to_string();
    assert!(missing.contains("is not made"), "{missing}");
}

#[test]
fn another_order_between_instruments_changes_nothing() {
    let mut events = market(60);
    let day = Service::day(&events);
    events.sort_by_key(|e| (e.symbol, e.seq));
    let mut again = Service::start(day.store.clone());
    events.iter().for_each(|e| again.feed(e).unwrap());
    assert!(again.rerun.is_done());
    assert_eq!(again.road.traces, day.road.traces);
}

#[test]
fn a_ledger_cut_at_any_entry_goes_on_without_gap_or_repeat() {
    let events = market(40);
    let day = Service::day(&events);
    for n in 1..=day.store.next().0 {
        let short = cut(&day.store, n);
        let before = published(&short);
        let mut again = Service::start(short);
        for event in &events {
            again.feed(event).unwrap();
        }
        assert!(again.rerun.is_done(), "cut at {n}");
        let after = published(&again.store);
        assert_eq!(after[..before.len()], before, "cut at {n}");
        let mut keys: Vec<_> = after.iter().map(|p| (p.symbol, p.horizon.clone(), p.as_of, p.cause)).collect();
        keys.sort();
        let whole = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), whole, "cut at {n}: a publication was repeated");
        assert!(after.iter().zip(1..).all(|(p, i)| p.seq == i), "cut at {n}: numbers have no gap");
        let mut weeks: Vec<_> = epochs(&again.store, |_, _| {}).unwrap().pop().unwrap().schedules;
        weeks.sort_by_key(|s| (s.1.symbol, s.1.from));
        weeks.dedup_by_key(|s| (s.1.symbol, s.1.from));
        assert_eq!(weeks.len(), epochs(&again.store, |_, _| {}).unwrap().pop().unwrap().schedules.len(), "cut at {n}");
        assert_eq!(weeks.len(), 5, "cut at {n}");
    }
}

#[test]
fn any_other_event_model_or_record_is_found() {
    let events = market(60);
    let day = Service::day(&events);
    let run = |store: MemoryStore, events: &[Event]| -> Result<(), Error> {
        let mut again = Service::start(store);
        events.iter().try_for_each(|e| again.feed(e))?;
        again.rerun.unfinished().map_or(Ok(()), Err)
    };
    run(day.store.clone(), &events).unwrap();
    let mut other = events.clone();
    if let Body::Trade(trade) = &mut other[17].body {
        trade.price += 1.0;
    }
    let error = run(day.store.clone(), &other).unwrap_err().to_string();
    assert!(error.contains("recorded") && error.contains("made"), "{error}");
    other = events.clone();
    other.remove(30);
    assert!(matches!(run(day.store.clone(), &other), Err(Error::Differs { .. })));
    let error = run(day.store.clone(), &events[..40]).unwrap_err().to_string();
    assert!(error.contains("do not give it") || error.contains("there are"), "{error}");
    let mut changed = MemoryStore::default();
    for record in day.store.scan(Seq(0)).unwrap() {
        let record = record.unwrap();
        let text = record.body.to_string().replace("\"consumed\":9,", "\"consumed\":8,");
        let body = serde_json::from_str(&text).unwrap();
        changed.append(NewEntry { kind: record.kind, ts: record.ts, body }).unwrap();
    }
    assert!(matches!(run(changed, &events), Err(Error::Differs { .. })));
}
