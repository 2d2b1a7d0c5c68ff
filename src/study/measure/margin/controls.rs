//! The published margin among what a desk might charge instead, each beside the constants of equal average margin.
//!
//! | policy | what it asks |
//! |---|---|
//! | `published` | what was published |
//! | `new` | what opens, adds or withdraws was asked |
//! | `baseline` | the baseline alone |
//! | `constant` | the baseline times the constant that gives it the average of what was published, instrument by instrument |
//! | `flat` | that average at every row, instrument by instrument |
//! | `EMIR floor`, `EMIR stress weight`, `EMIR buffer` | one tool of [`crate::margin::apc`] over the recorded baseline |
//! | `unguarded` | what the blend wants, before guardrails |
//!
//! The tools run over what decisions record: baseline, stressed and long-run loss. What is measured, and the controls,
//! are those of [`crate::study::calibrate::objective`]. Without crash days, rows whose outcome touches one are left out,
//! and rises are those that no such row lies within.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::controls_table::{CONTROLS, DETAILS};
use crate::base::{Horizon, Span, Ts};
use crate::loss::Side;
use crate::loss::procyclical::rises::rises;
use crate::margin::Decision;
use crate::margin::apc::{Apc, MeasuredLoss, Stage};
use crate::pipeline::market_time;
use crate::study::Error;
use crate::study::calibrate::assessment::{Assessment, assess};
use crate::study::calibrate::bootstrap::Resampling;
use crate::study::calibrate::objective::{JudgedRows, OVER_ROWS};
use crate::study::calibrate::replay::AskedMargin;
use crate::study::config::{CrashDays, Plan};
use crate::study::measure::declare::{Measurement, Section, Shown, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::policies::{Ask, Asked, POLICIES};

/// Name of what was published.
pub const PUBLISHED: &str = "published";
/// Rows of every day.
pub const ALL_DAYS: &str = "all";
/// Rows that no named crash touches.
const NO_CRASHES: &str = "without crashes";
/// Samples and mean block of the bands of what was published.
const SAMPLES: usize = 200;
const BLOCK: Span = Span(20 * Span::DAY.0);

/// One policy beside the constants of equal average margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlledPolicy {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// See the table of this module.
    pub policy: String,
    /// `all`, or `without crashes`.
    pub days: String,
    /// Rows.
    pub n: usize,
    /// Average margin, fraction of notional.
    pub average: f64,
    /// The same over the average baseline.
    pub average_ratio: f64,
    /// Sum of shortfalls, fraction of notional.
    pub shortfall: f64,
    /// Shortfall over that of the baseline times the constant of equal average.
    pub ratio: Option<f64>,
    /// What it leaves less than that constant, as a share: 1 - ratio.
    pub less: Option<f64>,
    /// 90 % band of the ratio; of what was published only.
    pub band: Option<[f64; 2]>,
    /// Shortfall over that of the same average at every row.
    pub flat_ratio: Option<f64>,
    /// Diebold-Mariano statistic of daily sums of shortfall, policy minus constant of equal average.
    pub dm_t: Option<f64>,
    /// Its two-sided p-value.
    pub dm_p: Option<f64>,
    /// Losses above the margin.
    pub breaches: usize,
    /// Those of the constant of equal average.
    pub control_breaches: usize,
    /// Instruments on which it leaves less than its constant.
    pub better: usize,
    /// Instruments.
    pub instruments: usize,
    /// Those on which it does not.
    pub worse_on: Vec<String>,
    /// Worst relative rises over 1, 5 and 20 rows.
    pub rises: [f64; 3],
    /// Those of the constant of equal average, which are the baseline's.
    pub control_rises: [f64; 3],
    /// Mean of the largest 1 % of rises over one row.
    pub rise_es99: Option<f64>,
    /// Changes a day.
    pub changes_a_day: f64,
}

impl Measurement for ControlledPolicy {
    type Found = Vec<ControlledPolicy>;
    const OPTIONAL: bool = true;
    const SHOWN: &'static [Shown] = &[
        table(
            "Policies and constants",
            "The published margin and what might be charged instead, each against the constants of equal average margin",
            HEADS,
            CONTROLS,
        )
        .only("days", ALL_DAYS)
        .hidden_when_empty()
        .at(Section::Verdict, 10),
        table("Policies in detail", "The same policies: breaches, tests and how often they change", HEADS, DETAILS)
            .only("days", ALL_DAYS)
            .hidden_when_empty()
            .at(Section::Cost, 10),
        table("", "Without the named crash days: policies against the constants of equal average margin", HEADS, CONTROLS)
            .only("days", NO_CRASHES)
            .hidden_when_empty()
            .at(Section::Cost, 12),
        table("", "Without the named crash days: breaches, tests and changes", HEADS, DETAILS)
            .only("days", NO_CRASHES)
            .hidden_when_empty()
            .at(Section::Cost, 14),
    ];
    fn measure(of: &Material<'_>) -> Result<Vec<ControlledPolicy>, Error> {
        controls(of.plan, &of.asked)
    }
    fn schema() -> Value {
        let rises = || serde_json::json!({"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3});
        let keys = vec![
            ("horizon", json::span()),
            ("symbol", json::symbol_or_all()),
            ("policy", json::text()),
            ("days", json::one_of(&[ALL_DAYS, NO_CRASHES])),
            ("n", json::count()),
            ("average", json::above_zero()),
            ("average_ratio", json::above_zero()),
            ("shortfall", json::positive()),
            ("ratio", json::or_null(json::positive())),
            ("less", json::or_null(json::number())),
            ("band", json::or_null(serde_json::json!({"type": "array", "items": {"type": "number"}}))),
            ("flat_ratio", json::or_null(json::positive())),
            ("dm_t", json::or_null(json::number())),
            ("dm_p", json::or_null(json::share())),
            ("breaches", json::count()),
            ("control_breaches", json::count()),
            ("better", json::count()),
            ("instruments", json::count()),
            ("worse_on", json::array(json::symbol())),
            ("rises", rises()),
            ("control_rises", rises()),
            ("rise_es99", json::or_null(json::number())),
            ("changes_a_day", json::positive()),
        ];
        let about = "A margin policy beside the constants of equal average margin; absent where nothing was published";
        json::described(json::lines("One policy", keys), about)
    }
}

const HEADS: &[&str] = &["policy", "symbol", "horizon"];

/// One instrument over one horizon: rows with their losses, and which of them a crash touches.
struct Own<'a> {
    asked: &'a Asked<'a>,
    rows: JudgedRows,
    crashed: Vec<bool>,
    /// What each policy asked, in the order of [`NAMES`].
    policies: Vec<AskedMargin>,
}

const NAMES: [&str; 9] =
    [PUBLISHED, "new", "baseline", "constant", "flat", "EMIR floor", "EMIR stress weight", "EMIR buffer", "unguarded"];

/// The EMIR tools with the values of the regulation, in the order of their names.
const TOOLS: [Stage; 3] =
    [Stage::Floor, Stage::StressWeight { weight: 0.25 }, Stage::Buffer { add: 0.25, window: Span(250 * Span::DAY.0) }];

/// Every policy on every instrument, pooled first, by horizon.
///
/// # Errors
/// A stage refuses its settings, which it never does.
pub fn controls(plan: &Plan, asked: &[Asked<'_>]) -> Result<Vec<ControlledPolicy>, Error> {
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let of = asked.iter().filter(|a| a.horizon == horizon);
        let all: Vec<Own<'_>> = of.map(|a| own(plan, a)).collect::<Result<_, Error>>()?;
        let crashed = all.iter().any(|own| own.crashed.contains(&true));
        for (k, policy) in NAMES.iter().enumerate() {
            for days in [ALL_DAYS, NO_CRASHES].into_iter().take(1 + usize::from(crashed)) {
                let single = |own: &Own<'_>| Some((own.asked.symbol.to_string(), line(plan, &[own], k, days)?));
                let singles: Vec<(String, ControlledPolicy)> = all.iter().filter_map(single).collect();
                let together: Vec<&Own<'_>> = all.iter().collect();
                let worse = singles.iter().filter(|s| s.1.better == 0).map(|s| s.0.clone()).collect();
                let head = |symbol: &str, worse_on, of| ControlledPolicy {
                    symbol: symbol.into(),
                    policy: policy.to_string(),
                    worse_on,
                    ..of
                };
                lines.extend(line(plan, &together, k, days).map(|l| head(POOLED, worse, l)));
                lines.extend(singles.into_iter().map(|(symbol, l)| head(&symbol, vec![], l)));
            }
        }
    }
    Ok(lines)
}

fn own<'a>(plan: &Plan, asked: &'a Asked<'a>) -> Result<Own<'a>, Error> {
    let ts = asked.ts();
    let baseline = asked.requirement(POLICIES[0].1);
    let published = asked.requirement(|d| d.c_im);
    let (sum, n) = (published.iter().sum::<f64>(), ts.len() as f64);
    let constant = sum / baseline.iter().sum::<f64>();
    let times = market_time(&ts, plan.pipeline.rows.row, plan.pipeline.rows.closure);
    // What a schedule lifts was known ahead: rises are those of what is before it.
    let before: Ask = |d| d.why.unscheduled;
    let new_before: Ask = |d| d.c_new() * (d.why.unscheduled / d.c_im);
    let own = |c: Vec<f64>, unscheduled: Vec<f64>| AskedMargin { c, unscheduled, ..AskedMargin::default() };
    let plain = |c: Vec<f64>| own(c.clone(), c);
    let mut policies = vec![
        own(published, asked.requirement(before)),
        own(asked.requirement(Decision::c_new), asked.requirement(new_before)),
        plain(baseline.clone()),
        plain(baseline.iter().map(|b| constant * b).collect()),
        plain(vec![sum / n; ts.len()]),
    ];
    for tool in TOOLS {
        policies.push(plain(staged(tool, asked, &times)?));
    }
    policies.push(plain(asked.requirement(POLICIES[1].1)));
    let touched = |days: &[CrashDays], t: Ts| days.iter().any(|c| c.touches(t, asked.horizon));
    let side: Side = plan.pipeline.margin.baseline.side;
    Ok(Own {
        asked,
        crashed: ts.iter().map(|t| touched(&plan.study.crash_days, *t)).collect(),
        rows: JudgedRows {
            symbol: asked.symbol,
            at: (0..ts.len()).collect(),
            known: ts.iter().map(|t| *t + asked.horizon.0).collect(),
            ts,
            baseline,
            loss: asked.losses(side),
        },
        policies,
    })
}

/// What a tool makes of the recorded baseline.
fn staged(tool: Stage, asked: &Asked<'_>, times: &[Ts]) -> Result<Vec<f64>, Error> {
    let mut apc = Apc::new(&[tool]).map_err(|e| Error::Plan(e.to_string()))?;
    let one = |(d, ts): (&&Decision, &Ts)| {
        let (var, stressed, long_run) = (d.baseline, d.why.stressed, d.why.long_run_var);
        apc.step(&MeasuredLoss { ts: *ts, var, stressed, long_run }).last().copied().unwrap_or(var)
    };
    Ok(asked.decisions.iter().zip(times).map(one).collect())
}

/// A policy over some instruments; its names are still to be filled in.
fn line(plan: &Plan, all: &[&Own<'_>], k: usize, days: &str) -> Option<ControlledPolicy> {
    let row = plan.pipeline.rows.row;
    let kept = |own: &Own<'_>| -> Vec<usize> {
        (0..own.rows.ts.len()).filter(|i| days == ALL_DAYS || !own.crashed[*i]).collect()
    };
    let (mut rows, mut asked) = (Vec::new(), Vec::new());
    for own in all {
        let kept = kept(own);
        rows.push(picked(&own.rows, &kept));
        let pick = |of: &[f64]| kept.iter().map(|i| of[*i]).collect::<Vec<f64>>();
        let (c, unscheduled) = (pick(&own.policies[k].c), pick(&own.policies[k].unscheduled));
        asked.push(AskedMargin { c, unscheduled, ..AskedMargin::default() });
    }
    let samples = if k == 0 && days == ALL_DAYS { SAMPLES } else { 0 };
    let resampling = Resampling { block: BLOCK, samples, seed: plan.study.seed.named("bands of the published margin") };
    let found = assess(&rows, &asked, Ts(i64::MIN), row, resampling)?;
    let paced = (days != ALL_DAYS).then(|| Paced::of(all, k, row));
    Some(written(all[0].asked.horizon, days, &found, paced))
}

/// Those rows of an instrument.
fn picked(of: &JudgedRows, kept: &[usize]) -> JudgedRows {
    JudgedRows {
        symbol: of.symbol,
        at: (0..kept.len()).collect(),
        ts: kept.iter().map(|i| of.ts[*i]).collect(),
        baseline: kept.iter().map(|i| of.baseline[*i]).collect(),
        loss: kept.iter().map(|i| of.loss[*i]).collect(),
        known: kept.iter().map(|i| of.known[*i]).collect(),
    }
}

/// How a policy moves outside of crashes: what has a row of one within it is left out.
struct Paced {
    rises: [f64; 3],
    control_rises: [f64; 3],
    rise_es99: Option<f64>,
    changes_a_day: f64,
}

impl Paced {
    fn of(all: &[&Own<'_>], k: usize, row: Span) -> Paced {
        let worst = |of: &dyn Fn(&Own<'_>) -> Vec<f64>, over: usize| {
            all.iter().flat_map(|own| outside(&of(own), &own.crashed, over)).fold(0.0, f64::max)
        };
        let (asked, baseline) =
            (|own: &Own<'_>| own.policies[k].unscheduled.clone(), |own: &Own<'_>| own.rows.baseline.clone());
        let tail = |own: &&Own<'_>| {
            let mut ones = outside(&asked(own), &own.crashed, 1);
            ones.sort_by(|a, b| b.total_cmp(a));
            let count = ((0.01 * ones.len() as f64).round() as usize).max(1);
            (!ones.is_empty()).then(|| ones.iter().take(count).sum::<f64>() / count.min(ones.len()) as f64)
        };
        let changes = |own: &&Own<'_>| {
            let ones = outside(&asked(own), &own.crashed, 1);
            let days = (ones.len() as f64 * row.days()).max(1.0);
            ones.iter().filter(|rise| **rise != 0.0).count() as f64 / days
        };
        Paced {
            rises: OVER_ROWS.map(|over| worst(&asked, over)),
            control_rises: OVER_ROWS.map(|over| worst(&baseline, over)),
            rise_es99: all.iter().filter_map(tail).reduce(f64::max),
            changes_a_day: all.iter().map(changes).sum::<f64>() / all.len() as f64,
        }
    }
}

/// Relative rises over so many rows that have no row of a crash at an end or within.
fn outside(c: &[f64], crashed: &[bool], over: usize) -> Vec<f64> {
    let mut before = vec![0usize];
    crashed.iter().for_each(|x| before.push(before[before.len() - 1] + usize::from(*x)));
    let free = |i: &usize| before[i + over + 1] == before[*i];
    rises(c, over).into_iter().enumerate().filter(|(i, _)| free(i)).map(|r| r.1).collect()
}

fn written(horizon: Horizon, days: &str, found: &Assessment, paced: Option<Paced>) -> ControlledPolicy {
    let o = &found.outcome;
    let paced = paced.unwrap_or(Paced {
        rises: o.rises,
        control_rises: o.control_rises,
        rise_es99: Some(o.rise_es99),
        changes_a_day: o.changes_a_day,
    });
    ControlledPolicy {
        horizon,
        symbol: String::new(),
        policy: String::new(),
        days: days.into(),
        n: o.n,
        average: o.average,
        average_ratio: o.average / o.baseline_average,
        shortfall: o.shortfall,
        ratio: found.ratio,
        less: found.ratio.map(|r| 1.0 - r),
        band: found.bands.map(|b| b.ratio),
        flat_ratio: found.flat_ratio,
        dm_t: found.dm_t.filter(|t| t.is_finite()),
        dm_p: found.dm_p.filter(|p| p.is_finite()),
        breaches: o.breaches,
        control_breaches: o.control_breaches,
        better: o.better,
        instruments: o.instruments,
        worse_on: vec![],
        rises: paced.rises,
        control_rises: paced.control_rises,
        rise_es99: paced.rise_es99,
        changes_a_day: paced.changes_a_day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_over_a_crash_is_none_outside_of_it() {
        let c = [1.0, 1.1, 3.0, 3.0, 3.3, 3.3];
        let crashed = [false, false, true, false, false, false];
        let near = |got: Vec<f64>, want: &[f64]| {
            assert!(got.len() == want.len() && got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?}");
        };
        near(outside(&c, &crashed, 1), &[0.1, 0.1, 0.0]);
        near(outside(&c, &crashed, 2), &[0.1]);
        assert_eq!(outside(&c, &crashed, 5), Vec::<f64>::new());
    }
}
