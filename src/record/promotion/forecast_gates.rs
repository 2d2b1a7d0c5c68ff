//! The gates on forecasts: what a version's own study must show against the champion and against chance.

use std::collections::BTreeMap;

use super::case::StudyCase;
use super::evidence::{ForecastEvidence, Hits, LeadLagEvidence};
use super::gate::{Gate, gate};
use crate::base::{Seed, Ts};
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

/// A permuted future changed nothing that was learnt or said before it.
pub(super) fn leak_test(case: &StudyCase<'_>) -> Gate {
    let leak = case.own.leak_test;
    let got = format!("{} models, {} events changed after {}", leak.models, leak.changed, leak.cut);
    let passed = leak.passed && leak.models > 0 && leak.changed >= CHANGED;
    gate("leak test", format!("a permuted future of {CHANGED} events and more changes nothing"), got, passed)
}

/// No instrument was stamped early or late. One alone, or some that do not move together, cannot be compared.
pub(super) fn lead_lag(case: &StudyCase<'_>) -> Gate {
    let found = case.own.lead_lag.as_ref();
    let got = match found {
        None => "not looked at".into(),
        Some(found) if !found.out_of_step.is_empty() => found.out_of_step.join("; "),
        Some(LeadLagEvidence { compared: 0, .. }) => "nothing to compare".into(),
        Some(LeadLagEvidence { compared, .. }) => format!("{compared} pairs in step"),
    };
    let passed = found.is_some_and(|f| f.compared > 0 && f.out_of_step.is_empty());
    let ran = found.is_some_and(|f| f.compared > 0 || !f.out_of_step.is_empty());
    Gate { ran, ..gate("lead and lag", "every instrument in step with the others", got, passed) }
}

/// Diebold-Mariano against the champion, or the base where there is none.
pub(super) fn no_worse(case: &StudyCase<'_>, m: &ForecastEvidence) -> Option<Gate> {
    let rival = Rival::of(case, m);
    let test = rival.test();
    let got = match test {
        Some(t) => format!("t {:.2} (p {:.3}) on {} times against {}", t.statistic, t.p, rival.own.len(), rival.name),
        None => format!("no difference to test on {} times against {}", rival.own.len(), rival.name),
    };
    let name = format!("no worse over {}", m.horizon);
    Some(gate(name, format!("t > -{DM_T} on {DM_TIMES} times"), got, rival.is_no_worse(test)))
}

/// A challenger that beats a bad champion is still held to the base of its own study.
pub(super) fn no_worse_than_base(case: &StudyCase<'_>, m: &ForecastEvidence) -> Option<Gate> {
    Rival::of(case, m).foreign.then_some(())?;
    let rival = Rival::of(&StudyCase { champion: None, ..*case }, m);
    let test = rival.test();
    let got =
        test.map_or_else(|| "no difference to test".into(), |t| format!("t {:.2} against {}", t.statistic, rival.name));
    let name = format!("no worse than the base over {}", m.horizon);
    Some(gate(name, format!("t > -{DM_T} on {DM_TIMES} times"), got, rival.is_no_worse(test)))
}

/// In the model confidence set of its own study's models and the champion.
pub(super) fn confidence(case: &StudyCase<'_>, m: &ForecastEvidence) -> Option<Gate> {
    let rival = Rival::of(case, m);
    let at = |losses: &Vec<f64>| rival.places.iter().map(|i| losses[*i]).collect::<Vec<f64>>();
    let names: Vec<&String> = m.losses.keys().collect();
    let mut losses: Vec<Vec<f64>> = m.losses.values().map(at).collect();
    losses.extend(rival.foreign.then(|| rival.theirs.clone()));
    let bootstrap = Bootstrap { seed: Seed(7).named("promotion gate"), ..Bootstrap::default() };
    let p = confidence_set(&losses, bootstrap);
    let own = names.iter().position(|n| **n == case.own.served).and_then(|i| p.get(i)).copied();
    let size = p.iter().filter(|p| **p > SET_LEVEL).count();
    let got = own.map_or_else(|| "too little to say".into(), |p| format!("p {p:.3}, {size} of {} in it", losses.len()));
    let name = format!("confidence set over {}", m.horizon);
    Some(gate(name, format!("p > {SET_LEVEL}"), got, own.is_some_and(|p| p > SET_LEVEL)))
}

/// Coverage of the 1 % quantile.
pub(super) fn lower_coverage(case: &StudyCase<'_>, m: &ForecastEvidence) -> Option<Gate> {
    Some(covered("lower", case, m, m.below))
}

/// Coverage of the 99 % quantile.
pub(super) fn upper_coverage(case: &StudyCase<'_>, m: &ForecastEvidence) -> Option<Gate> {
    Some(covered("upper", case, m, m.above))
}

/// Better than the champion, or the base, over some horizon.
pub(super) fn better(case: &StudyCase<'_>) -> Gate {
    let tests = case.own.horizons.iter().filter_map(|m| Rival::of(case, m).test());
    let best = tests.map(|t| t.statistic).reduce(f64::max);
    let got = best.map_or_else(|| "no difference to test".into(), |t| format!("t {t:.2}"));
    gate("better over some horizon", format!("t >= {DM_T}"), got, best.is_some_and(|t| t >= DM_T))
}

/// Newest rows look like some stretch of training.
pub(super) fn drift(case: &StudyCase<'_>) -> Gate {
    let own = case.own;
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
    gate("drift", format!("index < {DRIFT_MAX} or as in training"), got, passed)
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
    fn of(case: &StudyCase<'_>, m: &ForecastEvidence) -> Rival {
        let (own, champion) = (case.own, case.champion);
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
    /// Whether the served model is not worse, on times enough.
    fn is_no_worse(&self, test: Option<Test>) -> bool {
        self.own.len() >= DM_TIMES && test.is_some_and(|t| t.statistic > -DM_T)
    }
}

fn covered(side: &str, case: &StudyCase<'_>, m: &ForecastEvidence, hits: Hits) -> Gate {
    let tests = 4 * case.own.horizons.len().max(1);
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
    gate(format!("{side} coverage over {}", m.horizon), want, got, passed)
}
