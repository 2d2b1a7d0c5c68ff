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
//!
//! A thin book, doubted inputs and orders of people change what is aimed at, or stop falls; they go
//! through the same limits and break none.

use super::blast::{Exposure, Impact};
use super::hysteresis::Flag;
use super::live::{Live, Turn, Why};
use super::notice::Notice;
use super::order::{Field, Override};
use super::policy::Policy;
use super::thin::{Book, InterestCaps, Watch};
use super::{Error, Reason, State};
use crate::base::{Span, Ts};

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

/// What else is known at that instant.
#[derive(Clone, Copy, Default)]
pub struct Conditions<'a> {
    /// The order book; without it the last answer to whether it is thin holds.
    pub book: Option<Book>,
    /// Confidence in the inputs, 0 to 1; without it they are not doubted.
    pub confidence: Option<f64>,
    /// Age of the oldest input that the proposal rests on.
    pub age: Option<Span>,
    /// Nothing falls before this.
    pub no_fall_until: Option<Ts>,
    /// Who would be liquidated by a rise of maintenance margin.
    pub exposure: Option<&'a dyn Exposure>,
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
    /// For withdrawals of unrealised profit, parts per million; never below `m_im_ppm`.
    pub m_transfer_ppm: u64,
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
    /// Caps on open interest, where the book is known.
    pub interest: Option<InterestCaps>,
    /// What the rise of maintenance margin newly liquidates, where the accounts are known.
    pub blast: Option<Impact>,
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
            m_transfer_ppm: 0,
            fallback_m_ppm: 0,
            gap: 0.0,
            state: State::Fresh,
            stress: false,
            reasons: Vec::new(),
            mm_reasons: Vec::new(),
            notice: None,
            valid_until: ts,
            interest: None,
            blast: None,
        }
    }
}

/// The state machine of one instrument and horizon. It holds no clock and no randomness: the same
/// calls give the same bundles, and a replay of them gives an equal machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Guardrail {
    policy: Policy,
    flag: Flag,
    watch: Watch,
    interest: Option<InterestCaps>,
    killed: Killed,
    set: Option<Override>,
    live: Option<Live>,
}

/// Since when each requirement is frozen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Killed {
    pub im: Option<Ts>,
    pub mm: Option<Ts>,
}

impl Guardrail {
    /// With nothing published yet.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(policy: Policy) -> Result<Guardrail, Error> {
        policy.check()?;
        Ok(Guardrail {
            policy,
            flag: Flag::default(),
            watch: Watch::default(),
            interest: None,
            killed: Killed::default(),
            set: None,
            live: None,
        })
    }

    /// The settings.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Takes a reading of the order book: whether it is thin, and the caps on open interest, hold until the
    /// next.
    pub fn see(&mut self, ts: Ts, book: &Book) {
        let thin = self.watch.see(ts, book, &self.policy.thin);
        self.interest = InterestCaps::of(book, thin, &self.policy.thin);
    }

    /// Takes a fresh proposal. `None` until the first usable baseline; from then on always a
    /// bundle, whatever comes.
    pub fn step(&mut self, proposal: &Proposal) -> Option<Bundle> {
        self.step_under(proposal, &Conditions::default())
    }

    /// As [`Guardrail::step`], with what else is known.
    pub fn step_under(&mut self, proposal: &Proposal, now: &Conditions<'_>) -> Option<Bundle> {
        let mut why = Why::default();
        let numbers = [&proposal.baseline, &proposal.m].into_iter().chain(&proposal.p_stress);
        if numbers.chain(&proposal.long_run_var).any(|v| !v.is_finite()) {
            why.im.push(Reason::NonFinite);
        }
        if let Some(first) = proposal.p_stress.first() {
            self.flag.update(*first, &self.policy.hysteresis);
        }
        if let Some(book) = &now.book {
            self.see(proposal.ts, book);
        }
        let mut turn = self.turn(proposal.ts, now.exposure);
        if !BASELINE.contains(&proposal.baseline) {
            why.im.push(Reason::NoBaseline);
            let live = self.live.as_mut()?;
            return Some(live.publish(live.hold(&turn, why)));
        }
        turn.m = self.aim(proposal, now, &mut why.im);
        turn.no_fall = self.no_fall(proposal.ts, now);
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
        self.tick_under(now, None)
    }

    /// As [`Guardrail::tick`], where it is known who would be liquidated.
    pub fn tick_under(&mut self, now: Ts, exposure: Option<&dyn Exposure>) -> Option<Bundle> {
        let mut turn = self.turn(now, exposure);
        let live = self.live.as_mut()?;
        let held = live.clone();
        // What people set moves on without inputs, for as long as the last ones hold.
        let set = turn.set.filter(|_| turn.killed.im.is_none() && live.age(now) <= turn.policy.ladder.hold);
        let mut why = Why::default();
        if let Some(set) = set {
            why.im.push(Reason::Override);
            turn.m = Some(set.m());
        }
        turn.no_fall = self.watch.is_thin().then_some(Reason::Thin);
        let told = turn.killed != Killed::default() || set.is_some();
        let bundle = if told { live.advance(&turn, why) } else { live.wait(&turn) };
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
        self.kill_field(Field::Initial, on, ts);
        self.kill_field(Field::Maintenance, on, ts);
    }

    /// As [`Guardrail::kill`], of one requirement.
    pub fn kill_field(&mut self, field: Field, on: bool, ts: Ts) {
        let since = match field {
            Field::Initial => &mut self.killed.im,
            Field::Maintenance => &mut self.killed.mm,
        };
        *since = if on { since.or(Some(ts)) } else { None };
    }

    /// From now on aims at what people set, until it no longer holds.
    pub fn set(&mut self, set: Override) {
        self.set = Some(set);
    }

    /// Other settings from now on. A value in force above a lower cap glides down to it.
    ///
    /// # Errors
    /// A setting is out of range; those in force stay.
    pub fn settle(&mut self, policy: Policy) -> Result<(), Error> {
        policy.check()?;
        self.policy = policy;
        Ok(())
    }

    fn turn<'a>(&self, at: Ts, exposure: Option<&'a dyn Exposure>) -> Turn<'a> {
        Turn {
            at,
            m: None,
            emergency: false,
            killed: self.killed,
            set: self.set.filter(|s| at < s.until),
            no_fall: None,
            thin: self.watch.is_thin(),
            interest: self.interest,
            exposure,
            stress: self.flag.is_up(),
            policy: self.policy,
        }
    }

    /// The multiplier that is aimed at: what people set, else what the chain gives, raised where the
    /// inputs are doubted; and not less than a thin book wants. `None` holds the previous value.
    fn aim(&self, proposal: &Proposal, now: &Conditions<'_>, reasons: &mut Vec<Reason>) -> Option<f64> {
        let p = &self.policy;
        let mut m = match self.set.filter(|s| proposal.ts < s.until) {
            Some(set) => {
                reasons.push(Reason::Override);
                Some(set.m())
            }
            None => {
                let doubt = self.doubt(now);
                let add = doubt.map_or(0.0, |c| p.doubt.add * (1.0 - c / p.doubt.least));
                if doubt.is_some() {
                    reasons.push(Reason::LowConfidence);
                }
                bounded(proposal.m + add, p, reasons)
            }
        };
        if now.age.is_some_and(|age| age > p.doubt.rise_age) {
            reasons.push(Reason::Stale);
            return None;
        }
        if let Some(m) = m.as_mut().filter(|m| self.watch.is_thin() && **m < p.thin.m_min) {
            *m = p.thin.m_min.min(p.im.m_max);
            reasons.push(Reason::Thin);
        }
        m
    }

    /// The confidence, where it is too low. One that is no number is none.
    fn doubt(&self, now: &Conditions<'_>) -> Option<f64> {
        let confidence = now.confidence.map(|c| if c.is_nan() { 0.0 } else { c.max(0.0) });
        confidence.filter(|c| *c < self.policy.doubt.least)
    }

    /// Why nothing may fall now.
    fn no_fall(&self, at: Ts, now: &Conditions<'_>) -> Option<Reason> {
        if self.watch.is_thin() {
            Some(Reason::Thin)
        } else if self.doubt(now).is_some() {
            Some(Reason::LowConfidence)
        } else if now.age.is_some_and(|age| age > self.policy.doubt.fall_age) {
            Some(Reason::Stale)
        } else {
            now.no_fall_until.filter(|until| at < *until).map(|_| Reason::Kill)
        }
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
    use crate::margin::policy::Pace;
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

    fn under(guard: &mut Guardrail, hours: i64, m: f64, now: Conditions<'_>) -> Bundle {
        guard.step_under(&proposal(hours, 0.04, m, &[]), &now).unwrap()
    }

    #[test]
    fn a_thin_book_aims_higher_holds_maintenance_margin_and_lets_nothing_fall() {
        let mut guard = started(Policy::default());
        let book = |depth| {
            let book = Book { depth_50bp: depth, depth_100bp: 2.0 * depth, spread_bp: 1.0, open_interest: 30.0 };
            Conditions { book: Some(book), ..Conditions::default() }
        };
        (1..60).for_each(|h| drop(under(&mut guard, h, 1.1, book(100.0))));
        let before = under(&mut guard, 60, 1.1, book(100.0));
        assert_eq!((before.state, before.interest), (State::Fresh, Some(InterestCaps { soft: 60.0, hard: 200.0 })));
        (61..63).for_each(|h| assert_eq!(under(&mut guard, h, 1.1, book(5.0)).state, State::Fresh));
        let thin = under(&mut guard, 63, 1.0, book(5.0));
        assert_eq!((thin.state, thin.reasons.as_slice()), (State::Thin, [Reason::Thin, Reason::StepUp].as_slice()));
        assert_eq!(thin.mm_reasons.last(), Some(&Reason::Thin));
        let mut last = thin.clone();
        for h in 64..110 {
            last = under(&mut guard, h, 1.0, book(5.0));
            assert_eq!(last.c_mm, before.c_mm, "maintenance margin is frozen");
        }
        assert!((last.c_im - 0.05).abs() < 1e-3 && last.interest.unwrap().soft <= 30.0, "no new risk");
        // Deep again for three readings: then it falls, after confirmations and at its step.
        (111..114).for_each(|h| drop(under(&mut guard, h, 1.0, book(100.0))));
        assert_eq!(under(&mut guard, 114, 1.0, book(100.0)).state, State::Fresh);
        assert!(under(&mut guard, 120, 1.0, book(100.0)).c_im < last.c_im);
    }

    #[test]
    fn doubt_raises_and_late_inputs_lower_nothing() {
        let first = |confidence| {
            let now = Conditions { confidence: Some(confidence), ..Conditions::default() };
            under(&mut Guardrail::new(Policy::default()).unwrap(), 0, 1.2, now)
        };
        assert_eq!((first(0.55).m_im_ppm, first(1.0).m_im_ppm, first(0.55).reasons.len()), (1_200_000, 1_200_000, 0));
        assert!((first(0.275).c_im / 0.04 - 1.325).abs() < 1e-12, "half of 0.25 more");
        for none in [0.0, -1.0, f64::NAN] {
            assert_eq!((first(none).m_im_ppm, first(none).reasons), (1_450_000, vec![Reason::LowConfidence]));
        }
        let mut guard = Guardrail::new(Policy { confirmations: 0, ..Policy::default() }).unwrap();
        under(&mut guard, 0, 1.5, Conditions::default());
        let late = |minutes| Conditions { age: Some(Span::MINUTE.times(minutes)), ..Conditions::default() };
        assert_eq!(under(&mut guard, 10, 1.2, late(16)).reasons, [Reason::Stale]);
        assert_eq!(under(&mut guard, 20, 1.9, late(16)).reasons, [Reason::StepUp], "a rise goes through");
        let held = under(&mut guard, 30, 1.9, late(361));
        assert_eq!((held.reasons.as_slice(), held.c_im < 0.066), ([Reason::Stale].as_slice(), true));
        assert_eq!(under(&mut guard, 40, 1.2, late(15)).reasons, [Reason::StepDn]);
    }

    #[test]
    fn an_override_is_aimed_at_within_the_steps_and_ends_by_itself() {
        let mut guard = started(Policy { dead_band: 0.0, confirmations: 0, ..Policy::default() });
        let until = Ts(0) + Span::HOUR.times(72);
        guard.set(Override { m_ppm: 3_000_000, until });
        let m = |b: &Bundle| b.c_im / 0.04;
        let got = guard.step(&proposal(24, 0.04, 1.0, &[])).unwrap();
        assert!((m(&got) - 1.1).abs() < 1e-12, "no faster than a model may");
        assert_eq!(got.reasons, [Reason::Override, Reason::StepUp]);
        let got = guard.tick(Ts(0) + Span::HOUR.times(25)).unwrap();
        assert!(m(&got) > 1.1 && got.reasons.contains(&Reason::Override), "also between inputs");
        let end = guard.step(&proposal(72, 0.04, 1.0, &[])).unwrap();
        assert!(end.reasons == [Reason::StepDn] && m(&end) < m(&got));
    }

    #[test]
    fn a_cap_that_is_lowered_glides() {
        let mut guard = Guardrail::new(Policy::default()).unwrap();
        assert_eq!(guard.step(&proposal(0, 0.04, 2.0, &[])).unwrap().m_im_ppm, 2_000_000);
        let im = Pace { m_max: 1.5, ..Policy::default().im };
        guard.settle(Policy { im, ..Policy::default() }).unwrap();
        let got: Vec<f64> =
            (1..40).map(|d| guard.step(&proposal(24 * d, 0.04, 2.0, &[])).unwrap().c_im / 0.04).collect();
        assert!(got.windows(2).all(|w| w[1] >= 0.98 * w[0] - 1e-12 && w[1] <= w[0]));
        assert!((got[38] - 1.5).abs() < 1e-12 && got[0] > 1.9);
        assert!(guard.settle(Policy { dead_band: 9.0, ..Policy::default() }).is_err());
        assert_eq!(guard.policy().im.m_max, 1.5, "what is out of range changes nothing");
    }

    #[test]
    fn one_field_is_frozen_alone() {
        let mut guard = started(Policy::default());
        (1..48).for_each(|h| drop(guard.step(&proposal(h, 0.04, 1.5, &[]))));
        let before = guard.step(&proposal(48, 0.04, 1.5, &[])).unwrap();
        guard.kill_field(Field::Maintenance, true, Ts(0) + Span::HOUR.times(48));
        let after = guard.step(&proposal(60, 0.04, 1.5, &[])).unwrap();
        assert!(after.c_im > before.c_im && after.c_mm < before.c_mm && after.state == State::Fresh);
        assert_eq!(after.mm_reasons.last(), Some(&Reason::Kill));
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
