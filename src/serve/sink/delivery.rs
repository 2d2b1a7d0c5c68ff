//! From the ledger to the sinks: one thread per sink, which sends what comes after its cursor, moves the cursor
//! when that is acknowledged, and tries again when it is not. Publishing waits for none of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::config::Opened;
use super::contract::{Sink, sets};
use super::cursor::{CursorFile, Delivered};
use crate::record::stored::from_value;
use crate::record::{EntryKind, FileStore, Publication, Store};
use crate::serve::clock;
use crate::serve::hub::{Hub, SinkHealth};

/// Rows sent at once, unless one set has more.
const ROWS: usize = 64;
/// Longest wait before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(100);
/// Wait after a failure; each further one doubles it.
const RETRY_MIN: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// How long a stop waits for what is being sent.
const DRAIN: Duration = Duration::from_secs(10);

/// Every sink at work.
pub struct Deliveries {
    stop: Arc<AtomicBool>,
    ended: mpsc::Receiver<String>,
    running: Vec<String>,
}

impl Deliveries {
    /// Starts a thread for each.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(hub: &Arc<Hub>, sinks: Vec<Opened>) -> Result<Deliveries> {
        let stop = Arc::new(AtomicBool::new(false));
        let (over, ended) = mpsc::channel();
        let mut running = Vec::new();
        for opened in sinks {
            let mut delivery = Delivery::new(Arc::clone(hub), opened);
            delivery.report();
            let (name, stop, over) = (delivery.sink.name().to_string(), Arc::clone(&stop), over.clone());
            running.push(name.clone());
            std::thread::Builder::new().name(format!("sink {name}")).spawn(move || {
                if catch_unwind(AssertUnwindSafe(|| delivery.run(&stop))).is_err() {
                    delivery.health.error = Some("its thread died; start the service again".into());
                    delivery.report();
                }
                let _ = over.send(name);
            })?;
        }
        Ok(Deliveries { stop, ended, running })
    }
    /// Lets every sink take what it has not had yet, once, and ends them. One that hangs is left behind: its
    /// cursor says where to go on.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let started = clock::start();
        while !self.running.is_empty() {
            match self.ended.recv_timeout(DRAIN.saturating_sub(started.elapsed())) {
                Ok(name) => self.running.retain(|n| *n != name),
                Err(_) => {
                    tracing::warn!(sinks = self.running.join(", "), "left behind, still sending after {DRAIN:?}");
                    self.running.clear();
                }
            }
        }
    }
}

/// One sink and how far it is.
struct Delivery {
    hub: Arc<Hub>,
    sink: Box<dyn Sink>,
    file: CursorFile,
    /// As on disk; absent until it was read and held against the ledger.
    done: Option<Delivered>,
    health: SinkHealth,
}

impl Delivery {
    fn new(hub: Arc<Hub>, opened: Opened) -> Delivery {
        let Opened { kind, required, sink } = opened;
        let file = CursorFile::of(&hub.options.ledger, sink.name());
        let health = SinkHealth { kind, required, seq: 0, moved: clock::now(), error: None, failures: 0 };
        Delivery { hub, sink, file, done: None, health }
    }
    fn report(&self) {
        self.hub.put_sink(self.sink.name(), self.health.clone());
    }
    fn run(&mut self, stop: &AtomicBool) {
        let mut retry = RETRY_MIN;
        while !stop.load(Ordering::Acquire) {
            let newest = self.hub.newest();
            let sent = self.attempt();
            self.report();
            match sent {
                Some(true) => retry = RETRY_MIN,
                Some(false) => self.hub.wait(newest, NAP),
                None => {
                    let failed = clock::start();
                    wait(failed, retry, stop);
                    retry = (2 * retry).min(RETRY_MAX);
                }
            }
        }
        // What was published last is in the hub by now.
        while self.attempt() == Some(true) {}
        self.report();
    }
    /// Delivers once; whether anything was there, or nothing when it failed.
    fn attempt(&mut self) -> Option<bool> {
        match self.step() {
            Ok(sent) => {
                self.health.moved = clock::now();
                self.health.error = None;
                Some(sent)
            }
            Err(e) => {
                let why = format!("{e:#}");
                if self.health.error.as_ref() != Some(&why) {
                    tracing::error!(sink = self.sink.name(), %why, "not delivered; it is tried again");
                }
                self.health.failures += 1;
                self.health.error = Some(why);
                None
            }
        }
    }
    fn step(&mut self) -> Result<bool> {
        let done = match self.done.take() {
            Some(done) => done,
            None => self.begin()?,
        };
        let after = done.seq;
        self.health.seq = after;
        self.done = Some(done);
        let rows = self.next(after)?;
        let Some(last) = rows.last() else { return Ok(false) };
        self.sink.send(&rows)?;
        self.acknowledge(last)?;
        Ok(true)
    }
    fn acknowledge(&mut self, last: &Publication) -> Result<()> {
        let done = Delivered { seq: last.seq, set_id: last.set_id.clone() };
        self.file.write(&done)?;
        self.health.seq = done.seq;
        self.done = Some(done);
        Ok(())
    }
    /// How far the sink is, by its cursor, which must be one of this ledger.
    fn begin(&self) -> Result<Delivered> {
        let done = self.file.read()?;
        if done.seq > 0 {
            let rows = if done.seq <= self.hub.newest() { self.rows(done.seq - 1, 1)? } else { Vec::new() };
            if rows.first().is_none_or(|p| p.set_id != done.set_id) {
                let path = self.file.path().display();
                bail!("{path}: publication {} is of another ledger; remove the file to begin anew", done.seq);
            }
        }
        Ok(done)
    }
    /// What comes after a number: whole sets, none when there is nothing yet.
    fn next(&self, after: u64) -> Result<Vec<Publication>> {
        let mut limit = ROWS;
        loop {
            let newest = self.hub.newest();
            let mut rows = if after < newest { self.rows(after, limit)? } else { Vec::new() };
            let all = rows.last().is_none_or(|p| p.seq >= newest);
            // Killed within a set, a service publishes the rest of it when it starts again.
            let cut = sets(&rows).last().filter(|set| set.len() < set[0].set_size as usize).map_or(0, <[_]>::len);
            rows.truncate(rows.len() - cut);
            if !rows.is_empty() || all {
                return Ok(rows);
            }
            limit *= 4;
        }
    }
    /// The rows after a number, at least one and not many more than `limit`: from memory, or from the ledger
    /// where it is longer ago than memory goes.
    fn rows(&self, after: u64, limit: usize) -> Result<Vec<Publication>> {
        if let Some(sets) = self.hub.after(after, limit) {
            let rows = sets.iter().flat_map(|s| &s.rows).map(|r| &r.publication);
            return Ok(rows.filter(|p| p.seq > after).cloned().collect());
        }
        let ledger = &self.hub.options.ledger;
        let (first, newest) = (after + 1, self.hub.newest());
        let entry = self.hub.entry(first).with_context(|| format!("{}: no publication {first}", ledger.display()))?;
        let mut rows: Vec<Publication> = Vec::new();
        for record in FileStore::peek(ledger)?.scan(entry)? {
            let record = record?;
            if record.kind == EntryKind::Publish {
                rows.push(from_value(&format!("ledger entry {}", record.seq), record.body)?);
            }
            if rows.len() >= limit || rows.last().is_some_and(|p| p.seq >= newest) {
                break;
            }
        }
        Ok(rows)
    }
}

fn wait(since: Instant, length: Duration, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) && since.elapsed() < length {
        std::thread::sleep(length.saturating_sub(since.elapsed()).min(NAP));
    }
}

#[cfg(test)]
mod tests;
