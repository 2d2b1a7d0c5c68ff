//! Anti-procyclical stages between the measured loss and the baseline that is charged.
//!
//! Each stage takes what the one before gave, `x`, first the measured VaR `U`; they run in the order
//! in which the configuration lists them:
//!
//! | stage | result | source |
//! |---|---|---|
//! | `floor` | `max(x, L)`, `L` the long-run 99 % VaR | Delegated Regulation (EU) 153/2013, art. 28 (c) |
//! | `stress-weight` | `(1 - w) x + w S`, `S` the stressed VaR, `w` 0.25 | art. 28 (b) |
//! | `buffer` | `max(x, min(k x, k R))`, `R` the median of `x` over 250 days, `k` 1.25 | art. 28 (a) |
//! | `speed-limit` | `x` within +10 % and -2 % a day of this stage's last result | Murphy, Vasios, Vause (2016) |
//! | `cap` | `min(x, t L)`, `t` 4 | the same |
//!
//! What a stage has no number for (no long-run VaR yet) it leaves as it is.
//!
//! ```
//! use margincast::base::Ts;
//! use margincast::margin::apc::{Apc, MeasuredLoss, Stage};
//!
//! let mut apc = Apc::new(&[Stage::StressWeight { weight: 0.25 }])?;
//! let trail = apc.step(&MeasuredLoss { ts: Ts(0), var: 0.04, stressed: 0.10, long_run: 0.03 });
//! assert!((trail[1] - 0.055).abs() < 1e-15);
//! # Ok::<(), margincast::margin::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::Error;
use crate::base::{OrderedSpan, Problems, Span, Ts};

/// One stage with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Stage {
    /// At least the long-run VaR.
    Floor,
    /// A share of the stressed VaR.
    StressWeight {
        /// Of the stressed VaR, 0 to 1.
        #[serde(default = "weight")]
        weight: f64,
    },
    /// A buffer that is used up as the measured loss rises above its median.
    Buffer {
        /// Above one, 0 to 1.
        #[serde(default = "weight")]
        add: f64,
        /// Over which the median is taken.
        #[serde(default = "window")]
        window: Span,
    },
    /// No faster than this.
    SpeedLimit {
        /// Largest rise per day, a fraction; a longer pause counts as a day.
        #[serde(default = "up")]
        up_per_day: f64,
        /// Largest fall per day, a fraction.
        #[serde(default = "down")]
        down_per_day: f64,
    },
    /// At most so many times the long-run VaR.
    Cap {
        /// 1 or more.
        #[serde(default = "times")]
        times: f64,
    },
}

fn weight() -> f64 {
    0.25
}
fn window() -> Span {
    Span::DAY.times(250)
}
fn up() -> f64 {
    0.10
}
fn down() -> f64 {
    0.02
}
fn times() -> f64 {
    4.0
}

impl Stage {
    /// Its name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Stage::Floor => "floor",
            Stage::StressWeight { .. } => "stress-weight",
            Stage::Buffer { .. } => "buffer",
            Stage::SpeedLimit { .. } => "speed-limit",
            Stage::Cap { .. } => "cap",
        }
    }

    /// Says which settings are out of range.
    pub fn problems(&self, p: &mut Problems) {
        match *self {
            Stage::Floor => (),
            Stage::StressWeight { weight } => p.range("weight", weight, 0.0, 1.0),
            Stage::Buffer { add, window } => {
                p.within("window", window.days(), 1e-9, 36_500.0, "above 0s, at most 36500d");
                p.range("add", add, 0.0, 1.0);
            }
            Stage::SpeedLimit { up_per_day, down_per_day } => {
                p.within("up_per_day", up_per_day, 1e-9, 10.0, "above 0 to 10");
                p.within("down_per_day", down_per_day, 1e-9, 1.0, "above 0 to 1");
            }
            Stage::Cap { times } => p.within("times", times, 1.0, f64::MAX, "1 or more"),
        }
    }
}

/// Says which settings of a list of stages are out of range, each under its place in the list.
pub fn problems(stages: &[Stage], p: &mut Problems) {
    for (i, stage) in stages.iter().enumerate() {
        p.under(&format!("apc[{i}]"), |p| stage.problems(p));
    }
}

/// What was measured at one instant. Losses are fractions of notional over the same horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasuredLoss {
    /// When.
    pub ts: Ts,
    /// Measured 99 % VaR `U`.
    pub var: f64,
    /// Stressed 99 % VaR `S`.
    pub stressed: f64,
    /// Long-run 99 % VaR `L`, over ten years or all there is.
    pub long_run: f64,
}

/// The stages of one instrument and horizon, with what they remember.
#[derive(Clone, Debug, PartialEq)]
pub struct Apc {
    stages: Vec<(Stage, Memory)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Memory {
    past: OrderedSpan,
    /// The last result.
    last: Option<(Ts, f64)>,
}

impl Apc {
    /// With empty memory.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(stages: &[Stage]) -> Result<Apc, Error> {
        let mut found = Problems::default();
        problems(stages, &mut found);
        found.done()?;
        Ok(Apc { stages: stages.iter().map(|s| (*s, Memory::default())).collect() })
    }

    /// The trail: the measured VaR, then the result of each stage in order; the last is the baseline.
    /// A measured VaR that is not finite and positive is given back as it is and not remembered.
    pub fn step(&mut self, measured: &MeasuredLoss) -> Vec<f64> {
        let mut x = measured.var;
        let mut trail = vec![x];
        for (stage, memory) in &mut self.stages {
            if x.is_finite() && x > 0.0 {
                x = memory.apply(stage, x, measured);
            }
            trail.push(x);
        }
        trail
    }
}

impl Memory {
    fn apply(&mut self, stage: &Stage, x: f64, m: &MeasuredLoss) -> f64 {
        let usable = |v: f64| (v.is_finite() && v > 0.0).then_some(v);
        match *stage {
            Stage::Floor => usable(m.long_run).map_or(x, |l| x.max(l)),
            Stage::StressWeight { weight } => usable(m.stressed).map_or(x, |s| (1.0 - weight) * x + weight * s),
            Stage::Buffer { add, window } => buffer(x, self.past.push_over(m.ts, x, window).quantile(0.5), add),
            Stage::SpeedLimit { up_per_day, down_per_day } => {
                let limited = self.last.map_or(x, |(at, last)| {
                    let days = (m.ts - at).clamp(Span(0), Span::DAY).days();
                    x.max(last * (1.0 - down_per_day).powf(days)).min(last * (1.0 + up_per_day).powf(days))
                });
                self.last = Some((m.ts, limited));
                limited
            }
            Stage::Cap { times } => usable(m.long_run).map_or(x, |l| x.min(times * l)),
        }
    }
}

/// `max(u, min(k u, k reference))`, `k = 1 + add`.
pub fn buffer(u: f64, reference: f64, add: f64) -> f64 {
    u.max(((1.0 + add) * u).min((1.0 + add) * reference))
}

/// What one stage did over time: the cost side of its cost and benefit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageEffect {
    /// Name of the stage.
    pub stage: String,
    /// Results counted.
    pub n: u64,
    /// How many of them the stage changed.
    pub binding: u64,
    /// Sum of result minus what came in, fractions of notional; negative where it lowered.
    pub extra_sum: f64,
    /// Sum of what came in, fractions of notional.
    pub before_sum: f64,
}

impl StageEffect {
    /// Share of time in which the stage changed something.
    pub fn share(&self) -> f64 {
        self.binding as f64 / self.n.max(1) as f64
    }
    /// Average extra margin, fraction of notional.
    pub fn extra(&self) -> f64 {
        self.extra_sum / self.n.max(1) as f64
    }
    /// Average extra margin over the average that came in; 0 where nothing did.
    pub fn extra_share(&self) -> f64 {
        if self.before_sum > 0.0 { self.extra_sum / self.before_sum } else { 0.0 }
    }
}

/// Counts the effect of each stage from trails, in any program that has them.
pub fn effects<'a>(stages: &[Stage], trails: impl IntoIterator<Item = &'a [f64]>) -> Vec<StageEffect> {
    let none = |s: &Stage| StageEffect { stage: s.name().into(), n: 0, binding: 0, extra_sum: 0.0, before_sum: 0.0 };
    let mut effects: Vec<StageEffect> = stages.iter().map(none).collect();
    for trail in trails {
        for (effect, pair) in effects.iter_mut().zip(trail.windows(2)) {
            let (before, after) = (pair[0], pair[1]);
            if !(before.is_finite() && after.is_finite()) {
                continue;
            }
            effect.n += 1;
            effect.binding += u64::from((after - before).abs() > 1e-12 * before.abs());
            effect.extra_sum += after - before;
            effect.before_sum += before;
        }
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Ts {
        Ts(0) + Span::DAY.times(n)
    }

    fn measured(n: i64, var: f64) -> MeasuredLoss {
        MeasuredLoss { ts: day(n), var, stressed: 0.10, long_run: 0.05 }
    }

    #[test]
    fn stages_run_in_the_order_of_the_configuration() {
        let (floor, weight) = (Stage::Floor, Stage::StressWeight { weight: 0.25 });
        let run = |stages: &[Stage]| Apc::new(stages).unwrap().step(&measured(0, 0.04));
        let near = |got: Vec<f64>, want: [f64; 3]| {
            got.iter().zip(want).for_each(|(g, w)| assert!((g - w).abs() < 1e-15, "{g} {w}"));
        };
        near(run(&[floor, weight]), [0.04, 0.05, 0.0625]);
        near(run(&[weight, floor]), [0.04, 0.055, 0.055]);
        assert_eq!(run(&[]), [0.04]);
        near(run(&[Stage::Cap { times: 1.0 }, floor]), [0.04, 0.04, 0.05]);
    }

    #[test]
    fn the_running_median_equals_the_plain_one_over_the_window() {
        let mut apc = Apc::new(&[Stage::Buffer { add: 0.25, window: Span::DAY.times(20) }]).unwrap();
        let u: Vec<f64> = (0..200).map(|i| 0.03 + 0.02 * (f64::from(i) * 1.7).sin()).collect();
        for t in 0..200_usize {
            let got = apc.step(&measured(t as i64, u[t]));
            let sorted = crate::base::stats::sorted(&u[t.saturating_sub(19)..=t]);
            assert_eq!(got[1], buffer(u[t], crate::base::stats::quantile(&sorted, 0.5), 0.25), "{t}");
        }
    }

    #[test]
    fn the_speed_limit_splits_a_day_geometrically_and_counts_no_pause_twice() {
        let mut apc = Apc::new(&[Stage::SpeedLimit { up_per_day: 0.10, down_per_day: 0.02 }]).unwrap();
        apc.step(&measured(0, 0.04));
        for h in 1..=24 {
            apc.step(&MeasuredLoss { ts: day(0) + Span::HOUR.times(h), ..measured(0, 0.2) });
        }
        let after_a_day = apc.step(&MeasuredLoss { ts: day(1), ..measured(0, 0.2) })[1];
        assert!((after_a_day / 0.044 - 1.0).abs() < 1e-12);
        let after_a_week = apc.step(&measured(8, 0.2))[1];
        assert!((after_a_week / 0.0484 - 1.0).abs() < 1e-12);
        let falls = apc.step(&measured(9, 0.01))[1];
        assert!((falls / (0.98 * 0.0484) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn numbers_that_are_none_leave_everything_as_it_is() {
        let all = [
            Stage::Floor,
            Stage::StressWeight { weight: 0.25 },
            Stage::Buffer { add: 0.25, window: window() },
            Stage::SpeedLimit { up_per_day: 0.1, down_per_day: 0.02 },
            Stage::Cap { times: 4.0 },
        ];
        let mut apc = Apc::new(&all).unwrap();
        for bad in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            let before = apc.clone();
            let trail = apc.step(&measured(0, bad));
            assert!(trail.iter().all(|x| x.to_bits() == bad.to_bits()));
            assert_eq!(apc, before, "nothing is remembered");
            let m = MeasuredLoss { stressed: bad, long_run: bad, ..measured(1, 0.04) };
            assert!(Apc::new(&all).unwrap().step(&m).iter().all(|x| x.is_finite() && *x > 0.0));
        }
    }

    #[test]
    fn effects_count_how_often_a_stage_binds_and_what_it_costs() {
        let stages = [Stage::Floor, Stage::Cap { times: 1.5 }];
        let mut apc = Apc::new(&stages).unwrap();
        let trails: Vec<Vec<f64>> = [0.04, 0.06, 0.09].iter().map(|u| apc.step(&measured(0, *u))).collect();
        let got = effects(&stages, trails.iter().map(Vec::as_slice));
        assert_eq!((got[0].stage.as_str(), got[0].n, got[0].binding), ("floor", 3, 1));
        assert!((got[0].extra() - 0.01 / 3.0).abs() < 1e-15 && (got[0].share() - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!((got[1].stage.as_str(), got[1].binding), ("cap", 1));
        assert!((got[1].extra() + 0.015 / 3.0).abs() < 1e-15);
        assert!((got[1].extra_share() + 0.015 / 0.20).abs() < 1e-12);
    }

    #[test]
    fn settings_read_from_text_and_those_out_of_range_are_named() {
        #[derive(serde::Deserialize)]
        struct Stages {
            apc: Vec<Stage>,
        }
        let text =
            "apc = [{ stage = \"floor\" }, { stage = \"buffer\", window = \"100d\" }, { stage = \"stress-weight\" }]";
        let read: Stages = toml::from_str(text).unwrap();
        let buffer = Stage::Buffer { add: 0.25, window: Span::DAY.times(100) };
        assert_eq!(read.apc, [Stage::Floor, buffer, Stage::StressWeight { weight: 0.25 }]);
        assert!(toml::from_str::<Stages>("apc = [{ stage = \"cap\", height = 3.0 }]").is_err());
        for bad in [Stage::StressWeight { weight: f64::NAN }, Stage::Cap { times: 0.5 }] {
            assert!(Apc::new(&[bad]).unwrap_err().to_string().contains("apc[0]"), "{bad:?}");
        }
    }
}
