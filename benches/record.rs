//! From decisions to the ledger.

use divan::Bencher;
use divan::counter::ItemsCount;
use margincast::base::{Digest, Horizon, Span, Ts};
use margincast::margin::{Decision, State, Why};
use margincast::record::ledger::{Cause, ModelRef, Numbering, Occasion};
use margincast::record::{EntryKind, FileStore, MemoryStore, NewEntry, Publication, Seq, Store};

const AT: Ts = Ts::from_ms(1_704_067_200_000);

/// One decision per instrument.
pub fn decisions(instruments: usize) -> Vec<Decision> {
    let one = |i: usize| Decision {
        symbol: format!("COIN{i:03}").parse().expect("a symbol"),
        ts: AT,
        horizon: Horizon(Span::DAY),
        baseline: 0.04 / (i + 3) as f64,
        forecast_loss: Some(0.05 / (i + 3) as f64),
        m_raw: 1.2,
        m_im_ppm: 1_200_000,
        m_mm_ppm: 1_000_000,
        m_transfer_ppm: 1_250_000,
        c_im: 0.048,
        c_mm: 0.032,
        state: State::Fresh,
        reasons: Vec::new(),
        p_stress: Some(0.1),
        model_digest: Digest::of(b"model"),
        config_digest: Digest::of(b"config"),
        why: Why { m0: 1.25, m1: 1.2, m2: 1.2, m4: 1.2, fallback_m_ppm: 1_250_000, valid_until: AT, ..Why::default() },
    };
    (0..instruments).map(one).collect()
}

/// A publication of each.
pub fn publications(decisions: &[Decision]) -> Vec<Publication> {
    let digest = Digest::of(b"model");
    let text = |t: &str| t.to_string();
    let model =
        ModelRef { name: text("m"), version: text("000001"), alias: text("champion"), manifest: digest, digest };
    let mut numbering = Numbering::new("bench", model);
    let occasion = Occasion { cause: Cause::Row, consumed: 1, at: AT };
    decisions.iter().map(|d| numbering.row(d, decisions, occasion)).collect()
}

fn entries(rows: usize) -> Vec<NewEntry> {
    let stored = |p: &Publication| serde_json::to_value(p).expect("a stored form");
    let all = publications(&decisions(rows));
    all.iter().map(|p| NewEntry { kind: EntryKind::Publish, ts: AT, body: stored(p) }).collect()
}

/// Seals rows into the chain, in memory.
#[divan::bench(args = [1, 64])]
fn seal(bencher: Bencher<'_, '_>, rows: usize) {
    let entries = entries(rows);
    let append = |mut store: MemoryStore| {
        store.append_all(&entries).expect("appended");
        store
    };
    let last = append(MemoryStore::default()).scan(Seq(rows as u64 - 1)).expect("a scan").next();
    let hash = last.expect("a record").expect("a record").hash;
    let want = if rows == 1 { "02f2389a4b54" } else { "6462362da127" };
    assert_eq!(hash.short(), want);
    bencher.counter(ItemsCount::new(rows)).with_inputs(MemoryStore::default).bench_values(append);
}

/// Appends rows to a file with one sync: what every publication waits for.
#[divan::bench(args = [1, 64], sample_count = 30)]
fn append_synced(bencher: Bencher<'_, '_>, rows: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = entries(rows);
    let mut store = FileStore::open(folder.path(), AT).expect("a ledger");
    bencher.counter(ItemsCount::new(rows)).bench_local(|| store.append_all(&entries).expect("appended"));
    let next = store.next();
    drop(store);
    assert_eq!(FileStore::read(folder.path()).expect("whole").next(), next);
}
