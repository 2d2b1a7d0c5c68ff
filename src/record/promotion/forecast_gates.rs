//! The gates on forecasts: what a version's own study must show against the champion and against chance.

use std::collections::BTreeMap;

use super::evidence::{Evidence, Hits, InStep, Measured};
use super::gate::{Gate, gate};
use super::margin_gates::measured;
use crate::base::{Horizon, Seed, Ts};
use crate::loss::test::compare::{Bandwidth, diebold_mariano};
use crate::loss::test::confidence::{Bootstrap, confidence_set};
use crate::loss::test::coverage::{Test, coverage_of};

/// Fewest events that the leak test must have changed.
const CHANGED: u64 = 50;
/// Least Diebold-Mariano statistic that counts as better; minus this counts as worse.
const DM_T: f64 = 1.65;
/// Fewest common times of a comparison.
const DM_TIMES: usize = 500;
/// Level of the model confidence set.
const SET_LEVEL: f64 = 0.10;
/// Level of all coverage tests together.
const COVERAGE_LEVEL: f64 = 0.05;
/// Fewest outcomes of a coverage test.
const COVERAGE_ROWS: usize = 250;
/// Stability index from which an input counts as drifted.
const DRIFT_MAX: f64 = 0.2;

/// The gates of what a version's study measured, against the champion by name where there is one.
pub fn judge(own: &Evidence, champion: Option<(&str, &Evidence)>) -> Vec<Gate> {
    let leak = own.future;
    let got = format!("{} models, {} events changed after {}", leak.models, leak.changed, leak.cut);
    let passed = leak.passed && leak.models > 0 && leak.changed >= CHANGED;
    let want = format!("a permuted future of {CHANGED} events and more changes nothing");
    let mut gates = vec![gate("leak test", want, got, passed), in_step(own)];
    let mut best: Option<f64> = None;
    let tests = 4 * own.horizons.len().max(1);
    for m in &own.horizons {
        let rival = Rival::of(own, m, champion);
        let test = rival.test();
        best = test.map(|t| best.map_or(t.statistic, |b| b.max(t.statistic))).or(best);
        let got = match test {
            Some(t) => {
                format!("t {:.2} (p {:.3}) on {} times against {}", t.statistic, t.p, rival.own.len(), rival.name)
            }
            None => format!("no difference to test on {} times against {}", rival.own.len(), rival.name),
        };
        let passed = rival.own.len() >= DM_TIMES && test.is_some_and(|t| t.statistic > -DM_T);
        gates.push(gate(
            format!("no worse over {}", m.horizon),
            format!("t > -{DM_T} on {DM_TIMES} times"),
            got,
            passed,
        ));
        if rival.foreign {
            gates.push(against_base(m, own));
        }
        gates.push(confidence(m, &own.served, &rival));
        for (side, hits) in [("lower", m.below), ("upper", m.above)] {
            gates.push(covered(side, m.horizon, hits, tests));
        }
    }
    let got = best.map_or_else(|| "no difference to test".into(), |t| format!("t {t:.2}"));
    gates.push(gate("better over some horizon", format!("t >= {DM_T}"), got, best.is_some_and(|t| t >= DM_T)));
    let usual = |name: &String| own.usual.get(name).copied().unwrap_or(0.0);
    let new = own.drift.iter().filter(|(name, index)| **index >= DRIFT_MAX && **index > usual(name));
    let new: Vec<String> =
        new.map(|(name, index)| format!("{name} {index:.2}, {:.2} in training", usual(name))).collect();
    let got = match (own.drift.len(), new.is_empty()) {
        (0, _) => "nothing measured".into(),
        (n, true) => format!("none of {n} inputs beyond"),
        (_, false) => new.join("; "),
    };
    let passed = new.is_empty() && !own.drift.is_empty();
    gates.push(gate("drift", format!("index < {DRIFT_MAX} or as in training"), got, passed));
    gates.extend(measured(&own.margins));
    gates
}

/// Whether instruments were stamped in step. One alone, or some that do not move together, cannot be compared.
fn in_step(own: &Evidence) -> Gate {
    let found = own.lead_lag.as_ref();
    let got = match found {
        None => "not looked at".into(),
        Some(InStep { compared: 0, .. }) => "nothing to compare".into(),
        Some(InStep { compared, out_of_step }) if out_of_step.is_empty() => format!("{compared} pairs in step"),
        Some(InStep { out_of_step, .. }) => out_of_step.join("; "),
    };
    let passed = found.is_some_and(|f| f.compared > 0 && f.out_of_step.is_empty());
    let ran = found.is_some_and(|f| f.compared > 0 || !f.out_of_step.is_empty());
    Gate { ran, ..gate("lead and lag", "every instrument in step with the others", got, passed) }
}

/// A challenger that beats a bad champion is still held to the base of its own study.
fn against_base(m: &Measured, own: &Evidence) -> Gate {
    let rival = Rival::of(own, m, None);
    let test = rival.test();
    let got =
        test.map_or_else(|| "no difference to test".into(), |t| format!("t {:.2} against {}", t.statistic, rival.name));
    let passed = rival.own.len() >= DM_TIMES && test.is_some_and(|t| t.statistic > -DM_T);
    gate(format!("no worse than the base over {}", m.horizon), format!("t > -{DM_T} on {DM_TIMES} times"), got, passed)
}

/// The losses of the served model beside those of the champion, or of the base.
struct Rival {
    name: String,
    own: Vec<f64>,
    theirs: Vec<f64>,
    /// Which of the version's own times these are.
    places: Vec<usize>,
    foreign: bool,
}

impl Rival {
    fn of(own: &Evidence, m: &Measured, champion: Option<(&str, &Evidence)>) -> Rival {
        let mine = m.losses.get(&own.served).map_or(&[][..], Vec::as_slice);
        let found = champion.and_then(|(name, c)| {
            let there = c.horizons.iter().find(|h| h.horizon == m.horizon)?;
            Some((name, &there.ts, there.losses.get(&c.served)?))
        });
        let name = found.map_or_else(|| format!("base {}", own.base), |f| f.0.to_string());
        let base = m.losses.get(&own.base);
        let theirs: BTreeMap<Ts, f64> = match (found, base) {
            (Some((_, ts, losses)), _) => ts.iter().copied().zip(losses.iter().copied()).collect(),
            (None, Some(losses)) => m.ts.iter().copied().zip(losses.iter().copied()).collect(),
            (None, None) => BTreeMap::new(),
        };
        let mut rival = Rival { name, own: vec![], theirs: vec![], places: vec![], foreign: found.is_some() };
        for (i, (ts, loss)) in m.ts.iter().zip(mine).enumerate() {
            if let Some(other) = theirs.get(ts) {
                rival.own.push(*loss);
                rival.theirs.push(*other);
                rival.places.push(i);
            }
        }
        rival
    }
    /// Positive is better than the rival.
    fn test(&self) -> Option<Test> {
        let differences: Vec<f64> = self.theirs.iter().zip(&self.own).map(|(b, m)| b - m).collect();
        diebold_mariano(&differences, Bandwidth::CubeRoot)
    }
}

fn confidence(m: &Measured, served: &str, rival: &Rival) -> Gate {
    let at = |losses: &Vec<f64>| rival.places.iter().map(|i| losses[*i]).collect::<Vec<f64>>();
    let names: Vec<&String> = m.losses.keys().collect();
    let mut losses: Vec<Vec<f64>> = m.losses.values().map(at).collect();
    losses.extend(rival.foreign.then(|| rival.theirs.clone()));
    let bootstrap = Bootstrap { seed: Seed(7).named("promotion gate"), ..Bootstrap::default() };
    let p = confidence_set(&losses, bootstrap);
    let own = names.iter().position(|n| *n == served).and_then(|i| p.get(i)).copied();
    let size = p.iter().filter(|p| **p > SET_LEVEL).count();
    let got = own.map_or_else(|| "too little to say".into(), |p| format!("p {p:.3}, {size} of {} in it", losses.len()));
    gate(
        format!("confidence set over {}", m.horizon),
        format!("p > {SET_LEVEL}"),
        got,
        own.is_some_and(|p| p > SET_LEVEL),
    )
}

fn covered(side: &str, horizon: Horizon, hits: Hits, tests: usize) -> Gate {
    let least = COVERAGE_LEVEL / tests as f64;
    let found = coverage_of(hits.n, hits.breaches, hits.transitions, 0.01);
    let got = found.map_or_else(
        || "no outcomes".into(),
        |(kupiec, conditional)| {
            let share = 100.0 * hits.breaches as f64 / hits.n as f64;
            format!("{share:.2} % of {}, Kupiec p {:.3}, conditional p {:.3}", hits.n, kupiec.p, conditional.p)
        },
    );
    let passed = hits.n >= COVERAGE_ROWS && found.is_some_and(|(a, b)| a.p >= least && b.p >= least);
    let want = format!("both p >= {least:.4} on {COVERAGE_ROWS}");
    gate(format!("{side} coverage over {horizon}"), want, got, passed)
}
