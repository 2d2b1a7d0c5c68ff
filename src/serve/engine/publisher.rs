//! The thread that publishes: it catches up with the ledger, then pushes, records, publishes.
//!
//! Nothing leaves before it is on disk. On a start the lake is pushed from the beginning; what the
//! ledger has already is compared in every field and not appended again, so a service killed at any
//! point loses no publication and repeats none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::consequences::Consequences;
use super::opening::{begun, entry, genesis, past, recall, unchanged};
use super::pipeline::Engine;
use super::source::{Alias, Approvals, Arrival, Effect, EngineView, KillFile, Source, Supply, VenueFile};
use crate::base::{Symbol, Ts};
use crate::event::Event;
use crate::margin::guardrail::order::Scope;
use crate::pipeline::Input;
use crate::record::ledger::{
    DecisionSet, Epoch, ModelRef, Numbering, Occasion, PipelineHost, PublishedSchedule, Rerun, StoredOrder, Ticked,
    VenueFiles, policy,
};
use crate::record::{EntryKind, FileStore, NewEntry, Publication, Seq, Store};
use crate::serve::meters::{Meters, seconds};
use crate::serve::{ClockMode, Hub, Options, clock};

/// Rows recorded with one sync, at most, while the past is caught up with.
const BATCH_ROWS: usize = 64;
/// Longest sleep before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(20);

/// Everything the thread owns.
pub struct Publisher {
    hub: Arc<Hub>,
    consequences: Consequences,
    meters: Arc<Meters>,
    engine: Engine,
    store: FileStore,
    numbering: Numbering,
    rerun: Rerun,
    pending: Vec<DecisionSet>,
    pending_since: Option<Instant>,
    /// What is watched beside the market, in the order in which it acts.
    sources: Vec<Box<dyn Source>>,
    polled: Instant,
    ticked: Ts,
    pace: Option<(Instant, Ts)>,
    /// Place in the lake's order of the last event since the last gate.
    fed: Option<(Ts, Symbol, u64)>,
    /// Events known at or before this are pushed without waiting.
    unpaced_until: Ts,
}

/// What is watched beside the market, as it was at the end of an epoch.
fn sources(options: &Options, engine: &Engine, epoch: &Epoch) -> Result<Vec<Box<dyn Source>>> {
    let all = epoch.killed.then_some(Scope::All);
    let frozen = epoch.frozen.iter().cloned().chain(all).collect();
    let base = epoch.start.policy()?;
    let mut sources: Vec<Box<dyn Source>> = vec![
        Box::new(KillFile::of(&options.ledger, frozen)),
        Box::new(Approvals::of(&options.ledger, base, epoch.stored(), epoch.applied())),
    ];
    for (table, path) in &options.venue_files {
        let (inputs, read) = (VenueFiles::of(&options.ledger), epoch.heard.get(table).copied());
        sources.push(Box::new(VenueFile::new(*table, path.clone(), inputs, read)));
    }
    sources.push(Box::new(Alias::of(engine.registered())));
    Ok(sources)
}

impl Publisher {
    /// Opens the ledger, loads the models, and makes the past ready to be compared.
    ///
    /// # Errors
    /// The ledger is damaged, in use, or of another mode; or the models cannot be loaded.
    pub fn new(hub: Arc<Hub>, meters: Arc<Meters>, mut engine: Engine) -> Result<Publisher> {
        let options = &hub.options;
        let now = clock::now();
        let mut store = FileStore::open(&options.ledger, now)?;
        genesis(&mut store, options.mode, now)?;
        let started = clock::start();
        let model = engine.registered().wanted()?;
        meters.model_loads.increment(1);
        meters.model_load_seconds.record(seconds(started));
        let mut numbering = Numbering::new(&options.venue, model.clone());
        let named = policy(&options.config)?;
        let mut consequences = Consequences::new(Arc::clone(&hub), named.guardrail);
        let mut epochs = past(&store, &mut numbering, &mut consequences)?;
        unchanged(named, epochs.last())?;
        let same = |e: &Epoch| {
            e.start.digest == options.config_digest && options.from.is_none_or(|f| f == e.start.publish_from)
        };
        // Another configuration does not bring a version in that the traffic light holds back.
        let held = epochs.last().filter(|_| consequences.holds_back(&model).is_some());
        let model = held.map_or(model, |epoch| epoch.model.clone());
        let old = epochs.pop().filter(same);
        let epoch = begun(&mut store, options, old, &model, now)?;
        numbering.model = epoch.model.clone();
        engine.begin(&epoch.start.model, epoch.start.publish_from)?;
        hub.put_policy(named, epoch.stored());
        hub.put_schedules(epoch.schedules.iter().map(|s| s.1.clone()).collect());
        let newest = hub.snapshot().rows.values().map(|r| r.publication.published_at).max();
        Ok(Publisher {
            rerun: Rerun::new(&options.symbols, Some(&epoch), recall(options.ledger.clone())),
            unpaced_until: newest.unwrap_or(Ts(0)).max(epoch.start.publish_from),
            sources: sources(options, &engine, &epoch)?,
            hub: Arc::clone(&hub),
            consequences,
            meters,
            engine,
            store,
            numbering,
            pending: Vec::new(),
            pending_since: None,
            polled: clock::start(),
            ticked: now,
            pace: None,
            fed: None,
        })
    }
    /// Publishes what comes of the market until told to stop.
    ///
    /// # Errors
    /// What is made again differs from what was recorded, the ledger cannot be written, or the lake
    /// cannot be read: nothing more is published.
    pub fn run(&mut self, market: &mut dyn Source) -> Result<()> {
        let Publisher { rerun, engine, .. } = self;
        let sets = rerun.begin(engine)?;
        self.take(sets);
        while !self.hub.is_stopping() {
            match self.supply(market)? {
                Supply::Events(events) => {
                    for event in &events {
                        self.push(event)?;
                    }
                    self.commit()?;
                    self.watch()?;
                }
                Supply::Arrivals(arrivals) => self.arrive(arrivals, clock::start())?,
                Supply::Idle => {
                    self.caught_up()?;
                    self.watch()?;
                    self.tick()?;
                    self.nap(clock::duration(self.hub.options.poll));
                }
                Supply::End => {
                    self.caught_up()?;
                    self.hub.set_ended();
                    self.watch()?;
                    self.nap(clock::duration(self.hub.options.poll));
                }
            }
        }
        self.commit()?;
        let now = self.now();
        self.store.append(NewEntry {
            kind: EntryKind::Stop,
            ts: now,
            body: json!({"publications": self.numbering.next() - 1}),
        })?;
        Ok(())
    }
    fn supply(&self, source: &mut dyn Source) -> Result<Supply> {
        let holds_back = |model: &ModelRef| self.consequences.holds_back(model);
        source.poll(&EngineView { now: self.now(), model: &self.numbering.model, holds_back: &holds_back })
    }
    fn push(&mut self, event: &Event) -> Result<()> {
        if self.hub.is_stopping() {
            return Ok(());
        }
        self.wait(event)?;
        self.keep_order(event)?;
        self.meters.input_rows.increment(1);
        self.hub.advance(event.ts_known);
        let Publisher { rerun, engine, .. } = self;
        self.pending_since.get_or_insert_with(clock::start);
        let sets = rerun.feed(event, engine)?;
        self.take(sets);
        if self.hub.options.mode != ClockMode::Live && !self.hub.is_caught_up() && self.rerun.is_done() {
            self.caught_up()?;
        }
        if self.pending.iter().map(|s| s.decisions.len()).sum::<usize>() < BATCH_ROWS { Ok(()) } else { self.commit() }
    }
    fn take(&mut self, sets: Vec<DecisionSet>) {
        self.pending.extend(sets);
    }
    /// In a replay with a speed, waits until the event is due.
    fn wait(&mut self, event: &Event) -> Result<()> {
        let ClockMode::Replay(Some(speed)) = self.hub.options.mode else { return Ok(()) };
        if event.ts_known <= self.unpaced_until || !self.rerun.is_done() {
            return Ok(());
        }
        self.commit()?;
        let (since, first) = *self.pace.get_or_insert_with(|| (clock::start(), event.ts_known));
        let due = Duration::from_secs_f64(((event.ts_known - first).seconds() / speed).clamp(0.0, 1e9));
        while !self.hub.is_stopping() && since.elapsed() < due {
            self.watch()?;
            std::thread::sleep(due.saturating_sub(since.elapsed()).min(NAP));
        }
        Ok(())
    }
    fn nap(&self, length: Duration) {
        let started = clock::start();
        while !self.hub.is_stopping() && started.elapsed() < length {
            std::thread::sleep(length.saturating_sub(started.elapsed()).min(NAP));
        }
    }
    /// Records what is pending with one sync, then publishes it.
    fn commit(&mut self) -> Result<()> {
        let started = self.pending_since.take();
        let schedules = self.schedules();
        if self.pending.is_empty() && schedules.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let mut fresh: Vec<Vec<Publication>> = Vec::new();
        for set in &pending {
            // In a replay the stream's time is the only one, so that a replay is the same every time.
            let at = if self.hub.options.mode == ClockMode::Live { clock::now() } else { set.known };
            let occasion = Occasion { cause: set.cause, consumed: set.consumed, at };
            let rows = set.decisions[set.recorded..].iter().map(|d| self.numbering.row(d, &set.decisions, occasion));
            fresh.push(rows.collect());
        }
        fresh.retain(|rows| !rows.is_empty());
        // A schedule is on disk before the first decision under it.
        let planned = schedules.iter().map(|s| entry(EntryKind::Schedule, s.published_at, s));
        let decided = fresh.iter().flatten().map(|p| entry(EntryKind::Publish, p.published_at, p));
        let entries: Result<Vec<NewEntry>> = planned.chain(decided).collect();
        let first = Seq(self.append(&entries?)?.0 + schedules.len() as u64);
        self.hub.put_schedules(schedules);
        for row in fresh.iter().flatten() {
            self.meters.published(row.status, &row.reasons);
        }
        let mut places = (first.0..).map(Seq);
        let placed = fresh.into_iter().map(|rows| rows.into_iter().zip(places.by_ref()).map(|(p, s)| (s, p)).collect());
        let placed: Vec<Vec<(Seq, Publication)>> = placed.collect();
        let any = !placed.is_empty();
        self.consequences.publish(placed);
        self.engine.report(&self.hub, &self.meters, &pending);
        if let Some(started) = started.filter(|_| any) {
            self.meters.publication_seconds.record(seconds(started));
        }
        Ok(())
    }
    /// The schedules to be recorded: those that are not, of weeks that are not over.
    fn schedules(&mut self) -> Vec<PublishedSchedule> {
        let live = (self.hub.options.mode == ClockMode::Live).then(clock::now);
        let made = self.rerun.take_schedules().into_iter();
        let all = made.map(|(known, named)| PublishedSchedule::of(&named, live.unwrap_or(known)));
        all.filter(|s| s.until > s.published_at).collect()
    }
    fn append(&mut self, entries: &[NewEntry]) -> Result<Seq> {
        if entries.is_empty() {
            return Ok(self.store.next());
        }
        let started = clock::start();
        let first = self.store.append_all(entries)?;
        self.meters.fsync_seconds.record(seconds(started));
        self.meters.ledger_entries.increment(entries.len() as u64);
        Ok(first)
    }
    /// The past has been made again; from here on, what is new.
    fn caught_up(&mut self) -> Result<()> {
        if self.hub.is_caught_up() {
            return Ok(());
        }
        self.commit()?;
        if let Some(unfinished) = self.rerun.unfinished() {
            return Err(unfinished.into());
        }
        tracing::info!(compared = self.rerun.compared(), seq = self.numbering.next() - 1, "caught up with the ledger");
        self.hub.set_caught_up();
        // The model in force is the epoch's last; a newer one comes in like any other change.
        let current = self.numbering.model.clone();
        self.announce(None, &current);
        self.poll()
    }
    fn watch(&mut self) -> Result<()> {
        if self.hub.is_caught_up() && self.polled.elapsed() >= clock::duration(self.hub.options.poll) {
            self.poll()?;
        }
        Ok(())
    }
    /// Asks everything that is watched beside the market.
    fn poll(&mut self) -> Result<()> {
        self.polled = clock::start();
        let mut sources = std::mem::take(&mut self.sources);
        for source in &mut sources {
            let started = clock::start();
            if let Supply::Arrivals(arrivals) = self.supply(&mut **source)? {
                self.arrive(arrivals, started)?;
            }
        }
        self.sources = sources;
        Ok(())
    }
    /// Records what came, one after another, each before anything follows from it.
    fn arrive(&mut self, arrivals: Vec<Arrival>, polled: Instant) -> Result<()> {
        for Arrival { kind, body, effect } in arrivals {
            self.commit()?;
            let (at, after) = (self.now(), self.rerun.counts());
            self.append(&[NewEntry { kind, ts: at, body: body(after)? }])?;
            match effect {
                Effect::Push(input) => {
                    self.engine.push(input(at))?;
                    self.fed = None;
                }
                Effect::PushAndTick(input) => {
                    let input = input(at);
                    if let Input::Order { order, .. } = &input {
                        self.hub.put_order(StoredOrder::of(order)?);
                    }
                    self.engine.push(input)?;
                    self.tick_at(at)?;
                }
                Effect::Freeze(on) => {
                    self.fed = None;
                    let Publisher { rerun, engine, .. } = self;
                    let sets = rerun.freeze(on, at, engine)?;
                    self.take(sets);
                    self.commit()?;
                }
                Effect::Install(model, input) => {
                    self.engine.push(*input)?;
                    self.fed = None;
                    self.meters.model_loads.increment(1);
                    self.meters.model_load_seconds.record(seconds(polled));
                    let before = std::mem::replace(&mut self.numbering.model, model.clone());
                    self.announce(Some(&before), &model);
                }
                Effect::RefusedModels => self.meters.model_load_failures.increment(1),
            }
        }
        Ok(())
    }
    fn announce(&self, before: Option<&ModelRef>, model: &ModelRef) {
        let labels = |m: &ModelRef| {
            let texts = [m.name.clone(), m.version.clone(), m.alias.clone(), m.manifest.short()];
            let [name, version, alias, digest] = texts;
            [("name", name), ("version", version), ("alias", alias), ("digest", digest)]
        };
        self.meters.model(before.map(labels), labels(model));
        self.hub.set_model(format!("{} {} {}", model.name, model.version, model.manifest.short()));
        tracing::info!(model = %model.name, version = %model.version, "model in force");
    }
    /// Tells a followed market's pipeline that time has passed, having recorded it.
    fn tick(&mut self) -> Result<()> {
        let now = clock::now();
        if self.hub.options.mode != ClockMode::Live || now - self.ticked < self.hub.options.tick {
            return Ok(());
        }
        self.ticked = now;
        self.tick_at(now)
    }
    fn tick_at(&mut self, now: Ts) -> Result<()> {
        self.commit()?;
        let after = self.rerun.counts();
        self.append(&[entry(EntryKind::Tick, now, &Ticked { after })?])?;
        self.fed = None;
        let Publisher { rerun, engine, .. } = self;
        let sets = rerun.tick(now, engine)?;
        self.take(sets);
        self.commit()
    }
    /// A second run reads a file that came late in its order. A tick before it keeps it in its place.
    fn keep_order(&mut self, event: &Event) -> Result<()> {
        let place = (event.ts_known, event.symbol, event.seq);
        let live = self.hub.options.mode == ClockMode::Live && self.rerun.is_done();
        if let Some((known, ..)) = self.fed.filter(|last| live && place <= *last) {
            self.tick_at(known)?;
        }
        self.fed = Some(place);
        Ok(())
    }
    fn now(&self) -> Ts {
        match self.hub.options.mode {
            ClockMode::Live => clock::now(),
            ClockMode::Replay(_) => self.hub.now().max(Ts(0)),
        }
    }
}
