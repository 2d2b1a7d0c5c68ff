//! Sinks that fail, and services that are killed, at any moment.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use super::*;
use crate::base::{Digest, Horizon, Seed, Span, Ts};
use crate::record::{NewEntry, Seq};
use crate::serve::{ClockMode, Options};

/// A publication as it was once stored.
fn stored() -> Publication {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/format/v3/ledger");
    let store = FileStore::read(Path::new(path)).unwrap();
    let mut all = store.scan(Seq(0)).unwrap().map(Result::unwrap).filter(|r| r.kind == EntryKind::Publish);
    from_value("sample", all.next().unwrap().body).unwrap()
}

fn options(ledger: &Path) -> Options {
    Options {
        listen: String::new(),
        ledger: ledger.into(),
        models: "".into(),
        model: String::new(),
        alias: String::new(),
        venue: "test".into(),
        symbols: Vec::new(),
        horizons: vec![Horizon(Span::HOUR)],
        config: String::new(),
        config_digest: Digest::of(b""),
        venue_files: BTreeMap::new(),
        sinks: Vec::new(),
        from: None,
        mode: ClockMode::Replay(None),
        poll: Span::SECOND,
        tick: Span::MINUTE,
        row: Span::HOUR,
    }
}

/// What a test sink got, and whether it takes anything now.
#[derive(Default)]
struct Far {
    got: Vec<u64>,
    down: bool,
}

struct Test(Arc<Mutex<Far>>);

impl Sink for Test {
    fn name(&self) -> &str {
        "test"
    }
    fn send(&mut self, rows: &[Publication]) -> Result<()> {
        let mut far = self.0.lock().unwrap();
        if far.down {
            bail!("nobody is there");
        }
        // Whole sets only.
        assert!(sets(rows).all(|set| set.len() == set[0].set_size as usize), "{rows:?}");
        far.got.extend(rows.iter().map(|p| p.seq));
        Ok(())
    }
}

/// A ledger, a service that publishes into it, and the far side of a sink.
struct World {
    folder: tempfile::TempDir,
    store: FileStore,
    hub: Arc<Hub>,
    far: Arc<Mutex<Far>>,
    row: Publication,
    seq: u64,
}

impl World {
    fn new(ring: usize) -> World {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(folder.path(), Ts(0)).unwrap();
        let hub = Hub::with_ring(options(folder.path()), ring);
        World { folder, store, hub, far: Arc::default(), row: stored(), seq: 0 }
    }
    fn rows(&mut self, set: &str, size: u32, count: u32) -> Vec<(Seq, Publication)> {
        let mut rows = Vec::new();
        for _ in 0..count {
            self.seq += 1;
            let row = Publication { seq: self.seq, set_id: set.into(), set_size: size, ..self.row.clone() };
            let entry = NewEntry { kind: EntryKind::Publish, ts: Ts(0), body: serde_json::to_value(&row).unwrap() };
            rows.push((self.store.append(entry).unwrap(), row));
        }
        rows
    }
    fn publish(&mut self, size: u32) {
        let name = format!("set {}", self.seq);
        let rows = self.rows(&name, size, size);
        self.hub.publish(vec![rows]);
    }
    /// As a service has it that starts.
    fn delivery(&self) -> Delivery {
        let sink = Box::new(Test(Arc::clone(&self.far)));
        Delivery::new(Arc::clone(&self.hub), Opened { kind: "test", required: true, sink })
    }
    fn got(&self) -> Vec<u64> {
        self.far.lock().unwrap().got.clone()
    }
    fn down(&self, down: bool) {
        self.far.lock().unwrap().down = down;
    }
}

#[test]
fn killed_between_sending_and_acknowledging_it_sends_again_and_skips_nothing() {
    let mut world = World::new(100);
    world.publish(2);
    world.publish(3);
    let mut first = world.delivery();
    let rows = first.next(0).unwrap();
    first.sink.send(&rows).unwrap();
    // Killed here: nothing was acknowledged.
    drop(first);
    let mut second = world.delivery();
    assert!(second.step().unwrap());
    assert_eq!(world.got(), [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    assert!(!second.step().unwrap());
    world.publish(1);
    // Stopped here: the next service goes on where the cursor is.
    assert!(world.delivery().step().unwrap());
    assert_eq!(world.got()[10..], [6]);
}

#[test]
fn killed_or_failing_at_any_moment_every_row_arrives_and_in_order() {
    for (case, ring) in [(0, 1), (1, 3), (2, 100), (3, 2)] {
        let mut world = World::new(ring);
        let mut delivery = world.delivery();
        let mut random = Seed(17).named(&case.to_string()).0;
        for _ in 0..120 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            match (random >> 33) % 6 {
                0 | 1 => world.publish(1 + (random >> 40) as u32 % 3),
                2 => _ = delivery.step().unwrap(),
                3 => {
                    let done = world.delivery().begin().unwrap();
                    let rows = delivery.next(done.seq).unwrap();
                    delivery.sink.send(&rows).unwrap();
                    delivery = world.delivery();
                }
                4 => {
                    world.down(true);
                    let (newest, tried) = (world.hub.newest(), delivery.step());
                    assert!(tried.is_err() || delivery.health.seq == newest);
                    world.down(false);
                }
                _ => delivery = world.delivery(),
            }
        }
        while delivery.step().unwrap() {}
        let (mut seen, got) = (0, world.got());
        for seq in got {
            assert!(seq <= seen + 1, "{seq} came before {}", seen + 1);
            seen = seen.max(seq);
        }
        assert_eq!(seen, world.seq, "every row arrived");
        assert!(world.seq > 30);
    }
}

#[test]
fn a_sink_that_fails_is_seen_stops_no_publication_and_gets_everything_later() {
    let mut world = World::new(100);
    world.down(true);
    let mut delivery = world.delivery();
    for n in 1..=3 {
        world.publish(1);
        assert_eq!((world.hub.newest(), delivery.attempt()), (n, None));
        delivery.report();
        let health = world.hub.sinks()["test"].clone();
        assert_eq!((health.seq, health.failures, health.error.as_deref()), (0, n, Some("nobody is there")));
    }
    world.down(false);
    assert_eq!((delivery.attempt(), world.got()), (Some(true), vec![1, 2, 3]));
    delivery.report();
    assert_eq!((world.hub.sinks()["test"].seq, &world.hub.sinks()["test"].error), (3, &None));
}

#[test]
fn half_a_set_waits_for_its_rest_or_until_another_set_shows_that_none_comes() {
    let mut world = World::new(100);
    let half = world.rows("a", 300, 100);
    world.hub.publish(vec![half]);
    let mut delivery = world.delivery();
    assert!(!delivery.step().unwrap());
    let rest = world.rows("a", 300, 200);
    world.hub.publish(vec![rest]);
    assert!(delivery.step().unwrap());
    assert_eq!(world.got(), (1..=300).collect::<Vec<_>>());
    // Another configuration does not make the same set again.
    let half = world.rows("b", 2, 1);
    world.hub.publish(vec![half]);
    assert!(!delivery.step().unwrap());
    world.publish(1);
    assert_eq!(delivery.next(300).unwrap().iter().map(|p| p.seq).collect::<Vec<_>>(), [301, 302]);
}

#[test]
fn the_cursor_of_another_ledger_is_not_gone_on_from() {
    let mut world = World::new(100);
    world.publish(1);
    let file = CursorFile::of(world.folder.path(), "test");
    for (seq, set_id) in [(1, "other"), (9, "set 0")] {
        file.write(&Delivered { seq, set_id: set_id.into() }).unwrap();
        let said = world.delivery().step().unwrap_err().to_string();
        assert!(said.contains("of another ledger; remove the file"), "{said}");
    }
    assert!(world.got().is_empty());
}

#[test]
fn deliveries_run_by_themselves_and_a_stop_brings_what_is_left() {
    let mut world = World::new(100);
    let sink = Box::new(Test(Arc::clone(&world.far)));
    let opened = Opened { kind: "test", required: true, sink };
    let mut deliveries = Deliveries::start(&world.hub, vec![opened]).unwrap();
    (0..20).for_each(|_| world.publish(2));
    deliveries.stop();
    assert_eq!(world.got(), (1..=40).collect::<Vec<_>>());
}
