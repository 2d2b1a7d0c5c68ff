//! How models are trained and judged.

use serde::{Deserialize, Serialize};

use super::crash_days::CrashDays;
use super::margin_rule::MarginRule;
use crate::base::{Problems, Seed, Span, Ts};
use crate::feature::RowConfig;
use crate::forecast::combine::calibration;

/// How models are trained and judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// First instant of the out-of-sample span.
    pub start: Ts,
    /// End of the out-of-sample span, exclusive.
    pub end: Ts,
    /// Length of the training window; absent means all history.
    #[serde(default)]
    pub window: Option<Span>,
    /// How often models are refitted.
    pub refit: Span,
    /// How often in rows instead, counted over the closes of all instruments from the first origin on:
    /// for markets that close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refit_rows: Option<usize>,
    /// Rows left out between training and judging, beyond those whose outcome is not yet known.
    #[serde(default)]
    pub embargo: usize,
    /// First rows of each instrument that are not learnt from: trailing statistics are not full.
    #[serde(default)]
    pub warmup: usize,
    /// In how many places of a row's length windows open, for pooled models to learn from: with 4,
    /// those of a day also learn from days that begin at 6, 12 and 18 h. A whole number of bars each.
    #[serde(default = "one_phase")]
    pub phases: usize,
    /// Length of the walk before `start` that is not judged: it gives weights and calibration a
    /// track record to start from.
    #[serde(default = "nothing")]
    pub rehearsal: Span,
    /// Seed of all randomness.
    #[serde(default = "default_seed")]
    pub seed: Seed,
    /// The model that the others are compared with.
    #[serde(default = "default_base")]
    pub base: String,
    /// Days, or named stretches, without which scores are given a second time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crash_days: Vec<CrashDays>,
    /// How tails and spike probabilities are calibrated.
    #[serde(default)]
    pub calibration: calibration::Params,
    /// Margin rules that are judged beside the pipeline's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub margins: Vec<MarginRule>,
}

/// Most rows that a setting may leave out.
const ROWS_MAX: usize = 1_000_000;

impl Study {
    /// Says what is wrong. `instances` are the names of the models; the base is looked up where it was `written`,
    /// for a default that no model has means none.
    pub fn problems(&self, rows: &RowConfig, instances: &[&str], written: &dyn Fn(&str) -> bool, p: &mut Problems) {
        p.want("start", self.start < self.end, self.start, format_args!("before study.end, {}", self.end));
        p.want("refit", self.refit >= rows.row, self.refit, format_args!("at least one row, {}", rows.row));
        p.want("refit_rows", self.refit_rows != Some(0), 0, "1 or more");
        if let Some(window) = self.window {
            p.want("window", window > Span(0), window, "above 0s");
        }
        p.want("embargo", self.embargo <= ROWS_MAX, self.embargo, format_args!("0 to {ROWS_MAX}"));
        p.want("warmup", self.warmup <= ROWS_MAX, self.warmup, format_args!("0 to {ROWS_MAX}"));
        let (bar, phases) = (rows.bar.0.max(1), self.phases as i64);
        let whole = phases >= 1 && rows.row.0 % phases == 0 && (rows.row.0 / phases) % bar == 0;
        let accepted = format_args!("1, or as many as split a row of {} into whole bars of {}", rows.row, rows.bar);
        p.want("phases", phases == 1 || whole, self.phases, accepted);
        p.want("rehearsal", self.rehearsal >= Span(0), self.rehearsal, "0s or more");
        if written("base") && !self.base.is_empty() {
            p.one_of("base", &self.base, instances);
        }
        for days in &self.crash_days {
            let accepted = format_args!("before its end, {}", days.to);
            p.want(&format!("crash_days.{}.from", days.name), days.from < days.to, days.from, accepted);
        }
        p.under("calibration", |p| self.calibration.problems(p));
        for (i, rule) in self.margins.iter().enumerate() {
            let at = format!("margins.{}", rule.name);
            if let Err(why) = rule.check(&|name| instances.contains(&name)) {
                p.say(&at, why);
            }
            if self.margins[..i].iter().any(|other| other.name == rule.name) {
                p.say(&at, "two rules have this name; give one another");
            }
        }
    }
}

fn nothing() -> Span {
    Span(0)
}

fn default_seed() -> Seed {
    Seed(7)
}

fn default_base() -> String {
    "HAR".into()
}

fn one_phase() -> usize {
    1
}
