//! Every [`Store`] keeps every law of a ledger; what is on disk also survives being killed at any
//! byte, and no changed byte goes unnoticed.

use std::path::Path;
use std::process::Command;

use margincast::base::Ts;
use margincast::record::chain::Link;
use margincast::record::{EntryKind, Error, FileStore, MemoryStore, NewEntry, SealedEntry, Seq, Store};
use serde_json::json;
use tempfile::TempDir;

/// Small enough that a few entries fill a file, so that every law is also a law of many files.
const FILE_BYTES: u64 = 1_000;

fn entry(i: u64) -> NewEntry {
    let body = json!({"n": i, "decimal": format!("{}", 1.0 / (i + 1) as f64), "text": "ü \" \\ \n <&>", "list": [i, null, true]});
    NewEntry {
        kind: if i.is_multiple_of(2) { EntryKind::Publish } else { EntryKind::Kill },
        ts: Ts(i as i64 * 1_000_000_007),
        body,
    }
}

fn on_disk(folder: &Path) -> FileStore {
    FileStore::open_with(folder, Ts(0), FILE_BYTES).unwrap()
}

/// Runs a law on a fresh store of every kind.
fn every_store(law: impl Fn(&mut dyn Store)) {
    law(&mut MemoryStore::default());
    let folder = TempDir::new().unwrap();
    law(&mut on_disk(folder.path()));
}

fn all(store: &dyn Store, from: u64) -> Vec<SealedEntry> {
    store.scan(Seq(from)).unwrap().map(|r| r.unwrap()).collect()
}

#[test]
fn entries_come_back_in_order_and_without_gaps() {
    every_store(|store| {
        for i in 0..20 {
            assert_eq!(store.append(entry(i)).unwrap(), Seq(i));
        }
        let set: Vec<NewEntry> = (20..30).map(entry).collect();
        assert_eq!(store.append_all(&set).unwrap(), Seq(20));
        assert_eq!(store.append_all(&[]).unwrap(), Seq(30));
        for from in [0, 1, 7, 19, 29, 30, 99] {
            let records = all(store, from);
            assert_eq!(records.len() as u64, 30_u64.saturating_sub(from));
            for (record, i) in records.iter().zip(from..) {
                let SealedEntry { seq, kind, ts, body, .. } = record.clone();
                assert_eq!((seq, NewEntry { kind, ts, body }), (Seq(i), entry(i)));
            }
        }
        assert_eq!(store.next(), Seq(30));
    });
}

#[test]
fn each_entry_is_bound_to_the_one_before_it() {
    every_store(|store| {
        (0..10).for_each(|i| assert_eq!(store.append(entry(i)).unwrap(), Seq(i)));
        let mut link = Link::default();
        for record in all(store, 0) {
            assert_eq!(record.prev, link.prev);
            assert_eq!(SealedEntry::read(&record.line(), &link).unwrap(), record);
            link = Link::after(&record);
        }
    });
}

#[test]
fn a_refused_set_leaves_nothing_behind() {
    every_store(|store| {
        store.append(entry(0)).unwrap();
        let decimal = NewEntry { body: json!({"deep": [{"x": 0.5}]}), ..entry(1) };
        let long = NewEntry { body: json!("x".repeat(70_000)), ..entry(1) };
        for bad in [decimal, long] {
            assert!(matches!(store.append_all(&[entry(1), bad]), Err(Error::Refused(_))));
        }
        assert_eq!(store.append(entry(1)).unwrap(), Seq(1));
        assert_eq!(all(store, 0).len(), 2);
    });
}

#[test]
fn the_same_entries_have_the_same_hashes_in_every_store() {
    let folder = TempDir::new().unwrap();
    let (mut memory, mut disk) = (MemoryStore::default(), on_disk(folder.path()));
    for i in 0..25 {
        memory.append(entry(i)).unwrap();
        disk.append(entry(i)).unwrap();
    }
    assert_eq!(all(&memory, 0), all(&disk, 0));
    assert_eq!(all(&memory, 0), all(&FileStore::read(folder.path()).unwrap(), 0));
}

/// A ledger of `n` entries, and the bytes of its files in order.
fn written(folder: &Path, n: u64) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut store = on_disk(folder);
    (0..n).for_each(|i| assert_eq!(store.append(entry(i)).unwrap(), Seq(i)));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "jsonl"));
    files.sort();
    files.into_iter().map(|f| (f.clone(), std::fs::read(f).unwrap())).collect()
}

#[test]
fn killed_at_any_byte_keeps_every_acknowledged_entry() {
    let folder = TempDir::new().unwrap();
    let files = written(folder.path(), 8);
    assert!(files.len() > 1, "the law is about many files");
    let (path, whole) = files.last().unwrap();
    let before: u64 = files[..files.len() - 1].iter().map(|f| lines(&f.1)).sum();
    for cut in 0..=whole.len() {
        std::fs::write(path, &whole[..cut]).unwrap();
        let acknowledged = before + lines(&whole[..cut]);
        let mut store = on_disk(folder.path());
        let records = all(&store, 0);
        for (i, record) in records.iter().take(acknowledged as usize).enumerate() {
            assert_eq!(record.body, entry(i as u64).body, "cut at byte {cut}");
        }
        let torn = cut > 0 && whole[cut - 1] != b'\n';
        assert_eq!(records.len() as u64, acknowledged + u64::from(torn), "cut at byte {cut}");
        assert_eq!(torn, records.last().is_some_and(|r| r.kind == EntryKind::Recovered), "cut at byte {cut}");
        // What comes next hooks in, and the whole is again a ledger.
        store.append(entry(99)).unwrap();
        drop(store);
        assert_eq!(all(&FileStore::read(folder.path()).unwrap(), 0).last().unwrap().body, entry(99).body);
        std::fs::read_dir(folder.path()).unwrap().for_each(|f| {
            let f = f.unwrap().path();
            if f.extension().is_some_and(|e| e == "jsonl") && f > *path {
                std::fs::remove_file(f).unwrap();
            }
        });
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|b| **b == b'\n').count() as u64
}

#[test]
fn a_torn_tail_is_read_past_while_another_process_writes() {
    let folder = TempDir::new().unwrap();
    let files = written(folder.path(), 5);
    let (path, whole) = files.last().unwrap();
    std::fs::write(path, &whole[..whole.len() - 3]).unwrap();
    assert_eq!(all(&FileStore::read(folder.path()).unwrap(), 0).len(), 4);
    assert_eq!(std::fs::read(path).unwrap().len(), whole.len() - 3, "a reader changes nothing");
}

#[test]
fn any_changed_byte_is_an_error_that_names_file_and_line() {
    let folder = TempDir::new().unwrap();
    let files = written(folder.path(), 6);
    for (path, whole) in &files {
        for at in (0..whole.len()).step_by(3) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 7);
            std::fs::write(path, &bytes).unwrap();
            let line = lines(&whole[..at]) + 1;
            let error =
                FileStore::open_with(folder.path(), Ts(0), FILE_BYTES).expect_err(&format!("byte {at}")).to_string();
            // A lost line end joins two lines, a new one cuts a line: the error names the first of them.
            assert!(error.contains(&format!("{}:{line}: damaged", path.display())), "byte {at}: {error}");
        }
        std::fs::write(path, whole).unwrap();
    }
    assert_eq!(all(&on_disk(folder.path()), 0).len(), 6);
}

#[test]
fn a_missing_file_and_a_swapped_line_are_errors() {
    let folder = TempDir::new().unwrap();
    let files = written(folder.path(), 9);
    let (path, whole) = &files[1];
    std::fs::remove_file(path).unwrap();
    let error = FileStore::read(folder.path()).expect_err("a file is missing").to_string();
    assert!(error.contains("a file is missing"), "{error}");
    let mut swapped: Vec<&[u8]> = whole.split_inclusive(|b| *b == b'\n').collect();
    swapped.swap(0, 1);
    std::fs::write(path, swapped.concat()).unwrap();
    let error = FileStore::read(folder.path()).expect_err("lines are swapped").to_string();
    assert!(error.contains("comes next"), "{error}");
}

#[test]
fn one_process_writes_and_a_dead_one_holds_nobody_up() {
    let folder = TempDir::new().unwrap();
    let store = on_disk(folder.path());
    let error = FileStore::open(folder.path(), Ts(0)).expect_err("it is in use").to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    drop(store);
    std::fs::write(folder.path().join("LOCK"), "999999").unwrap();
    on_disk(folder.path());
}

/// The recipe in the documentation of `record::chain`, word for word.
const RECIPE: &str = r#"
prev=$(printf '0%.0s' $(seq 64))
cat ledger/*.jsonl | while IFS= read -r line; do
  hash=$(printf '%s' "$line" | jq -cS 'del(.hash)' | tr -d '\n' | sha256sum | cut -d' ' -f1)
  [ "$hash" = "$(printf '%s' "$line" | jq -r .hash)" ] || echo "changed: $line"
  [ "$prev" = "$(printf '%s' "$line" | jq -r .prev)" ] || echo "unlinked: $line"
  prev=$hash
done
"#;

#[test]
fn anyone_can_check_the_chain_with_jq_and_sha256sum() {
    let documented = include_str!("../../src/record/chain/mod.rs").replace("//! ", "").replace("//!", "");
    assert!(documented.contains(RECIPE.trim()), "the documented recipe is the tested one");
    if Command::new("jq").arg("--version").output().is_err() {
        eprintln!("not tested: jq is absent");
        return;
    }
    let folder = TempDir::new().unwrap();
    let files = written(&folder.path().join("ledger"), 6);
    let run = || {
        let out = Command::new("bash").arg("-c").arg(RECIPE).current_dir(folder.path()).output().unwrap();
        String::from_utf8(out.stdout).unwrap() + &String::from_utf8_lossy(&out.stderr)
    };
    assert_eq!(run(), "");
    let (path, whole) = &files[0];
    std::fs::write(path, String::from_utf8_lossy(whole).replace("\"n\":1", "\"n\":7")).unwrap();
    assert!(run().contains("changed: "));
}
