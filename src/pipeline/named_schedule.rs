//! A schedule with the instrument and horizon that it is of.

use crate::base::{Horizon, Symbol};
use crate::margin::schedule::WeekSchedule;

/// Factors of one week, of one instrument and horizon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSchedule {
    /// The instrument.
    pub symbol: Symbol,
    /// The horizon of the decisions that it is of.
    pub horizon: Horizon,
    /// The factors.
    pub schedule: WeekSchedule,
}
