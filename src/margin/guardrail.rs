//! The guardrails: a state machine between the multiplier and what is published. It acts on the
//! requirement `C = m b`, not on the multiplier alone, so that a forecast and the baseline that
//! follows it are not counted twice.
//!
//! Where rules conflict, the stronger one wins, in this order:
//!
//! 1. **numbers**: what is not finite never moves anything; the previous value holds;
//! 2. **cap on the multiplier**: `C <= m_max b`, even if the baseline fell faster than the down step;
//! 3. **baseline**: lift-only `C >= m_min b` always; managed-total `C` may lag by `lag_max` for
//!    `lag_steps` steps. A baseline that rises faster than the up step or above the caps on the
//!    total lift is followed;
//! 4. **initial over maintenance**: maintenance margin gives way to its share of initial margin, no
//!    faster than its down step; where that does not do, initial margin is lifted;
//! 5. **staleness**: the ladder may rise faster than the up step, within the caps;
//! 6. **caps on the total lift**: they stop rises; on a value in force they act at the down step;
//! 7. **step limits**, then dead band, confirmations, intervals and notice, which only ever hold.

use super::hysteresis::Flag;
use super::live::{Live, Turn, Why};
use super::notice::Notice;
use super::policy::Policy;
use super::{Error, Reason, State};
use crate::base::Ts;

/// Baselines outside this range are no loss fractions; nothing is published from them.
const BASELINE: std::ops::RangeInclusive<f64> = 1e-12..=1e6;

/// What is asked of the guardrails at one instant. Losses are fractions of notional.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Time of the newest input.
    pub ts: Ts,
    /// Baseline 99 % loss `b`.
    pub baseline: f64,
    /// The multiplier that the chain gives, m4.
    pub m: f64,
    /// Probability of the stressed regime, one per model that gives it, the serving model first.
    pub p_stress: Vec<f64>,
    /// Long-run 99 % VaR; without it that cap does not bind.
    pub long_run_var: Option<f64>,
}

/// One set of values to publish: applied whole or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// When it was decided.
    pub ts: Ts,
    /// Initial margin asked, fraction of notional.
    pub c_im: f64,
    /// Maintenance margin asked, fraction of notional.
    pub c_mm: f64,
    /// `c_im` over the baseline, parts per million, rounded up to the quantum.
    pub m_im_ppm: u64,
    /// `c_mm` over the maintenance baseline, parts per million, rounded up to the quantum.
    pub m_mm_ppm: u64,
    /// What to use after `valid_until`, parts per million.
    pub fallback_m_ppm: u64,
    /// How far initial margin is below what the multiplier wants, fraction of notional.
    pub gap: f64,
    /// Where on the staleness ladder, or killed.
    pub state: State,
    /// Whether the flag of the stressed regime is up.
    pub stress: bool,
    /// What bound initial margin and the set, in the order it acted.
    pub reasons: Vec<Reason>,
    /// What bound maintenance margin, in the order it acted.
    pub mm_reasons: Vec<Reason>,
    /// A rise of maintenance margin that has been told but may not be asked yet.
    pub notice: Option<Notice>,
    /// After this a consumer uses `fallback_m_ppm`.
    pub valid_until: Ts,
}

impl Bundle {
    /// Before anything was published.
    pub(super) fn none(ts: Ts) -> Bundle {
        Bundle {
            ts,
            c_im: 0.0,
            c_mm: 0.0,
            m_im_ppm: 0,
            m_mm_ppm: 0,
            fallback_m_ppm: 0,
            gap: 0.0,
            state: State::Fresh,
            stress: false,
            reasons: Vec::new(),
            mm_reasons: Vec::new(),
            notice: None,
            valid_until: ts,
        }
    }
}

/// The state machine of one instrument and horizon. It holds no clock and no randomness: the same
/// calls give the same bundles, and a replay of them gives an equal machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Guardrail {
    policy: Policy,
    flag: Flag,
    killed: Option<Ts>,
    live: Option<Live>,
}

impl Guardrail {
    /// With nothing published yet.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(policy: Policy) -> Result<Guardrail, Error> {
        policy.check()?;
        Ok(Guardrail { policy, flag: Flag::default(), killed: None, live: None })
    }

    /// The settings.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Takes a fresh proposal. `None` until the first usable baseline; from then on always a
    /// bundle, whatever comes.
    pub fn step(&mut self, proposal: &Proposal) -> Option<Bundle> {
        let mut why = Why::default();
        let numbers = [&proposal.baseline, &proposal.m].into_iter().chain(&proposal.p_stress);
        if numbers.chain(&proposal.long_run_var).any(|v| !v.is_finite()) {
            why.im.push(Reason::NonFinite);
        }
        if let Some(first) = proposal.p_stress.first() {
            self.flag.update(*first, &self.policy.hysteresis);
        }
        let mut turn = self.turn(proposal.ts);
        if !BASELINE.contains(&proposal.baseline) {
            why.im.push(Reason::NoBaseline);
            let live = self.live.as_mut()?;
            return Some(live.publish(live.hold(&turn, why)));
        }
        turn.m = bounded(proposal.m, &turn.policy, &mut why.im);
        let calls = proposal.p_stress.iter().filter(|s| **s >= turn.policy.emergency_p).count();
        turn.emergency = calls >= turn.policy.emergency_models;
        let long_run = proposal.long_run_var.filter(|v| v.is_finite() && *v > 0.0).unwrap_or(f64::INFINITY);
        let Some(live) = &mut self.live else {
            let live = Live::start(&turn, proposal.baseline, long_run, why);
            return Some(self.live.insert(live).last.clone());
        };
        live.see(proposal.ts, proposal.baseline, long_run);
        let bundle = live.advance(&turn, why);
        Some(live.publish(bundle))
    }

    /// Tells the time when no input came. Gives a bundle when the ladder moves the value or its
    /// state, when a killed value glides, and at each heartbeat.
    pub fn tick(&mut self, now: Ts) -> Option<Bundle> {
        let turn = self.turn(now);
        let live = self.live.as_mut()?;
        let held = live.clone();
        let bundle = if turn.killed.is_some() { live.advance(&turn, Why::default()) } else { live.wait(&turn) };
        let last = &live.last;
        let moved = (bundle.state, bundle.m_im_ppm, bundle.m_mm_ppm) != (last.state, last.m_im_ppm, last.m_mm_ppm);
        let beat = now - last.ts >= turn.policy.heartbeat;
        if !(moved || beat) {
            *live = held; // What is not published is not in force.
            return None;
        }
        Some(live.publish(bundle))
    }

    /// Freezes publication, or lets it go on. A frozen value holds for `kill_freeze` and then
    /// glides to the baseline at the down step; it rises only where the baseline does.
    pub fn kill(&mut self, on: bool, ts: Ts) {
        self.killed = if on { self.killed.or(Some(ts)) } else { None };
    }

    fn turn(&self, at: Ts) -> Turn {
        let stress = self.flag.is_up();
        Turn { at, m: None, emergency: false, killed: self.killed, stress, policy: self.policy }
    }
}

/// Within the bounds of the multiplier; `None`, and the previous value holds, if not finite.
fn bounded(m: f64, p: &Policy, reasons: &mut Vec<Reason>) -> Option<f64> {
    if !m.is_finite() {
        return None;
    }
    if m > p.im.m_max {
        reasons.push(Reason::Cap);
    } else if m < p.m_min {
        reasons.push(Reason::Floor);
    }
    Some(m.max(p.m_min).min(p.im.m_max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::margin::{Mode, State};

    fn proposal(hours: i64, b: f64, m: f64, p_stress: &[f64]) -> Proposal {
        let ts = Ts(0) + Span::HOUR.times(hours);
        Proposal { ts, baseline: b, m, p_stress: p_stress.to_vec(), long_run_var: None }
    }

    fn started(policy: Policy) -> Guardrail {
        let mut guard = Guardrail::new(policy).unwrap();
        guard.step(&proposal(0, 0.04, 1.0, &[])).unwrap();
        guard
    }

    #[test]
    fn an_hour_of_the_daily_step_is_its_geometric_part() {
        let mut guard = started(Policy::default());
        let got = guard.step(&proposal(1, 0.04, 1.5, &[])).unwrap();
        assert!((got.c_im / 0.04 - 1.003_979).abs() < 1e-6, "0.398 % an hour");
        assert_eq!(got.reasons, [Reason::StepUp]);
    }

    #[test]
    fn the_emergency_lane_wants_two_models() {
        for (p, up, reasons) in [
            (vec![0.95, 0.5], 1.10, vec![Reason::StepUp]),
            (vec![0.95], 1.10, vec![Reason::StepUp]),
            (vec![0.95, 0.9], 1.25, vec![Reason::EmergencyLane, Reason::StepUp]),
        ] {
            let got = started(Policy::default()).step(&proposal(24, 0.04, 1.9, &p)).unwrap();
            assert!((got.c_im / 0.04 - up).abs() < 1e-12);
            assert_eq!(got.reasons, reasons);
        }
        // What the daily step covers needs no lane.
        let got = started(Policy::default()).step(&proposal(24, 0.04, 1.08, &[0.95, 0.95])).unwrap();
        assert_eq!((got.reasons.as_slice(), got.m_im_ppm), ([].as_slice(), 1_080_000));
    }

    #[test]
    fn maintenance_margin_rises_after_its_notice_and_slower() {
        let mut guard = started(Policy::default());
        let told = guard.step(&proposal(1, 0.04, 1.5, &[])).unwrap();
        assert_eq!((told.c_mm, told.mm_reasons.as_slice()), (0.032, [Reason::Notice].as_slice()));
        let notice = told.notice.unwrap();
        assert_eq!((notice.m_mm_ppm, notice.from), (1_500_000, Ts(0) + Span::HOUR.times(9)));
        (2..9).for_each(|h| assert_eq!(guard.step(&proposal(h, 0.04, 1.5, &[])).unwrap().c_mm, 0.032));
        let risen = guard.step(&proposal(9, 0.04, 1.5, &[])).unwrap();
        assert!((risen.c_mm / 0.032 - 1.05f64.powf(1.0 / 24.0)).abs() < 1e-12);
        assert_eq!(risen.notice, None);
    }

    #[test]
    fn bad_numbers_hold_the_previous_value_and_are_named() {
        let mut guard = Guardrail::new(Policy::default()).unwrap();
        assert_eq!(guard.step(&proposal(0, f64::NAN, 1.0, &[])), None, "nothing to hold yet");
        let mut guard = started(Policy::default());
        let no_baseline = guard.step(&proposal(1, 0.0, 1.5, &[])).unwrap();
        assert_eq!((no_baseline.c_im, no_baseline.reasons), (0.04, vec![Reason::NoBaseline]));
        let nan = guard.step(&proposal(2, 0.041, f64::NAN, &[])).unwrap();
        assert_eq!((nan.c_im, nan.reasons), (0.041, vec![Reason::NonFinite, Reason::BaselineFloor]));
    }

    #[test]
    fn caps_on_the_total_lift_stop_rises_but_make_no_cliff() {
        let mut guard = started(Policy::default());
        let capped = Proposal { long_run_var: Some(0.0105), ..proposal(24, 0.04, 1.5, &[]) };
        let got = guard.step(&capped).unwrap();
        assert_eq!((got.c_im, got.reasons), (0.042, vec![Reason::StepUp, Reason::TotalLift]));
        let lower = Proposal { long_run_var: Some(0.005), ..proposal(48, 0.03, 1.5, &[]) };
        let got = guard.step(&lower).unwrap();
        assert!((got.c_im / (0.042 * 0.98) - 1.0).abs() < 1e-12, "at the down step");
        assert_eq!(got.reasons.last(), Some(&Reason::TotalLift));
    }

    #[test]
    fn the_lag_is_used_up_after_its_steps() {
        let mut guard = started(Policy { mode: Mode::ManagedTotal, ..Policy::default() });
        let lags = |h: i64| (h, 0.0408 + 0.0004 * (h - 1) as f64);
        let mut reasons = Vec::new();
        for (h, b) in (1..=4).map(lags) {
            reasons.push(guard.step(&proposal(h, b, 1.0, &[])).unwrap().reasons.last().copied());
        }
        assert_eq!(reasons, [Some(Reason::Lag), Some(Reason::Lag), Some(Reason::Lag), Some(Reason::LagMax)]);
        assert_eq!(guard.live.as_ref().unwrap().last.state, State::Fresh);
    }
}
