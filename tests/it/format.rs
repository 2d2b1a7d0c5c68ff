//! Every stored form that was ever written still reads: `tests/format/v<N>/` holds one sample of
//! each that is new in it, made by the program of that version and never edited. What is written today is the newest.

use std::path::{Path, PathBuf};

use margincast::base::Ts;
use margincast::event::snapshot::{AccountHolding, AccountSnapshot, VenueSnapshot, VenueTable};
use margincast::feature::schema_id;
use margincast::loss::test::traffic_light::Light;
use margincast::margin::traffic_light::TrafficLightReading;
use margincast::margin::{NewSettings, Order, Override, Policy, Reason, State};
use margincast::pipeline::ModelSet;
use margincast::record::explain::Explanation;
use margincast::record::ledger::{PolicyLog, VenueFiles};
use margincast::record::promotion::Evidence;
use margincast::record::registry::{AliasTarget, Aliases, Env, Golden};
use margincast::record::stored::from_value;
use margincast::record::{EntryKind, FileStore, Manifest, Publication, Run, Seq, Store, ledger};
use tempfile::TempDir;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/v1").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(sample(name)).unwrap()
}

#[test]
fn the_first_manifest_reads_and_is_what_is_written() {
    let manifest = Manifest::read("sample", &bytes("MANIFEST.json")).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.version.as_str(), manifest.files.len()), ("sample", "000001", 7));
    assert_eq!(manifest.write().unwrap(), bytes("MANIFEST.json"));
}

#[test]
fn the_first_environment_reads_and_is_what_is_written() {
    let env = Env::read("sample", &bytes("env.json")).unwrap();
    assert_eq!((env.threads, env.seed.map(|s| s.0)), (2, Some(7)));
    assert_eq!(env.write().unwrap(), bytes("env.json"));
}

#[test]
fn the_first_run_reads_and_is_what_is_written() {
    let folder = TempDir::new().unwrap();
    std::fs::copy(sample("run.json"), folder.path().join("run.json")).unwrap();
    let run = Run::read(folder.path()).unwrap().unwrap();
    let outcome = run.outcome.as_ref().unwrap();
    assert_eq!(outcome.total, outcome.total_of(run.config_digest), "its total is that of its parts");
    run.write(folder.path()).unwrap();
    assert_eq!(std::fs::read(folder.path().join("run.json")).unwrap(), bytes("run.json"));
}

#[test]
fn every_evidence_reads_and_the_newest_is_what_is_written() {
    let of = |version: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format").join(version).join("evidence.json");
        let stored = std::fs::read(path).unwrap();
        (Evidence::read("sample", &stored).unwrap(), stored)
    };
    let ((first, _), (second, _), (third, stored)) = (of("v1"), of("v2"), of("v3"));
    assert_eq!((first.served.as_str(), first.horizons.len(), first.leak_test.passed), ("conformal", 1, true));
    assert_eq!((second.margins.len(), second.signed.as_ref().unwrap().author.as_str()), (1, "ann"));
    assert_eq!(third.write().unwrap(), stored);
    // The third says what the second said, and has one series more that is the same as another.
    let mut more = second.clone();
    let (losses, served) = (&mut more.horizons[0].losses, second.horizons[0].losses["conformal"].clone());
    losses.insert("ensemble".into(), served);
    assert_eq!(more, third);
    for old in [first, second] {
        assert_eq!(
            Evidence::read("sample", &old.write().unwrap()).unwrap(),
            old,
            "nothing of it was finer than is stored"
        );
    }
}

#[test]
fn a_series_that_is_not_whole_is_damage_that_is_named() {
    let stored = String::from_utf8(std::fs::read(sample("../v3/evidence.json")).unwrap()).unwrap();
    for (was, is, word) in
        [("5000 2500", "5000", "HAR"), ("=conformal", "=lost", "lost"), ("/1h/2", "/1h", "2024-01-01T00:00:00Z/1h")]
    {
        let error = Evidence::read("sample", stored.replace(was, is).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("sample"), "{error}");
    }
}

#[test]
fn the_first_bundle_and_its_golden_rows_read() {
    let mut stored: serde_json::Value = serde_json::from_slice(&bytes("bundle.json")).unwrap();
    // Another list of features is refused by design; the form itself must still read.
    stored["schema"] = serde_json::to_value(schema_id()).unwrap();
    let bundle = ModelSet::from_value(&stored).unwrap();
    let golden = Golden::read("sample", &bytes("golden.jsonl")).unwrap();
    let proof = golden.prove(&bundle, "sample", false).unwrap();
    assert_eq!((proof.rows, proof.answers, proof.silent), (64, 1, 0));
}

#[test]
fn the_first_alias_and_history_read() {
    let target = AliasTarget::read("sample", &String::from_utf8(bytes("alias")).unwrap()).unwrap();
    let folder = TempDir::new().unwrap();
    std::fs::copy(sample("history.jsonl"), folder.path().join("history.jsonl")).unwrap();
    let history = Aliases::of(folder.path()).history().unwrap();
    assert_eq!((history.len(), &history[0].to, history[0].when), (1, &target, Ts(1_700_000_000_000_000_000)));
}

#[test]
fn the_first_ledger_reads() {
    let store = FileStore::read(&sample("ledger")).unwrap();
    let kinds: Vec<EntryKind> = store.scan(Seq(0)).unwrap().map(|r| r.unwrap().kind).collect();
    use EntryKind::*;
    assert_eq!(
        kinds,
        [Genesis, Start, ConfigLoaded, Publish, Tick, Kill, ModelLoaded, ModelLoadFailed, Stop, Recovered]
    );
    let mut published = Vec::new();
    let epochs = ledger::epochs(&store, |_, p| published.push(p)).unwrap();
    assert_eq!(
        (epochs.len(), published.len(), epochs[0].killed, epochs[0].model.version.as_str()),
        (1, 1, true, "000002")
    );
    let decision = published[0].decision().unwrap();
    // The first form had no multiplier for withdrawals.
    assert_eq!((decision.m_im_ppm, decision.m_transfer_ppm), (1_250_000, 1_250_000));
}

#[test]
fn the_second_ledger_reads_with_its_orders_and_approvals() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/v2/ledger");
    let mut published = Vec::new();
    let epoch = ledger::epochs(&FileStore::read(&folder).unwrap(), |_, p| published.push(p)).unwrap().pop().unwrap();
    let orders: Vec<Order> = epoch.orders.iter().map(|o| o.1.order.read().unwrap()).collect();
    let set = Override { m_ppm: 1_500_000, until: "2023-11-15T22:13:20Z".parse().unwrap() };
    let guardrail = Policy { dead_band: 0.03, ..Policy::default() };
    let settings = NewSettings { horizon: None, blend: None, guardrail };
    let kill = Order::Kill { scope: "model:HMM".parse().unwrap(), on: true };
    assert_eq!(orders, [Order::Override { symbol: None, set }, Order::Settings(Box::new(settings)), kill]);
    assert_eq!((epoch.frozen.len(), epoch.killed, epoch.applied().len()), (1, false, 2));
    let decision = published[0].decision().unwrap();
    assert_eq!((decision.m_transfer_ppm, decision.state), (1_300_000, State::Thin));
    assert_eq!((decision.why.stages.as_slice(), decision.why.blast.unwrap().accounts), ([0.036, 0.04].as_slice(), 3));
    assert_eq!(decision.why.interest.unwrap().hard, 1e7);
    let proposals = PolicyLog::of(&folder).proposals().unwrap();
    assert_eq!((proposals.len(), proposals[0].approved(), proposals[1].approved()), (2, Some(proposals[0].at), None));
    assert!(proposals[1].cancelled.is_some());
}

#[test]
fn the_third_ledger_reads_with_what_the_venue_told_the_risk_score_and_the_light() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/v3/ledger");
    let mut published = Vec::new();
    let epoch = ledger::epochs(&FileStore::read(&folder).unwrap(), |_, p| published.push(p)).unwrap().pop().unwrap();
    let read = VenueFiles::of(&folder).snapshot(VenueTable::Accounts, epoch.heard[&VenueTable::Accounts]).unwrap();
    let holdings = [(100.0, 5000.0), (60.0, -5000.0)].map(|(equity, notional)| AccountHolding { equity, notional });
    let want = AccountSnapshot([("BTC".parse().unwrap(), holdings.to_vec())].into());
    assert_eq!(read, VenueSnapshot::Accounts(want));
    let decision = published[0].decision().unwrap();
    let score = decision.why.risk_score.unwrap();
    assert_eq!((score.total, score.parts), (75_000_000, [Some(75_000_000), None, None, None, None, Some(0)]));
    assert_eq!(published[0].why.risk.as_ref().unwrap().band, score.band());
    assert_eq!(
        decision.why.traffic_light,
        Some(TrafficLightReading { light: Light::Yellow, breaches: 6, outcomes: 250 })
    );
    assert!(published[0].differences(&decision).is_empty());
}

#[test]
fn the_fourth_ledger_reads_with_the_blend_and_the_evidence_and_those_before_without() {
    let of = |version: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/format/{version}/ledger"));
        let mut published = Vec::new();
        ledger::epochs(&FileStore::read(&folder).unwrap(), |_, p| published.push(p)).unwrap();
        published.pop().unwrap()
    };
    let new = of("v4");
    let decision = new.decision().unwrap();
    let why = &decision.why;
    assert_eq!((new.schema.as_str(), &new.forecast.credibility), (ledger::SCHEMA, &None));
    assert_eq!((why.blend_weight, why.blend_level, why.stress_link), (0.3, 1.0, 1.0));
    assert_eq!((why.evidence, why.evidence_cost), (0.990625, 120.5));
    assert_eq!(decision.reasons, [Reason::ForecastCostly, Reason::StepUp]);
    assert!(new.differences(&decision).is_empty());
    for version in ["v1", "v2", "v3"] {
        let old = of(version);
        let decision = old.decision().unwrap();
        assert_eq!(old.forecast.credibility.as_deref(), Some("0.8"), "{version}");
        assert!(decision.why.blend_weight.is_nan() && decision.why.evidence.is_nan(), "{version}");
        assert!(old.differences(&decision).is_empty(), "{version}");
        // It is explained by what it was made with.
        let told = Explanation::of(&old).lines().join("\n");
        assert!(told.contains("the credible part of the rise: 1 + c (m0 - 1) = 1 + 0.8000 x 0.250000"), "{told}");
    }
    let told = Explanation::of(&new).lines().join("\n");
    assert!(
        told.contains("the blend: k m0^w = 1.0000 x 1.250000^0.3000") && told.contains("FORECAST_COSTLY"),
        "{told}"
    );
}

#[test]
fn the_fifth_ledger_reads_with_a_schedule_and_what_is_new_and_those_before_without() {
    let of = |version: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/format/{version}/ledger"));
        let mut published = Vec::new();
        let epoch = ledger::epochs(&FileStore::read(&folder).unwrap(), |_, p| published.push(p)).unwrap().pop();
        (published.pop().unwrap(), epoch.unwrap().schedules)
    };
    let (new, schedules) = of("v5");
    let schedule = schedules[0].1.schedule().unwrap();
    assert_eq!((schedules.len(), schedule.schedule.made), (1, "2023-11-13".parse().unwrap()));
    assert_eq!(schedule.schedule.from, "2023-11-20".parse().unwrap());
    assert_eq!((schedule.schedule.factors_ppm.len(), schedule.schedule.factors_ppm[8]), (21, 1_250_000));
    let decision = new.decision().unwrap();
    assert_eq!((decision.why.schedule, decision.why.unscheduled), (1.25, 0.04));
    assert_eq!((decision.m_new_ppm(), decision.c_new()), (1_500_000, 0.06));
    assert!(new.differences(&decision).is_empty());
    let told = Explanation::of(&new).lines().join("\n");
    assert!(told.contains("factor of the schedule of this hour") && told.contains("withdraws 1.500000"), "{told}");
    for version in ["v1", "v2", "v3", "v4"] {
        let (old, none) = of(version);
        let decision = old.decision().unwrap();
        assert!(none.is_empty() && old.multiplier_new.is_none() && decision.why.schedule.is_nan(), "{version}");
        assert_eq!((decision.m_new_ppm(), decision.c_new()), (decision.m_im_ppm, decision.c_im), "{version}");
        assert!(old.differences(&decision).is_empty(), "{version}");
    }
}

#[test]
fn an_unknown_version_is_refused_with_its_name() {
    let newer = |name: &str, from: &str, to: &str| String::from_utf8(bytes(name)).unwrap().replacen(from, to, 1);
    let manifest = newer("MANIFEST.json", "manifest.v1", "manifest.v9");
    let error = Manifest::read("sample", manifest.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("margincast.manifest.v9") && error.contains("program version"), "{error}");
    let golden = newer("golden.jsonl", "golden.v1", "golden.v9");
    assert!(Golden::read("sample", golden.as_bytes()).unwrap_err().to_string().contains("golden.v9"));
    let folder = TempDir::new().unwrap();
    let file = "00000000000000000000.jsonl";
    let line = newer(&format!("ledger/{file}"), "\"v\":1}", "\"v\":9}");
    std::fs::write(folder.path().join(file), line).unwrap();
    assert!(FileStore::read(folder.path()).unwrap_err().to_string().contains("format version 9"));
}

#[test]
fn an_unknown_key_of_a_publication_is_refused() {
    let store = FileStore::read(&sample("ledger")).unwrap();
    let mut body = store.scan(Seq(3)).unwrap().next().unwrap().unwrap().body;
    from_value::<Publication>("sample", body.clone()).unwrap();
    body["discount"] = true.into();
    assert!(from_value::<Publication>("sample", body).is_err());
}
