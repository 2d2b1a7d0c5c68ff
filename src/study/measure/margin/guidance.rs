//! Was the multiplier within its guidance? Every decision of the span, beside the guidance given by what was
//! decided before it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Horizon, Span, Ts};
use crate::margin::Decision;
use crate::record::explain::guidance::OVER;
use crate::record::explain::{GuidanceRange, RunningGuidance};
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::{High, Low, Neither};
use crate::study::measure::declare::Format::{Count, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;

/// Coverage of guidance over one length of time, over all instruments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guided {
    /// How far ahead the margin looks.
    pub horizon: Horizon,
    /// How far ahead the guidance looks.
    pub over: Span,
    /// Decisions with guidance whose later multiplier is known.
    pub n: usize,
    /// Share within the interval of nominally 90 %, ends included.
    pub inside: f64,
    /// Share below it.
    pub below: f64,
    /// Share above it.
    pub above: f64,
    /// Mean of upper over lower end, less 1.
    pub width: f64,
    /// Share of the later multipliers that were no farther from the median given than from the one then
    /// in force.
    pub better: f64,
}

impl Measurement for Guided {
    type Found = Vec<Guided>;
    const SHOWN: &'static [Shown] = &[table(
        "Forward guidance",
        "Forward guidance: was the multiplier where it was said to be",
        &["over", "horizon"],
        GUIDANCE,
    )
    .grouped("over")
    .at(Section::Calls, 40)];
    fn measure(of: &Material<'_>) -> Result<Vec<Guided>, Error> {
        Ok(guided(of.plan, &of.walk.decisions))
    }
    fn schema() -> Value {
        json::lines(
            "Coverage of forward guidance over one length of time",
            vec![
                ("horizon", json::span()),
                ("over", json::span()),
                ("n", json::count()),
                ("inside", json::share()),
                ("below", json::share()),
                ("above", json::share()),
                ("width", json::positive()),
                ("better", json::share()),
            ],
        )
    }
}

#[derive(Default)]
struct Sums {
    n: usize,
    below: usize,
    above: usize,
    width: f64,
    better: usize,
}

/// Coverage by horizon and length of time; what was never given is not there.
pub fn guided(plan: &Plan, decisions: &[Decision]) -> Vec<Guided> {
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let mut sums: BTreeMap<Span, Sums> = BTreeMap::new();
        for symbol in &plan.pipeline.symbols {
            let own: Vec<&Decision> =
                decisions.iter().filter(|d| d.symbol == *symbol && d.horizon == horizon).collect();
            let mut guide = RunningGuidance::new(plan.pipeline.margin.guardrail);
            let later: BTreeMap<Ts, f64> = own.iter().map(|d| (d.ts, d.m_im_ppm as f64 / 1e6)).collect();
            for d in own {
                for ahead in guide.push(d) {
                    let Some(m) = later.get(&(d.ts + ahead.over)) else { continue };
                    sums.entry(ahead.over).or_default().add(&ahead, *m, d.m_im_ppm as f64 / 1e6);
                }
            }
        }
        for (over, s) in OVER.iter().filter_map(|o| Some((*o, sums.get(o)?))) {
            let n = s.n as f64;
            let (below, above) = (s.below as f64 / n, s.above as f64 / n);
            let inside = (s.n - s.below - s.above) as f64 / n;
            lines.push(Guided {
                horizon,
                over,
                n: s.n,
                inside,
                below,
                above,
                width: s.width / n,
                better: s.better as f64 / n,
            });
        }
    }
    lines
}

impl Sums {
    fn add(&mut self, ahead: &GuidanceRange, m: f64, now: f64) {
        // Published multipliers are whole parts per million; the interval is a product of floats.
        let (low, high) = (ahead.low * (1.0 - 1e-9), ahead.high * (1.0 + 1e-9));
        self.n += 1;
        self.below += usize::from(m < low);
        self.above += usize::from(m > high);
        self.width += ahead.high / ahead.low - 1.0;
        self.better += usize::from((m - ahead.median).abs() <= (m - now).abs() * (1.0 + 1e-9));
    }
}

const GUIDANCE: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Decisions with guidance whose later multiplier is known, over all instruments."),
    col(
        "inside",
        "inside",
        Percent(2),
        Neither,
        "Share of later multipliers within the interval of nominally 90 %, ends included; a multiplier that often stays puts more there.",
    ),
    col("below", "below", Percent(2), Neither, "Share below it; nominally 5 % at most."),
    col("above", "above", Percent(2), Neither, "Share above it; nominally 5 % at most."),
    col("width", "width", Percent(2), Low, "Mean of the upper over the lower end, less 1."),
    col(
        "better",
        "median no worse",
        Percent(1),
        High,
        "Share of later multipliers no farther from the median told than from the one then in force.",
    ),
];
