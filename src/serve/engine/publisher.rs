//! The thread that publishes: it catches up with the ledger, then pushes, records, shows.
//!
//! Nothing is shown before it is on disk. On a start the lake is pushed from the beginning; what the
//! ledger has already is compared in every field and not appended again, so a service killed at any
//! point loses no publication and repeats none.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::consequences::Consequences;
use super::pipeline::Engine;
use super::source::{Source, Supply};
use super::{operator, venue};
use crate::base::{Symbol, Ts};
use crate::event::Event;
use crate::margin::Policy;
use crate::margin::guardrail::order::Scope;
use crate::record::era::{ConfigLoaded, Era, Killed, Ticked, eras};
use crate::record::guard;
use crate::record::press::{Occasion, Press};
use crate::record::publication::ModelRef;
use crate::record::rerun::{Recall, Rerun, Set};
use crate::record::{Entry, FileStore, Kind, Publication, Seq, Store};
use crate::serve::meters::{Meters, seconds};
use crate::serve::{Hub, Mode, Options, clock};

/// Rows recorded with one sync, at most, while the past is caught up with.
const BATCH_ROWS: usize = 64;
/// Longest sleep before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(20);

/// Everything the thread owns.
pub struct Publisher {
    pub(super) hub: Arc<Hub>,
    pub(super) consequences: Consequences,
    pub(super) meters: Arc<Meters>,
    pub(super) engine: Engine,
    pub(super) store: FileStore,
    pub(super) press: Press,
    pub(super) rerun: Rerun,
    pub(super) pending: Vec<Set>,
    pub(super) pending_since: Option<Instant>,
    /// What is frozen.
    pub(super) killed: BTreeSet<Scope>,
    /// The guardrails' settings that the configuration names, those in force, and what was applied.
    pub(super) base: Policy,
    pub(super) policy: Policy,
    pub(super) applied: BTreeSet<u64>,
    /// What was last found wrong with what people ask, so that it is said once.
    pub(super) asked: Option<String>,
    pub(super) failed: Option<String>,
    pub(super) files: venue::Files,
    pub(super) watched: Instant,
    pub(super) ticked: Ts,
    pub(super) pace: Option<(Instant, Ts)>,
    /// Place in the lake's order of the last event since the last gate.
    pub(super) fed: Option<(Ts, Symbol, u64)>,
    /// Events known at or before this are pushed without waiting.
    pub(super) unpaced_until: Ts,
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
        let model = engine.wanted()?;
        meters.model_loads.increment(1);
        meters.model_load_seconds.record(seconds(started));
        let mut press = Press::new(&options.venue, model.clone());
        let mut consequences = Consequences::new(Arc::clone(&hub), operator::settings(&options.config)?);
        let mut past = Vec::new();
        let mut past_eras = eras(&store, |seq, publication| {
            press.remember(&publication);
            past.push((seq, publication));
            if past.len() >= BATCH_ROWS && !same_set(&past) {
                let last = past.pop();
                consequences.publish(sets(std::mem::take(&mut past)));
                past.extend(last);
            }
        })?;
        consequences.publish(sets(past));
        let same =
            |e: &Era| e.start.digest == options.config_digest && options.from.is_none_or(|f| f == e.start.publish_from);
        let base = operator::base(&options.config, past_eras.last())?;
        // Another configuration does not bring a version in that the traffic light holds back.
        let held = past_eras.last().filter(|_| consequences.holds_back(&model).is_some());
        let model = held.map_or(model, |era| era.model.clone());
        let old = past_eras.pop().filter(same);
        let era = begun(&mut store, options, old, &model, now)?;
        press.model = era.model.clone();
        engine.begin(&era.start.model, era.start.publish_from)?;
        let recall = recall(options.ledger.clone());
        Ok(Publisher {
            rerun: Rerun::new(&options.symbols, Some(&era), recall),
            unpaced_until: newest(&hub).max(era.start.publish_from),
            killed: frozen(&era),
            policy: guard::settings(&base, &era.stored()),
            base,
            applied: era.applied(),
            asked: None,
            files: venue::Files::after(era.heard.clone()),
            hub: Arc::clone(&hub),
            consequences,
            meters,
            engine,
            store,
            press,
            pending: Vec::new(),
            pending_since: None,
            failed: None,
            watched: clock::start(),
            ticked: now,
            pace: None,
            fed: None,
        })
    }
    /// Publishes until told to stop.
    ///
    /// # Errors
    /// What is made again differs from what was recorded, the ledger cannot be written, or the lake
    /// cannot be read: nothing more is published.
    pub fn run(&mut self, source: &mut Source) -> Result<()> {
        let Publisher { rerun, engine, .. } = self;
        let sets = rerun.begin(engine)?;
        self.take(sets);
        while !self.hub.is_stopping() {
            match source()? {
                Supply::Events(events) => {
                    for event in &events {
                        self.push(event)?;
                    }
                    self.commit()?;
                    self.watch()?;
                }
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
        self.store.append(Entry { kind: Kind::Stop, ts: now, body: json!({"publications": self.press.next() - 1}) })?;
        Ok(())
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
        if self.hub.options.mode != Mode::Live && !self.hub.is_caught_up() && self.rerun.is_done() {
            self.caught_up()?;
        }
        if self.pending.iter().map(|s| s.decisions.len()).sum::<usize>() < BATCH_ROWS { Ok(()) } else { self.commit() }
    }
    fn take(&mut self, sets: Vec<Set>) {
        self.pending.extend(sets);
    }
    /// In a replay with a speed, waits until the event is due.
    fn wait(&mut self, event: &Event) -> Result<()> {
        let Mode::Replay(Some(speed)) = self.hub.options.mode else { return Ok(()) };
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
    /// Records what is pending with one sync, then shows it.
    pub(super) fn commit(&mut self) -> Result<()> {
        let started = self.pending_since.take();
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let mut fresh: Vec<Vec<Publication>> = Vec::new();
        for set in &pending {
            // In a replay the stream's time is the only one, so that a replay is the same every time.
            let at = if self.hub.options.mode == Mode::Live { clock::now() } else { set.known };
            let occasion = Occasion { cause: set.cause, consumed: set.consumed, at };
            let rows = set.decisions[set.recorded..].iter().map(|d| self.press.row(d, &set.decisions, occasion));
            fresh.push(rows.collect());
        }
        fresh.retain(|rows| !rows.is_empty());
        let entries: Result<Vec<Entry>> =
            fresh.iter().flatten().map(|p| entry(Kind::Publish, p.published_at, p)).collect();
        let first = self.append(&entries?)?;
        for row in fresh.iter().flatten() {
            self.meters.published(row.status, &row.reasons);
        }
        let mut places = (first.0..).map(Seq);
        let placed = fresh.into_iter().map(|rows| rows.into_iter().zip(places.by_ref()).map(|(p, s)| (s, p)).collect());
        let placed: Vec<Vec<(Seq, Publication)>> = placed.collect();
        let shown = !placed.is_empty();
        self.consequences.publish(placed);
        self.engine.report(&self.hub, &self.meters, &pending);
        if let Some(started) = started.filter(|_| shown) {
            self.meters.publication_seconds.record(seconds(started));
        }
        Ok(())
    }
    pub(super) fn append(&mut self, entries: &[Entry]) -> Result<Seq> {
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
        tracing::info!(compared = self.rerun.compared(), seq = self.press.next() - 1, "caught up with the ledger");
        self.hub.set_caught_up();
        // The model in force is the era's last; a newer one comes in like any other change.
        let current = self.press.model.clone();
        self.announce(None, &current);
        self.look()
    }
    fn watch(&mut self) -> Result<()> {
        if self.hub.is_caught_up() && self.watched.elapsed() >= clock::duration(self.hub.options.poll) {
            self.look()?;
        }
        Ok(())
    }
    /// Tells a followed engine that time has passed, having recorded it.
    fn tick(&mut self) -> Result<()> {
        let now = clock::now();
        if self.hub.options.mode != Mode::Live || now - self.ticked < self.hub.options.tick {
            return Ok(());
        }
        self.ticked = now;
        self.tick_at(now)
    }
    pub(super) fn tick_at(&mut self, now: Ts) -> Result<()> {
        self.commit()?;
        let after = self.rerun.counts();
        self.append(&[entry(Kind::Tick, now, &Ticked { after })?])?;
        self.fed = None;
        let Publisher { rerun, engine, .. } = self;
        let sets = rerun.tick(now, engine)?;
        self.take(sets);
        self.commit()
    }
    /// A second run reads a file that came late in its order. A tick before it keeps it in its place.
    fn keep_order(&mut self, event: &Event) -> Result<()> {
        let place = (event.ts_known, event.symbol, event.seq);
        let live = self.hub.options.mode == Mode::Live && self.rerun.is_done();
        if let Some((known, ..)) = self.fed.filter(|last| live && place <= *last) {
            self.tick_at(known)?;
        }
        self.fed = Some(place);
        Ok(())
    }
    /// Freezes or releases everything, having recorded it.
    pub(super) fn freeze(&mut self, on: bool) -> Result<()> {
        self.commit()?;
        let (at, after) = (self.now(), self.rerun.counts());
        self.append(&[entry(Kind::Kill, at, &Killed { on, after })?])?;
        self.fed = None;
        let Publisher { rerun, engine, .. } = self;
        let sets = rerun.freeze(on, at, engine)?;
        self.take(sets);
        self.commit()
    }
    pub(super) fn now(&self) -> Ts {
        match self.hub.options.mode {
            Mode::Live => clock::now(),
            Mode::Replay(_) => self.hub.now().max(Ts(0)),
        }
    }
}

/// Records the start; an era of the past goes on, or a new one begins.
fn begun(store: &mut FileStore, options: &Options, old: Option<Era>, model: &ModelRef, now: Ts) -> Result<Era> {
    let body =
        json!({"mode": options.mode.as_str(), "program": env!("CARGO_PKG_VERSION"), "process": std::process::id()});
    store.append(Entry { kind: Kind::Start, ts: now, body })?;
    if let Some(era) = old {
        return Ok(era);
    }
    let start = ConfigLoaded {
        digest: options.config_digest,
        config: options.config.clone(),
        publish_from: options.from.unwrap_or(match options.mode {
            // The last window that closed is still in force.
            Mode::Live => now - options.row,
            Mode::Replay(_) => Ts(0),
        }),
        model: model.clone(),
    };
    store.append(entry(Kind::ConfigLoaded, now, &start)?)?;
    let era = eras(store, |_, _| {})?.pop();
    era.with_context(|| format!("{}: no configuration in the ledger", options.ledger.display()))
}

/// What was frozen at the end of an era.
fn frozen(era: &Era) -> BTreeSet<Scope> {
    let all = era.killed.then_some(Scope::All);
    era.frozen.iter().cloned().chain(all).collect()
}

pub(super) fn same_model(a: &ModelRef, b: &ModelRef) -> bool {
    (&a.name, &a.version, a.manifest) == (&b.name, &b.version, b.manifest)
}

fn newest(hub: &Hub) -> Ts {
    hub.snapshot().rows.values().map(|r| r.publication.published_at).max().unwrap_or(Ts(0))
}

fn genesis(store: &mut FileStore, mode: Mode, now: Ts) -> Result<()> {
    let Some(first) = store.scan(Seq(0))?.next().transpose()? else {
        let body = json!({"format": "margincast.ledger.v1", "mode": mode.as_str()});
        store.append(Entry { kind: Kind::Genesis, ts: now, body })?;
        return Ok(());
    };
    let was = first.body["mode"].as_str().unwrap_or("?").to_string();
    if first.kind != Kind::Genesis || was != mode.as_str() {
        bail!(
            "the ledger is that of a {was} service, this is a {} one; use another folder: --set serve.ledger=DIR",
            mode.as_str()
        );
    }
    Ok(())
}

pub(super) fn entry<T: serde::Serialize>(kind: Kind, ts: Ts, body: &T) -> Result<Entry> {
    Ok(Entry { kind, ts, body: serde_json::to_value(body).context("a ledger entry")? })
}

fn recall(folder: PathBuf) -> Recall {
    Box::new(move |seq| FileStore::peek(&folder)?.publication(seq))
}

fn same_set(rows: &[(Seq, Publication)]) -> bool {
    matches!(rows, [.., a, b] if a.1.set_id == b.1.set_id) || rows.len() < 2
}

/// Rows in order, by set.
fn sets(rows: Vec<(Seq, Publication)>) -> Vec<Vec<(Seq, Publication)>> {
    let mut sets: Vec<Vec<(Seq, Publication)>> = Vec::new();
    for row in rows {
        match sets.last_mut().filter(|s| s.last().is_some_and(|last| last.1.set_id == row.1.set_id)) {
            Some(set) => set.push(row),
            None => sets.push(vec![row]),
        }
    }
    sets
}
