//! Cost against cover: every policy at one breach rate.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounds::MISS;
use crate::base::Horizon;
use crate::loss::procyclical::efficiency::rescaled;
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::{Low, Neither};
use crate::study::measure::declare::Format::{Count, Fixed, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::policies::{Asked, POLICIES};

/// A policy on the frontier of cost and cover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frontier {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`]: one constant over all of them.
    pub symbol: String,
    /// What was asked.
    pub policy: String,
    /// Observations.
    pub n: usize,
    /// The constant that gives it the nominal breach rate.
    pub factor: f64,
    /// Breaches then.
    pub breaches: usize,
    /// Average requirement then, fraction of notional.
    pub average: f64,
    /// Sum of shortfalls then, fraction of notional.
    pub shortfall_sum: f64,
    /// Average over that of the baseline at the same breach rate.
    pub average_ratio: f64,
    /// Shortfall over that of the baseline at the same breach rate.
    pub shortfall_ratio: Option<f64>,
}

impl Measurement for Frontier {
    type Found = Vec<Frontier>;
    const SHOWN: &'static [Shown] =
        &[table("Cost at equal cover", "Cost and cover at 1.0 % breaches", &["policy", "symbol", "horizon"], FRONTIER)
            .grouped("horizon")
            .at(Section::Calls, 20)];
    fn measure(of: &Material<'_>) -> Result<Vec<Frontier>, Error> {
        Ok(frontier(of.plan, &of.asked))
    }
    fn schema() -> Value {
        json::lines(
            "A margin policy rescaled to the nominal breach rate",
            vec![
                ("horizon", json::span()),
                ("symbol", json::symbol()),
                ("policy", json::text()),
                ("n", json::count()),
                ("factor", json::above_zero()),
                ("breaches", json::count()),
                ("average", json::above_zero()),
                ("shortfall_sum", json::positive()),
                ("average_ratio", json::above_zero()),
                ("shortfall_ratio", json::or_null(json::positive())),
            ],
        )
    }
}

/// Every policy at the nominal breach rate of the configured side; the pooled lines first.
pub fn frontier(plan: &Plan, asked: &[Asked<'_>]) -> Vec<Frontier> {
    let side = plan.pipeline.margin.baseline.side;
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let own: Vec<&Asked<'_>> = asked.iter().filter(|a| a.horizon == horizon).collect();
        let each = own.iter().map(|a| (a.symbol.to_string(), vec![*a]));
        for (symbol, of) in std::iter::once((POOLED.to_string(), own.clone())).chain(each) {
            let losses: Vec<f64> = of.iter().flat_map(|a| a.losses(side)).collect();
            let at = |ask| rescaled(&of.iter().flat_map(|a| a.requirement(ask)).collect::<Vec<_>>(), &losses, MISS);
            let Some(base) = at(POLICIES[0].1) else { continue };
            for (policy, ask) in POLICIES {
                let Some(found) = at(ask) else { continue };
                lines.push(Frontier {
                    horizon,
                    symbol: symbol.clone(),
                    policy: policy.into(),
                    n: losses.len(),
                    factor: found.factor,
                    breaches: found.breaches,
                    average: found.average,
                    shortfall_sum: found.shortfall_sum,
                    average_ratio: found.average / base.average,
                    shortfall_ratio: Some(found.shortfall_sum / base.shortfall_sum).filter(|r| r.is_finite()),
                });
            }
        }
    }
    lines
}

const FRONTIER: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Margins compared with the loss that followed."),
    col("factor", "factor", Fixed(4), Neither, "The constant that gives the policy 1.0 % breaches."),
    col("breaches", "breaches", Count, Neither, "Breaches at that factor."),
    col("average", "average", Percent(3), Low, "Average margin then: the cost at equal cover."),
    col("shortfall_sum", "shortfall sum", Percent(2), Low, "Sum of shortfalls then."),
    col(
        "average_ratio",
        "average / baseline",
        Fixed(3),
        Low,
        "Average over that of the baseline at the same breach rate; the control is the baseline here, whatever its constant.",
    ),
    col(
        "shortfall_ratio",
        "shortfall / baseline",
        Fixed(3),
        Low,
        "Sum of shortfalls over that of the baseline at the same breach rate.",
    ),
];
