//! The whole of a study's settings.

use super::model::ModelPlan;
use super::study::Study;
use crate::base::Horizon;
use crate::pipeline::Settings;

/// A walk-forward study.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The pipeline: universe, rows, horizons, baseline, multiplier, guardrails.
    pub pipeline: Settings,
    /// Training and judging.
    pub study: Study,
    /// The forecasters, in order; those that combine others come after them.
    pub models: Vec<ModelPlan>,
}

impl Plan {
    /// Horizons as lengths of time, with their rows.
    pub fn horizons(&self) -> Vec<(usize, Horizon)> {
        self.pipeline.horizons.iter().map(|h| (*h, Horizon(self.pipeline.rows.row.times(*h as i64)))).collect()
    }
}
