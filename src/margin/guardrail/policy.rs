//! The settings of the guardrails, their defaults and accepted ranges.

use serde::{Deserialize, Serialize};

use super::blast::BlastLimits;
use super::hysteresis::Hysteresis;
use super::pace::{RowPace, StepLimits};
use super::staleness::Staleness;
use super::thin_book::Thin;
use crate::base::{Problems, Span};
use crate::margin::Error;

/// No policy may allow a multiplier above this.
pub const M_CEILING: f64 = 3.0;

/// Initial margin is at least this many times maintenance margin.
pub const IM_OVER_MM: f64 = 1.25;

/// Who multiplies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The margin engine multiplies its own baseline, so the requirement is never below the
    /// baseline and the step limit binds the lift only.
    #[default]
    LiftOnly,
    /// The margin engine takes our rate, so the step limit binds the whole requirement, which may
    /// lag the baseline a little for a few steps; the gap is published.
    ManagedTotal,
}

/// What may be published on inputs that are doubted. Doubt never stops a rise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Doubt {
    /// Confidence in the inputs below which the multiplier is raised and nothing falls, 0.55.
    pub least: f64,
    /// Raised by so much at no confidence, in proportion between, 0.25.
    pub add: f64,
    /// Nothing falls on inputs older than this, `15m`.
    pub fall_age: Span,
    /// Nothing rises on inputs older than this, `6h`: the last value holds.
    pub rise_age: Span,
}

impl Default for Doubt {
    fn default() -> Doubt {
        Doubt { least: 0.55, add: 0.25, fall_age: Span::MINUTE.times(15), rise_age: Span::HOUR.times(6) }
    }
}

/// Everything that bounds what is published. The defaults are those of a crypto perpetual.
///
/// | setting | default | range |
/// |---|---|---|
/// | `mode` | `lift-only` | `lift-only`, `managed-total` |
/// | `m_min` | 1.00 | 0.90 to 1, with `managed-total` 0.50 to 1; below 1 is a discount and wants governance |
/// | `row` | that of the pipeline, `1h` outside of one | above zero; of rows of this length `up` and `down` speak |
/// | `im` | `m_max` 2.00, steps and budgets as [`StepLimits`] says | `m_max` `m_min` to 3; the rest see there |
/// | `mm` | `m_max` 1.50, steps see there, no budgets | as `im`; `m_max` not above that of `im` |
/// | `new` | as initial margin | limits of what opens, adds or withdraws: see there; `m_max` that of `im` to 3 |
/// | `mm_share` | 0.80 | baseline of maintenance over that of initial margin, above 0 to 0.80 |
/// | `mm_notice` | `8h` | zero or more |
/// | `long_run_cap` | 4 | requirement over long-run VaR, 1 or more |
/// | `day_cap` | 1.5 | requirement over that of 24 h ago, 1 or more |
/// | `emergency_p`, `emergency_models` | 0.90, 2 | above 0 to 1; 1 or more; the lane doubles `im.up` and budgets |
/// | `dead_band` | 0.02 | 0 to 0.2 |
/// | `confirmations` | 2 | zero or more lower targets in a row before a decrease |
/// | `min_between_decreases`, `min_between_increases` | `6h`, `1h` | up to a day |
/// | `lag_max`, `lag_steps` | 0.10, 3 | 0 to 1; zero or more (mode `managed-total`) |
/// | `hysteresis`, `ladder` | see there | ages ascending; `fallback_m` 1 to 3 |
/// | `schedule` | false | whether initial margin follows the schedule of the hour of the week |
/// | `heartbeat` | `1h` | above zero; a publication is valid for three of them |
/// | `kill_freeze` | `1h` | zero or more; after it a killed value glides to the baseline |
/// | `quantum_ppm` | 10000 | 1 to 100000; bounds on multipliers are multiples of it |
/// | `recheck_tolerance` | 0.005 | above 0 to 0.1 |
/// | `transfer_min` | 1.25 | multiplier for withdrawals at least, 1 to 3; it is never below that of initial margin |
/// | `thin`, `doubt`, `blast` | see there | a thin book, doubted inputs, whom a rise would liquidate |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct Policy {
    pub mode: Mode,
    pub m_min: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<Span>,
    #[serde(deserialize_with = "StepLimits::read_im")]
    pub im: StepLimits,
    #[serde(deserialize_with = "StepLimits::read_mm")]
    pub mm: StepLimits,
    #[serde(deserialize_with = "StepLimits::read_new", skip_serializing_if = "Option::is_none")]
    pub new: Option<StepLimits>,
    pub mm_share: f64,
    pub mm_notice: Span,
    pub long_run_cap: f64,
    pub day_cap: f64,
    pub emergency_p: f64,
    pub emergency_models: usize,
    pub dead_band: f64,
    pub confirmations: u32,
    pub min_between_decreases: Span,
    pub min_between_increases: Span,
    pub lag_max: f64,
    pub lag_steps: u32,
    pub hysteresis: Hysteresis,
    pub ladder: Staleness,
    pub heartbeat: Span,
    #[serde(skip_serializing_if = "is_default")]
    pub schedule: bool,
    pub kill_freeze: Span,
    pub quantum_ppm: u64,
    pub recheck_tolerance: f64,
    // What is at its default is not written, so that a configuration keeps its digest.
    #[serde(skip_serializing_if = "is_transfer_default")]
    pub transfer_min: f64,
    #[serde(skip_serializing_if = "is_default")]
    pub thin: Thin,
    #[serde(skip_serializing_if = "is_default")]
    pub doubt: Doubt,
    #[serde(skip_serializing_if = "is_default")]
    pub blast: BlastLimits,
}

const TRANSFER_MIN: f64 = 1.25;

fn is_transfer_default(m: &f64) -> bool {
    *m == TRANSFER_MIN
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            mode: Mode::LiftOnly,
            m_min: 1.0,
            row: None,
            im: StepLimits::IM,
            mm: StepLimits::MM,
            new: None,
            mm_share: 0.8,
            mm_notice: Span::HOUR.times(8),
            long_run_cap: 4.0,
            day_cap: 1.5,
            emergency_p: 0.9,
            emergency_models: 2,
            dead_band: 0.02,
            confirmations: 2,
            min_between_decreases: Span::HOUR.times(6),
            min_between_increases: Span::HOUR,
            lag_max: 0.1,
            lag_steps: 3,
            hysteresis: Hysteresis::default(),
            ladder: Staleness::default(),
            heartbeat: Span::HOUR,
            schedule: false,
            kill_freeze: Span::HOUR,
            quantum_ppm: 10_000,
            recheck_tolerance: 0.005,
            transfer_min: TRANSFER_MIN,
            thin: Thin::default(),
            doubt: Doubt::default(),
            blast: BlastLimits::default(),
        }
    }
}

impl Policy {
    /// For rows of a length, unless it says of which it speaks, and with the pace written out where it is the
    /// usual one.
    #[must_use]
    pub fn of_rows(self, row: Span) -> Policy {
        let with_row = Policy { row: self.row.or(Some(row)), ..self };
        let (im, mm) = (self.im.with(&with_row.im_pace()), self.mm.with(&with_row.mm_pace()));
        let new = self.new.map(|new| new.with(&new.new_pace(with_row.row())));
        Policy { im, mm, new, ..with_row }
    }

    /// The length of the rows of which the pace speaks.
    pub fn row(&self) -> Span {
        self.row.unwrap_or(Span::HOUR)
    }

    pub(super) fn im_pace(&self) -> RowPace {
        self.im.im_pace(self.row())
    }

    /// Of what is new, where it has a pace of its own.
    pub(super) fn new_pace(&self) -> Option<RowPace> {
        self.new.map(|new| new.new_pace(self.row()))
    }

    pub(super) fn mm_pace(&self) -> RowPace {
        self.mm.mm_pace(self.row())
    }

    /// Whether every setting is within its range.
    ///
    /// # Errors
    /// All settings that are not, each with its range.
    pub fn check(&self) -> Result<(), Error> {
        let mut problems = Problems::default();
        self.problems(&mut problems);
        Ok(problems.done()?)
    }

    /// Says which settings are out of range.
    pub fn problems(&self, p: &mut Problems) {
        self.bounds(p);
        self.speeds(p);
        self.conditions(p);
        let l = &self.ladder;
        p.want("ladder.fresh", l.fresh >= Span(0), l.fresh, "0s or more");
        p.want("ladder.hold", l.hold >= l.fresh, l.hold, "ladder.fresh or more");
        p.want("ladder.degrade", l.degrade > l.hold, l.degrade, "more than ladder.hold");
        p.range("ladder.fallback_m", l.fallback_m, 1.0, M_CEILING);
        let h = &self.hysteresis;
        p.range("hysteresis.enter", h.enter, 0.0, 1.0);
        p.within("hysteresis.leave", h.leave, 0.0, h.enter, "0 to hysteresis.enter");
        p.want("hysteresis.enter_count", h.enter_count > 0, h.enter_count, "1 or more");
        p.want("hysteresis.leave_count", h.leave_count > 0, h.leave_count, "1 or more");
    }

    fn bounds(&self, p: &mut Problems) {
        match self.mode {
            Mode::LiftOnly => p.within("m_min", self.m_min, 0.9, 1.0, "0.90 to 1"),
            Mode::ManagedTotal => p.within("m_min", self.m_min, 0.5, 1.0, "0.50 to 1"),
        }
        p.within("im.m_max", self.im.m_max, self.m_min, M_CEILING, "m_min to 3");
        p.within("mm.m_max", self.mm.m_max, self.m_min, self.im.m_max, "m_min to im.m_max");
        if let Some(new) = &self.new {
            p.within("new.m_max", new.m_max, self.im.m_max, M_CEILING, "im.m_max to 3");
        }
        p.within("mm_share", self.mm_share, 1e-6, 1.0 / IM_OVER_MM, "above 0 to 0.80");
        p.within("long_run_cap", self.long_run_cap, 1.0, f64::MAX, "1 or more");
        p.within("day_cap", self.day_cap, 1.0, f64::MAX, "1 or more");
        p.want("quantum_ppm", (1..=100_000).contains(&self.quantum_ppm), self.quantum_ppm, "1 to 100000");
        let new = self.new.map(|new| ("new.m_max", new.m_max));
        let bounds = [("m_min", self.m_min), ("im.m_max", self.im.m_max), ("mm.m_max", self.mm.m_max)];
        for (key, m) in bounds.into_iter().chain(new) {
            let quanta = m * 1e6 / self.quantum_ppm as f64;
            p.want(key, (quanta - quanta.round()).abs() < 1e-6, m, "a multiple of quantum_ppm");
        }
        p.within("recheck_tolerance", self.recheck_tolerance, 1e-9, 0.1, "above 0 to 0.1");
    }

    fn conditions(&self, p: &mut Problems) {
        p.range("transfer_min", self.transfer_min, 1.0, M_CEILING);
        let (t, d, b) = (&self.thin, &self.doubt, &self.blast);
        p.range("thin.depth_share", t.depth_share, 0.0, 1.0);
        p.want("thin.samples", t.samples > 0, t.samples, "1 or more");
        p.within("thin.spread_times", t.spread_times, 1.0, f64::MAX, "1 or more");
        p.want("thin.window", t.window > Span(0) && t.window <= Span::DAY.times(365), t.window, "above 0s to 365d");
        p.range("thin.m_min", t.m_min, 1.0, M_CEILING);
        p.within("thin.soft_share", t.soft_share, 0.0, t.hard_share, "0 to thin.hard_share");
        p.within("thin.hard_share", t.hard_share, 0.0, f64::MAX, "0 or more");
        p.range("doubt.least", d.least, 0.0, 1.0);
        p.range("doubt.add", d.add, 0.0, 1.0);
        p.want("doubt.fall_age", d.fall_age >= Span(0), d.fall_age, "0s or more");
        p.want("doubt.rise_age", d.rise_age >= d.fall_age, d.rise_age, "doubt.fall_age or more");
        p.range("blast.of_interest", b.of_interest, 0.0, 1.0);
        p.range("blast.of_depth", b.of_depth, 0.0, 1.0);
    }

    fn speeds(&self, p: &mut Problems) {
        self.row.iter().for_each(|row| p.want("row", *row > Span(0), row, "more than 0s"));
        let new = self.new.as_ref().map(|new| ("new", new));
        for (key, limits) in [("im", &self.im), ("mm", &self.mm)].into_iter().chain(new) {
            p.under(key, |p| limits.problems(p));
        }
        p.within("emergency_p", self.emergency_p, 1e-9, 1.0, "above 0 to 1");
        p.want("emergency_models", self.emergency_models > 0, self.emergency_models, "1 or more");
        p.range("dead_band", self.dead_band, 0.0, 0.2);
        p.range("lag_max", self.lag_max, 0.0, 1.0);
        for (key, span) in [
            ("min_between_decreases", self.min_between_decreases),
            ("min_between_increases", self.min_between_increases),
        ] {
            p.want(key, (Span(0)..=Span::DAY).contains(&span), span, "0s to 1d");
        }
        p.want("mm_notice", self.mm_notice >= Span(0), self.mm_notice, "0s or more");
        p.want("kill_freeze", self.kill_freeze >= Span(0), self.kill_freeze, "0s or more");
        p.want("heartbeat", self.heartbeat > Span(0), self.heartbeat, "more than 0s");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_accepted_and_what_is_out_of_range_is_named() {
        Policy::default().check().unwrap();
        let too_high = Policy { im: StepLimits { m_max: 3.5, ..Policy::default().im }, ..Policy::default() };
        assert!(too_high.check().unwrap_err().to_string().contains("im.m_max"));
        let discount = |mode| Policy { mode, m_min: 0.5, ..Policy::default() }.check();
        assert!(discount(Mode::ManagedTotal).is_ok() && discount(Mode::LiftOnly).is_err());
        let nan = Policy { dead_band: f64::NAN, ..Policy::default() };
        assert!(nan.check().unwrap_err().to_string().contains("dead_band"));
    }

    #[test]
    fn settings_read_from_text_take_defaults_and_refuse_unknown_keys() {
        let p: Policy = toml::from_str("mode = \"managed-total\"\nmm_notice = \"4h\"").unwrap();
        assert_eq!(p, Policy { mode: Mode::ManagedTotal, mm_notice: Span::HOUR.times(4), ..Policy::default() });
        assert!(toml::from_str::<Policy>("m_maximum = 2.0").is_err());
        for policy in [Policy::default(), Policy::default().of_rows(Span::DAY)] {
            let text = toml::to_string(&policy).unwrap();
            assert_eq!(toml::from_str::<Policy>(&text).unwrap(), policy);
        }
    }

    #[test]
    fn a_pace_is_given_in_part_and_the_rest_is_that_of_the_rows() {
        let text = "im = { up = 0.05, budgets = [{ over = \"24h\", rise = 0.25 }] }\nmm = { m_max = 1.25 }";
        let p: Policy = toml::from_str(text).unwrap();
        assert_eq!((p.im.m_max, p.im.up, p.im.down, p.mm.m_max), (2.0, Some(0.05), None, 1.25));
        assert_eq!((p.row(), p.of_rows(Span::DAY).row()), (Span::HOUR, Span::DAY));
        let daily = p.of_rows(Span::DAY);
        assert_eq!((daily.im.up, daily.im.down, daily.mm.up), (Some(0.05), Some(0.17), Some(0.05)));
        assert_eq!(daily.im.budgets, p.im.budgets);
        assert_eq!(daily.of_rows(Span::HOUR), daily, "it speaks of daily rows from then on");
        let wrong = "row = \"0s\"\nim = { up = 1.5, budgets = [{ over = \"90d\", rise = 0.25 }] }";
        let told = toml::from_str::<Policy>(wrong).unwrap().check().unwrap_err().to_string();
        assert!(
            ["row: is 0s", "im.up: is 1.5; want 0 to 1", "im.budgets[0].over: is 90d"].iter().all(|w| told.contains(w))
        );
        let many = format!("im = {{ budgets = [{}] }}", "{ over = \"1h\", rise = 0.1 },".repeat(9));
        assert!(toml::from_str::<Policy>(&many).unwrap_err().to_string().contains("at most 8"));
    }
}
