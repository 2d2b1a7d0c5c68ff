//! What margins do when volatility doubles from one moment to the next: textbook requirements on normal
//! paths, and the pipeline on its own market.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Horizon, Span, Symbol, Ts, stats};
use crate::loss::procyclical::impulse::{self, Response, VolatilityStep};
use crate::margin::Decision;
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Fixed, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::policies::POLICIES;
use crate::study::walk::impulse::{FACTOR, decisions};
use crate::study::walk::{MarketEvents, Walk};

/// Days after the step at which the response is given.
const DAYS: [i64; 8] = [1, 5, 10, 20, 40, 60, 120, 250];
/// Where textbook requirements are tried.
const NORMAL_PATHS: &str = "normal paths";
/// Where the pipeline's are.
const OWN_MARKET: &str = "its own market, doubled";
/// Normal paths.
const PATHS: usize = 100;

/// What one requirement did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImpulseResponse {
    /// Which: a textbook name, or a margin policy.
    pub requirement: String,
    /// On normal paths, or on the study's own market.
    pub on: String,
    /// How far ahead the pipeline's requirements look; one day on normal paths.
    pub horizon: Horizon,
    /// Paths.
    pub paths: usize,
    /// Mean requirement over what it would have been, by days since the step, where it was followed.
    pub after_days: BTreeMap<String, f64>,
    /// Days until half of the rise is there.
    pub t50_days: Option<f64>,
    /// Until nine tenths of it are.
    pub t90_days: Option<f64>,
    /// Largest mean over twice what it would have been, less 1.
    pub overshoot: f64,
    /// Peak of the path that 95 % of paths lie below at each time, over what it would have been.
    pub peak_95: f64,
    /// Days followed.
    pub followed_days: f64,
}

impl Measurement for ImpulseResponse {
    type Found = Vec<ImpulseResponse>;
    const SHOWN: &'static [Shown] = &[
        table(
            "Impulse response",
            "Volatility doubles: what our margins do on their own market, whose returns are doubled",
            HEADS,
            RESPONSES,
        )
        .only("on", OWN_MARKET)
        .at(Section::Calls, 60),
        // Textbook margins are of no horizon of the study.
        table("", "Volatility doubles: what textbook margins of a day do on normal paths", HEADS, RESPONSES)
            .only("on", NORMAL_PATHS)
            .any_horizon()
            .at(Section::Calls, 70),
    ];
    fn measure(of: &Material<'_>) -> Result<Vec<ImpulseResponse>, Error> {
        of.again(|again| responses(of.plan, again.market, of.walk))
    }
    fn schema() -> Value {
        json::lines(
            "What a requirement did when volatility doubled",
            vec![
                ("requirement", json::text()),
                ("on", json::text()),
                ("horizon", json::span()),
                ("paths", json::count()),
                (
                    "after_days",
                    serde_json::json!({"description": "Mean over what it would have been, by days since the step", "type": "object", "propertyNames": {"pattern": "^[0-9]+$"}, "additionalProperties": {"type": "number", "minimum": 0}}),
                ),
                ("t50_days", json::or_null(json::number())),
                ("t90_days", json::or_null(json::number())),
                ("overshoot", json::number()),
                ("peak_95", json::number()),
                ("followed_days", json::number()),
            ],
        )
    }
}

impl ImpulseResponse {
    fn of(requirement: &str, on: &str, horizon: Horizon, paths: usize, row: Span, r: Response) -> ImpulseResponse {
        let days = |rows: usize| rows as f64 * row.days();
        let after = DAYS.iter().filter_map(|d| {
            let rows = (d * Span::DAY.0 / row.0) as usize;
            Some((d.to_string(), *r.mean.get(rows.checked_sub(1)?)?))
        });
        ImpulseResponse {
            requirement: requirement.into(),
            on: on.into(),
            horizon,
            paths,
            after_days: after.collect(),
            t50_days: r.t50.map(days),
            t90_days: r.t90.map(days),
            overshoot: r.overshoot,
            peak_95: r.peak_95,
            followed_days: days(r.mean.len()),
        }
    }
}

const HEADS: &[&str] = &["requirement", "on", "horizon"];

/// The responses of textbook requirements of a long position, 99 %, and of the pipeline's own margins.
///
/// # Errors
/// The pipeline cannot be built.
pub fn responses(plan: &Plan, market: &MarketEvents, walk: &Walk) -> Result<Vec<ImpulseResponse>, Error> {
    let step = VolatilityStep { paths: PATHS, seed: plan.study.seed.named("impulse"), ..VolatilityStep::default() };
    let old = stats::normal_quantile(0.99);
    let textbook = [
        ("historical 1000", step.response(&|| Some(impulse::historical(1000, 0.99)), old)),
        ("filtered 0.97", step.response(&|| impulse::filtered(impulse::plain_filter(1000, 0.99, 0.97)), old)),
        ("normal 0.97", step.response(&|| Some(impulse::normal(0.97, 0.99)), old)),
    ];
    let day = Horizon(Span::DAY);
    let mut lines: Vec<ImpulseResponse> = textbook
        .into_iter()
        .filter_map(|(name, r)| Some(ImpulseResponse::of(name, NORMAL_PATHS, day, PATHS, Span::DAY, r?)))
        .collect();
    let [was, is] = decisions(plan, market, walk)?;
    lines.extend(own(plan, &asked(&was), &asked(&is)));
    Ok(lines)
}

/// Requirements of one instrument and horizon, by policy, by close.
type ByClose = BTreeMap<(Horizon, Symbol), BTreeMap<Ts, [f64; 3]>>;

fn asked(decisions: &[Decision]) -> ByClose {
    let mut all = ByClose::new();
    for d in decisions {
        all.entry((d.horizon, d.symbol)).or_default().insert(d.ts, POLICIES.map(|(_, ask)| ask(d)));
    }
    all
}

fn own(plan: &Plan, was: &ByClose, is: &ByClose) -> Vec<ImpulseResponse> {
    let row = plan.pipeline.rows.row;
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        for (k, (policy, _)) in POLICIES.iter().enumerate() {
            let mut paths: Vec<Vec<f64>> = Vec::new();
            for ((h, symbol), before) in was {
                let Some(after) = is.get(&(*h, *symbol)).filter(|_| *h == horizon) else { continue };
                let ratios = before.iter().filter_map(|(ts, c)| Some(after.get(ts)?[k] / c[k]));
                paths.push(ratios.collect());
            }
            let shortest = paths.iter().map(Vec::len).min().unwrap_or(0);
            paths.iter_mut().for_each(|p| p.truncate(shortest));
            let found = Response::of(&paths, FACTOR).filter(|_| shortest > 0);
            lines.extend(found.map(|r| ImpulseResponse::of(policy, OWN_MARKET, horizon, paths.len(), row, r)));
        }
    }
    lines
}

const RESPONSES: &[ReportColumn] = &[
    col("paths", "paths", Count, Neither, "Paths: normal ones, or instruments of the study."),
    col(
        "after_days/1",
        "1 d",
        Fixed(2),
        Neither,
        "Mean margin over what it would have been, a day after volatility doubled.",
    ),
    col("after_days/5", "5 d", Fixed(2), Neither, "The same after five days."),
    col("after_days/10", "10 d", Fixed(2), Neither, "The same after ten days."),
    col("after_days/20", "20 d", Fixed(2), Neither, "The same after twenty days."),
    col("after_days/40", "40 d", Fixed(2), Neither, "The same after forty days."),
    col("after_days/60", "60 d", Fixed(2), Neither, "The same after sixty days."),
    col("after_days/120", "120 d", Fixed(2), Neither, "The same after 120 days."),
    col("after_days/250", "250 d", Fixed(2), Neither, "The same after 250 days."),
    col("t50_days", "t50 d", Fixed(2), Neither, "Days until half of the rise to twice the margin is there."),
    col("t90_days", "t90 d", Fixed(2), Neither, "Days until nine tenths of it are."),
    col(
        "overshoot",
        "overshoot",
        Percent(1),
        Neither,
        "Largest mean over twice the old margin, less 1; negative where it falls short in the time followed.",
    ),
    col("peak_95", "95 % peak", Fixed(2), Neither, "Peak of the line that 95 % of the paths lie below."),
    col("followed_days", "followed d", Fixed(1), Neither, "Days followed after the step."),
];
