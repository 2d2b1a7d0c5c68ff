//! The state machine of one instrument and horizon, from proposal to output.

use super::blast::Exposure;
use super::hysteresis::Flag;
use super::interest_caps::InterestCaps;
use super::order::{Field, Override};
use super::output::Output;
use super::policy::Policy;
use super::proposal::{Conditions, Proposal};
use super::step::{InForce, Input, Killed, Why};
use super::thin_book::BookWatch;
use crate::base::Ts;
use crate::event::snapshot::Book;
use crate::margin::schedule::FACTOR_PPM;
use crate::margin::{Error, Reason};

/// Baselines outside this range are no loss fractions; nothing is published from them.
const BASELINE: std::ops::RangeInclusive<f64> = 1e-12..=1e6;

/// The state machine of one instrument and horizon. It holds no clock and no randomness: the same
/// calls give the same outputs, and a replay of them gives an equal machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Guardrail {
    policy: Policy,
    flag: Flag,
    watch: BookWatch,
    interest: Option<InterestCaps>,
    killed: Killed,
    set: Option<Override>,
    live: Option<InForce>,
    headroom: bool,
}

impl Guardrail {
    /// With nothing published yet.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(policy: Policy) -> Result<Guardrail, Error> {
        policy.check()?;
        Ok(Guardrail {
            policy: policy.of_rows(policy.row()),
            flag: Flag::default(),
            watch: BookWatch::default(),
            interest: None,
            killed: Killed::default(),
            set: None,
            live: None,
            headroom: true,
        })
    }

    /// The same, whose outputs do not say how far initial margin may still rise: it is most of the work of a step.
    #[must_use]
    pub fn without_headroom(self) -> Guardrail {
        Guardrail { headroom: false, ..self }
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
    /// output, whatever comes.
    pub fn step(&mut self, proposal: &Proposal) -> Option<Output> {
        self.step_under(proposal, &Conditions::default())
    }

    /// As [`Guardrail::step`], with what else is known.
    pub fn step_under(&mut self, proposal: &Proposal, now: &Conditions<'_>) -> Option<Output> {
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
        turn.factor = self.factor(proposal.ts, now);
        let most = self.policy.im.m_max;
        turn.m = self.aim(proposal, now, (turn.factor, most), &mut why.im);
        turn.m_new = match self.policy.new.map(|new| new.m_max).filter(|m_max| *m_max != most) {
            Some(m_max) => self.aim(proposal, now, (turn.factor, m_max), &mut Vec::new()),
            None => turn.m,
        };
        turn.no_fall = self.no_fall(proposal.ts, now);
        let calls = proposal.p_stress.iter().filter(|s| **s >= turn.policy.emergency_p).count();
        turn.emergency = calls >= turn.policy.emergency_models;
        let long_run = proposal.long_run_var.filter(|v| v.is_finite() && *v > 0.0).unwrap_or(f64::INFINITY);
        let Some(live) = &mut self.live else {
            let (live, output) = InForce::start(&turn, proposal.baseline, long_run, why);
            self.live = Some(live);
            return Some(output);
        };
        live.see(proposal.ts, proposal.baseline, long_run);
        let output = live.advance(&turn, why);
        Some(live.publish(output))
    }

    /// Tells the time when no input came. Gives a output when the ladder moves the value or its
    /// state, when a killed value glides, and at each heartbeat.
    pub fn tick(&mut self, now: Ts) -> Option<Output> {
        self.tick_under(now, None)
    }

    /// As [`Guardrail::tick`], where it is known who would be liquidated.
    pub fn tick_under(&mut self, now: Ts, exposure: Option<&dyn Exposure>) -> Option<Output> {
        let mut turn = self.turn(now, exposure);
        let live = self.live.as_mut()?;
        let held = live.clone();
        // What people set moves on without inputs, for as long as the last ones hold.
        let set = turn.set.filter(|_| turn.killed.im.is_none() && live.age(now) <= turn.policy.ladder.hold);
        let mut why = Why::default();
        if let Some(set) = set {
            why.im.push(Reason::Override);
            turn.factor = live.factor_when_set(now, &turn.policy);
            turn.m = Some((set.m() / turn.factor).max(turn.policy.m_min));
            turn.m_new = turn.m;
        }
        turn.no_fall = self.watch.is_thin().then_some(Reason::Thin);
        let told = turn.killed != Killed::default() || set.is_some();
        let output = if told { live.advance(&turn, why) } else { live.wait(&turn) };
        let last = &live.last;
        let moved = (output.state, output.m_im_ppm, output.m_mm_ppm) != (last.state, last.m_im_ppm, last.m_mm_ppm);
        let beat = now - last.ts >= turn.policy.heartbeat;
        if !(moved || beat) {
            *live = held; // What is not published is not in force.
            return None;
        }
        Some(live.publish(output))
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

    /// Other settings from now on. A value in force above a lower cap glides down to it; one above a smaller budget
    /// holds. What was in force before counts in every window.
    ///
    /// # Errors
    /// A setting is out of range; those in force stay.
    pub fn settle(&mut self, policy: Policy) -> Result<(), Error> {
        policy.check()?;
        self.policy = policy.of_rows(self.policy.row());
        Ok(())
    }

    fn turn<'a>(&self, at: Ts, exposure: Option<&'a dyn Exposure>) -> Input<'a> {
        Input {
            at,
            m: None,
            m_new: None,
            emergency: false,
            killed: self.killed,
            set: self.set.filter(|s| at < s.until),
            no_fall: None,
            thin: self.watch.is_thin(),
            interest: self.interest,
            exposure,
            stress: self.flag.is_up(),
            headroom: self.headroom,
            factor: self.live.as_ref().map_or(1.0, |live| live.factor),
            policy: self.policy,
        }
    }

    /// The factor of the schedule at a proposal. Under what people freeze it stays what it was, under what they set it
    /// glides to one.
    fn factor(&self, at: Ts, now: &Conditions<'_>) -> f64 {
        let set = self.set.is_some_and(|s| at < s.until);
        match &self.live {
            Some(live) if self.killed.im.is_some() => return live.factor,
            Some(live) if set => return live.factor_when_set(at, &self.policy),
            None if set => return 1.0,
            _ => {}
        }
        let factor = now.schedule.filter(|s| self.policy.schedule && s.is_finite()).unwrap_or(1.0);
        factor.clamp(*FACTOR_PPM.start() as f64 / 1e6, *FACTOR_PPM.end() as f64 / 1e6)
    }

    /// The multiplier that is aimed at before the schedule: what people set, else what the chain gives, raised where the
    /// inputs are doubted; and not less than a thin book wants. `None` holds the previous value.
    fn aim(
        &self,
        proposal: &Proposal,
        now: &Conditions<'_>,
        (factor, m_max): (f64, f64),
        reasons: &mut Vec<Reason>,
    ) -> Option<f64> {
        let p = &self.policy;
        let mut m = match self.set.filter(|s| proposal.ts < s.until) {
            Some(set) => {
                reasons.push(Reason::Override);
                Some((set.m() / factor).max(p.m_min))
            }
            None => {
                let doubt = self.doubt(now);
                let add = doubt.map_or(0.0, |c| p.doubt.add * (1.0 - c / p.doubt.least));
                if doubt.is_some() {
                    reasons.push(Reason::LowConfidence);
                }
                bounded((proposal.m + add) / factor, (p.m_min, m_max), reasons)
            }
        };
        if now.age.is_some_and(|age| age > p.doubt.rise_age) {
            reasons.push(Reason::Stale);
            return None;
        }
        let thin = p.thin.m_min / factor;
        if let Some(m) = m.as_mut().filter(|m| self.watch.is_thin() && **m < thin) {
            *m = thin.min(m_max);
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
fn bounded(m: f64, (m_min, m_max): (f64, f64), reasons: &mut Vec<Reason>) -> Option<f64> {
    if !m.is_finite() {
        return None;
    }
    if m > m_max {
        reasons.push(Reason::Cap);
    } else if m < m_min {
        reasons.push(Reason::Floor);
    }
    Some(m.max(m_min).min(m_max))
}

#[cfg(test)]
mod tests;
