//! What the promotion gates ask for, from a finished study.

use super::breaches::{Breaches, breaches};
use crate::base::Span;
use crate::forecast::Panel;
use crate::forecast::pooled::profile::Profile;
use crate::loss::MarginOutcome;
use crate::record::promotion::{
    Evidence, ForecastEvidence, Hits, LeadLagEvidence, LeakEvidence, MarginCost, MarginEvidence, StressEvidence,
};
use crate::study::measure::forecast::confidence::Losses;
use crate::study::measure::margin::margin_calls::MarginCalls;
use crate::study::measure::margin::stress::Scenario;
use crate::study::measure::{POOLED, Scores, outcomes};
use crate::study::run::Studied;

/// What the promotion gate asks for.
pub fn evidence(studied: &Studied, panel: &Panel, profile: &Profile) -> Evidence {
    let (walk, plan) = (&studied.walk, &studied.plan);
    let outcomes = outcomes::all(&walk.history, plan);
    let forecasts = walk.forecasted();
    let served = &plan.pipeline.margin.forecast;
    let hits = |b: Breaches| Hits { n: b.n, breaches: b.breaches, transitions: b.transitions };
    let measured = |losses: Losses| {
        let [below, above] = breaches(served, losses.horizon, &outcomes, &forecasts).map(hits);
        ForecastEvidence { horizon: losses.horizon, ts: losses.ts, losses: losses.models, below, above }
    };
    let horizons = Losses::all(plan, &outcomes, &forecasts).into_iter().map(measured).collect();
    let leak_test = studied.judged.scores.evidence.leak_test.as_ref();
    let leak = LeakEvidence {
        cut: leak_test.map_or(plan.study.end, |f| f.cut),
        models: leak_test.map_or(0, |f| f.models.len()),
        changed: leak_test.map_or(0, |f| f.changed),
        passed: leak_test.is_some_and(|f| f.passed),
    };
    // As much as a version serves until the next refit, against everything it learnt from.
    let drifts = profile.drift(panel, plan.study.refit);
    let drift = drifts.iter().map(|d| (d.input.clone(), d.index)).collect();
    let usual = drifts.into_iter().map(|d| (d.input, d.usual)).collect();
    Evidence {
        served: served.clone(),
        base: plan.study.base.clone(),
        horizons,
        leak_test: leak,
        drift,
        usual,
        margins: margins(&studied.judged.scores),
        lead_lag: studied.judged.scores.evidence.lead_lag.as_ref().map(|found| LeadLagEvidence {
            compared: found.compared,
            out_of_step: found.out_of_step.iter().map(ToString::to_string).collect(),
        }),
        signed: None,
    }
}

/// What the promotion gate asks of the guarded margin, pooled over instruments and sides.
fn margins(scores: &Scores) -> Vec<MarginEvidence> {
    let evidence = &scores.evidence;
    let mut all = Vec::new();
    for horizon in &scores.meta.horizons {
        let own = |policy: &str, symbol: &str| policy == "guarded" && symbol == POOLED;
        let score = scores.policy_scores.iter().find(|m| m.horizon == *horizon && own(&m.policy, &m.symbol));
        let Some(score) = score else { continue };
        let mut hits = Hits { n: 0, breaches: 0, transitions: [[0; 2]; 2] };
        let mut beyond = 0.0;
        for b in evidence.backtests.iter().filter(|b| b.horizon == *horizon && own(&b.policy, &b.symbol)) {
            hits.n += b.n;
            hits.breaches += b.breaches;
            (0..2).for_each(|i| (0..2).for_each(|j| hits.transitions[i][j] += b.transitions[i][j]));
            beyond += b.n as f64 * b.z2.unwrap_or(f64::NAN);
        }
        let calls = |policy: &str| {
            let same = |c: &&MarginCalls| c.horizon == *horizon && c.policy == policy && c.symbol == POOLED;
            evidence.margin_calls.iter().filter(same).find(|c| c.call.over == Span::DAY.times(5)).map(|c| c.call.es99)
        };
        let cost = |o: &MarginOutcome, policy: &str| MarginCost {
            breaches: o.breaches,
            shortfall_sum: o.shortfall_sum,
            call_es99: calls(policy),
        };
        let left = |name: &str, policy: &str| {
            let same = |s: &&Scenario| s.horizon == *horizon && s.policy == policy && s.name == name;
            evidence.stress.iter().find(same).map(|s| s.shortfall_sum)
        };
        let scenarios = evidence.stress.iter().filter(|s| s.horizon == *horizon && s.policy == "guarded");
        let stress = scenarios.filter_map(|s| {
            Some(StressEvidence { name: s.name.clone(), own: s.shortfall_sum, baseline: left(&s.name, "baseline")? })
        });
        let response = evidence.impulse_responses.iter().find(|r| r.horizon == *horizon && r.requirement == "guarded");
        let z2 = Some(beyond / hits.n as f64).filter(|z| z.is_finite());
        all.push(MarginEvidence {
            horizon: *horizon,
            hits,
            z2,
            own: cost(&score.outcome, "guarded"),
            control: cost(&score.control, "control of guarded"),
            overshoot: response.map(|r| r.overshoot),
            stress: stress.collect(),
        });
    }
    all
}
