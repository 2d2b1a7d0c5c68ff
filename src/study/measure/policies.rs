//! What each margin policy asked for, beside the return that followed: one series per instrument and
//! horizon, which the tests of margins share.

use crate::base::{Horizon, Symbol, Ts};
use crate::loss::{Side, equal_cost_control};
use crate::margin::Decision;
use crate::study::config::Plan;
use crate::study::measure::outcomes::Outcomes;

/// What is asked at a decision, fraction of notional.
pub type Ask = fn(&Decision) -> f64;

/// Margin policies that are compared: what each asks at a decision, fraction of notional.
pub const POLICIES: [(&str, Ask); 3] =
    [("baseline", |d| d.baseline), ("unguarded", |d| d.baseline * d.why.m4), ("guarded", |d| d.c_im)];

/// What policies and controls asked, by name.
pub type Requirements = Vec<(String, Vec<f64>)>;

/// Decisions of one instrument and horizon whose outcome is known, in order of time.
pub struct Asked<'a> {
    /// The instrument.
    pub symbol: Symbol,
    /// Over how long.
    pub horizon: Horizon,
    /// The decisions.
    pub decisions: Vec<&'a Decision>,
    /// Log return over the horizon that followed each.
    pub ret: Vec<f64>,
}

impl<'a> Asked<'a> {
    /// Of every instrument and horizon that has any, by horizon and then by instrument.
    pub fn all(plan: &Plan, outcomes: &[Outcomes], decisions: &'a [Decision]) -> Vec<Asked<'a>> {
        let mut all = Vec::new();
        for (_, horizon) in plan.horizons() {
            for symbol in &plan.pipeline.symbols {
                let own = outcomes.iter().find(|o| o.symbol == *symbol && o.horizon == horizon);
                let Some(outcomes) = own else { continue };
                let own = decisions.iter().filter(|d| d.symbol == *symbol && d.horizon == horizon);
                let known = own.filter_map(|d| Some((d, outcomes.at(d.ts)?.ret)));
                let sound = |(d, ret): &(&Decision, f64)| {
                    ret.is_finite() && POLICIES.iter().all(|(_, ask)| ask(d).is_finite() && ask(d) > 0.0)
                };
                let (decisions, ret): (Vec<_>, Vec<_>) = known.filter(sound).unzip();
                if !decisions.is_empty() {
                    all.push(Asked { symbol: *symbol, horizon, decisions, ret });
                }
            }
        }
        all
    }
    /// What every policy asked, each but the baseline with its control: the baseline times the constant
    /// that gives it the same average.
    pub fn policies(&self) -> Requirements {
        let baseline = self.requirement(POLICIES[0].1);
        let mut all = Vec::new();
        for (i, (policy, ask)) in POLICIES.iter().enumerate() {
            let asked = self.requirement(*ask);
            let control = equal_cost_control(&asked, &baseline).filter(|_| i > 0);
            all.push((policy.to_string(), asked));
            all.extend(control.map(|(_, c)| (control_of(policy), c)));
        }
        all
    }
    /// What a policy asked.
    pub fn requirement(&self, ask: Ask) -> Vec<f64> {
        self.decisions.iter().map(|d| ask(d)).collect()
    }
    /// The expected shortfall that goes with a requirement: that of the baseline, times the multiplier.
    pub fn shortfall(&self, requirement: &[f64]) -> Vec<f64> {
        let one = |(d, c): (&&Decision, &f64)| d.why.expected_shortfall * c / d.baseline;
        self.decisions.iter().zip(requirement).map(one).collect()
    }
    /// The losses of a side.
    pub fn losses(&self, side: Side) -> Vec<f64> {
        self.ret.iter().map(|r| side.loss(*r)).collect()
    }
    /// When they were made.
    pub fn ts(&self) -> Vec<Ts> {
        self.decisions.iter().map(|d| d.ts).collect()
    }
}

/// The name of a policy's control.
fn control_of(policy: &str) -> String {
    format!("control of {policy}")
}

/// The names of every policy and control, in the order of the tables.
pub fn names() -> Vec<String> {
    let of = |(i, (policy, _)): (usize, &(&str, Ask))| {
        std::iter::once(policy.to_string()).chain((i > 0).then(|| control_of(policy)))
    };
    POLICIES.iter().enumerate().flat_map(of).collect()
}

/// The sides that are tested one by one: a margin for both is the worse of two tails, each of which is
/// to be exceeded at the nominal rate at most.
pub fn sides(side: Side) -> Vec<Side> {
    match side {
        Side::Both => vec![Side::Long, Side::Short],
        one => vec![one],
    }
}
