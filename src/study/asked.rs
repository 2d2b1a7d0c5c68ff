//! What each margin policy asked for, beside the return that followed: one series per instrument and
//! horizon, which the tests of margins share.

use super::plan::Plan;
use super::truth::Truth;
use crate::base::{Horizon, Symbol, Ts};
use crate::loss::Side;
use crate::margin::Decision;

/// What is asked at a decision, fraction of notional.
pub type Ask = fn(&Decision) -> f64;

/// Margin policies that are compared: what each asks at a decision, fraction of notional.
pub const POLICIES: [(&str, Ask); 3] =
    [("baseline", |d| d.baseline), ("unguarded", |d| d.baseline * d.why.m4), ("guarded", |d| d.c_im)];

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
    pub fn all(plan: &Plan, truth: &[Truth], decisions: &'a [Decision]) -> Vec<Asked<'a>> {
        let mut all = Vec::new();
        for (_, horizon) in plan.horizons() {
            for symbol in &plan.road.symbols {
                let Some(truth) = truth.iter().find(|t| t.symbol == *symbol && t.horizon == horizon) else { continue };
                let own = decisions.iter().filter(|d| d.symbol == *symbol && d.horizon == horizon);
                let known = own.filter_map(|d| Some((d, truth.at(d.ts)?.ret)));
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
    /// What a policy asked.
    pub fn requirement(&self, ask: Ask) -> Vec<f64> {
        self.decisions.iter().map(|d| ask(d)).collect()
    }
    /// The expected shortfall that goes with it: that of the baseline, times the multiplier.
    pub fn shortfall(&self, ask: Ask) -> Vec<f64> {
        self.decisions.iter().map(|d| d.why.expected_shortfall * ask(d) / d.baseline).collect()
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

/// The sides that are tested one by one: a margin for both is the worse of two tails, each of which is
/// to be exceeded at the nominal rate at most.
pub fn sides(side: Side) -> Vec<Side> {
    match side {
        Side::Both => vec![Side::Long, Side::Short],
        one => vec![one],
    }
}
