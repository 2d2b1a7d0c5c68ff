//! One requirement in force, and how far it may move at the next step.

use std::collections::VecDeque;

use super::headroom::Headroom;
use super::lows::Lows;
use super::pace::{EMERGENCY_TIMES, LONGEST, RowPace};
use super::policy::{Mode, Policy};
use crate::base::{Span, Ts};
use crate::margin::Reason;

/// Past values kept at most; older ones within the day are then taken as the oldest kept.
const PAST: usize = 4096;

/// A requirement `C` with what its limits need to remember.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Requirement {
    /// In force now, fraction of notional.
    pub c: f64,
    /// What is remembered of its last steps.
    pub steps: Steps,
    /// (since when, value), oldest first; reaches back one day.
    past: VecDeque<(Ts, f64)>,
    /// The least of any stretch that a budget may have.
    lows: Lows,
}

/// What a requirement remembers of its last steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Steps {
    raised: Option<Ts>,
    lowered: Option<Ts>,
    lower_targets: u32,
    lagged: u32,
}

/// What one step asks of a requirement.
pub(super) struct Ask {
    pub at: Ts,
    /// Since the last step, as far as it counts.
    pub interval: Span,
    /// Where the multiplier wants it.
    pub target: f64,
    /// Its own baseline.
    pub baseline: f64,
    /// Its steps and budgets.
    pub pace: RowPace,
    /// Whether the emergency lane is open.
    pub emergency: bool,
    /// Largest requirement: multiplier cap times baseline.
    pub hard_max: f64,
    /// Long-run cap times long-run VaR.
    pub long_run_max: f64,
    /// Largest requirement over that of a day before; what is new has budgets alone.
    pub day_cap: f64,
    /// Why it may not fall now, if it may not.
    pub no_fall: Option<Reason>,
}

impl Requirement {
    pub fn new(at: Ts, c: f64) -> Requirement {
        let mut lows = Lows::default();
        lows.set(at, c, LONGEST);
        let past = VecDeque::from([(at, c)]);
        Requirement { c, steps: Steps::default(), past, lows }
    }

    /// Moves toward the target under dead band, confirmations, intervals, step limits and budgets.
    pub fn pace(&mut self, ask: &Ask, p: &Policy, reasons: &mut Vec<Reason>) -> f64 {
        let c = self.c;
        let frozen = ask.no_fall.filter(|_| ask.target < c);
        let lower = ask.target < c && frozen.is_none();
        self.steps.lower_targets = if lower { self.steps.lower_targets.saturating_add(1) } else { 0 };
        if ask.target == c {
            return c;
        }
        if let Some(why) = frozen {
            reasons.push(why);
            return c;
        }
        if (ask.target / c - 1.0).abs() < p.dead_band {
            reasons.push(Reason::Deadband);
            return c;
        }
        let since = |last: Option<Ts>| last.map_or(ask.pace.counted(Span(i64::MAX)), |t| ask.at - t);
        if ask.target > c {
            if since(self.steps.raised) < p.min_between_increases {
                reasons.push(Reason::Cooldown);
                return c;
            }
            let span = ask.interval.max(since(self.steps.raised).min(p.min_between_increases));
            let risen = self.rise(ask, span, reasons);
            if risen > c {
                self.steps.raised = Some(ask.at);
            }
            risen
        } else {
            if self.steps.lower_targets < p.confirmations || since(self.steps.lowered) < p.min_between_decreases {
                reasons.push(Reason::Cooldown);
                return c;
            }
            let span = ask.interval.max(since(self.steps.lowered).min(p.min_between_decreases));
            let limit = ask.pace.fall(c, span);
            self.steps.lowered = Some(ask.at);
            if ask.target < limit {
                reasons.push(Reason::StepDn);
            }
            ask.target.max(limit)
        }
    }

    /// As far up toward the target as a step and the budgets let it; both are doubled in the emergency lane.
    fn rise(&self, ask: &Ask, span: Span, reasons: &mut Vec<Reason>) -> f64 {
        let most = |times: f64| (ask.pace.rise(self.c, span, times), self.budget(ask.at, &ask.pace, times));
        let (mut step, mut budget) = most(1.0);
        if ask.emergency && ask.target > step.min(budget) {
            (step, budget) = most(EMERGENCY_TIMES);
            reasons.push(Reason::EmergencyLane);
        }
        let mut risen = ask.target;
        for (limit, why) in [(step, Reason::StepUp), (budget, Reason::Budget)] {
            if risen > limit {
                risen = limit;
                reasons.push(why);
            }
        }
        risen
    }

    /// The most that budgets of `times` the usual ones let it be; never below what is in force.
    pub fn budget(&self, at: Ts, pace: &RowPace, times: f64) -> f64 {
        let most = pace.budgets.iter().map(|b| (1.0 + times * b.rise) * self.lows.since(at - b.over));
        most.fold(f64::INFINITY, f64::min).max(self.c)
    }

    /// How far it may still rise.
    pub fn headroom(&self, at: Ts, pace: &RowPace, p: &Policy) -> Headroom {
        Headroom::of(at, self.c, &self.lows, pace, p.min_between_increases)
    }

    /// Toward the baseline at the down step, without dead band, confirmations or intervals.
    pub fn sink(&self, ask: &Ask, span: Span, p: &Policy) -> f64 {
        if ask.no_fall.is_some() {
            return self.c;
        }
        ask.pace.fall(self.c, span).max(p.m_min * ask.baseline).min(self.c)
    }

    /// Bounds a moved value, the stronger rule last: caps on the total lift, the floor of the mode,
    /// the cap on the multiplier.
    pub fn bound(&mut self, ask: &Ask, moved: f64, p: &Policy, reasons: &mut Vec<Reason>) -> f64 {
        let mut c = moved;
        let cap = self.lift_cap(ask, p);
        if c > cap {
            c = cap;
            let long_run_binds = ask.long_run_max <= ask.day_cap * self.a_day_ago(ask.at);
            reasons.push(if long_run_binds { Reason::TotalLift } else { Reason::DayLift });
        }
        c = self.floor(ask, c, p, reasons);
        if c > ask.hard_max {
            c = ask.hard_max;
            reasons.push(Reason::Cap);
        }
        c
    }

    /// Cap on the total lift. What the baseline alone asks is no lift, and on a value in force the
    /// cap acts at the down step, so that it never makes a cliff.
    pub fn lift_cap(&self, ask: &Ask, p: &Policy) -> f64 {
        let cap = ask.long_run_max.min(ask.day_cap * self.a_day_ago(ask.at));
        let least = if ask.no_fall.is_some() { self.c } else { ask.pace.fall(self.c, ask.interval) };
        cap.max(p.m_min * ask.baseline).max(least)
    }

    fn floor(&mut self, ask: &Ask, c: f64, p: &Policy, reasons: &mut Vec<Reason>) -> f64 {
        let floor = p.m_min * ask.baseline;
        if c >= floor {
            self.steps.lagged = 0;
            return c;
        }
        if p.mode == Mode::LiftOnly {
            reasons.push(Reason::BaselineFloor);
            return floor;
        }
        self.steps.lagged = self.steps.lagged.saturating_add(1);
        let least = if self.steps.lagged > p.lag_steps { floor } else { floor * (1.0 - p.lag_max) };
        if c >= least {
            reasons.push(Reason::Lag);
            return c;
        }
        reasons.push(Reason::LagMax);
        if self.steps.lagged > p.lag_steps {
            self.steps.lagged = 0;
        }
        least
    }

    /// Puts a value in force.
    pub fn set(&mut self, at: Ts, c: f64) {
        self.c = c;
        self.lows.set(at, c, LONGEST);
        if self.past.back().is_none_or(|last| last.1 != c) {
            self.past.push_back((at, c));
        }
        while self.past.len() > PAST || self.past.get(1).is_some_and(|next| next.0 <= at - Span::DAY) {
            self.past.pop_front();
        }
    }

    /// What was in force a day before `at`; the first value where history is shorter.
    fn a_day_ago(&self, at: Ts) -> f64 {
        let then = at - Span::DAY;
        let standing = self.past.iter().rev().find(|past| past.0 <= then);
        standing.or(self.past.front()).map_or(self.c, |past| past.1)
    }
}
