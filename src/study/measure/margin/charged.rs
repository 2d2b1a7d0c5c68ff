//! The policy that is charged, as the configuration has it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Horizon;
use crate::margin::guardrail::pace::Budget;
use crate::margin::guardrail::policy::Mode;
use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Fixed, Percent, Text};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;

/// Settings of the published margin over one horizon: of its blend, its guardrails and the evidence that silences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargedPolicy {
    /// How far ahead.
    pub horizon: Horizon,
    /// `lift-only`: never below the baseline; `managed-total`: the whole requirement is paced.
    pub mode: Mode,
    /// Weight of the forecast.
    pub weight: f64,
    /// Level of the blend.
    pub level: f64,
    /// Share of the stress link.
    pub stress_link: f64,
    /// Largest rise in one row.
    pub up: Option<f64>,
    /// Largest fall in one row.
    pub down: Option<f64>,
    /// Largest rises over windows.
    pub budgets: Vec<Budget>,
    /// Least multiplier.
    pub m_min: f64,
    /// Largest multiplier.
    pub m_max: f64,
    /// Changes smaller than this are not made.
    pub dead_band: f64,
    /// Lower targets in a row before a decrease.
    pub confirmations: u32,
    /// Whether initial margin follows the schedule of the hour of the week.
    pub schedule: bool,
    /// Whether blend and pace were chosen anew at origins; these are then those before the first choice.
    pub chosen: bool,
    /// Evidence from which on the forecast is silenced.
    pub silent_at: f64,
    /// Evidence at which it is heard again.
    pub heard_at: f64,
    /// Evidence of cost from which on its weight is lowered.
    pub costly_at: f64,
    /// Evidence of cost at which it is not lowered any more.
    pub cheap_at: f64,
}

impl Measurement for ChargedPolicy {
    type Found = Vec<ChargedPolicy>;
    const OPTIONAL: bool = true;
    const SHOWN: &'static [Shown] =
        &[table("The charged policy", "Settings of the published margin", &["mode", "horizon"], CHARGED)
            .hidden_when_empty()
            .at(Section::Guardrails, 5)];
    fn measure(of: &Material<'_>) -> Result<Vec<ChargedPolicy>, Error> {
        let margin = &of.plan.pipeline.margin;
        if margin.multiplier.is_some() || margin.unguarded {
            return Ok(vec![]); // Neither blended nor paced.
        }
        let guardrail = margin.guardrail.of_rows(of.plan.pipeline.rows.row);
        let (blend, evidence) = (margin.blend, margin.evidence);
        let one = |(_, horizon): (usize, Horizon)| ChargedPolicy {
            horizon,
            mode: guardrail.mode,
            weight: blend.weight,
            level: blend.level,
            stress_link: blend.stress_link,
            up: guardrail.im.up,
            down: guardrail.im.down,
            budgets: guardrail.im.budgets.unwrap_or_default().iter().collect(),
            m_min: guardrail.m_min,
            m_max: guardrail.im.m_max,
            dead_band: guardrail.dead_band,
            confirmations: guardrail.confirmations,
            schedule: guardrail.schedule,
            chosen: margin.calibrate.is_some_and(|c| c.apply),
            silent_at: evidence.silent_at,
            heard_at: evidence.heard_at,
            costly_at: evidence.costly_at,
            cheap_at: evidence.cheap_at,
        };
        Ok(of.plan.horizons().into_iter().map(one).collect())
    }
    fn schema() -> Value {
        let budget = json::object("", vec![("over", json::span()), ("rise", json::positive())]);
        let keys = vec![
            ("horizon", json::span()),
            ("mode", json::one_of(&["lift-only", "managed-total"])),
            ("weight", json::share()),
            ("level", json::positive()),
            ("stress_link", json::share()),
            ("up", json::or_null(json::positive())),
            ("down", json::or_null(json::share())),
            ("budgets", json::array(budget)),
            ("m_min", json::positive()),
            ("m_max", json::positive()),
            ("dead_band", json::share()),
            ("confirmations", json::count()),
            ("schedule", json::flag()),
            ("chosen", json::flag()),
            ("silent_at", json::positive()),
            ("heard_at", json::positive()),
            ("costly_at", json::positive()),
            ("cheap_at", json::positive()),
        ];
        let about = "Settings of the published margin; absent where it is no blend under guardrails";
        json::described(json::lines("Over one horizon", keys), about)
    }
}

const CHARGED: &[ReportColumn] = &[
    col("weight", "weight", Fixed(2), Neither, "Weight w of the forecast f over the baseline b: k (f / b)^w."),
    col("level", "level", Fixed(2), Neither, "Level k of the blend."),
    col("stress_link", "stress link", Fixed(2), Neither, "Share of what the stressed regime is expected to want."),
    col("up", "up", Percent(1), Neither, "Largest rise of initial margin in one row."),
    col("down", "down", Percent(1), Neither, "Largest fall of initial margin in one row."),
    col("budgets", "budgets", Text, Neither, "Largest rises over any stretch of time up to a length, as fractions."),
    col("m_min", "least m", Fixed(2), Neither, "Least multiplier of the baseline."),
    col("m_max", "largest m", Fixed(2), Neither, "Largest multiplier of the baseline."),
    col("dead_band", "dead band", Percent(1), Neither, "Changes smaller than this are not made."),
    col("confirmations", "confirmations", Count, Neither, "Lower targets in a row before a decrease."),
    col("schedule", "schedule", Text, Neither, "Whether initial margin follows the schedule of the hour of the week."),
    col(
        "chosen",
        "chosen anew",
        Text,
        Neither,
        "Whether blend and pace were chosen anew at origins; these are then the settings before the first choice.",
    ),
    col(
        "silent_at",
        "silent at",
        Fixed(0),
        Neither,
        "Evidence of too many losses above it that silences the forecast.",
    ),
    col("heard_at", "heard at", Fixed(0), Neither, "Evidence at which a silenced forecast is heard again."),
    col("costly_at", "costly at", Fixed(0), Neither, "Evidence of cost that lowers the weight of the forecast."),
    col("cheap_at", "cheap at", Fixed(0), Neither, "Evidence of cost at which it has its weight again."),
];
