//! What the study's margin rules ask, worked out from what the walk's models forecast.
//!
//! Rules see what the models forecast in the span and in the rehearsal before it. A rule's guardrails begin at
//! the baseline on the last row before the span, at a multiplier of one, or on the first of the span where
//! there was no rehearsal.

use std::collections::{BTreeMap, BTreeSet};

use super::issued::{Issued, Walk};
use crate::base::{Horizon, Span, Symbol, Ts};
use crate::forecast::Dist;
use crate::loss::baseline::Side;
use crate::margin::apc::{Apc, MeasuredLoss};
use crate::margin::{Guardrail, Policy, Proposal};
use crate::study::config::Plan;
use crate::study::config::margin_rule::{Control, MarginRule, RuleMultiplier};

/// What a rule asks at one row, fractions of notional.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleMargin {
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
pub struct RuleForecasts<'a> {
    by_model: BTreeMap<&'a str, BTreeMap<Ts, &'a Dist>>,
    side: Side,
    start: Ts,
    row: Span,
    closure: Span,
}

impl<'a> RuleForecasts<'a> {
    /// Gathers it from a walk.
    pub fn of(plan: &'a Plan, walk: &'a Walk, symbol: Symbol, horizon: Horizon) -> RuleForecasts<'a> {
        let mut by_model: BTreeMap<&str, BTreeMap<Ts, &Dist>> = BTreeMap::new();
        let named: BTreeSet<&str> = plan.study.margins.iter().flat_map(MarginRule::models).collect();
        let own = |i: &&Issued| i.symbol == symbol && i.forecast.horizon == horizon && named.contains(&*i.model);
        for i in walk.before.iter().chain(&walk.forecasts).filter(own) {
            by_model.entry(&i.model).or_default().insert(i.forecast.issued, &i.forecast.dist);
        }
        let (side, rows) = (plan.pipeline.margin.baseline.side, &plan.pipeline.rows);
        RuleForecasts { by_model, side, start: plan.study.start, row: rows.row, closure: rows.closure }
    }

    /// What a rule asks at every row of the span on which all its models spoke.
    pub fn asks(&self, rule: &MarginRule) -> Vec<RuleMargin> {
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
                Some(RuleMultiplier::Constant { constant }) => *constant,
                Some(RuleMultiplier::Forecast { forecast, over, min, max }) => {
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
        let rows = rows.map(|(((ts, baseline), c), stages)| RuleMargin { ts: *ts, baseline, c, stages });
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
        fn said(&self, start: Ts, closure: Span) -> RuleForecasts<'_> {
            let by_model = self.0.iter().map(|(m, s)| (*m, s.iter().map(|(ts, d)| (*ts, d)).collect())).collect();
            RuleForecasts { by_model, side: Side::Long, start, row: Span::DAY, closure }
        }
    }

    fn rule(text: &str) -> MarginRule {
        toml::from_str(&format!("name = \"rule\"\nbaseline = \"U\"\n{text}")).unwrap()
    }

    /// Margins over the 99 % loss of a volatility of 1 %.
    fn shares(asked: &[RuleMargin]) -> Vec<f64> {
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
}
