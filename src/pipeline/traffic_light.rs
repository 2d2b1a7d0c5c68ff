//! The traffic light over what was asked: outcomes that do not overlap, as they become known.

use crate::base::{Horizon, Ts};
use crate::feature::Row;
use crate::forecast::outcome::Pending;
use crate::loss::Side;
use crate::margin::traffic_light::{BreachCounter, Params, TrafficLightReading};

/// The running state.
pub(super) struct Breaches {
    watch: BreachCounter,
    side: Side,
    horizon: Horizon,
    /// What was asked, and its outcome is not yet known.
    asked: Pending<f64>,
    /// When the outcome that is waited for ends.
    busy_until: Option<Ts>,
}

impl Breaches {
    pub fn new(params: Params, side: Side, horizon: Horizon, ahead: usize) -> Breaches {
        Breaches { watch: BreachCounter::new(params), side, horizon, asked: Pending::new(ahead), busy_until: None }
    }
    /// Takes the next row, which may end an outcome.
    pub fn see(&mut self, row: &Row) {
        if let Some(answer) = self.asked.settle(row) {
            let breach = |side: Side| match (self.side, side) {
                (Side::Both, side) => side.loss(answer.ret) > answer.what,
                (own, side) => own == side && side.loss(answer.ret) > answer.what,
            };
            self.watch.push([breach(Side::Long), breach(Side::Short)]);
        }
    }
    /// Takes what is asked from this row on, fraction of notional.
    pub fn ask(&mut self, row: &Row, c: f64) {
        if self.busy_until.is_none_or(|until| row.ts >= until) {
            self.asked.issue(row, c);
            self.busy_until = Some(row.ts + self.horizon.0);
        }
    }
    /// What it shows now.
    pub fn shows(&self) -> TrafficLightReading {
        self.watch.reading()
    }
}
