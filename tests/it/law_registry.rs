//! The registry gives back what was registered, or says clearly why not; and it knows which version
//! was in force at any time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use margincast::base::{Digest, Horizon, Seed, Span, Symbol, Ts};
use margincast::feature::{Feature, Row};
use margincast::forecast::{self, FitContext, Panel, Track};
use margincast::pipeline::{Member, ModelSet};
use margincast::record::registry::{ChangedBy, DataLock, Env, Extras, Registered};
use margincast::record::{Registry, VersionRef};
use serde_json::json;
use tempfile::TempDir;

/// Daily rows of one instrument whose volatility swings; made up, the same every time.
pub fn rows(symbol: &str, n: i64) -> Vec<Row> {
    let symbol: Symbol = symbol.parse().unwrap();
    let row = |i: i64| {
        let open = Ts(0) + Span::DAY.times(i);
        let mut row = Row::empty(symbol, open, open + Span::DAY, open + Span::DAY);
        row.set(Feature::Ret, 0.02 * (1.7 * i as f64).sin());
        row.set(Feature::Rv, 4e-4 * (1.0 + 0.5 * (0.1 * i as f64).sin()));
        row
    };
    (0..n).map(row).collect()
}

/// A moving average with weight `lambda`, fitted on [`rows`].
pub fn bundle(lambda: f64) -> ModelSet {
    let history = BTreeMap::from([("BTC".parse().unwrap(), Arc::new(rows("BTC", 400)))]);
    let panel = Panel::until(&history, Ts(0), Ts(0) + Span::DAY.times(400));
    let (members, track) = (BTreeMap::new(), Track::default());
    let horizon = Horizon(Span::DAY);
    let ctx =
        FitContext { horizon, step: Span::DAY, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
    let entry = forecast::Entry::named("ewma").unwrap();
    let fitted = (entry.fit)(&json!({"lambda": lambda}), &panel, &ctx).unwrap();
    let member = Member { name: "ewma".into(), horizon, fitted, calibration: None };
    ModelSet::new(vec![member], panel.end())
}

/// What is registered beside [`bundle`].
pub fn extras() -> Extras {
    Extras {
        config: json!({"universe": {"symbols": ["BTC"]}}),
        metrics: json!({"qlike": 0.25}),
        data: vec![DataLock { table: "bars".into(), path: "bars/a.parquet".into(), sha256: Digest::of(b"a") }],
        env: Env::here(2, Some(Seed(7))),
        card: "# A moving average\n".into(),
        more: BTreeMap::new(),
        run_id: "run-1".into(),
        parent: None,
        created_at: Ts(1_700_000_000_000_000_000),
        golden: rows("BTC", 64),
    }
}

fn by(when: i64, reason: &str) -> ChangedBy {
    ChangedBy { who: "risk".into(), when: Ts(when), reason: reason.into() }
}

fn version(number: &str) -> VersionRef {
    VersionRef::Version(number.into())
}

fn champion() -> VersionRef {
    VersionRef::Alias("champion".into())
}

fn registered(root: &Path, lambdas: &[f64]) -> (Registry, Vec<Registered>) {
    let registry = Registry::open(root);
    let made = lambdas.iter().map(|l| registry.register("sample", &bundle(*l), &extras()).unwrap()).collect();
    (registry, made)
}

#[test]
fn what_is_loaded_is_what_was_registered() {
    let folder = TempDir::new().unwrap();
    let (registry, made) = registered(folder.path(), &[0.94, 0.97]);
    assert_eq!(made.iter().map(|m| m.version.as_str()).collect::<Vec<_>>(), ["000001", "000002"]);
    for (made, lambda) in made.iter().zip([0.94, 0.97]) {
        let loaded = registry.load("sample", &version(&made.version)).unwrap();
        assert_eq!((loaded.bundle.digest(), loaded.digest), (bundle(lambda).digest(), made.digest));
        assert_eq!((loaded.proof.rows, loaded.proof.answers, loaded.proof.silent), (64, 1, 0));
        assert_eq!(loaded.proof.relative, 0.0, "bit for bit");
    }
    assert!(registry.verify("sample").unwrap().is_empty());
}

#[test]
fn sha256sum_checks_a_version_without_this_program() {
    let folder = TempDir::new().unwrap();
    let (registry, _) = registered(folder.path(), &[0.94]);
    let at = registry.version_folder("sample", "000001");
    let check = || Command::new("sha256sum").args(["-c", "--quiet", "SHA256SUMS"]).current_dir(&at).output().unwrap();
    assert!(check().status.success());
    std::fs::write(at.join("card.md"), "other").unwrap();
    assert!(!check().status.success());
}

#[test]
fn an_alias_remembers_who_moved_it_when_and_why() {
    let folder = TempDir::new().unwrap();
    let (registry, made) = registered(folder.path(), &[0.94, 0.97, 0.90]);
    assert!(registry.load("sample", &champion()).unwrap_err().to_string().contains("no alias `champion`"));
    registry.promote("sample", "champion", &version("000001"), &by(100, "first")).unwrap();
    registry.promote("sample", "champion", &version("000003"), &by(200, "better")).unwrap();
    registry.promote("sample", "shadow", &version("000002"), &by(250, "to watch")).unwrap();
    let undone = registry.rollback("sample", "champion", &by(300, "worse")).unwrap();
    assert_eq!((undone.to.version.as_str(), undone.to.digest), ("000001", made[0].digest));
    assert_eq!(registry.load("sample", &champion()).unwrap().digest, made[0].digest);
    let whois = |at: i64| registry.whois("sample", "champion", Ts(at)).unwrap().map(|m| (m.to.version, m.reason));
    let was = |v: &str, why: &str| Some((v.to_string(), why.to_string()));
    assert_eq!(
        [whois(99), whois(100), whois(299), whois(300)],
        [None, was("000001", "first"), was("000003", "better"), was("000001", "worse")]
    );
    assert!(registry.verify("sample").unwrap().is_empty());
}

#[test]
fn an_alias_never_comes_to_stand_for_a_model_that_does_not_load() {
    let folder = TempDir::new().unwrap();
    let (registry, made) = registered(folder.path(), &[0.94, 0.97]);
    registry.promote("sample", "champion", &version("000001"), &by(1, "first")).unwrap();
    registry.promote("sample", "champion", &version("000002"), &by(2, "second")).unwrap();
    let path = registry.version_folder("sample", "000001").join("bundle.json");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(registry.rollback("sample", "champion", &by(3, "back")).is_err());
    assert!(registry.promote("sample", "champion", &version("000001"), &by(3, "back")).is_err());
    assert!(
        registry
            .promote("sample", "champion", &version("000009"), &by(3, "on"))
            .unwrap_err()
            .to_string()
            .contains("there are: 000001, 000002")
    );
    assert_eq!(registry.load("sample", &champion()).unwrap().digest, made[1].digest);
    assert!(registry.rollback("sample", "shadow", &by(3, "back")).unwrap_err().to_string().contains("never stood"));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_flipped_cut_or_missing_byte_is_found_at_load() {
    let folder = TempDir::new().unwrap();
    let (registry, _) = registered(folder.path(), &[0.94]);
    registry.promote("sample", "champion", &version("000001"), &by(1, "first")).unwrap();
    for path in files(&registry.version_folder("sample", "000001")) {
        let whole = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let refused = |what: &str| {
            for which in [champion(), version("000001")] {
                let error = registry.load("sample", &which).expect_err(&format!("{what} in {name}")).to_string();
                assert!(error.contains("000001"), "{what} in {name}: {error}");
            }
        };
        let step = (whole.len() / 20).max(1);
        for at in (0..whole.len()).step_by(step) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            refused(&format!("byte {at} flipped"));
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        refused("last byte cut");
        std::fs::remove_file(&path).unwrap();
        refused("file removed");
        std::fs::write(&path, whole).unwrap();
    }
    registry.load("sample", &champion()).unwrap();
}

#[test]
fn damaged_aliases_and_histories_are_errors() {
    let folder = TempDir::new().unwrap();
    let (registry, _) = registered(folder.path(), &[0.94]);
    registry.promote("sample", "champion", &version("000001"), &by(1, "first")).unwrap();
    let alias = folder.path().join("sample/aliases/champion");
    let good = std::fs::read_to_string(&alias).unwrap();
    let other = format!("000001 sha256:{}\n", Digest::of(b"other"));
    for bad in [
        "",
        "000001",
        "000001 sha256:00\n",
        "../../etc sha256:00\n",
        good.trim_end(),
        &other,
        &good.replace("000001", "000002"),
    ] {
        std::fs::write(&alias, bad).unwrap();
        assert!(registry.load("sample", &champion()).is_err(), "{bad:?}");
        assert!(!registry.verify("sample").unwrap().is_empty(), "{bad:?}");
    }
    std::fs::write(&alias, good).unwrap();
    let history = folder.path().join("sample/history.jsonl");
    let text = std::fs::read_to_string(&history).unwrap();
    std::fs::write(&history, text.replace("first", "fi7st")).unwrap();
    assert!(registry.whois("sample", "champion", Ts(5)).is_err());
    assert!(registry.verify("sample").unwrap()[0].contains("history.jsonl:1: damaged"));
}

#[test]
fn a_stranger_file_is_reported_and_a_staging_folder_is_no_version() {
    let folder = TempDir::new().unwrap();
    let (registry, _) = registered(folder.path(), &[0.94]);
    std::fs::create_dir(folder.path().join("sample/versions/.staging-1")).unwrap();
    assert_eq!(registry.versions("sample").unwrap(), ["000001"]);
    std::fs::write(registry.version_folder("sample", "000001").join("extra"), "x").unwrap();
    assert!(registry.verify("sample").unwrap()[0].contains("not part of the version"));
}

#[test]
fn a_model_that_answers_otherwise_is_refused() {
    let folder = TempDir::new().unwrap();
    let (registry, _) = registered(folder.path(), &[0.94]);
    // A whole, well-digested version whose golden answers are those of another model.
    let other = TempDir::new().unwrap();
    let (wrong, _) = registered(other.path(), &[0.90]);
    let golden = std::fs::read(wrong.version_folder("sample", "000001").join("golden.jsonl")).unwrap();
    let read = margincast::record::registry::Golden::read("golden.jsonl", &golden).unwrap();
    let loaded = registry.load("sample", &version("000001")).unwrap();
    let error = read.prove(&loaded.bundle, "sample 000001", false).unwrap_err().to_string();
    assert!(error.contains("ewma over 1d on BTC") && error.contains("expected"), "{error}");
}

#[test]
fn names_that_leave_the_folder_and_rows_that_prove_nothing_are_refused() {
    let folder = TempDir::new().unwrap();
    let registry = Registry::open(folder.path());
    for name in ["", "..", "a/b", "A", "000001", "é"] {
        assert!(registry.register(name, &bundle(0.94), &extras()).is_err(), "{name}");
        assert!(registry.load(name, &champion()).is_err(), "{name}");
    }
    for rows in [vec![], rows("BTC", 31), (0..40).flat_map(|i| rows(&format!("S{i}"), 1)).collect()] {
        assert!(registry.register("sample", &bundle(0.94), &Extras { golden: rows, ..extras() }).is_err());
    }
    assert!(registry.versions("sample").unwrap().is_empty(), "nothing half-registered is left");
}
