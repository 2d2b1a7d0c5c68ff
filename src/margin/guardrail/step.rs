//! What is in force for one instrument and horizon: both requirements, moved and checked together.

use super::blast::{Exposure, Impact};
use super::headroom::Headroom;
use super::interest_caps::InterestCaps;
use super::limits::{Ask, Requirement};
use super::lows::Lows;
use super::notice::Notice;
use super::order::Override;
use super::output::Output;
use super::policy::{IM_OVER_MM, Policy};
use super::recheck::Derived;
use crate::base::{Span, Ts};
use crate::margin::{Reason, State};

/// Reasons of one step: of initial margin and the set, and of maintenance margin.
#[derive(Default)]
pub(super) struct Why {
    pub im: Vec<Reason>,
    pub mm: Vec<Reason>,
}

/// Since when each requirement is frozen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Killed {
    pub im: Option<Ts>,
    pub mm: Option<Ts>,
}

/// One call to the machine.
pub(super) struct Input<'a> {
    pub at: Ts,
    /// The multiplier that is wanted before the schedule; the previous value holds without one.
    pub m: Option<f64>,
    /// The same for what is new, whose cap may be higher.
    pub m_new: Option<f64>,
    /// Whether enough models call an emergency.
    pub emergency: bool,
    pub killed: Killed,
    /// What people set, while it holds.
    pub set: Option<Override>,
    /// Why nothing may fall, if nothing may.
    pub no_fall: Option<Reason>,
    /// Whether the book is thin.
    pub thin: bool,
    pub interest: Option<InterestCaps>,
    pub exposure: Option<&'a dyn Exposure>,
    /// Whether the flag of the stressed regime is up.
    pub stress: bool,
    /// Whether outputs say how far initial margin may still rise.
    pub headroom: bool,
    /// Factor of the schedule; 1 where it does not act.
    pub factor: f64,
    pub policy: Policy,
}

impl Input<'_> {
    fn state(&self) -> State {
        match (self.killed.im, self.thin) {
            (Some(_), _) => State::Killed,
            (None, true) => State::Thin,
            (None, false) => State::Fresh,
        }
    }
}

/// What there is once a first baseline came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InForce {
    pub(super) baseline: f64,
    pub(super) long_run_var: f64,
    pub(super) im: Requirement,
    pub(super) mm: Requirement,
    /// What opens, adds or withdraws, where it has a pace of its own.
    pub(super) new: Option<Requirement>,
    /// Largest multipliers now: those of the settings, or above them what people set and what a
    /// lowered cap left, which glide down.
    pub(super) roof_im: f64,
    roof_mm: f64,
    pub(super) roof_new: f64,
    /// Multipliers that maintenance margin was told to be aimed at.
    lift: Lows,
    notice: Option<Notice>,
    /// Time of the newest input.
    input: Ts,
    /// Time of the last step or glide, from which the next interval is measured.
    pub(super) paced: Ts,
    /// Factor of the schedule in force: that of the newest input, until the next.
    pub factor: f64,
    /// Multiplier in force at the newest input; the ladder starts from it.
    fresh_m: f64,
    /// The last output that was published.
    pub last: Published,
}

/// What is remembered of an output that was published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Published {
    pub ts: Ts,
    pub state: State,
    pub m_im_ppm: u64,
    pub m_mm_ppm: u64,
    gap: f64,
}

impl Published {
    fn of(output: &Output) -> Published {
        let Output { ts, state, m_im_ppm, m_mm_ppm, gap, .. } = *output;
        Published { ts, state, m_im_ppm, m_mm_ppm, gap }
    }
}

impl InForce {
    /// From the first proposal: no step limit binds, and maintenance margin starts without a lift,
    /// for none was told ahead.
    pub fn start(turn: &Input<'_>, baseline: f64, long_run_var: f64, mut why: Why) -> (InForce, Output) {
        let (at, p) = (turn.at, &turn.policy);
        let m = turn.m.filter(|_| turn.killed.im.is_none()).unwrap_or(p.m_min);
        let (floor, target) = (p.m_min * baseline, m * baseline);
        let c = target.min(floor.max(p.long_run_cap * long_run_var));
        let most = floor.max(p.long_run_cap * long_run_var);
        let m_new = turn.m_new.filter(|_| turn.killed.im.is_none()).unwrap_or(m);
        let new = p.new.map(|_| Requirement::new(at, (m_new * baseline).min(most).max(c)));
        if c < target {
            why.im.push(Reason::TotalLift);
        }
        if turn.killed.im.is_some() {
            why.im.push(Reason::Kill);
        }
        let mut live = InForce {
            baseline,
            long_run_var,
            im: Requirement::new(at, c),
            mm: Requirement::new(at, p.mm_share * floor),
            new,
            roof_im: p.im.m_max.max(turn.set.map_or(0.0, |s| s.m())),
            roof_mm: p.mm.m_max,
            roof_new: p.new.unwrap_or(p.im).m_max.max(turn.set.map_or(0.0, |s| s.m())),
            lift: Lows::default(),
            notice: None,
            input: at,
            paced: at,
            factor: turn.factor,
            fresh_m: 1.0,
            last: Published { ts: at, state: State::Fresh, m_im_ppm: 0, m_mm_ppm: 0, gap: 0.0 },
        };
        live.lift.set(at, p.m_min, p.mm_notice);
        live.told(at, m, &mut why, p);
        let asked = live.asked(p);
        live.fresh_m = asked / baseline;
        let output = live.output(turn, turn.state(), live.factor * target - asked, why, None);
        let output = live.publish(output);
        (live, output)
    }

    /// Takes fresh inputs.
    pub fn see(&mut self, at: Ts, baseline: f64, long_run_var: f64) {
        self.input = self.input.max(at);
        (self.baseline, self.long_run_var) = (baseline, long_run_var);
    }

    /// Moves both requirements one step toward the target, or toward the baseline when killed.
    pub fn advance(&mut self, turn: &Input<'_>, mut why: Why) -> Output {
        let (at, p) = (turn.at, &turn.policy);
        let held = (self.im.steps, self.mm.steps, self.factor, self.new.as_ref().map(|new| new.steps));
        let im_pace = p.im_pace();
        let interval = im_pace.counted(at - self.paced);
        self.raise_roofs(turn, interval);
        let mut im = self.ask_im(at, interval, turn.m, p);
        im.no_fall = turn.no_fall;
        im.emergency = turn.emergency;
        let m_mm = turn.m.map(|m| self.told(at, m, &mut why, p));
        let mut mm = self.ask_mm(at, interval, m_mm, p);
        mm.no_fall = turn.no_fall;
        let glide = |since: Ts| im_pace.counted(at - self.paced.max(since + p.kill_freeze));
        self.factor = turn.factor;
        let (im_glide, mm_glide) = (turn.killed.im.map(glide), turn.killed.mm.map(glide));
        let c_im = match im_glide {
            None => self.im.pace(&im, p, &mut why.im),
            Some(span) => {
                why.im.push(Reason::Kill);
                self.sink_factor(turn, span);
                self.im.sink(&im, span, p)
            }
        };
        let c_mm = match mm_glide {
            _ if turn.thin => {
                why.mm.push(Reason::Thin);
                self.mm.c
            }
            None => self.mm.pace(&mm, p, &mut why.mm),
            Some(span) => {
                if turn.killed.im.is_none() {
                    why.mm.push(Reason::Kill);
                }
                self.mm.sink(&mm, span, p)
            }
        };
        let c_im = self.im.bound(&im, c_im, p, &mut why.im);
        let c_mm = self.mm.bound(&mm, c_mm, p, &mut why.mm);
        let (c_mm, blast) = self.spread(c_mm, turn, &mut why);
        let (c_im, c_mm) = self.pair(c_im, c_mm, &mm, p, &mut why);
        let moved = self.move_new(turn, interval, im_glide, c_im);
        if turn.killed.im.is_some() {
            // It follows an initial margin that people let glide down, whatever it wants.
            mm.target = mm.target.min(p.mm_share * c_im);
        }
        let asks = (turn.killed.im.is_none().then_some(&im), (turn.killed.mm.is_none() && !turn.thin).then_some(&mm));
        if self.is_consistent((c_im, c_mm), asks, p) {
            self.im.set(at, c_im);
            self.mm.set(at, c_mm);
            self.new.iter_mut().zip(moved).for_each(|(new, c)| new.set(at, c));
        } else {
            (self.im.steps, self.mm.steps, self.factor) = (held.0, held.1, held.2);
            self.new.iter_mut().zip(held.3).for_each(|(new, steps)| new.steps = steps);
            why.im.push(Reason::PostClampDeviation);
        }
        self.paced = self.paced.max(at);
        let asked = self.asked(p);
        self.fresh_m = asked / self.baseline;
        self.output(turn, turn.state(), self.factor * im.target - asked, why, blast)
    }

    /// Caps above those of the settings last while people set them, and then glide down.
    fn raise_roofs(&mut self, turn: &Input<'_>, interval: Span) {
        let p = &turn.policy;
        let set = turn.set.map_or(p.im.m_max, |s| s.m());
        self.roof_im = p.im.m_max.max(set).max(p.im_pace().fall(self.roof_im, interval));
        let (new, pace) = (p.new.unwrap_or(p.im).m_max, p.new_pace().unwrap_or(p.im_pace()));
        self.roof_new = new.max(set).max(pace.fall(self.roof_new, interval));
        self.roof_mm = p.mm.m_max.max(p.mm_pace().fall(self.roof_mm, interval));
    }

    /// No input came: the ladder. Maintenance margin holds, for raising it liquidates.
    pub fn wait(&mut self, turn: &Input<'_>) -> Output {
        let (now, p) = (turn.at, &turn.policy);
        let (state, m) = p.ladder.at(now - self.input, self.fresh_m);
        let mut why = Why::default();
        if state != State::Fresh {
            why.im.push(Reason::Stale);
            let ask = self.ask_im(now, Span(0), Some((m / self.factor).min(self.roof_im)), p);
            let c = ask.target.min(self.im.lift_cap(&ask, p)).max(self.im.c);
            let budget = self.im.budget(now, &ask.pace, 1.0);
            if c > budget {
                why.im.push(Reason::Budget);
            }
            let c = c.min(budget);
            self.im.set(now, c);
            self.wait_new(now, m, c, p);
        }
        let state = if state == State::Fresh { turn.state() } else { state };
        self.output(turn, state, self.last.gap, why, None)
    }

    /// Age of the newest input.
    pub fn age(&self, now: Ts) -> Span {
        now - self.input
    }

    /// Nothing can be made of this turn: what is in force holds.
    pub fn hold(&self, turn: &Input<'_>, why: Why) -> Output {
        self.output(turn, self.last.state, self.last.gap, why, None)
    }

    pub(super) fn ask_im(&self, at: Ts, interval: Span, m: Option<f64>, p: &Policy) -> Ask {
        Ask {
            at,
            interval,
            target: m.map_or(self.im.c, |m| m * self.baseline),
            baseline: self.baseline,
            pace: p.im_pace(),
            emergency: false,
            hard_max: self.roof_im * self.baseline,
            long_run_max: p.long_run_cap * self.long_run_var,
            day_cap: p.day_cap,
            no_fall: None,
        }
    }

    fn ask_mm(&self, at: Ts, interval: Span, m: Option<f64>, p: &Policy) -> Ask {
        let baseline = p.mm_share * self.baseline;
        Ask {
            at,
            interval,
            target: m.map_or(self.mm.c, |m| m * baseline),
            baseline,
            pace: p.mm_pace(),
            emergency: false,
            hard_max: self.roof_mm * baseline,
            long_run_max: p.mm_share * p.long_run_cap * self.long_run_var,
            day_cap: p.day_cap,
            no_fall: None,
        }
    }

    /// The multiplier that maintenance margin may aim at: down at once, up only as far as was told
    /// a notice ago.
    fn told(&mut self, at: Ts, m: f64, why: &mut Why, p: &Policy) -> f64 {
        let m = m.min(p.mm.m_max);
        self.lift.set(at, m, p.mm_notice);
        let stood = self.lift.since(at - p.mm_notice);
        let now = self.mm.c / (p.mm_share * self.baseline);
        let may = stood.max(now.min(m));
        self.notice = (may < m).then(|| Notice { m_mm_ppm: ppm(m, p), from: at + p.mm_notice });
        if self.notice.is_some() {
            why.mm.push(Reason::Notice);
        }
        may
    }

    /// The check after clamping: what the published multipliers of a new pair ask of the engine, worked out
    /// again, is what was decided, did not move against intent, and the pair fits, before the schedule and after it.
    fn is_consistent(&self, (c_im, c_mm): (f64, f64), asks: (Option<&Ask>, Option<&Ask>), p: &Policy) -> bool {
        let (m_im, m_mm) = self.multipliers((c_im, c_mm), p);
        let quantum = p.quantum_ppm as f64 / 1e6;
        let check = |now: f64, old: &Requirement, m: u64, b: f64, ask: Option<&Ask>| {
            let wanted = |a: &Ask| a.target.min(old.lift_cap(a, p)).max(p.m_min * b).min(a.hard_max);
            let after = m as f64 / 1e6 * b;
            let wanted = ask.map_or(after, wanted);
            let derived = Derived { before: old.c, wanted, after, live: now, rounding: quantum * b };
            derived.check(p.recheck_tolerance).is_ok().then_some(after)
        };
        let b = self.baseline;
        let im = check(c_im, &self.im, m_im, b, asks.0);
        let mm = check(c_mm, &self.mm, m_mm, p.mm_share * b, asks.1);
        let fits = |im: f64, mm: f64| m_im >= m_mm && im >= IM_OVER_MM * mm * (1.0 - 1e-9);
        let published = self.multipliers((self.scheduled((c_im, c_mm), p), c_mm), p).0 as f64 / 1e6 * b;
        im.zip(mm).is_some_and(|(im, mm)| fits(im, mm) && fits(published, mm))
    }

    fn multipliers(&self, (c_im, c_mm): (f64, f64), p: &Policy) -> (u64, u64) {
        let m_im = ppm(c_im / self.baseline, p);
        // Equal multipliers may differ in the last bit before rounding up.
        (m_im, ppm(c_mm / (p.mm_share * self.baseline), p).min(m_im))
    }

    fn output(&self, turn: &Input<'_>, state: State, gap: f64, why: Why, blast: Option<Impact>) -> Output {
        let p = &turn.policy;
        let c_im = self.asked(p);
        let (m_im_ppm, m_mm_ppm) = self.multipliers((c_im, self.mm.c), p);
        let c_new = self.asked_new(c_im, p);
        let m_new_ppm = ppm(c_new / self.baseline, p).max(m_im_ppm);
        let headroom = || self.im.headroom(turn.at, &p.im_pace(), p);
        Output {
            ts: turn.at,
            c_im,
            c_mm: self.mm.c,
            unscheduled: self.im.c,
            factor: self.factor,
            c_new,
            unscheduled_new: self.unscheduled_new(),
            m_new_ppm,
            m_im_ppm,
            m_mm_ppm,
            m_transfer_ppm: m_new_ppm.max(ppm(p.transfer_min, p)),
            fallback_m_ppm: m_im_ppm.max(ppm(p.ladder.fallback_m.min(p.im.m_max), p)),
            gap: gap.max(0.0),
            headroom: if turn.headroom { headroom() } else { Headroom::UNTOLD },
            state,
            stress: turn.stress,
            reasons: why.im,
            mm_reasons: why.mm,
            notice: self.notice,
            valid_until: turn.at + p.heartbeat.times(3),
            interest: turn.interest,
            blast,
        }
    }

    /// Remembers a output as published.
    pub fn publish(&mut self, output: Output) -> Output {
        self.last = Published::of(&output);
        output
    }
}

/// A multiplier in parts per million, rounded up to the quantum. A billionth of a quantum is
/// forgiven, so that a product and its quotient give the same multiplier.
pub(super) fn ppm(m: f64, p: &Policy) -> u64 {
    let quanta = m * 1e6 / p.quantum_ppm as f64;
    ((quanta - 1e-9).ceil().max(1.0) as u64).saturating_mul(p.quantum_ppm)
}

#[cfg(test)]
mod tests;
