//! What keeps both requirements apart: accounts that a rise would liquidate, and the share of initial margin.

use super::blast::Impact;
use super::limits::Ask;
use super::policy::Policy;
use super::step::{InForce, Input, Why, ppm};
use crate::margin::Reason;

impl InForce {
    /// A rise of maintenance margin that would liquidate too many at once goes only as far as it may.
    pub(super) fn spread(&self, c_mm: f64, turn: &Input<'_>, why: &mut Why) -> (f64, Option<Impact>) {
        let p = &turn.policy;
        let baseline = p.mm_share * self.baseline;
        let before = self.last.m_mm_ppm as f64 / 1e6 * baseline;
        let asked = |c: f64| ppm(c / baseline, p) as f64 / 1e6 * baseline;
        let Some(exposure) = turn.exposure.filter(|_| asked(c_mm) > before) else { return (c_mm, None) };
        let from = self.mm.c.max(p.m_min * baseline).min(c_mm);
        let (c, impact) = p.blast.furthest((from, c_mm), before, asked, exposure);
        if c < c_mm {
            why.mm.push(Reason::BlastRadius);
        }
        (c, Some(impact))
    }

    /// Initial margin is at least maintenance margin over its share. Maintenance margin gives way,
    /// which liquidates nobody, but no faster than its own down step; initial margin holds the rest.
    pub(super) fn pair(&self, c_im: f64, c_mm: f64, mm: &Ask, p: &Policy, why: &mut Why) -> (f64, f64) {
        let share = p.mm_share * c_im;
        if c_mm <= share * (1.0 + 1e-12) {
            return (c_im, c_mm);
        }
        why.mm.push(Reason::CrossField);
        let c_mm = c_mm.min(share.max(mm.pace.fall(self.mm.c, mm.interval.max(p.min_between_decreases))));
        if c_mm <= share * (1.0 + 1e-12) {
            return (c_im, c_mm);
        }
        why.im.push(Reason::CrossField);
        (c_mm / p.mm_share, c_mm)
    }
}
