//! The scores without named crash days: what a handful of days does to an average.

use serde_json::Value;

use super::scoreboard::{HEADS, SPIKES, TAILS, VARIANCE, scoreboard};
use crate::base::{Horizon, Ts};
use crate::loss::ModelScore;
use crate::study::Error;
use crate::study::measure::declare::{Measurement, Section, Shown, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;

/// Stands for the scoreboard of all outcomes that no crash touches; empty without named crashes.
pub struct WithoutCrashes;

impl Measurement for WithoutCrashes {
    type Found = Vec<ModelScore>;
    const SHOWN: &'static [Shown] = &[
        table("", "Variance without the crashes", HEADS, VARIANCE).at(Section::Evidence, 70),
        table("", "Tails without the crashes", HEADS, TAILS).at(Section::Evidence, 71),
        table("", "Spikes without the crashes", HEADS, SPIKES).at(Section::Evidence, 72),
    ];
    fn measure(of: &Material<'_>) -> Result<Vec<ModelScore>, Error> {
        let days = &of.plan.study.crash_days;
        if days.is_empty() {
            return Ok(Vec::new());
        }
        let calm = |ts: Ts, horizon: Horizon| !days.iter().any(|d| d.touches(ts, horizon));
        scoreboard(of.plan, &of.outcomes, &of.forecasts, &calm)
    }
    fn schema() -> Value {
        json::described(json::array(json::defined("model_score")), "The scoreboard of outcomes that no crash touches")
    }
}
