//! What margins do to those who pay them: calls by length of time, cost against cover at one breach
//! rate, and how long volatility lasts where they act.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, POLICIES, names};
use super::backtest::MISS;
use super::plan::Plan;
use super::scores::POOLED;
use crate::base::{Horizon, Span, Ts, stats};
use crate::feature::{Feature, Row};
use crate::forecast::History;
use crate::loss::procyclical::efficiency::rescaled;
use crate::loss::procyclical::persistence::{half_life, persistence};
use crate::loss::procyclical::procyclicality::{Call, procyclicality};

/// Lengths of time of calls.
const OVER: [Span; 5] = [Span::HOUR, Span(8 * Span::HOUR.0), Span::DAY, Span(5 * Span::DAY.0), Span(20 * Span::DAY.0)];
/// Rises of the baseline before which the multiplier is looked at.
const RISES: usize = 20;

/// The calls of one policy over one length of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calls {
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

/// How long volatility lasts, and what a requirement that knows it is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buffer {
    /// How far ahead.
    pub horizon: Horizon,
    /// The instrument.
    pub symbol: String,
    /// Decay of the autocorrelations of the log variance, per row.
    pub persistence: Option<f64>,
    /// Days until half of a deviation of the variance is gone.
    pub half_life_days: Option<f64>,
    /// 99 % quantile of the losses, whatever the volatility.
    pub unconditional: f64,
    /// Median of the baseline, which knows the volatility.
    pub conditional: f64,
    /// The one over the other.
    pub ratio: f64,
    /// Average guarded margin over the average baseline, less 1.
    pub buffer: f64,
    /// Mean guarded multiplier at the start of the twenty largest rises of the baseline over five days
    /// that do not overlap.
    pub lead_multiplier: Option<f64>,
    /// Mean of these rises, relative.
    pub lead_rise: Option<f64>,
}

/// Calls of every policy; the pooled lines first.
pub fn calls(plan: &Plan, asked: &[Asked<'_>]) -> Vec<Calls> {
    let over: Vec<Span> = OVER.into_iter().filter(|s| *s >= plan.road.rows.row).collect();
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let mut own = Vec::new();
        for a in asked.iter().filter(|a| a.horizon == horizon) {
            for (policy, c) in a.policies() {
                let found = procyclicality(&a.ts(), &c, &over);
                let line = |call| Calls { horizon, symbol: a.symbol.to_string(), policy: policy.clone(), call };
                own.extend(found.into_iter().flat_map(|p| p.calls).map(line));
            }
        }
        for policy in names() {
            for span in &over {
                let same: Vec<Call> = own
                    .iter()
                    .filter(|l: &&Calls| l.policy == policy && l.call.over == *span)
                    .map(|l| l.call)
                    .collect();
                let line = |call| Calls { horizon, symbol: POOLED.into(), policy: policy.clone(), call };
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

/// Every policy at the nominal breach rate of the configured side; the pooled lines first.
pub fn frontier(plan: &Plan, asked: &[Asked<'_>]) -> Vec<Frontier> {
    let side = plan.road.margin.baseline.side;
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

/// Persistence and buffers of every instrument.
pub fn buffers(plan: &Plan, history: &History, asked: &[Asked<'_>]) -> Vec<Buffer> {
    let side = plan.road.margin.baseline.side;
    let row_days = plan.road.rows.row.days();
    let line = |a: &Asked<'_>| {
        let inside = |r: &&Row| r.ts >= plan.study.start && r.ts < plan.study.end && r.raw(Feature::Rv) > 0.0;
        let rows = history.get(&a.symbol).into_iter().flat_map(|rows| rows.iter());
        let logs: Vec<f64> = rows.filter(inside).map(|r| r.raw(Feature::Rv).ln()).collect();
        let persistence = persistence(&logs);
        let baseline = a.requirement(POLICIES[0].1);
        let unconditional = stats::quantile(&stats::sorted(&a.losses(side)), 1.0 - MISS);
        let conditional = stats::quantile(&stats::sorted(&baseline), 0.5);
        let lead = lead(a, &baseline);
        Buffer {
            horizon: a.horizon,
            symbol: a.symbol.to_string(),
            persistence,
            half_life_days: persistence.and_then(half_life).map(|rows| rows * row_days),
            unconditional,
            conditional,
            ratio: unconditional / conditional,
            buffer: stats::mean(&a.requirement(POLICIES[2].1)) / stats::mean(&baseline) - 1.0,
            lead_multiplier: lead.map(|l| l.0),
            lead_rise: lead.map(|l| l.1),
        }
    };
    asked.iter().map(line).collect()
}

/// Mean multiplier at the start of the largest five-day rises of the baseline, and their mean.
fn lead(asked: &Asked<'_>, baseline: &[f64]) -> Option<(f64, f64)> {
    let (ts, over) = (asked.ts(), Span(5 * Span::DAY.0));
    let mut rises: Vec<(f64, usize)> = Vec::new();
    for (i, t) in ts.iter().enumerate() {
        if let Ok(j) = ts.binary_search(&(*t + over)) {
            rises.push((baseline[j] / baseline[i] - 1.0, i));
        }
    }
    rises.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut taken: Vec<(Ts, f64, f64)> = Vec::new();
    for (rise, i) in rises.into_iter().filter(|r| r.0 > 0.0) {
        let apart = |other: Ts| ts[i] >= other + over || other >= ts[i] + over;
        if taken.len() < RISES && taken.iter().all(|t| apart(t.0)) {
            taken.push((ts[i], rise, asked.decisions[i].c_im / baseline[i]));
        }
    }
    let mean = |f: fn(&(Ts, f64, f64)) -> f64| taken.iter().map(f).sum::<f64>() / taken.len() as f64;
    (!taken.is_empty()).then(|| (mean(|t| t.2), mean(|t| t.1)))
}
