//! One requirement in force, and how far it may move at the next step.

use std::collections::VecDeque;

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
    raised: Option<Ts>,
    lowered: Option<Ts>,
    lower_targets: u32,
    lagged: u32,
    /// (since when, value), oldest first; reaches back one day.
    past: VecDeque<(Ts, f64)>,
}

/// What one step asks of a requirement.
pub(super) struct Ask {
    pub at: Ts,
    /// Since the last step, at most a day.
    pub interval: Span,
    /// Where the multiplier wants it.
    pub target: f64,
    /// Its own baseline.
    pub baseline: f64,
    /// Largest rise per day.
    pub up_per_day: f64,
    /// Largest rise per day where the emergency lane is open.
    pub emergency_up_per_day: Option<f64>,
    /// Largest fall per day.
    pub down_per_day: f64,
    /// Largest requirement: multiplier cap times baseline.
    pub hard_max: f64,
    /// Long-run cap times long-run VaR.
    pub long_run_max: f64,
    /// Why it may not fall now, if it may not.
    pub no_fall: Option<Reason>,
}

impl Requirement {
    pub fn new(at: Ts, c: f64) -> Requirement {
        Requirement { c, raised: None, lowered: None, lower_targets: 0, lagged: 0, past: VecDeque::from([(at, c)]) }
    }

    /// Moves toward the target under dead band, confirmations, intervals and step limits.
    pub fn pace(&mut self, ask: &Ask, p: &Policy, reasons: &mut Vec<Reason>) -> f64 {
        let c = self.c;
        let frozen = ask.no_fall.filter(|_| ask.target < c);
        let lower = ask.target < c && frozen.is_none();
        self.lower_targets = if lower { self.lower_targets.saturating_add(1) } else { 0 };
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
        let since = |last: Option<Ts>| last.map_or(Span::DAY, |t| ask.at - t);
        if ask.target > c {
            if since(self.raised) < p.min_between_increases {
                reasons.push(Reason::Cooldown);
                return c;
            }
            let span = ask.interval.max(since(self.raised).min(p.min_between_increases));
            let mut limit = c * (1.0 + ask.up_per_day).powf(span.days());
            self.raised = Some(ask.at);
            if let Some(up) = ask.emergency_up_per_day
                && ask.target > limit
            {
                limit = c * (1.0 + up).powf(span.days());
                reasons.push(Reason::EmergencyLane);
            }
            if ask.target > limit {
                reasons.push(Reason::StepUp);
            }
            ask.target.min(limit)
        } else {
            if self.lower_targets < p.confirmations || since(self.lowered) < p.min_between_decreases {
                reasons.push(Reason::Cooldown);
                return c;
            }
            let span = ask.interval.max(since(self.lowered).min(p.min_between_decreases));
            let limit = self.glide(ask.down_per_day, span);
            self.lowered = Some(ask.at);
            if ask.target < limit {
                reasons.push(Reason::StepDn);
            }
            ask.target.max(limit)
        }
    }

    /// Toward the baseline at the down step, without dead band, confirmations or intervals.
    pub fn sink(&self, ask: &Ask, span: Span, p: &Policy) -> f64 {
        if ask.no_fall.is_some() {
            return self.c;
        }
        self.glide(ask.down_per_day, span).max(p.m_min * ask.baseline).min(self.c)
    }

    /// The lowest that a fall over `span` may reach.
    pub fn glide(&self, down_per_day: f64, span: Span) -> f64 {
        self.c * (1.0 - down_per_day).powf(span.days())
    }

    /// Bounds a moved value, the stronger rule last: caps on the total lift, the floor of the mode,
    /// the cap on the multiplier.
    pub fn bound(&mut self, ask: &Ask, moved: f64, p: &Policy, reasons: &mut Vec<Reason>) -> f64 {
        let mut c = moved;
        let cap = self.lift_cap(ask, p);
        if c > cap {
            c = cap;
            let long_run_binds = ask.long_run_max <= p.day_cap * self.a_day_ago(ask.at);
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
        let cap = ask.long_run_max.min(p.day_cap * self.a_day_ago(ask.at));
        let least = if ask.no_fall.is_some() { self.c } else { self.glide(ask.down_per_day, ask.interval) };
        cap.max(p.m_min * ask.baseline).max(least)
    }

    fn floor(&mut self, ask: &Ask, c: f64, p: &Policy, reasons: &mut Vec<Reason>) -> f64 {
        let floor = p.m_min * ask.baseline;
        if c >= floor {
            self.lagged = 0;
            return c;
        }
        if p.mode == Mode::LiftOnly {
            reasons.push(Reason::BaselineFloor);
            return floor;
        }
        self.lagged = self.lagged.saturating_add(1);
        let least = if self.lagged > p.lag_steps { floor } else { floor * (1.0 - p.lag_max) };
        if c >= least {
            reasons.push(Reason::Lag);
            return c;
        }
        reasons.push(Reason::LagMax);
        if self.lagged > p.lag_steps {
            self.lagged = 0;
        }
        least
    }

    /// Puts a value in force.
    pub fn set(&mut self, at: Ts, c: f64) {
        self.c = c;
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
