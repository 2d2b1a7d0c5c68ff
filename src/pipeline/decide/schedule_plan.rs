//! The schedules of one decider: learnt from the forecasts of its rows, and kept until they are published.

use crate::base::Span;
use crate::feature::Row;
use crate::margin::schedule::{ScheduleLearner, WeekSchedule};

/// The running state.
pub(super) struct SchedulePlan {
    learner: ScheduleLearner,
    /// Those that were made since they were last taken.
    made: Vec<WeekSchedule>,
}

impl SchedulePlan {
    /// Of rows of a length, nothing known yet.
    pub fn new(row: Span) -> SchedulePlan {
        SchedulePlan { learner: ScheduleLearner::new(row), made: Vec::new() }
    }
    /// Of rows of before, oldest first, with the forecast loss of each. Weeks that are over are not published.
    pub fn recalled<'a>(row: Span, losses: impl Iterator<Item = (&'a Row, Option<f64>)>) -> SchedulePlan {
        let mut plan = SchedulePlan::new(row);
        for (row, loss) in losses {
            plan.see(row, loss);
            plan.made.retain(|made| made.until() > row.ts);
        }
        plan
    }
    /// Whether it can learn and has heard no forecast yet.
    pub fn is_blank(&self) -> bool {
        self.learner.is_blank()
    }
    /// Takes a row with its forecast loss; gives the factor from its close on.
    pub fn factor(&mut self, row: &Row, loss: Option<f64>) -> f64 {
        self.see(row, loss);
        self.learner.factor_ppm(row.ts) as f64 / 1e6
    }
    /// The schedules that were made since they were last taken.
    pub fn take(&mut self) -> Vec<WeekSchedule> {
        std::mem::take(&mut self.made)
    }
    fn see(&mut self, row: &Row, loss: Option<f64>) {
        #[cfg(test)]
        let loss = loss.map(|f| {
            // What comes two weeks later moves the schedule of the week in between.
            let later = row.ts_known + Span::DAY.times(14);
            f * (1e9 * crate::base::planted::ahead("SCHEDULE", row.symbol, later).unwrap_or(1e-9))
        });
        self.made.extend(self.learner.see(row.ts, loss).cloned());
    }
}
