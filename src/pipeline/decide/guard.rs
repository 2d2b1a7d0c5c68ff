//! What stands between the multiplier and what is asked: the guardrails, or nothing.

use crate::base::Ts;
use crate::event::snapshot::Book;
use crate::margin::guardrail::blast::Exposure;
use crate::margin::guardrail::headroom::Headroom;
use crate::margin::guardrail::order::{Field, Override};
use crate::margin::{Conditions, Guardrail, Output, Policy, Proposal, Reason, State};
use crate::pipeline::error::Error;

/// Either of them.
pub(super) enum Guard {
    Guardrail(Box<Guardrail>),
    None(Box<Unguarded>),
}

/// The margin that the multiplier wants, as it is. A freeze holds it; nothing else does.
pub(super) struct Unguarded {
    policy: Policy,
    frozen: bool,
    set: Option<Override>,
    last: Option<Output>,
}

impl Guard {
    pub fn new(policy: Policy, unguarded: bool) -> Result<Guard, Error> {
        let bad = |e| Error::Settings(format!("margin: {e}"));
        policy.check().map_err(bad)?;
        Ok(match unguarded {
            true => Guard::None(Box::new(Unguarded { policy, frozen: false, set: None, last: None })),
            false => Guard::Guardrail(Box::new(Guardrail::new(policy).map_err(bad)?)),
        })
    }
    pub fn policy(&self) -> &Policy {
        match self {
            Guard::Guardrail(guardrail) => guardrail.policy(),
            Guard::None(none) => &none.policy,
        }
    }
    pub fn step(&mut self, proposal: &Proposal, now: &Conditions<'_>) -> Option<Output> {
        match self {
            Guard::Guardrail(guardrail) => guardrail.step_under(proposal, now),
            Guard::None(none) => none.step(proposal),
        }
    }
    pub fn tick(&mut self, now: Ts, exposure: Option<&dyn Exposure>) -> Option<Output> {
        match self {
            Guard::Guardrail(guardrail) => guardrail.tick_under(now, exposure),
            Guard::None(none) => none.tick(now),
        }
    }
    pub fn see(&mut self, at: Ts, book: &Book) {
        if let Guard::Guardrail(guardrail) = self {
            guardrail.see(at, book);
        }
    }
    pub fn freeze(&mut self, field: Option<Field>, on: bool, at: Ts) {
        match (self, field) {
            (Guard::Guardrail(guardrail), None) => guardrail.kill(on, at),
            (Guard::Guardrail(guardrail), Some(field)) => guardrail.kill_field(field, on, at),
            (Guard::None(none), None | Some(Field::Initial)) => none.frozen = on,
            // Maintenance margin is a share of initial margin here.
            (Guard::None(_), Some(Field::Maintenance)) => {}
        }
    }
    pub fn set(&mut self, set: Override) {
        match self {
            Guard::Guardrail(guardrail) => guardrail.set(set),
            Guard::None(none) => none.set = Some(set),
        }
    }
    pub fn settle(&mut self, policy: Policy) -> Result<(), Error> {
        let settled = match self {
            Guard::Guardrail(guardrail) => guardrail.settle(policy),
            Guard::None(none) => policy.check().map(|()| none.policy = policy),
        };
        settled.map_err(|e| Error::Settings(format!("margin: {e}")))
    }
}

impl Unguarded {
    fn step(&mut self, proposal: &Proposal) -> Option<Output> {
        let set = self.set.filter(|set| proposal.ts < set.until);
        let (b, m) = (proposal.baseline, set.map_or(proposal.m, |set| set.m()));
        let c = b * m;
        let sound = b > 0.0 && c > 0.0 && c.is_finite();
        if self.frozen || !sound {
            let why = if self.frozen { Reason::Kill } else { Reason::NonFinite };
            return self.hold(proposal.ts, why);
        }
        let p = &self.policy;
        let m_ppm = whole(m, p.quantum_ppm);
        let bundle = Output {
            c_im: c,
            unscheduled: c,
            factor: 1.0,
            c_new: c,
            unscheduled_new: c,
            m_new_ppm: m_ppm,
            c_mm: p.mm_share * c,
            m_im_ppm: m_ppm,
            m_mm_ppm: m_ppm,
            m_transfer_ppm: m_ppm.max(whole(p.transfer_min, p.quantum_ppm)),
            fallback_m_ppm: m_ppm.max(whole(p.ladder.fallback_m, p.quantum_ppm)),
            reasons: set.map(|_| Reason::Override).into_iter().collect(),
            valid_until: proposal.ts + p.heartbeat.times(3),
            ts: proposal.ts,
            gap: 0.0,
            headroom: Headroom::UNTOLD,
            state: State::Fresh,
            stress: false,
            mm_reasons: Vec::new(),
            notice: None,
            interest: None,
            blast: None,
        };
        Some(self.last.insert(bundle).clone())
    }
    /// The last one again.
    fn hold(&mut self, ts: Ts, why: Reason) -> Option<Output> {
        let last = self.last.as_mut()?;
        let state = if self.frozen { State::Killed } else { last.state };
        *last =
            Output { ts, state, reasons: vec![why], valid_until: ts + self.policy.heartbeat.times(3), ..last.clone() };
        Some(last.clone())
    }
    /// A freeze that begins or ends is shown.
    fn tick(&mut self, now: Ts) -> Option<Output> {
        let was = self.last.as_ref()?.state == State::Killed;
        match (was, self.frozen) {
            (false, true) => self.hold(now, Reason::Kill),
            (true, false) => {
                let last = self.last.as_mut()?;
                *last = Output { ts: now, state: State::Fresh, reasons: Vec::new(), ..last.clone() };
                Some(last.clone())
            }
            _ => None,
        }
    }
}

/// Parts per million, rounded up to the quantum.
fn whole(m: f64, quantum_ppm: u64) -> u64 {
    let quanta = m * 1e6 / quantum_ppm as f64;
    ((quanta - 1e-9).ceil().max(1.0) as u64).saturating_mul(quantum_ppm)
}
