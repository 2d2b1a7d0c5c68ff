//! What the guardrails answer.

use super::blast::Impact;
use super::headroom::Headroom;
use super::interest_caps::InterestCaps;
use super::notice::Notice;
use crate::base::Ts;
use crate::margin::{Reason, State};

/// One set of values to publish: applied whole or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// When it was decided.
    pub ts: Ts,
    /// Initial margin asked, fraction of notional.
    pub c_im: f64,
    /// Maintenance margin asked, fraction of notional.
    pub c_mm: f64,
    /// Initial margin before the schedule, fraction of notional: what steps and budgets bind, and reasons speak of.
    pub unscheduled: f64,
    /// Factor of the schedule on it; 1 where none acts.
    pub factor: f64,
    /// What opens, adds or withdraws is asked, fraction of notional; never below `c_im`.
    pub c_new: f64,
    /// The same before the schedule.
    pub unscheduled_new: f64,
    /// `c_new` over the baseline, parts per million, rounded up to the quantum; never below `m_im_ppm`.
    pub m_new_ppm: u64,
    /// `c_im` over the baseline, parts per million, rounded up to the quantum.
    pub m_im_ppm: u64,
    /// `c_mm` over the maintenance baseline, parts per million, rounded up to the quantum.
    pub m_mm_ppm: u64,
    /// For withdrawals of unrealised profit, parts per million; never below `m_new_ppm`.
    pub m_transfer_ppm: u64,
    /// What to use after `valid_until`, parts per million.
    pub fallback_m_ppm: u64,
    /// How far initial margin is below what the multiplier wants, fraction of notional.
    pub gap: f64,
    /// How far initial margin may still rise.
    pub headroom: Headroom,
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
