//! How long volatility lasts, and what a margin that knows it is worth.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounds::MISS;
use crate::base::{Horizon, Span, Ts, stats};
use crate::feature::{Feature, Row};
use crate::forecast::History;
use crate::loss::procyclical::persistence::{half_life, persistence};
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::{High, Neither};
use crate::study::measure::declare::Format::{Fixed, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::policies::{Asked, POLICIES};

/// Rises of the baseline before which the multiplier is looked at.
const RISES: usize = 20;

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

impl Measurement for Buffer {
    type Found = Vec<Buffer>;
    const SHOWN: &'static [Shown] =
        &[table("Persistence and buffers", "How long volatility lasts", &["symbol", "horizon"], BUFFERS)
            .grouped("symbol")
            .at(Section::Calls, 50)];
    fn measure(of: &Material<'_>) -> Result<Vec<Buffer>, Error> {
        Ok(buffers(of.plan, &of.walk.history, &of.asked))
    }
    fn schema() -> Value {
        json::lines(
            "How long volatility lasts, and what a requirement that knows it is worth",
            vec![
                ("horizon", json::span()),
                ("symbol", json::symbol()),
                ("persistence", json::or_null(json::share())),
                ("half_life_days", json::or_null(json::positive())),
                ("unconditional", json::number()),
                ("conditional", json::above_zero()),
                ("ratio", json::number()),
                ("buffer", json::number()),
                ("lead_multiplier", json::or_null(json::number())),
                ("lead_rise", json::or_null(json::number())),
            ],
        )
    }
}

/// Persistence and buffers of every instrument.
pub fn buffers(plan: &Plan, history: &History, asked: &[Asked<'_>]) -> Vec<Buffer> {
    let side = plan.pipeline.margin.baseline.side;
    let row_days = plan.pipeline.rows.row.days();
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

const BUFFERS: &[ReportColumn] = &[
    col(
        "persistence",
        "persistence",
        Fixed(4),
        Neither,
        "Decay of the autocorrelations of the log realised variance from row to row, over 60 lags.",
    ),
    col(
        "half_life_days",
        "half-life d",
        Fixed(2),
        Neither,
        "Days until half of a deviation of the variance is gone, ln 0.5 / ln persistence: the longer, the larger a buffer must be (Glasserman and Wu 2018).",
    ),
    col(
        "unconditional",
        "unconditional",
        Percent(2),
        Neither,
        "99 % quantile of the losses of the span, whatever the volatility.",
    ),
    col("conditional", "conditional", Percent(2), Neither, "Median of the baseline, which knows the volatility."),
    col(
        "ratio",
        "ratio",
        Fixed(3),
        Neither,
        "The one over the other: what a requirement that follows volatility would have to be lifted by.",
    ),
    col("buffer", "buffer", Percent(2), Neither, "Average guarded margin over the average baseline, less 1."),
    col(
        "lead_multiplier",
        "m before rises",
        Fixed(3),
        High,
        "Mean guarded multiplier at the start of the twenty largest five-day rises of the baseline that do not overlap.",
    ),
    col("lead_rise", "these rises", Percent(1), Neither, "Mean of these rises."),
];
