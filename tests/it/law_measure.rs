//! Measurements of a small study: what each declares is what it finds.

use margincast::base::Digest;
use margincast::forecast::Track;
use margincast::study::measure::declare::{Measurement, ShownAs};
use margincast::study::measure::{Heading, MEASUREMENTS, Material, judge};
use margincast::study::walk::fit::{Before, FitTask};
use margincast::study::walk::{rows, walk};
use margincast::study::{StudyTask, run};
use serde_json::Value;

use crate::law_market::{market, plan};
use crate::worked_measurement::Usage;

/// Keys of the lines that a schema describes.
fn keys(schema: &Value) -> Vec<String> {
    schema["items"]["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

#[test]
fn what_a_measurement_finds_has_the_keys_that_it_declares() {
    let (plan, market) = (plan(), market());
    let config = Digest::of(b"measure");
    let walk = walk(&plan, &market, config, None, &|_| {}).unwrap();
    let material = Material::of(&plan, &walk, None);
    let heading = Heading { title: "measured", command: "none", config };
    let scores = serde_json::to_value(judge(&material, heading).unwrap().scores).unwrap();
    let usage = serde_json::to_value(Usage::measure(&material).unwrap()).unwrap();
    let own = MEASUREMENTS.iter().filter_map(|m| Some((m.key, scores.pointer(m.pointer)?, (m.schema)(), m.shown)));
    let mut lines = 0;
    for (key, found, schema, shown) in own.chain([("usage", &usage, Usage::schema(), Usage::SHOWN)]) {
        let declared = keys(&schema);
        let found = found.as_array().into_iter().flatten().filter(|line| line.is_object() && !declared.is_empty());
        for line in found {
            lines += 1;
            let own: Vec<&String> = line.as_object().unwrap().keys().collect();
            assert_eq!(own, declared.iter().collect::<Vec<_>>(), "{key}");
            for shown in shown {
                let ShownAs::Table(table) = shown.what else { continue };
                let parts: &[&str] = if table.controls { &["/outcome", "/control"] } else { &[""] };
                for part in parts {
                    let missing = |c: &str| line.pointer(&format!("{part}/{c}")).is_none();
                    // Responses are followed for as long as the market goes on.
                    let late = |c: &str| c.starts_with("after_days/");
                    let gone: Vec<_> = table.columns.iter().map(|c| c.key).filter(|c| !late(c) && missing(c)).collect();
                    assert!(gone.is_empty(), "{key}: {gone:?}");
                }
            }
        }
    }
    assert!(lines > 50, "{lines} lines");
}

#[test]
fn the_worked_measurement_counts_what_was_asked_and_breaches_are_above_one() {
    let (plan, market) = (plan(), market());
    let config = Digest::of(b"measure");
    let walk = walk(&plan, &market, config, None, &|_| {}).unwrap();
    let material = Material::of(&plan, &walk, None);
    let found = Usage::measure(&material).unwrap();
    assert_eq!(found.len(), 3 * plan.horizons().len(), "a line for each policy and horizon");
    for line in &found {
        let n: usize = material.asked.iter().filter(|a| a.horizon == line.horizon).map(|a| a.decisions.len()).sum();
        assert_eq!(line.n, n);
        assert!(0.0 <= line.median && line.median <= line.q99, "{line:?}");
    }
}

#[test]
fn a_caller_of_the_library_gets_the_leak_test_and_the_impulse_responses_too() {
    let (plan, market) = (plan(), market());
    let heading = Heading { title: "measured", command: "none", config: Digest::of(b"measure") };
    let task = StudyTask { plan: &plan, ablations: &[], market: &market, heading, keep: None };
    let studied = run(task, &|_| {}).unwrap();
    let found = &studied.judged.scores.evidence;
    assert!(found.leak_test.as_ref().is_some_and(|l| l.passed), "{:?}", found.leak_test);
    assert!(found.impulse_responses.iter().any(|r| r.on == "normal paths"));
    // Without its market the same walk has neither, and everything else is the same.
    let alone = judge(&Material::of(&plan, &studied.walk, None), heading).unwrap().scores;
    assert!(alone.evidence.leak_test.is_none() && alone.evidence.impulse_responses.is_empty());
    assert_eq!(alone.scoreboard, studied.judged.scores.scoreboard);
    assert_eq!(alone.evidence.backtests, found.backtests);
}

#[test]
fn a_fit_that_was_written_down_is_done_to_the_same_bits_by_who_has_its_rows() {
    let (plan, market) = (plan(), market());
    let walked = walk(&plan, &market, Digest::of(b"measure"), None, &|_| {}).unwrap();
    let (history, shifted) = (rows(&plan, &market).unwrap(), rows::shifted(&plan, &market).unwrap());
    let data = rows::digest(&history, &shifted);
    for (model, member) in plan.models.iter().zip(&walked.last.members) {
        let at = (plan.study.end, member.horizon);
        let task = FitTask::new(&plan.study, &plan.pipeline.rows, data, model, &model.params, at);
        let sent: FitTask = serde_json::from_str(&serde_json::to_string(&task).unwrap()).unwrap();
        assert_eq!((&sent, sent.key()), (&task, task.key()));
        let (members, track) = (Default::default(), Track::default());
        let before = Before { members: &members, track: &track };
        let fitted = sent.run(&sent.panel(&history, &shifted), before, &|_| {}).unwrap();
        assert_eq!(fitted.digest(), member.fitted.digest(), "{}", model.name);
        let other = FitTask { embargo: task.embargo + 1, ..task.clone() };
        assert_ne!(other.key(), task.key(), "what a fit depends on is in its key");
    }
}
