//! Margin rules made of any models: a baseline, what smooths it, a multiplier and guardrails, judged
//! beside the pipeline's own decision.
//!
//! The baseline `U` is one model's 99 % loss. The stages of [`crate::margin::apc`] make it `b`; the forecast requirement is `f = U
//! sd / sd'`, the volatility of one model over that of another; the multiplier is `f / b` within its
//! bounds; guardrails are those of the pipeline. Rules see what the models said in the span and in the
//! rehearsal before it. A rule's guardrails begin at `b` on the last row before the span, at a
//! multiplier of one, or on the first of the span where there was no rehearsal.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::walk::{Issued, Walk};
use crate::base::{Horizon, Span, Symbol, Ts};
use crate::forecast::Dist;
use crate::loss::baseline::Side;
use crate::margin::apc::{Apc, MeasuredLoss, Stage};
use crate::margin::{Guardrail, Policy, Proposal};

/// Names of the pipeline's own policies, which no rule may have.
pub const OWN_POLICIES: [&str; 3] = ["baseline", "unguarded", "guarded"];

/// One rule, `[[study.margins]]` in a configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in tables.
    pub name: String,
    /// The instance whose 99 % loss is the baseline.
    pub baseline: String,
    /// The instance whose 99 % loss is the long-run one, for stages that want it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_run: Option<String>,
    /// The instance whose 99 % loss is the stressed one, for stages that want it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stressed: Option<String>,
    /// What is done to the baseline against procyclicality, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apc: Vec<Stage>,
    /// What the control is made of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub control: Control,
    /// What it is multiplied with; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<Multiplier>,
    /// The guardrails; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Policy>,
}

/// What a rule's control of equal cost is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// The baseline after its stages: what the multiplier and the guardrails are worth.
    #[default]
    Staged,
    /// The model's own loss: what the stages are worth as well.
    Plain,
}

fn is_default(control: &Control) -> bool {
    *control == Control::Staged
}

/// What a baseline is multiplied with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Multiplier {
    /// Always the same.
    Constant {
        /// Above 0.
        constant: f64,
    },
    /// How far the forecast requirement lies above the baseline, kept between `min` and `max`.
    Forecast {
        /// The instance whose volatility is the forecast.
        forecast: String,
        /// The instance whose volatility it is compared with: that of the baseline, as a rule.
        over: String,
        /// Least multiplier.
        #[serde(default = "one")]
        min: f64,
        /// Largest multiplier.
        #[serde(default = "two")]
        max: f64,
    },
}

fn one() -> f64 {
    1.0
}
fn two() -> f64 {
    2.0
}

impl Rule {
    /// Every instance it names.
    pub fn models(&self) -> BTreeSet<&str> {
        let multiplied = match &self.multiplier {
            Some(Multiplier::Forecast { forecast, over, .. }) => vec![forecast.as_str(), over.as_str()],
            _ => Vec::new(),
        };
        let staged = self.long_run.iter().chain(&self.stressed).map(String::as_str);
        staged.chain(multiplied).chain([self.baseline.as_str()]).collect()
    }
    /// Whether it can be carried out with those instances.
    ///
    /// # Errors
    /// What cannot, with the mend.
    pub fn check(&self, known: &dyn Fn(&str) -> bool) -> Result<(), String> {
        if OWN_POLICIES.contains(&self.name.as_str()) {
            return Err("the pipeline's own policies have this name; give the rule another".into());
        }
        if let Some(model) = self.models().into_iter().find(|m| !known(m)) {
            return Err(format!("`{model}` is not among [[models]]"));
        }
        Apc::new(&self.apc).map_err(|e| e.to_string())?;
        for stage in &self.apc {
            let (wants, given) = match stage {
                Stage::Floor | Stage::Cap { .. } => ("long_run", &self.long_run),
                Stage::StressWeight { .. } => ("stressed", &self.stressed),
                Stage::Buffer { .. } | Stage::SpeedLimit { .. } => continue,
            };
            if given.is_none() {
                return Err(format!("stage `{}` wants `{wants}`: an instance of [[models]]", stage.name()));
            }
        }
        let ok = match &self.multiplier {
            None => true,
            Some(Multiplier::Constant { constant }) => constant.is_finite() && *constant > 0.0,
            Some(Multiplier::Forecast { min, max, .. }) => *min > 0.0 && min <= max && max.is_finite(),
        };
        if !ok {
            return Err("multiplier: `constant` and `min` above 0, `max` at least `min`".into());
        }
        self.guard.map_or(Ok(()), |g| g.check().map_err(|e| format!("guard: {e}")))
    }
}

/// What a rule asks at one row, fractions of notional.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Issue time.
    pub ts: Ts,
    /// What the control multiplies, see [`Control`].
    pub baseline: f64,
    /// The margin.
    pub c: f64,
    /// The model's own loss and the result of each stage.
    pub stages: Vec<f64>,
}

/// What the models that rules name said about one instrument and horizon, by time.
pub struct Said<'a> {
    by_model: BTreeMap<&'a str, BTreeMap<Ts, &'a Dist>>,
    side: Side,
    start: Ts,
    row: Span,
    closure: Span,
}

impl<'a> Said<'a> {
    /// Gathers it from a walk.
    pub fn of(plan: &'a Plan, walk: &'a Walk, symbol: Symbol, horizon: Horizon) -> Said<'a> {
        let mut by_model: BTreeMap<&str, BTreeMap<Ts, &Dist>> = BTreeMap::new();
        let named: BTreeSet<&str> = plan.study.margins.iter().flat_map(Rule::models).collect();
        let own = |i: &&Issued| i.symbol == symbol && i.forecast.horizon == horizon && named.contains(&*i.model);
        for i in walk.before.iter().chain(&walk.forecasts).filter(own) {
            by_model.entry(&i.model).or_default().insert(i.forecast.issued, &i.forecast.dist);
        }
        let (side, rows) = (plan.road.margin.baseline.side, &plan.road.rows);
        Said { by_model, side, start: plan.study.start, row: rows.row, closure: rows.closure }
    }

    /// What a rule asks at every row of the span on which all its models spoke.
    pub fn asks(&self, rule: &Rule) -> Vec<Asked> {
        let none = BTreeMap::new();
        let of = |model: &str| self.by_model.get(model).unwrap_or(&none);
        let models: Vec<_> = rule.models().into_iter().map(of).collect();
        let spoken: Vec<Ts> =
            of(&rule.baseline).keys().filter(|ts| models.iter().all(|m| m.contains_key(ts))).copied().collect();
        let var = |model: &str, ts: &Ts| of(model).get(ts).map_or(f64::NAN, |d| self.side.var(d));
        let sd = |model: &str, ts: &Ts| of(model).get(ts).map_or(f64::NAN, |d| d.sd);
        let u: Vec<f64> = spoken.iter().map(|ts| var(&rule.baseline, ts)).collect();
        let now = market_time(&spoken, self.row, self.closure);
        let other = |model: &Option<String>, ts: &Ts| model.as_ref().map_or(f64::NAN, |m| var(m, ts));
        // Stages that cannot be are refused when the configuration is read.
        let Ok(mut apc) = Apc::new(&rule.apc) else { return Vec::new() };
        let trails: Vec<Vec<f64>> = (0..u.len())
            .map(|i| {
                let (stressed, long_run) = (other(&rule.stressed, &spoken[i]), other(&rule.long_run, &spoken[i]));
                apc.step(&MeasuredLoss { ts: now[i], var: u[i], stressed, long_run })
            })
            .collect();
        let b: Vec<f64> = trails.iter().zip(&u).map(|(trail, u)| trail.last().copied().unwrap_or(*u)).collect();
        let m: Vec<f64> = (0..b.len())
            .map(|i| match &rule.multiplier {
                None => 1.0,
                Some(Multiplier::Constant { constant }) => *constant,
                Some(Multiplier::Forecast { forecast, over, min, max }) => {
                    let f = u[i] * sd(forecast, &spoken[i]) / sd(over, &spoken[i]);
                    (f / b[i]).max(*min).min(*max)
                }
            })
            .collect();
        let c = match &rule.guard {
            None => b.iter().zip(&m).map(|(b, m)| b * m).collect(),
            Some(policy) => self.guarded(*policy, (&spoken, &now), &b, &m),
        };
        let base = if rule.control == Control::Plain { u } else { b };
        let rows = spoken.iter().zip(base).zip(c).zip(trails);
        let rows = rows.map(|(((ts, baseline), c), stages)| Asked { ts: *ts, baseline, c, stages });
        rows.filter(|a| a.ts >= self.start).collect()
    }

    fn guarded(&self, policy: Policy, (spoken, now): (&[Ts], &[Ts]), b: &[f64], m: &[f64]) -> Vec<f64> {
        let first = spoken.partition_point(|ts| *ts < self.start).saturating_sub(1);
        let mut c = vec![f64::NAN; b.len()];
        // As the stages.
        let Ok(mut guard) = Guardrail::new(policy) else { return c };
        for i in first..b.len() {
            let m = if i == first { 1.0 } else { m[i] };
            let proposal = Proposal { ts: now[i], baseline: b[i], m, p_stress: Vec::new(), long_run_var: None };
            c[i] = guard.step(&proposal).map_or(f64::NAN, |bundle| bundle.c_im);
        }
        c
    }
}

/// The market's own time, in which a closure takes none.
pub fn market_time(ts: &[Ts], row: Span, closure: Span) -> Vec<Ts> {
    let mut now = Ts(0);
    let mut times = Vec::with_capacity(ts.len());
    for (i, at) in ts.iter().enumerate() {
        if i > 0 {
            let passed = *at - ts[i - 1];
            let closed = Span(passed.0 - row.0);
            now = now + if closed <= closure { row } else { passed };
        }
        times.push(now);
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Ts {
        Ts(0) + Span::DAY.times(n)
    }

    /// What three models said on five days of a week and the Monday after it.
    struct Week(Vec<(&'static str, Vec<(Ts, Dist)>)>);

    impl Week {
        fn new() -> Week {
            let days = [0, 1, 2, 3, 4, 7];
            let of = |sd: [f64; 6]| days.iter().zip(sd).map(|(d, sd)| (day(*d), Dist::normal(sd * sd, sd))).collect();
            Week(vec![
                ("U", of([0.010, 0.010, 0.012, 0.012, 0.010, 0.010])),
                ("floor", of([0.011; 6])),
                ("HAR", of([0.010, 0.013, 0.030, 0.030, 0.005, 0.100])),
                ("EWMA", of([0.010; 6])),
            ])
        }
        fn said(&self, start: Ts, closure: Span) -> Said<'_> {
            let by_model = self.0.iter().map(|(m, s)| (*m, s.iter().map(|(ts, d)| (*ts, d)).collect())).collect();
            Said { by_model, side: Side::Long, start, row: Span::DAY, closure }
        }
    }

    fn rule(text: &str) -> Rule {
        toml::from_str(&format!("name = \"rule\"\nbaseline = \"U\"\n{text}")).unwrap()
    }

    /// Margins over the 99 % loss of a volatility of 1 %.
    fn shares(asked: &[Asked]) -> Vec<f64> {
        let unit = Side::Long.var(&Dist::normal(1e-4, 0.01));
        asked.iter().map(|a| (1e6 * a.c / unit).round() / 1e6).collect()
    }

    const FORECAST: &str = "multiplier = { forecast = \"HAR\", over = \"EWMA\", max = 2.5 }";
    const FLOOR: &str = "long_run = \"floor\"\napc = [{ stage = \"floor\" }]";

    #[test]
    fn the_baseline_is_staged_and_multiplied() {
        let week = Week::new();
        let said = week.said(day(0), Span(0));
        let of = |text: &str| shares(&said.asks(&rule(text)));
        assert_eq!(of(""), [1.0, 1.0, 1.2, 1.2, 1.0, 1.0]);
        assert_eq!(of(FLOOR), [1.1, 1.1, 1.2, 1.2, 1.1, 1.1]);
        assert_eq!(of("multiplier = { constant = 1.5 }"), [1.5, 1.5, 1.8, 1.8, 1.5, 1.5]);
        assert_eq!(of(FORECAST), [1.0, 1.3, 3.0, 3.0, 1.0, 2.5]);
        // The forecast requirement does not know the floor: it is U times the ratio.
        assert_eq!(of(&format!("{FLOOR}\n{FORECAST}")), [1.1, 1.3, 3.0, 3.0, 1.1, 2.75]);
        assert!(said.asks(&rule("multiplier = { forecast = \"ghost\", over = \"EWMA\" }")).is_empty());
    }

    #[test]
    fn the_control_is_of_the_staged_baseline_or_of_the_plain_one() {
        let week = Week::new();
        let said = week.said(day(0), Span(0));
        let of = |text: &str| -> Vec<f64> {
            let unit = Side::Long.var(&Dist::normal(1e-4, 0.01));
            said.asks(&rule(text)).iter().map(|a| (1e6 * a.baseline / unit).round() / 1e6).collect()
        };
        assert_eq!(of(FLOOR)[..3], [1.1, 1.1, 1.2]);
        assert_eq!(of(&format!("control = \"plain\"\n{FLOOR}"))[..3], [1.0, 1.0, 1.2]);
    }

    #[test]
    fn guardrails_begin_before_the_span_and_a_closure_takes_no_time() {
        let week = Week::new();
        let guard = "guard = { mode = \"managed-total\", lag_max = 1.0, confirmations = 0, day_cap = 1000.0 }";
        let text = format!("{FORECAST}\n{guard}");
        let of = |start: i64, closure: i64| shares(&week.said(day(start), Span::DAY.times(closure)).asks(&rule(&text)));
        let steps: Vec<f64> = (1..=3).map(|k| (1e6 * 1.1f64.powi(k)).round() / 1e6).collect();
        let down = (1e6 * 0.98 * 1.1f64.powi(3)).round() / 1e6;
        let monday = (1e6 * 0.98 * 1.1f64.powi(4)).round() / 1e6;
        assert_eq!(of(1, 7), [steps[0], steps[1], steps[2], down, monday]);
        assert_eq!(of(1, 0), of(1, 7), "guardrails count a longer pause as a day");
        // Without a row before it, the span's first begins at the baseline.
        assert_eq!(of(0, 7)[..2], [1.0, steps[0]]);
    }

    #[test]
    fn rules_that_cannot_be_carried_out_are_refused_with_the_mend() {
        let known = |name: &str| name != "ghost";
        let refused = |text: &str, word: &str| {
            let why = rule(text).check(&known).unwrap_err();
            assert!(why.contains(word), "{why}");
        };
        assert_eq!(rule(FLOOR).check(&known), Ok(()));
        refused("long_run = \"ghost\"", "ghost");
        refused("apc = [{ stage = \"floor\" }]", "long_run");
        refused("apc = [{ stage = \"stress-weight\" }]", "stressed");
        refused("multiplier = { constant = 0.0 }", "above 0");
        refused("multiplier = { forecast = \"HAR\", over = \"EWMA\", min = 3.0 }", "at least `min`");
        refused("guard = { dead_band = 7.0 }", "guard");
        let own = Rule { name: "guarded".into(), ..rule("") };
        assert!(own.check(&known).unwrap_err().contains("another"));
    }
}
