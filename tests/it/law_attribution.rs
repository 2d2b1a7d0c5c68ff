//! The parts of a change of a requirement sum to the change, to the last part per million, whatever
//! changed; and each part is of what moved it.

use std::path::Path;
use std::process::Command;

use margincast::record::explain::RequirementChange;
use margincast::record::explain::attribution::{HeldPosition, ORDER};
use margincast::record::stored::from_value;
use margincast::record::{FileStore, Publication, Seq, Store};
use serde_json::{Value, json};

fn sample() -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/v1/ledger");
    FileStore::read(&folder).unwrap().scan(Seq(3)).unwrap().next().unwrap().unwrap().body
}

/// A publication as the chain would make it, from baseline, forecast, weight, probability of stress,
/// stressed loss and liquidity charge, with a requirement `guard` above what the chain wants.
fn publication(seq: u64, [b, f, w, p, sv, a]: [f64; 6], guard: f64) -> Publication {
    at_level(seq, 1.0, [b, f, w, p, sv, a], guard)
}

/// The same at a level of the blend.
fn at_level(seq: u64, level: f64, [b, f, w, p, sv, a]: [f64; 6], guard: f64) -> Publication {
    let m1 = level * (f / b).powf(w);
    let mut body = publication_of(seq, [b, f, p, sv, a], m1, guard);
    body["forecast"].as_object_mut().unwrap().remove("credibility");
    for (name, value) in [("blend_weight", w), ("blend_level", level), ("stress_link", 1.0)] {
        body["why"][name] = json!(value.to_string());
    }
    for name in ["evidence", "evidence_cost"] {
        body["why"][name] = json!("1");
    }
    from_value("a publication", body).unwrap()
}

/// A publication of before the blend, of a credibility `c`.
fn believed(seq: u64, [b, f, c, p, sv, a]: [f64; 6], guard: f64) -> Publication {
    let m1 = if f > b { 1.0 + c * (f / b - 1.0) } else { 1.0 };
    let mut body = publication_of(seq, [b, f, p, sv, a], m1, guard);
    body["forecast"]["credibility"] = json!(c.to_string());
    from_value("a publication", body).unwrap()
}

fn publication_of(seq: u64, [b, f, p, sv, a]: [f64; 5], m1: f64, guard: f64) -> Value {
    let wants = p * ((sv / b).max(1.0) - 1.0);
    let m2 = if wants > 0.0 { m1.max(1.0 + wants) } else { m1 };
    let m3 = m2 + a / b;
    let mut body = sample();
    body["seq"] = seq.into();
    let text = |v: f64| json!(v.to_string());
    body["baseline"]["loss"] = text(b);
    (body["forecast"]["loss"], body["forecast"]["p_stress"]) = (text(f), text(p));
    (body["why"]["m0"], body["why"]["m1"], body["why"]["m2"]) = (text(f / b), text(m1), text(m2));
    (body["multiplier_raw"], body["why"]["stressed"]) = (text(m3), text(sv));
    body["requirement"]["initial"] = text(m3 * b + guard);
    body
}

/// The published requirement, parts per million of notional, rounded up.
fn ppm(p: &Publication) -> i64 {
    (p.requirement.initial.as_ref().unwrap().parse::<f64>().unwrap() * 1e6 - 1e-6).ceil() as i64
}

/// A repeatable number in (0, 1).
fn noise(i: u64) -> f64 {
    let x = i.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

#[test]
fn terms_sum_to_the_published_difference_to_the_last_part() {
    for i in 0..2000 {
        let side = |k: u64| {
            let of = if i % 3 == k { believed } else { publication };
            let u = |j: u64| noise(i * 100 + k * 10 + j);
            let numbers = [0.01 + 0.2 * u(0), 0.3 * u(1), u(2), u(3), 0.4 * u(4), 0.05 * (u(5) - 0.5).max(0.0)];
            of(k + 1, numbers, 0.1 * (u(6) - 0.5))
        };
        let (old, new) = (side(0), side(1));
        let change = RequirementChange::between(&old, &new, None).unwrap();
        assert_eq!((change.from.parts, change.to.parts), (ppm(&old), ppm(&new)));
        assert_eq!(change.difference, ppm(&new) - ppm(&old));
        assert_eq!(change.terms.iter().map(|t| t.parts).sum::<i64>(), change.difference, "{change:#?}");
        let names: Vec<&str> = change.terms.iter().map(|t| t.name).collect();
        assert_eq!(names, ORDER[2..]);
        let held = HeldPosition { units: [3.0 * noise(i), -5.0 * noise(i + 1)], prices: [40_000.0, 39_000.0] };
        let money = RequirementChange::between(&old, &new, Some(held)).unwrap();
        assert_eq!(money.terms.len(), ORDER.len());
        assert_eq!(money.terms.iter().map(|t| t.parts).sum::<i64>(), money.difference);
        assert_eq!(money.unit, "micro");
    }
}

#[test]
fn each_term_is_of_what_moved_it() {
    let from = [0.04, 0.05, 1.0, 0.1, 0.09, 0.0];
    let change = |to: &Publication| RequirementChange::between(&publication(1, from, 0.0), to, None).unwrap();
    let moved = |name: &str, to: Publication| {
        let change = change(&to);
        for t in &change.terms {
            assert_eq!(t.parts == 0, t.name != name, "{name}: {t:?}");
        }
        change.difference
    };
    let to = |numbers: [f64; 6]| publication(2, numbers, 0.0);
    // m = 1.25 of 0.04; a forecast of 0.06 gives 1.5; a charge of 0.004 adds itself.
    assert_eq!(moved("forecast", to([0.04, 0.06, 1.0, 0.1, 0.09, 0.0])), 10_000);
    assert_eq!(moved("regime", to([0.04, 0.05, 1.0, 0.7, 0.09, 0.0])), 25_000);
    assert_eq!(moved("liquidity", to([0.04, 0.05, 1.0, 0.1, 0.09, 0.004])), 4000);
    assert_eq!(moved("level", at_level(2, 1.2, from, 0.0)), 10_000);
    assert_eq!(moved("guardrails", publication(2, from, -0.003)), -3000);
    // Half the weight, or none, leaves what the stressed regime wants: 1 + 0.1 x 1.25.
    assert_eq!(moved("forecast", to([0.04, 0.05, 0.5, 0.1, 0.09, 0.0])), -5000);
    assert_eq!(moved("forecast", to([0.04, 0.05, 0.0, 0.1, 0.09, 0.0])), -5000);
    // A baseline that catches up with a forecast of half the weight: from the root of 0.04 x 0.05 to 0.05.
    let [half, caught] = [0.04, 0.05].map(|b| publication(1, [b, 0.05, 0.5, 0.0, b, 0.0], 0.0));
    let terms = RequirementChange::between(&half, &caught, None).unwrap().terms;
    assert_eq!((terms[0].name, terms[0].parts), ("volatility", 5278), "{terms:?}");
}

#[test]
fn two_that_undo_each_other_are_both_told() {
    let from = publication(1, [0.04, 0.05, 1.0, 0.0, 0.04, 0.0], 0.0);
    let to = at_level(2, 0.8, [0.04, 0.0625, 1.0, 0.0, 0.04, 0.0], 0.0);
    let change = RequirementChange::between(&from, &to, None).unwrap();
    assert_eq!(change.difference, 0);
    let parts = |name: &str| change.terms.iter().find(|t| t.name == name).unwrap().parts;
    assert_eq!((parts("level"), parts("forecast")), (-10_000, 10_000));
}

#[test]
fn positions_and_prices_come_first_and_in_money() {
    let p = |seq| publication(seq, [0.05, 0.05, 1.0, 0.0, 0.05, 0.0], 0.0);
    let held = HeldPosition { units: [2.0, -3.0], prices: [100.0, 110.0] };
    let change = RequirementChange::between(&p(1), &p(2), Some(held)).unwrap();
    let parts: Vec<i64> = change.terms.iter().map(|t| t.parts).collect();
    assert_eq!(parts, [5_000_000, 1_500_000, 0, 0, 0, 0, 0, 0]);
    let bad = HeldPosition { units: [f64::NAN, 1.0], prices: [1.0; 2] };
    assert!(RequirementChange::between(&p(1), &p(2), Some(bad)).is_err());
}

#[test]
fn two_instruments_or_no_baseline_are_refused_with_a_reason() {
    let p = publication(1, [0.05, 0.05, 1.0, 0.0, 0.05, 0.0], 0.0);
    let other = Publication { horizon: "PT1H".into(), ..p.clone() };
    let refused = RequirementChange::between(&p, &other, None).unwrap_err().to_string();
    assert!(refused.contains("one instrument and horizon"), "{refused}");
    let mut silent = p.clone();
    silent.baseline.loss = None;
    assert!(RequirementChange::between(&p, &silent, None).unwrap_err().to_string().contains("no baseline"));
}

#[test]
fn the_command_prints_the_change_as_json() {
    let ledger = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/v1/ledger");
    let mut command = Command::new(env!("CARGO_BIN_EXE_margincast"));
    let out = command.args(["explain", "1", "1", "--json", "--ledger"]).arg(ledger).output().unwrap();
    let said: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {out:?}"));
    assert_eq!((said[0]["difference"].as_i64(), said[0]["order"][0].as_str()), (Some(0), Some("positions")));
    assert!(said[0]["terms"].as_array().unwrap().iter().all(|t| t["parts"] == 0));
}

/// Decisions an hour apart: a multiplier that climbs 1 % an hour while the chain wants more, and rests
/// while it does not.
fn climbing(hours: i64) -> Vec<margincast::margin::Decision> {
    let start = publication(1, [0.05, 0.05, 1.0, 0.1, 0.09, 0.0], 0.0).decision().unwrap();
    let mut m = 1.0;
    let one = |i: i64| {
        let up = (i / 50) % 2 == 0;
        let mut d = start.clone();
        d.ts = margincast::base::Ts(0) + margincast::base::Span::HOUR.times(i);
        (d.c_im, d.m_im_ppm) = (m * d.baseline, (m * 1e6_f64).round() as u64);
        d.why.m4 = if up { 1.2 * m } else { m };
        m = if i % 100 == 99 {
            1.0
        } else if up {
            m * 1.01
        } else {
            m
        };
        d
    };
    (0..hours).map(one).collect()
}

#[test]
fn guidance_knows_the_situation_and_nothing_that_comes_later() {
    use margincast::margin::Policy;
    use margincast::record::explain::{GuidanceRange, RunningGuidance};
    let decisions = climbing(1500);
    let told = |n: usize| {
        let mut guide = RunningGuidance::new(Policy::default());
        decisions[..n].iter().map(|d| guide.push(d)).collect::<Vec<Vec<GuidanceRange>>>()
    };
    let (all, early) = (told(1500), told(1000));
    assert_eq!(all[..1000], early[..], "what was told does not change");
    assert!(all[50].is_empty() && all[1420].len() == 3);
    let hour = |i: usize| all[i].iter().find(|a| a.over == margincast::base::Span::HOUR).copied().unwrap();
    let m = |i: usize| decisions[i].m_im_ppm as f64 / 1e6;
    assert!((hour(1420).median / m(1420) - 1.01).abs() < 1e-4, "while the chain wants more it climbs");
    assert!((hour(1470).median / m(1470) - 1.0).abs() < 1e-9, "and rests while it does not");
}

#[test]
fn triggers_are_what_the_chain_would_want() {
    use margincast::margin::Policy;
    use margincast::record::explain::guidance::triggers;
    // b 0.04, m 1.25 in force; at p of stress 0.6 the chain wants 1 + 0.6 x 1.25 = 1.75.
    let d = publication(1, [0.04, 0.0625, 0.5, 0.1, 0.09, 0.0], 0.0).decision().unwrap();
    let found = triggers(&d, &Policy::default());
    let of = |what: &str| found.iter().find(|t| t.what == what).unwrap();
    assert!((of("stress").rise - (1.75 / 1.25 - 1.0)).abs() < 1e-12 && of("stress").at == 0.6);
    // 0.9 wants 2.125, which the cap holds at 2.
    assert!((of("emergency").rise - (2.0 / 1.25 - 1.0)).abs() < 1e-12);
    // (f / 0.04)^0.5 = 1.25 x 1.02 at f = 0.04 x 1.275 x 1.275.
    assert!((of("forecast").at - 0.04 * 1.275 * 1.275).abs() < 1e-12);
    assert!((of("baseline").at - 0.05).abs() < 1e-12);
    // No forecast moves a margin that does not hear it.
    let silent = publication(1, [0.04, 0.0625, 0.0, 0.1, 0.09, 0.0], 0.0).decision().unwrap();
    assert!(triggers(&silent, &Policy::default()).iter().all(|t| t.what != "forecast"));
}
