//! What each anti-procyclical stage costs and what it brings, of the pipeline's baseline and of every
//! margin rule that has stages.
//!
//! A stage is judged by what it makes of what comes in: average margin is the cost; breaches, shortfall,
//! swings and the worst call over five days are what it is for. What comes in times the constant of equal
//! average stands beside it, for any rise cuts breaches.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Horizon, Span, Symbol, Ts};
use crate::loss::procyclical::procyclicality::procyclicality;
use crate::loss::score::outcome::{Compared, compare};
use crate::margin::apc::{Stage, StageEffect, effects};
use crate::pipeline::market_time;
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Fixed, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::outcomes::Outcomes;
use crate::study::measure::policies::POLICIES;
use crate::study::walk::Walk;
use crate::study::walk::margin_rule;

/// Length of the calls that are compared, in the market's own time.
const FIVE_DAYS: Span = Span(5 * Span::DAY.0);

/// One stage, where it stands in its list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageWorth {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`]: sums over all of them, and the largest swing and call of any.
    pub symbol: String,
    /// Whose stage: `baseline` for the pipeline's, or a margin rule.
    pub policy: String,
    /// Place in the list, from 1.
    pub place: usize,
    /// Name of the stage.
    pub stage: String,
    /// Results with an outcome.
    pub n: usize,
    /// Share of them that the stage changed.
    pub binding: f64,
    /// Average of what came in, fraction of notional.
    pub average_before: f64,
    /// Average of what came out.
    pub average: f64,
    /// The difference: what the stage costs, fraction of notional.
    pub extra: f64,
    /// The same over what came in.
    pub extra_share: f64,
    /// Breaches of what came in.
    pub breaches_before: usize,
    /// Breaches of what came out.
    pub breaches: usize,
    /// Breaches of what came in times the constant of equal average.
    pub control_breaches: usize,
    /// Sum of shortfalls of what came in, fraction of notional.
    pub shortfall_before: f64,
    /// Sum of shortfalls of what came out.
    pub shortfall: f64,
    /// Sum of shortfalls of what came in times the constant of equal average.
    pub control_shortfall: f64,
    /// Largest over smallest of what came in.
    pub peak_to_trough_before: f64,
    /// The same of what came out.
    pub peak_to_trough: f64,
    /// Largest relative rise over five days of what came in; absent where the span is shorter.
    pub call_5d_before: Option<f64>,
    /// The same of what came out.
    pub call_5d: Option<f64>,
}

impl Measurement for StageWorth {
    type Found = Vec<StageWorth>;
    const OPTIONAL: bool = true;
    const SHOWN: &'static [Shown] = &[table(
        "Anti-procyclical stages",
        "Anti-procyclical stages: what each costs, and what it brings",
        &["stage", "place", "policy", "symbol", "horizon"],
        STAGES,
    )
    .hidden_when_empty()
    .at(Section::Cost, 20)];
    fn measure(of: &Material<'_>) -> Result<Vec<StageWorth>, Error> {
        Ok(stages(of.plan, of.walk, &of.outcomes))
    }
    fn schema() -> Value {
        json::described(
            json::lines(
                "One stage of one policy",
                vec![
                    ("horizon", json::span()),
                    ("symbol", json::symbol_or_all()),
                    ("policy", json::text()),
                    ("place", serde_json::json!({"type": "integer", "minimum": 1})),
                    ("stage", json::one_of(&["floor", "stress-weight", "buffer", "speed-limit", "cap"])),
                    ("n", json::count()),
                    ("binding", json::share()),
                    ("average_before", json::positive()),
                    ("average", json::positive()),
                    ("extra", json::number()),
                    ("extra_share", json::number()),
                    ("breaches_before", json::count()),
                    ("breaches", json::count()),
                    ("control_breaches", json::count()),
                    ("shortfall_before", json::positive()),
                    ("shortfall", json::positive()),
                    ("control_shortfall", json::positive()),
                    ("peak_to_trough_before", json::positive()),
                    ("peak_to_trough", json::positive()),
                    ("call_5d_before", json::or_null(json::number())),
                    ("call_5d", json::or_null(json::number())),
                ],
            ),
            "What anti-procyclical stages cost and bring; absent where there are none",
        )
    }
}

/// Stages of one policy on one instrument, with the losses that followed.
#[derive(Default)]
struct Run {
    ts: Vec<Ts>,
    trails: Vec<Vec<f64>>,
    losses: Vec<f64>,
}

/// One stage on one instrument.
struct Single {
    effect: StageEffect,
    compared: Compared,
    calls: [Option<f64>; 2],
}

/// Every stage of every policy that has any, by horizon and policy; the pooled lines first.
pub fn stages(plan: &Plan, walk: &Walk, truth: &[Outcomes]) -> Vec<StageWorth> {
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let own = (POLICIES[0].0, &plan.pipeline.margin.apc);
        let ruled = plan.study.margins.iter().map(|rule| (rule.name.as_str(), &rule.apc));
        for (policy, list) in std::iter::once(own).chain(ruled).filter(|p| !p.1.is_empty()) {
            let run = |symbol: &Symbol| (symbol.to_string(), runs(plan, walk, truth, (*symbol, horizon), policy));
            let runs: Vec<(String, Run)> = plan.pipeline.symbols.iter().map(run).collect();
            for (i, stage) in list.iter().enumerate() {
                let head = |symbol: &str| (horizon, symbol.to_string(), policy.to_string(), i + 1, stage);
                let single = |(symbol, run): &(String, Run)| Some((symbol.clone(), run.single(list, i)?));
                let singles: Vec<(String, Single)> = runs.iter().filter_map(single).collect();
                lines.extend(worth(head(POOLED), &singles.iter().map(|s| &s.1).collect::<Vec<_>>()));
                lines.extend(singles.iter().filter_map(|(symbol, s)| worth(head(symbol), &[s])));
            }
        }
    }
    lines
}

fn runs(plan: &Plan, walk: &Walk, truth: &[Outcomes], (symbol, horizon): (Symbol, Horizon), policy: &str) -> Run {
    let side = plan.pipeline.margin.baseline.side;
    let of = truth.iter().find(|t| t.symbol == symbol && t.horizon == horizon);
    let mut run = Run::default();
    let mut put = |ts: Ts, trail: Vec<f64>| {
        if let Some(o) = of.and_then(|t| t.at(ts)) {
            run.ts.push(ts);
            run.trails.push(trail);
            run.losses.push(side.loss(o.ret));
        }
    };
    match plan.study.margins.iter().find(|rule| rule.name == policy) {
        Some(rule) => {
            let asked = margin_rule::asked(walk, rule, symbol, horizon);
            asked.into_iter().for_each(|a| put(a.ts, a.stages));
        }
        None => {
            let own = walk.decisions.iter().filter(|d| d.symbol == symbol && d.horizon == horizon);
            own.filter(|d| !d.why.stages.is_empty()).for_each(|d| put(d.ts, d.why.stages.clone()));
        }
    }
    // Five days of a market that closes are five of its own days.
    run.ts = market_time(&run.ts, plan.pipeline.rows.row, plan.pipeline.rows.closure);
    run
}

impl Run {
    fn single(&self, list: &[Stage], i: usize) -> Option<Single> {
        let at = |k: usize| self.trails.iter().map(|t| t.get(k).copied().unwrap_or(f64::NAN)).collect::<Vec<f64>>();
        let (before, after) = (at(i), at(i + 1));
        let call = |c: &[f64]| Some(procyclicality(&self.ts, c, &[FIVE_DAYS])?.calls.first()?.largest);
        let effect = effects(list, self.trails.iter().map(Vec::as_slice)).into_iter().nth(i)?;
        Some(Single { effect, compared: compare(&after, &before, &self.losses)?, calls: [call(&before), call(&after)] })
    }
}

fn worth((horizon, symbol, policy, place, stage): Head<'_>, singles: &[&Single]) -> Option<StageWorth> {
    let pooled = Compared::pooled(&singles.iter().map(|s| s.compared).collect::<Vec<_>>())?;
    let (before, after) = (&pooled.baseline, &pooled.margin);
    let sum = |f: fn(&StageEffect) -> f64| singles.iter().map(|s| f(&s.effect)).sum::<f64>();
    let call = |k: usize| singles.iter().filter_map(|s| s.calls[k]).reduce(f64::max);
    Some(StageWorth {
        horizon,
        symbol,
        policy,
        place,
        stage: stage.name().into(),
        n: after.n,
        binding: sum(|e| e.binding as f64) / sum(|e| e.n as f64).max(1.0),
        average_before: before.average,
        average: after.average,
        extra: after.average - before.average,
        extra_share: after.average / before.average - 1.0,
        breaches_before: before.breaches,
        breaches: after.breaches,
        control_breaches: pooled.control.breaches,
        shortfall_before: before.shortfall_sum,
        shortfall: after.shortfall_sum,
        control_shortfall: pooled.control.shortfall_sum,
        peak_to_trough_before: before.peak_to_trough,
        peak_to_trough: after.peak_to_trough,
        call_5d_before: call(0),
        call_5d: call(1),
    })
}

/// What a line is about.
type Head<'a> = (Horizon, String, String, usize, &'a Stage);

const STAGES: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Results of the stage compared with the loss that followed."),
    col("binding", "binds", Percent(1), Neither, "Share of them that the stage changed."),
    col("average_before", "average in", Percent(3), Neither, "Average of what came into the stage."),
    col("average", "average out", Percent(3), Neither, "Average of what came out of it."),
    col("extra", "cost", Percent(3), Neither, "Out less in: the average extra margin, fraction of notional."),
    col("extra_share", "cost share", Percent(2), Neither, "The same over what came in."),
    col("breaches_before", "breaches in", Count, Neither, "Losses strictly above what came in."),
    col("breaches", "breaches out", Count, Neither, "Losses strictly above what came out."),
    col(
        "control_breaches",
        "breaches control",
        Count,
        Neither,
        "Losses strictly above what came in times the constant that gives it the average of what came out.",
    ),
    col("shortfall_before", "shortfall in", Percent(2), Neither, "Sum over breaches of loss less what came in."),
    col("shortfall", "shortfall out", Percent(2), Neither, "Sum over breaches of loss less what came out."),
    col(
        "control_shortfall",
        "shortfall control",
        Percent(2),
        Neither,
        "The same of what came in times the constant of equal average: what the stage must beat.",
    ),
    col("peak_to_trough_before", "peak/trough in", Fixed(2), Neither, "Largest over smallest of what came in."),
    col("peak_to_trough", "peak/trough out", Fixed(2), Neither, "Largest over smallest of what came out."),
    col(
        "call_5d_before",
        "5-day call in",
        Percent(1),
        Neither,
        "Largest relative rise over five days of what came in, closures of the market not counted.",
    ),
    col("call_5d", "5-day call out", Percent(1), Neither, "The same of what came out."),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Ts {
        Ts(0) + Span::DAY.times(n)
    }

    /// A measured loss that doubles for ten days in the middle of sixty, under a floor and a cap.
    fn run() -> (Run, [Stage; 2]) {
        let list = [Stage::Floor, Stage::Cap { times: 1.5 }];
        let mut apc = crate::margin::apc::Apc::new(&list).unwrap();
        let mut run = Run::default();
        for n in 0..60 {
            let var = if (30..40).contains(&n) { 0.08 } else { 0.04 };
            let measured = crate::margin::apc::MeasuredLoss { ts: day(n), var, stressed: 0.1, long_run: 0.05 };
            run.ts.push(day(n));
            run.trails.push(apc.step(&measured));
            run.losses.push(if n % 20 == 5 {
                0.045
            } else if n == 35 {
                0.079
            } else {
                0.01
            });
        }
        (run, list)
    }

    #[test]
    fn a_stage_is_judged_by_what_it_makes_of_what_comes_in() {
        let (run, list) = run();
        let head = |i: usize| (Horizon(Span::DAY), "AAA".to_string(), "rule".to_string(), i + 1, &list[i]);
        let floor = worth(head(0), &[&run.single(&list, 0).unwrap()]).unwrap();
        assert_eq!((floor.stage.as_str(), floor.place, floor.n, floor.binding), ("floor", 1, 60, 50.0 / 60.0));
        assert!(
            (floor.extra - 0.01 * 50.0 / 60.0).abs() < 1e-15 && floor.extra == floor.average - floor.average_before
        );
        assert_eq!((floor.breaches_before, floor.breaches), (3, 0), "three losses of 4.5 % over 4 %");
        assert!((floor.shortfall_before - 0.015).abs() < 1e-15 && floor.shortfall == 0.0);
        assert!((floor.peak_to_trough_before - 2.0).abs() < 1e-12 && (floor.peak_to_trough - 1.6).abs() < 1e-12);
        assert!((floor.call_5d_before.unwrap() - 1.0).abs() < 1e-12 && (floor.call_5d.unwrap() - 0.6).abs() < 1e-12);
        // Its control asks 4 % times 1.178 on a calm day: enough for 4.5 %.
        assert_eq!((floor.control_breaches, floor.control_shortfall), (0, 0.0));
        let cap = worth(head(1), &[&run.single(&list, 1).unwrap()]).unwrap();
        assert_eq!((cap.stage.as_str(), cap.binding), ("cap", 10.0 / 60.0));
        assert!(cap.extra < 0.0 && cap.breaches == 1 && (cap.shortfall - 0.004).abs() < 1e-12, "{cap:?}");
        assert_eq!(cap.average_before, floor.average, "what one gives, the next takes");
    }

    #[test]
    fn instruments_pool_to_sums_and_the_largest_call() {
        let (one, list) = run();
        let (mut two, _) = run();
        two.trails.iter_mut().flatten().for_each(|x| *x *= 2.0);
        let singles = [one.single(&list, 0).unwrap(), two.single(&list, 0).unwrap()];
        let head = (Horizon(Span::DAY), POOLED.to_string(), "rule".to_string(), 1, &list[0]);
        let both = worth(head, &singles.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((both.n, both.breaches_before), (120, 3));
        assert!((both.average - 1.5 * singles[0].compared.margin.average).abs() < 1e-15);
        assert_eq!(both.call_5d_before, Some(singles[0].calls[0].unwrap().max(singles[1].calls[0].unwrap())));
    }
}
