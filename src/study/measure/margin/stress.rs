//! The stress library: what margins left uncovered in named crashes, and in the worst windows of the
//! span, beside what the baseline would have left.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Horizon;
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::{Low, Neither};
use crate::study::measure::declare::Format::{Count, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::policies::{Asked, Requirements, names};

/// Worst windows of each instrument that do not overlap.
const WORST: usize = 10;

/// One scenario and policy, over all instruments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// A named crash, or the worst windows.
    pub name: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// What was asked.
    pub policy: String,
    /// Outcomes in it.
    pub n: usize,
    /// Largest loss, fraction of notional.
    pub worst_loss: f64,
    /// Sum of what was left uncovered, fraction of notional.
    pub shortfall_sum: f64,
    /// Largest single part of it.
    pub worst_miss: f64,
}

impl Measurement for Scenario {
    type Found = Vec<Scenario>;
    const SHOWN: &'static [Shown] =
        &[table("Stress library", "Stress library", &["name", "policy", "horizon"], STRESS)
            .grouped("name")
            .at(Section::Calls, 30)];
    fn measure(of: &Material<'_>) -> Result<Vec<Scenario>, Error> {
        Ok(scenarios(of.plan, &of.asked))
    }
    fn schema() -> Value {
        json::lines(
            "What a margin policy left uncovered in one scenario",
            vec![
                ("name", json::text()),
                ("horizon", json::span()),
                ("policy", json::text()),
                ("n", json::count()),
                ("worst_loss", json::number()),
                ("shortfall_sum", json::positive()),
                ("worst_miss", json::positive()),
            ],
        )
    }
}

/// Every scenario with any outcome.
pub fn scenarios(plan: &Plan, asked: &[Asked<'_>]) -> Vec<Scenario> {
    let side = plan.pipeline.margin.baseline.side;
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let own: Vec<(&Asked<'_>, Vec<f64>)> =
            asked.iter().filter(|a| a.horizon == horizon).map(|a| (a, a.losses(side))).collect();
        let asked: Vec<Requirements> = own.iter().map(|(a, _)| a.policies()).collect();
        let mut put = |name: &str, rows: &[(usize, usize)]| {
            for policy in names().iter().filter(|_| !rows.is_empty()) {
                let c = |k: usize, i: usize| asked[k].iter().find(|p| p.0 == *policy).map_or(f64::INFINITY, |p| p.1[i]);
                let missed = |(k, i): &(usize, usize)| (own[*k].1[*i] - c(*k, *i)).max(0.0);
                lines.push(Scenario {
                    name: name.into(),
                    horizon,
                    policy: policy.clone(),
                    n: rows.len(),
                    worst_loss: rows.iter().map(|(k, i)| own[*k].1[*i]).fold(f64::NEG_INFINITY, f64::max),
                    shortfall_sum: rows.iter().map(missed).sum(),
                    worst_miss: rows.iter().map(missed).fold(0.0, f64::max),
                });
            }
        };
        for crash in &plan.study.crash_days {
            let of = |(k, (a, _)): (usize, &(&Asked<'_>, Vec<f64>))| {
                let at = (0..a.decisions.len()).filter(|i| crash.touches(a.decisions[*i].ts, horizon));
                at.map(|i| (k, i)).collect::<Vec<_>>()
            };
            put(&crash.name, &own.iter().enumerate().flat_map(of).collect::<Vec<_>>());
        }
        let of = |(k, (a, losses)): (usize, &(&Asked<'_>, Vec<f64>))| {
            worst(a, losses).into_iter().map(|i| (k, i)).collect::<Vec<_>>()
        };
        put("ten worst windows", &own.iter().enumerate().flat_map(of).collect::<Vec<_>>());
    }
    lines
}

/// Places of the largest losses that do not overlap, largest first.
fn worst(asked: &Asked<'_>, losses: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..losses.len()).collect();
    order.sort_by(|a, b| losses[*b].total_cmp(&losses[*a]).then(a.cmp(b)));
    let (over, mut taken): (_, Vec<usize>) = (asked.horizon.0, Vec::new());
    for i in order {
        let ts = asked.decisions[i].ts;
        let apart = |j: &usize| {
            let other = asked.decisions[*j].ts;
            ts >= other + over || other >= ts + over
        };
        if taken.len() == WORST {
            break;
        }
        if taken.iter().all(apart) {
            taken.push(i);
        }
    }
    taken
}

const STRESS: &[ReportColumn] = &[
    col("n", "outcomes", Count, Neither, "Outcomes in the scenario, over all instruments."),
    col("worst_loss", "worst loss", Percent(2), Neither, "Largest loss in it, fraction of notional."),
    col(
        "shortfall_sum",
        "shortfall sum",
        Percent(2),
        Low,
        "Sum of what the margin left uncovered, fraction of notional.",
    ),
    col("worst_miss", "worst miss", Percent(2), Low, "Largest single part of it."),
];
