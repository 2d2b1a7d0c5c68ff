//! Server-sent events: `snapshot`, then `delta` per set, `heartbeat` each second, `bye` at the end.
//!
//! The id of an event is the number of its last publication. A consumer that comes back with
//! `Last-Event-ID` is sent exactly the sets after it; where those are no longer kept, or the number
//! is of another ledger, a `resync` and a snapshot. A consumer that reads too slowly is sent a
//! snapshot in place of what it missed (values are absolute), and is let go after ten seconds.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::request::Shared;
use crate::serve::hub::{PublishedSet, StreamStart};

/// Streams served at once.
const STREAMS_MAX: u64 = 1_000;
const HEARTBEAT: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(10);
/// Events handed to a connection and not yet written.
const WRITING_MAX: usize = 16;

/// The body of an answer that streams.
pub type EventStream = Sse<ReceiverStream<Result<Event, Infallible>>>;

struct Stream {
    shared: Shared,
    out: mpsc::Sender<Result<Event, Infallible>>,
    /// The newest number that the consumer has.
    seen: u64,
}

/// The consumer is gone or does not read.
struct Gone;

/// Opens a stream; `None` when too many are open.
pub fn open(shared: Shared, after: Option<u64>) -> Option<EventStream> {
    let taken = shared.hub.subscribers.fetch_add(1, Ordering::Relaxed);
    if taken >= STREAMS_MAX {
        shared.hub.subscribers.fetch_sub(1, Ordering::Relaxed);
        return None;
    }
    let (out, events) = mpsc::channel(WRITING_MAX);
    let subscription = shared.hub.subscribe(after);
    let stream = Stream { shared: shared.clone(), out, seen: after.unwrap_or(0) };
    tokio::spawn(async move {
        // Gone is how most streams end.
        let _ = stream.run(subscription, after).await;
        shared.hub.subscribers.fetch_sub(1, Ordering::Relaxed);
        shared.meters.stream_closed.increment(1);
    });
    Some(Sse::new(ReceiverStream::new(events)))
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone has stopped too.
    let _ = stop.wait_for(|stop| *stop).await;
}

impl Stream {
    async fn run(mut self, mut from: StreamStart, after: Option<u64>) -> Result<(), Gone> {
        let mut stop = self.shared.stop.clone();
        match (from.missed.take(), after) {
            (Some(missed), _) => {
                for set in missed {
                    self.delta(&set).await?;
                }
            }
            (None, None) => self.snapshot().await?,
            (None, Some(had)) => {
                self.shared.meters.resync.increment(1);
                self.resync(had, "what came after that id is no longer kept").await?;
            }
        }
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                set = from.next.recv() => match set {
                    Ok(set) => self.delta(&set).await?,
                    Err(RecvError::Lagged(_)) => {
                        self.shared.meters.conflated.increment(1);
                        self.resync(self.seen, "too slow; the snapshot replaces what was missed").await?;
                    }
                    Err(RecvError::Closed) => return Ok(()),
                },
                () = stopped(&mut stop) => {
                    return self.send(Event::default().event("bye").data(json!({"seq": self.shared.hub.newest()}).to_string())).await;
                }
                _ = beat.tick() => {
                    let data = json!({"seq": self.shared.hub.newest(), "time": self.shared.hub.now()}).to_string();
                    self.send(Event::default().event("heartbeat").data(data)).await?;
                }
            }
        }
    }
    async fn resync(&mut self, had: u64, reason: &str) -> Result<(), Gone> {
        let data = json!({"expected": had + 1, "current": self.shared.hub.newest(), "reason": reason}).to_string();
        self.send(Event::default().event("resync").data(data)).await?;
        self.snapshot().await
    }
    async fn snapshot(&mut self) -> Result<(), Gone> {
        let snapshot = self.shared.snapshot();
        self.seen = snapshot.all.seq;
        let text = String::from_utf8_lossy(&snapshot.all.bytes).into_owned();
        self.send(Event::default().event("snapshot").id(self.seen.to_string()).data(text)).await
    }
    /// Sends a set, unless a snapshot or what was missed had it already.
    async fn delta(&mut self, set: &PublishedSet) -> Result<(), Gone> {
        if set.last() <= self.seen {
            return Ok(());
        }
        self.seen = set.last();
        let text = self.shared.renderer.set(set);
        self.send(Event::default().event("delta").id(self.seen.to_string()).data(&*text)).await
    }
    async fn send(&self, event: Event) -> Result<(), Gone> {
        match tokio::time::timeout(PATIENCE, self.out.send(Ok(event))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}
