//! A margin policy as calibration sees it: what may be chosen, and the settings that it stands for.

use serde::{Deserialize, Serialize};

use crate::base::Span;
use crate::margin::guardrail::pace::{Budget, Budgets};
use crate::margin::guardrail::policy::Mode;
use crate::margin::guardrail::policy_change::Changes;
use crate::margin::{Blend, Policy, PolicySettings};

/// One policy among those that are compared: theta. What it does not name is as the configuration has it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyPoint {
    /// Weight of the forecast, w.
    pub weight: f64,
    /// Level of the blend, k.
    pub level: f64,
    /// Share of the stress link, s.
    pub stress_link: f64,
    /// Largest rise in one row, u.
    pub up: f64,
    /// Largest fall in one row, d.
    pub down: f64,
    /// Largest rise over 24 hours, B1; absent: no such budget.
    pub budget_day: Option<f64>,
    /// Largest rise over five days, B5; absent: no such budget.
    pub budget_five_days: Option<f64>,
    /// Changes smaller than this are not made.
    pub dead_band: f64,
    /// Lower targets in a row before a decrease.
    pub confirmations: u32,
    /// Least multiplier.
    pub m_min: f64,
    /// Whether initial margin follows the schedule of the hour of the week.
    #[serde(default)]
    pub schedule: bool,
}

/// Five days.
const FIVE_DAYS: Span = Span(5 * Span::DAY.0);

impl PolicyPoint {
    /// The settings that it stands for, with all else as in `base`.
    pub fn settings(&self, base: &PolicySettings) -> PolicySettings {
        let mut guardrail = base.guardrail;
        guardrail.im.up = Some(self.up);
        guardrail.im.down = Some(self.down);
        guardrail.im.budgets = Some(self.budgets());
        guardrail.dead_band = self.dead_band;
        guardrail.confirmations = self.confirmations;
        guardrail.m_min = self.m_min;
        guardrail.schedule = self.schedule;
        let blend = Blend { weight: self.weight, level: self.level, stress_link: self.stress_link };
        PolicySettings { blend, guardrail }
    }
    fn budgets(&self) -> Budgets {
        let of = |rise: Option<f64>, over: Span| rise.map(|rise| Budget { over, rise });
        let windows = [of(self.budget_day, Span::DAY), of(self.budget_five_days, FIVE_DAYS)];
        Budgets::try_from(windows.into_iter().flatten().collect::<Vec<_>>()).unwrap_or_default()
    }
    /// What would have to be changed of today's settings of blend and guardrails for this policy in the mode of `base`, as
    /// a proposal says it.
    pub fn changes(&self, today: &PolicySettings, base: &PolicySettings) -> Changes {
        let (old, new) = (&today.guardrail, self.settings(base).guardrail);
        let budgets = |p: &Policy| p.im.budgets.unwrap_or_default();
        let rises: Vec<String> =
            budgets(&new).iter().map(|b| format!("{{ over = \"{}\", rise = {} }}", b.over, b.rise)).collect();
        let mode = match new.mode {
            Mode::LiftOnly => "lift-only",
            Mode::ManagedTotal => "managed-total",
        };
        let all = [
            ("mode", new.mode != old.mode, mode.to_string()),
            ("im.up", new.im.up != old.im.up, self.up.to_string()),
            ("im.down", new.im.down != old.im.down, self.down.to_string()),
            ("im.budgets", new.im.budgets != old.im.budgets, format!("[{}]", rises.join(", "))),
            ("dead_band", new.dead_band != old.dead_band, self.dead_band.to_string()),
            ("confirmations", new.confirmations != old.confirmations, self.confirmations.to_string()),
            ("m_min", new.m_min != old.m_min, self.m_min.to_string()),
            ("schedule", new.schedule != old.schedule, self.schedule.to_string()),
            ("blend.weight", self.weight != today.blend.weight, self.weight.to_string()),
            ("blend.level", self.level != today.blend.level, self.level.to_string()),
            ("blend.stress_link", self.stress_link != today.blend.stress_link, self.stress_link.to_string()),
        ];
        all.into_iter().filter(|c| c.1).map(|(key, _, value)| (key.to_string(), value)).collect()
    }
    /// Its numbers, with their names, in the order of the columns of `frontier.parquet`; NaN where there is none.
    pub fn numbers(&self) -> [(&'static str, f64); 11] {
        [
            ("weight", self.weight),
            ("level", self.level),
            ("stress_link", self.stress_link),
            ("up", self.up),
            ("down", self.down),
            ("budget_day", self.budget_day.unwrap_or(f64::NAN)),
            ("budget_five_days", self.budget_five_days.unwrap_or(f64::NAN)),
            ("dead_band", self.dead_band),
            ("confirmations", f64::from(self.confirmations)),
            ("m_min", self.m_min),
            ("schedule", f64::from(u8::from(self.schedule))),
        ]
    }
}
