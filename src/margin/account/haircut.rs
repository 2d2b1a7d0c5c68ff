//! Haircuts on collateral: margin of another name, so they go through the same guardrails.
//!
//! A haircut is a requirement in \[0, 1\] on the value of what is posted: `C` of [`crate::margin::guardrail`] is
//! the haircut, its baseline the measured one, and the lift what a forecast adds. What remains of the
//! value is published rounded down.

use crate::base::Ts;
use crate::margin::Error;
use crate::margin::guardrail::{Conditions, Guardrail, Output, Policy, Proposal};

/// The guarded haircut of one asset.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardedHaircut {
    guard: Guardrail,
}

/// What is published.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// The haircut, parts per million, rounded up, at most a million.
    pub haircut_ppm: u64,
    /// What remains of the value, parts per million, rounded down.
    pub value_ppm: u64,
    /// The guardrails' answer that it comes from.
    pub output: Output,
}

impl GuardedHaircut {
    /// With nothing published yet.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(policy: Policy) -> Result<GuardedHaircut, Error> {
        Ok(GuardedHaircut { guard: Guardrail::new(policy)? })
    }
    /// Takes the measured haircut and the one that is wanted, fractions. A measured haircut that is no
    /// number in (0, 1] changes nothing; `None` until there is one.
    pub fn step(&mut self, ts: Ts, measured: f64, wanted: f64, now: &Conditions<'_>) -> Option<Cut> {
        let baseline = if measured > 0.0 && measured <= 1.0 { measured } else { f64::NAN };
        let m = wanted.min(1.0) / baseline;
        let proposal = Proposal { ts, baseline, m, p_stress: Vec::new(), long_run_var: None };
        self.guard.step_under(&proposal, now).map(cut)
    }
    /// Tells the time when nothing came.
    pub fn tick(&mut self, now: Ts) -> Option<Cut> {
        self.guard.tick(now).map(cut)
    }
    /// The guardrails, for orders of people.
    pub fn guard(&mut self) -> &mut Guardrail {
        &mut self.guard
    }
}

fn cut(output: Output) -> Cut {
    // The ladder may ask more than there is.
    let haircut_ppm = ((output.c_im * 1e6 - 1e-6).ceil().max(0.0) as u64).min(1_000_000);
    Cut { haircut_ppm, value_ppm: 1_000_000 - haircut_ppm, output }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::margin::guardrail::pace::StepLimits;

    #[test]
    fn a_haircut_rises_by_its_step_and_never_leaves_0_to_1() {
        let im = StepLimits { up: Some(0.10), budgets: Some(Default::default()), ..Policy::default().im };
        let mut haircut = GuardedHaircut::new(Policy { row: Some(Span::DAY), im, ..Policy::default() }).unwrap();
        let day = |n: i64| Ts(0) + Span::DAY.times(n);
        let now = Conditions::default();
        assert_eq!(haircut.step(day(0), f64::NAN, 0.2, &now), None);
        let first = haircut.step(day(1), 0.110766076, 0.110766076, &now).unwrap();
        assert_eq!((first.haircut_ppm, first.value_ppm), (110_767, 889_233), "up, and down");
        let risen = haircut.step(day(2), 0.110766076, 0.2, &now).unwrap();
        assert_eq!(risen.haircut_ppm, 121_843, "10 % a day");
        let all = haircut.step(day(3), 0.99, 7.0, &now).unwrap();
        assert_eq!((all.haircut_ppm, all.value_ppm), (990_000, 10_000));
        let held = haircut.step(day(4), 1.5, 0.2, &now).unwrap();
        assert_eq!(held.haircut_ppm, 990_000, "more than all is no number");
        let stale = haircut.tick(day(6)).unwrap();
        assert_eq!((stale.haircut_ppm, stale.value_ppm), (1_000_000, 0), "a fallback above all is all");
    }
}
