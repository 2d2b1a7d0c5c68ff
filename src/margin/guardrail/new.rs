//! What opens, adds or withdraws: the target of initial margin at a pace of its own, never below it.

use super::limits::Ask;
use super::pace::RowPace;
use super::policy::Policy;
use super::step::{InForce, Input};
use crate::base::{Span, Ts};

impl InForce {
    /// Where what is new moves, at its own pace and not below initial margin; frozen with it.
    pub(super) fn move_new(&mut self, turn: &Input<'_>, interval: Span, glide: Option<Span>, c_im: f64) -> Option<f64> {
        let p = &turn.policy;
        let Some(pace) = p.new_pace() else {
            self.new = None;
            return None;
        };
        // Frozen, it follows an initial margin that people let glide down.
        let pace = if glide.is_some() { p.im_pace() } else { pace };
        let ask = self.ask_new(turn.at, interval, turn, pace);
        // Where it had no pace of its own it was what initial margin is.
        let new = self.new.get_or_insert_with(|| self.im.clone());
        // What binds it is told of initial margin alone.
        let mut untold = Vec::new();
        let c = match glide {
            None => new.pace(&ask, p, &mut untold),
            Some(span) => new.sink(&ask, span, p),
        };
        Some(new.bound(&ask, c, p, &mut untold).max(c_im))
    }

    fn ask_new(&self, at: Ts, interval: Span, turn: &Input<'_>, pace: RowPace) -> Ask {
        let held = self.new.as_ref().unwrap_or(&self.im).c;
        Ask {
            target: turn.m_new.map_or(held, |m| m * self.baseline),
            pace,
            hard_max: self.roof_new * self.baseline,
            day_cap: f64::INFINITY,
            no_fall: turn.no_fall,
            emergency: turn.emergency,
            ..self.ask_im(at, interval, None, &turn.policy)
        }
    }

    /// What is new before the schedule.
    pub(super) fn unscheduled_new(&self) -> f64 {
        self.new.as_ref().map_or(self.im.c, |new| new.c)
    }

    /// What is new, with the schedule: not below initial margin.
    pub(super) fn asked_new(&self, asked: f64, p: &Policy) -> f64 {
        let roof = self.roof_new.max(self.roof_im);
        self.new.as_ref().map_or(asked, |new| self.timed(new.c, roof, p).max(asked))
    }

    /// The ladder on what is new.
    pub(super) fn wait_new(&mut self, now: Ts, m: f64, c_im: f64, p: &Policy) {
        let target = (m / self.factor).min(self.roof_new) * self.baseline;
        let target = target.min(p.long_run_cap * self.long_run_var);
        let Some((new, pace)) = self.new.as_mut().zip(p.new_pace()) else { return };
        let c = target.min(new.budget(now, &pace, 1.0));
        new.set(now, c.max(new.c).max(c_im));
    }
}
