//! Margin calls by length of time.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Horizon, Span};
use crate::loss::procyclical::procyclicality::{Call, procyclicality};
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::{Low, Neither};
use crate::study::measure::declare::Format::{Count, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::policies::{Asked, names};

/// Lengths of time of calls.
const OVER: [Span; 5] = [Span::HOUR, Span(8 * Span::HOUR.0), Span::DAY, Span(5 * Span::DAY.0), Span(20 * Span::DAY.0)];
/// The calls of one policy over one length of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarginCalls {
    /// How far ahead the margin looks.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`]: the largest of any, shares of all.
    pub symbol: String,
    /// What was asked.
    pub policy: String,
    /// The calls.
    #[serde(flatten)]
    pub call: Call,
}

impl Measurement for MarginCalls {
    type Found = Vec<MarginCalls>;
    const SHOWN: &'static [Shown] =
        &[table("Calls", "Calls by length of time", &["over", "policy", "symbol", "horizon"], CALLS)
            .grouped("over")
            .at(Section::Calls, 10)];
    fn measure(of: &Material<'_>) -> Result<Vec<MarginCalls>, Error> {
        Ok(calls(of.plan, &of.asked))
    }
    fn schema() -> Value {
        json::lines(
            "Calls of one margin policy within one length of time",
            vec![
                ("horizon", json::span()),
                ("symbol", json::symbol()),
                ("policy", json::text()),
                ("over", json::span()),
                ("n", json::count()),
                ("largest", json::number()),
                ("amount", json::number()),
                ("es99", json::number()),
                ("above_10", json::share()),
                ("above_25", json::share()),
            ],
        )
    }
}

/// Calls of every policy; the pooled lines first.
pub fn calls(plan: &Plan, asked: &[Asked<'_>]) -> Vec<MarginCalls> {
    let over: Vec<Span> = OVER.into_iter().filter(|s| *s >= plan.pipeline.rows.row).collect();
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let mut own = Vec::new();
        for a in asked.iter().filter(|a| a.horizon == horizon) {
            for (policy, c) in a.policies() {
                let found = procyclicality(&a.ts(), &c, &over);
                let line = |call| MarginCalls { horizon, symbol: a.symbol.to_string(), policy: policy.clone(), call };
                own.extend(found.into_iter().flat_map(|p| p.calls).map(line));
            }
        }
        for policy in names() {
            for span in &over {
                let same: Vec<Call> = own
                    .iter()
                    .filter(|l: &&MarginCalls| l.policy == policy && l.call.over == *span)
                    .map(|l| l.call)
                    .collect();
                let line = |call| MarginCalls { horizon, symbol: POOLED.into(), policy: policy.clone(), call };
                lines.extend(pooled(&same).map(line));
            }
        }
        lines.extend(own);
    }
    lines
}

/// The largest of any, shares of all.
fn pooled(all: &[Call]) -> Option<Call> {
    let n: usize = all.iter().map(|c| c.n).sum();
    let most = |f: fn(&Call) -> f64| all.iter().map(f).fold(f64::NEG_INFINITY, f64::max);
    let share = |f: fn(&Call) -> f64| all.iter().map(|c| f(c) * c.n as f64).sum::<f64>() / n as f64;
    Some(Call {
        over: all.first()?.over,
        n,
        largest: most(|c| c.largest),
        amount: most(|c| c.amount),
        es99: most(|c| c.es99),
        above_10: share(|c| c.above_10),
        above_25: share(|c| c.above_25),
    })
}

const CALLS: &[ReportColumn] = &[
    col("n", "pairs", Count, Neither, "Pairs of margins exactly so far apart."),
    col("largest", "largest", Percent(1), Low, "Largest relative rise of the margin within that time."),
    col(
        "amount",
        "fixed portfolio",
        Percent(2),
        Low,
        "Largest rise, fraction of notional: the largest call on a fixed portfolio.",
    ),
    col("es99", "ES99", Percent(1), Low, "Mean of the relative rises beyond their 99 % order statistic."),
    col("above_10", "above 10 %", Percent(2), Low, "Share of pairs with a relative rise above 10 %."),
    col("above_25", "above 25 %", Percent(2), Low, "Share of pairs with a relative rise above 25 %."),
];
