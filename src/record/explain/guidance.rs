//! Forward guidance for those who hedge: where the published multiplier may be in one, eight and 24 hours,
//! and how far off the things are that would move it.
//!
//! The distribution is that of past changes of the same instrument's own multiplier over the same time,
//! from publications in the same situation: whether the chain wanted more, less or about what was in
//! force, and whether the flag of the stressed regime was up. It is a function of the decisions so far,
//! so that an auditor finds it again from the ledger; nothing that is published depends on it. Triggers
//! are worked out by the multiplier chain itself.

use std::collections::VecDeque;

use serde::Serialize;

use super::attribution::{inputs, target};
use crate::base::{OrderedWindow, Span, Ts};
use crate::margin::guardrail::headroom::AHEAD;
use crate::margin::{Decision, Policy};
use crate::record::error::Error;
use crate::record::ledger::{Publication, Store, epochs};
use crate::record::seq::Seq;

/// How far ahead.
pub const OVER: [Span; 3] = AHEAD;
/// Levels of the interval and its middle.
pub const LEVELS: [f64; 3] = [0.05, 0.5, 0.95];
/// Changes remembered in each situation.
const REMEMBERED: usize = 2000;
/// Fewest of which anything is said.
const NEED: usize = 100;
/// Situations: less, about the same, more; without and with the flag.
const SITUATIONS: usize = 6;

/// Where the multiplier may be after some time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GuidanceRange {
    /// After how long.
    pub over: Span,
    /// 5 % quantile of the multiplier.
    pub low: f64,
    /// Median.
    pub median: f64,
    /// 95 % quantile.
    pub high: f64,
    /// Past changes in the same situation.
    pub n: usize,
}

/// How far initial margin may rise within some time, by rows that come on time: what steps and budgets allow. What
/// the baseline itself asks goes beyond it, and the emergency lane allows twice as much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GuidanceLimit {
    /// Within how long.
    pub over: Span,
    /// The most that may be asked then, over what is in force, less 1.
    pub rise: f64,
}

impl GuidanceLimit {
    /// Those that a decision says; none where it has no guardrails, or was made before they were said.
    pub fn of(d: &Decision) -> Vec<GuidanceLimit> {
        let rises = [d.why.rise_1h, d.why.rise_8h, d.why.rise_24h];
        let limits = OVER.into_iter().zip(rises).map(|(over, rise)| GuidanceLimit { over, rise });
        limits.filter(|limit| limit.rise.is_finite()).collect()
    }
}

/// Something that would move the requirement, and how far off it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GuidanceTrigger {
    /// What: `stress`, `emergency`, `forecast` or `baseline`.
    pub what: &'static str,
    /// Where it is.
    pub now: f64,
    /// Where it would have to be.
    pub at: f64,
    /// What initial margin the chain would then want, over what is in force, less 1; guardrails let it come
    /// at their pace.
    pub rise: f64,
    /// The same in words.
    pub text: String,
}

/// The running guidance of one instrument and horizon.
pub struct RunningGuidance {
    policy: Policy,
    /// Decisions of the last day: when, the logarithm of the multiplier, the situation.
    past: VecDeque<(Ts, f64, usize)>,
    /// Changes by length of time and situation.
    changes: [[OrderedWindow; SITUATIONS]; OVER.len()],
}

impl RunningGuidance {
    /// With nothing seen.
    pub fn new(policy: Policy) -> RunningGuidance {
        let none = || std::array::from_fn(|_| OrderedWindow::new(REMEMBERED));
        RunningGuidance { policy, past: VecDeque::new(), changes: std::array::from_fn(|_| none()) }
    }

    /// Takes the next decision; says where the multiplier may be, for each length of time of which
    /// enough was seen.
    pub fn push(&mut self, d: &Decision) -> Vec<GuidanceRange> {
        let Some(situation) = self.situation(d) else { return Vec::new() };
        let m = d.m_im_ppm as f64 / 1e6;
        for (changes, over) in self.changes.iter_mut().zip(OVER) {
            let then = d.ts - over;
            if let Ok(i) = self.past.binary_search_by_key(&then, |p| p.0) {
                let (_, before, situation) = self.past[i];
                changes[situation].push(m.ln() - before);
            }
        }
        self.past.push_back((d.ts, m.ln(), situation));
        while self.past.front().is_some_and(|p| p.0 < d.ts - Span::DAY) {
            self.past.pop_front();
        }
        let ahead = |(changes, over): (&[OrderedWindow; SITUATIONS], Span)| {
            let own = &changes[situation];
            let at = |p: f64| m * own.quantile(p).exp();
            let [low, median, high] = LEVELS.map(at);
            (own.len() >= NEED).then_some(GuidanceRange { over, low, median, high, n: own.len() })
        };
        self.changes.iter().zip(OVER).filter_map(ahead).collect()
    }

    /// Which way the chain pulls, and whether the flag is up; `None` without a requirement.
    fn situation(&self, d: &Decision) -> Option<usize> {
        let pull = d.why.m4 * d.baseline / d.c_im - 1.0;
        let way = match pull {
            p if p.is_nan() => return None,
            p if p <= -self.policy.dead_band => 0,
            p if p < self.policy.dead_band => 1,
            _ => 2,
        };
        (d.m_im_ppm > 0).then_some(way + 3 * usize::from(d.why.stress_flag))
    }
}

/// How far off the things are that would move a requirement, those that can be said.
pub fn triggers(d: &Decision, policy: &Policy) -> Vec<GuidanceTrigger> {
    let (now, c) = (inputs(d), d.c_im);
    let percent = |v: f64| format!("{:.1} %", 100.0 * v);
    let wanted = |i: &crate::margin::ChainInputs| Some(target(i)?.min(policy.im.m_max * i.baseline) / c - 1.0);
    let mut all = Vec::new();
    let levels = [("stress", policy.hysteresis.enter), ("emergency", policy.emergency_p)];
    for (what, at) in levels.into_iter().filter(|l| d.p_stress.is_some_and(|p| p < l.1)) {
        if let Some(rise) = wanted(&crate::margin::ChainInputs { p_stress: at, ..now }) {
            let text = format!("p of stress reaches {} -> initial margin {:+.1} %", percent(at), 100.0 * rise);
            all.push(GuidanceTrigger { what, now: now.p_stress, at, rise, text });
        }
    }
    // The forecast at which the chain wants more than the dead band above what is in force.
    let beyond = c * (1.0 + policy.dead_band);
    let at = now.blend.ratio_at((beyond - now.liquidity) / d.baseline).map_or(f64::NAN, |r| r * d.baseline);
    if let Some(f) = d.forecast_loss.filter(|f| at.is_finite() && at > *f && *f > 0.0) {
        let rise = policy.dead_band;
        let text = format!(
            "forecast loss rises by {} to {} -> initial margin begins to rise",
            percent(at / f - 1.0),
            percent(at)
        );
        all.push(GuidanceTrigger { what: "forecast", now: f, at, rise, text });
    }
    if c > d.baseline && d.baseline > 0.0 {
        let off = percent(c / d.baseline - 1.0);
        let text = format!("baseline rises by {off} to {} -> initial margin follows it", percent(c));
        all.push(GuidanceTrigger { what: "baseline", now: d.baseline, at: c, rise: 0.0, text });
    }
    all
}

/// Forward guidance at one publication.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The publication.
    pub publication: Publication,
    /// Where its multiplier may be.
    pub ahead: Vec<GuidanceRange>,
    /// How far its requirement may rise.
    pub limits: Vec<GuidanceLimit>,
    /// What would move it.
    pub triggers: Vec<GuidanceTrigger>,
}

/// Forward guidance at publications of a ledger, from everything that was published before them.
///
/// # Errors
/// The ledger is damaged.
pub fn outlooks(store: &dyn Store, at: &[(Seq, Publication)]) -> Result<Vec<Outlook>, Error> {
    let mut all = Vec::new();
    let epochs = epochs(store, |seq, p| all.push((seq, p)))?;
    let policy = epochs.last().map_or(Ok(Policy::default()), |e| e.start.policy().map(|named| named.guardrail))?;
    let outlook = |(seq, p): &(Seq, Publication)| {
        let mut guide = RunningGuidance::new(policy);
        let mut ahead = Vec::new();
        for (_, d) in all.iter().filter(|(s, d)| s <= seq && (d.symbol, &d.horizon) == (p.symbol, &p.horizon)) {
            ahead = guide.push(&d.decision()?);
        }
        let d = p.decision()?;
        Ok(Outlook { publication: p.clone(), ahead, limits: GuidanceLimit::of(&d), triggers: triggers(&d, &policy) })
    };
    at.iter().map(outlook).collect()
}
