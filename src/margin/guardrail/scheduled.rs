//! The schedule on what is in force: the factor of the hour, and what it makes of a requirement.

use super::policy::Policy;
use super::step::{InForce, Input};
use crate::base::{Span, Ts};

impl InForce {
    /// Initial margin in force, with the schedule.
    pub(super) fn asked(&self, p: &Policy) -> f64 {
        self.scheduled((self.im.c, self.mm.c), p)
    }

    /// The schedule on a pair of requirements: between the bounds of the multiplier, below the least only as far as the
    /// value before the schedule is, and not below maintenance margin over its share.
    pub(super) fn scheduled(&self, (c_im, c_mm): (f64, f64), p: &Policy) -> f64 {
        if self.factor == 1.0 {
            return c_im;
        }
        let c = self.timed(c_im, self.roof_im, p);
        let pair = c_mm / p.mm_share;
        if c * (1.0 + 4e-12) < pair { pair } else { c }
    }

    pub(super) fn timed(&self, c: f64, roof: f64, p: &Policy) -> f64 {
        if self.factor == 1.0 {
            return c;
        }
        let least = (p.m_min * self.baseline).min(c);
        (self.factor * c).max(least).min((roof * self.baseline).max(least))
    }

    /// The factor at a moment at which people set the multiplier: it glides to one, for they set what is published.
    pub(super) fn factor_when_set(&self, at: Ts, p: &Policy) -> f64 {
        let (pace, interval) = (p.im_pace(), p.im_pace().counted(at - self.paced));
        match self.factor {
            f if f > 1.0 => pace.fall(f, interval).max(1.0),
            f => pace.rise(f, interval, 1.0).min(1.0),
        }
    }

    /// What people froze glides to the baseline: once the rest is there, a factor above one does, too.
    pub(super) fn sink_factor(&mut self, turn: &Input<'_>, span: Span) {
        let p = &turn.policy;
        if turn.no_fall.is_none() && self.im.c <= p.m_min * self.baseline {
            self.factor = p.im_pace().fall(self.factor, span).max(self.factor.min(1.0));
        }
    }
}
