//! No version comes to be served that its own evidence does not speak for, unless somebody says so
//! by name and the history keeps it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use margincast::base::{Digest, Horizon, Span, Ts};
use margincast::record::promotion::{
    Evidence, ForecastEvidence, Gate, Hits, LeadLagEvidence, LeakEvidence, MarginCost, MarginEvidence, Signature,
    StressEvidence, governed, judge,
};
use margincast::record::registry::{AliasMove, AliasTarget, ChangedBy, Extras};
use margincast::record::{Registry, VersionRef};
use tempfile::TempDir;

use crate::law_registry::{bundle, extras};

/// Losses that swing around a level, differently for every `kind`.
fn losses(level: f64, kind: f64) -> Vec<f64> {
    (0..800)
        .map(|i| level + 0.1 * (1.7 * f64::from(i) + kind).sin() + 0.05 * (0.37 * f64::from(i) * kind).cos())
        .collect()
}

fn hits(n: usize, breaches: usize) -> Hits {
    Hits { n, breaches, transitions: [[n - 1 - 2 * breaches, breaches], [breaches, 0]] }
}

/// A version that passes: better than its base, well covered, no drift, no leak.
fn good() -> Evidence {
    let measured = |horizon: Span| ForecastEvidence {
        horizon: Horizon(horizon),
        ts: (0..800).map(|i| Ts(0) + Span::HOUR.times(i)).collect(),
        losses: BTreeMap::from([
            ("conformal".to_string(), losses(0.30, 1.0)),
            ("HAR".to_string(), losses(0.40, 2.0)),
            ("EWMA".to_string(), losses(0.45, 3.0)),
        ]),
        below: hits(2000, 20),
        above: hits(2000, 22),
    };
    Evidence {
        served: "conformal".into(),
        base: "HAR".into(),
        horizons: vec![measured(Span::HOUR), measured(Span::DAY)],
        leak_test: LeakEvidence { cut: Ts(0), models: 6, changed: 5000, passed: true },
        drift: BTreeMap::from([("rv".to_string(), 0.05), ("ret".to_string(), 0.19), ("rv_far".to_string(), 3.0)]),
        usual: BTreeMap::from([("rv_far".to_string(), 4.0)]),
        margins: vec![margins(Span::HOUR), margins(Span::DAY)],
        lead_lag: Some(LeadLagEvidence { compared: 90, out_of_step: vec![] }),
        signed: Some(Signature { author: "ann".into(), limits: 5, expires: Ts(i64::MAX) }),
    }
}

/// A guarded margin that is well covered, dearer to nobody than a constant, and calm.
fn margins(horizon: Span) -> MarginEvidence {
    MarginEvidence {
        horizon: Horizon(horizon),
        hits: hits(3000, 25),
        z2: Some(0.1),
        own: MarginCost { breaches: 50, shortfall_sum: 1.5, call_es99: Some(0.4) },
        control: MarginCost { breaches: 52, shortfall_sum: 1.9, call_es99: Some(0.7) },
        overshoot: Some(0.04),
        stress: vec![StressEvidence { name: "crash".into(), own: 0.2, baseline: 0.3 }],
    }
}

fn shut(gates: &[Gate]) -> Vec<&str> {
    gates.iter().filter(|g| g.shut()).map(|g| g.name.as_str()).collect()
}

#[test]
fn a_good_version_passes_and_each_fault_shuts_its_own_gate() {
    let gates = judge(&good(), None);
    assert!(shut(&gates).is_empty(), "{gates:#?}");
    assert_eq!(gates.len(), 2 + 2 * 4 + 2 + 2 * 6);
    type Fault = fn(&mut Evidence);
    let faults: [(&str, Fault); 21] = [
        ("margins", |e| e.margins.clear()),
        ("margin coverage over 1h", |e| e.margins[0].hits = hits(900, 9)),
        // As many breaches as there should be, but one after another.
        ("margin coverage over 1d", |e| e.margins[1].hits.transitions = [[2972, 2], [2, 23]]),
        ("expected shortfall over 1h", |e| e.margins[0].z2 = Some(-0.5)),
        ("expected shortfall over 1h", |e| e.margins[0].z2 = None),
        ("equal cost over 1d", |e| e.margins[1].own.shortfall_sum = 2.0),
        ("equal cost over 1d", |e| e.margins[1].own.call_es99 = Some(0.71)),
        ("equal cost over 1h", |e| e.margins[0].own.breaches = 53),
        ("overshoot over 1h", |e| e.margins[0].overshoot = Some(0.11)),
        ("overshoot over 1h", |e| e.margins[0].overshoot = None),
        ("stress library over 1d", |e| e.margins[1].stress[0].own = 0.31),
        ("leak test", |e| e.leak_test.passed = false),
        // The market hardly went on after the cut.
        ("leak test", |e| e.leak_test.changed = 1),
        ("leak test", |e| e.leak_test.changed = 0),
        ("lead and lag", |e| e.lead_lag.iter_mut().for_each(|l| l.out_of_step.push("ETHUSDT is early".into()))),
        ("drift", |e| _ = e.drift.insert("rv".into(), 0.2)),
        ("drift", |e| e.drift.clear()),
        ("lower coverage over 1h", |e| e.horizons[0].below = hits(2000, 50)),
        ("upper coverage over 1d", |e| e.horizons[1].above = hits(2000, 3)),
        ("upper coverage over 1d", |e| e.horizons[1].above = hits(100, 1)),
        // As many breaches as there should be, but one after another.
        ("lower coverage over 1h", |e| e.horizons[0].below.transitions = [[1978, 1], [1, 19]]),
    ];
    for (name, fault) in faults {
        let mut evidence = good();
        fault(&mut evidence);
        assert_eq!(shut(&judge(&evidence, None)), [name]);
    }
    // One instrument alone cannot be compared: the gate is not shut, and the history names it as not run.
    for found in [None, Some(LeadLagEvidence { compared: 0, out_of_step: vec![] })] {
        let gates = judge(&Evidence { lead_lag: found, ..good() }, None);
        assert!(shut(&gates).is_empty() && gates.iter().any(|g| g.name == "lead and lag" && !g.ran && !g.passed));
    }
    // A yellow light, and what makes it.
    let mut evidence = good();
    evidence.margins[0].hits = hits(3000, 45);
    assert_eq!(shut(&judge(&evidence, None)), ["margin coverage over 1h", "traffic light over 1h"]);
    // A margin far above what is needed is no fault.
    evidence.margins[0].hits = hits(3000, 5);
    assert!(shut(&judge(&evidence, None)).is_empty());
    // Another model of the same study that is clearly better shuts the confidence set.
    let mut evidence = good();
    evidence.horizons[1].losses.insert("net".into(), losses(0.2, 4.0));
    assert_eq!(shut(&judge(&evidence, None)), ["confidence set over 1d"]);
}

#[test]
fn a_challenger_is_held_to_the_champion_on_the_times_both_have() {
    let champion = |level: f64| {
        let mut e = good();
        e.horizons.iter_mut().for_each(|h| _ = h.losses.insert("conformal".into(), losses(level, 5.0)));
        e
    };
    let against = |other: &Evidence| judge(&good(), Some(("champion 000001", other)));
    assert!(shut(&against(&champion(0.35))).is_empty(), "{:#?}", against(&champion(0.35)));
    let worse = against(&champion(0.25));
    let want = ["no worse over 1h", "confidence set over 1h", "no worse over 1d", "confidence set over 1d"];
    assert_eq!(shut(&worse), [&want[..], &["better over some horizon"]].concat());
    let no_worse = worse.iter().find(|g| g.name == "no worse over 1h").unwrap();
    assert!(no_worse.got.contains("champion 000001"), "{no_worse:?}");
    // As good as the champion is not better; and a few common times prove nothing.
    assert_eq!(shut(&against(&champion(0.30))), ["better over some horizon"]);
    let mut later = champion(0.35);
    later.horizons.iter_mut().for_each(|h| h.ts.iter_mut().for_each(|t| *t = *t + Span::HOUR.times(400)));
    assert_eq!(shut(&against(&later)), ["no worse over 1h", "no worse over 1d"]);
}

#[test]
fn evidence_survives_its_stored_form() {
    let bytes = good().write().unwrap();
    let back = Evidence::read("evidence.json", &bytes).unwrap();
    // Losses are rounded when they are stored, and only then.
    assert_eq!(back.write().unwrap(), bytes);
    let mut own = good();
    for (own, back) in own.horizons.iter_mut().zip(&back.horizons) {
        for (name, losses) in &mut own.losses {
            assert!(losses.iter().zip(&back.losses[name]).all(|(a, b)| (a - b).abs() <= 0.500_001e-4), "{name}");
            losses.clone_from(&back.losses[name]);
        }
    }
    assert!(own == back, "all else is as it was");
}

#[test]
fn time_in_the_shadow_and_another_signature_are_wanted_and_the_closed_loop_has_not_run() {
    let (own, other) = (Digest::of(b"own"), Digest::of(b"other"));
    let day = |n: i64| Ts(0) + Span::DAY.times(n);
    let moved = |alias: &str, digest: Digest, when: Ts| {
        let to = AliasTarget { version: "000002".into(), digest };
        AliasMove { when, who: "t".into(), reason: "t".into(), alias: alias.into(), from: None, to }
    };
    let moves = [moved("champion", other, day(0)), moved("shadow", own, day(10)), moved("challenger", own, day(20))];
    let signed = Signature { author: "ann".into(), limits: 5, expires: day(100) };
    let by = |who: &str, when: Ts| ChangedBy { who: who.into(), when, reason: "r".into() };
    let of = |moves: &[AliasMove], champion: bool, by: &ChangedBy| governed(Some(&signed), &own, champion, moves, by);
    let gates = of(&moves, true, &by("bob", day(24)));
    assert!(shut(&gates).is_empty(), "{gates:#?}");
    let untried = |gates: &[Gate]| gates.iter().filter(|g| !g.ran).map(|g| g.name.clone()).collect::<Vec<_>>();
    assert_eq!(untried(&gates), ["closed loop"]);
    assert!(gates.iter().all(|g| g.ran || !g.passed), "what has not run has not passed");
    assert_eq!(shut(&of(&moves, true, &by("bob", day(23)))), ["shadow"]);
    assert_eq!(shut(&of(&moves[..1], true, &by("bob", day(90)))), ["shadow"]);
    assert_eq!(untried(&of(&[], false, &by("bob", day(24)))), ["closed loop", "shadow"]);
    // The author, nobody, and a card that has run out.
    assert_eq!(shut(&of(&moves, true, &by("ann", day(24)))), ["card"]);
    assert_eq!(shut(&of(&moves, true, &by("bob", day(100)))), ["card"]);
    assert_eq!(shut(&governed(None, &own, true, &moves, &by("bob", day(24)))), ["card"]);
}

fn registered(root: &Path, evidence: &[Option<Evidence>]) -> Registry {
    let registry = Registry::open(root);
    for e in evidence {
        let more = e.iter().map(|e| ("evidence.json".to_string(), e.write().unwrap())).collect();
        registry.register("sample", &bundle(0.94), &Extras { more, ..extras() }).unwrap();
    }
    registry
}

fn promote(root: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_margincast"));
    command.args(["models", "--models"]).arg(root).args(["promote", "sample"]).args(more).output().unwrap()
}

#[test]
fn promotion_is_refused_with_a_table_unless_somebody_overrides_it_by_name() {
    let folder = TempDir::new().unwrap();
    let leaky = Evidence { leak_test: LeakEvidence { passed: false, ..good().leak_test }, ..good() };
    let registry = registered(folder.path(), &[None, Some(leaky), Some(good())]);
    // No evidence, and evidence of a leak: exit code 1, and the alias does not move.
    for (version, gate) in [("1", "evidence"), ("2", "leak test")] {
        let out = promote(folder.path(), &[version, "--reason", "try"]);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert_eq!(out.status.code(), Some(1), "{said}");
        assert!(said.lines().any(|l| l.starts_with(gate) && l.contains("FAILED")), "{said}");
    }
    assert!(registry.whois("sample", "champion", Ts(i64::MAX)).unwrap().is_none());
    // Nothing is served from a shadow: any version that loads may be one.
    assert_eq!(promote(folder.path(), &["2", "--alias", "shadow", "--reason", "watch"]).status.code(), Some(0));
    let out = promote(folder.path(), &["2", "--override", "ann", "an emergency", "--json"]);
    let said: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((out.status.code(), &said["promoted"]), (Some(0), &true.into()));
    let moved = registry.whois("sample", "champion", Ts(i64::MAX)).unwrap().unwrap();
    // The author herself: the override names that, too.
    let kept = "an emergency (OVERRIDE of leak test, card; not run: closed loop, shadow)";
    assert_eq!((moved.who.as_str(), moved.reason.as_str()), ("ann", kept));
    // A good one beside a champion that is just as good: it is not better.
    let out = promote(folder.path(), &["3", "--reason", "next", "--json"]);
    let said: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(1));
    let failed: Vec<&str> = said["gates"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|g| g["passed"] == false && g["ran"] == true)
        .map(|g| g["name"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["no worse over 1h", "no worse over 1d", "better over some horizon", "shadow"]);
    // Where nothing is in force yet, its base is what it must beat.
    let by = ChangedBy { who: "t".into(), when: Ts(1), reason: "t".into() };
    let gates = registry.gates("sample", "other", &VersionRef::Version("000003".into()), &by).unwrap();
    assert!(shut(&gates).is_empty(), "{gates:#?}");
    registry.promote("sample", "other", &VersionRef::Version("000003".into()), &by).unwrap();
}
