//! Schedules as they are served: what of initial margin is known ahead.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{Span, Symbol, Ts};
use crate::record::ledger::PublishedSchedule;

/// The schedules of weeks that are not over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Schedules {
    /// Always `margincast.schedules.v1`.
    pub schema: &'static str,
    /// At most two for each instrument and horizon: that of the week in force, and that of the next; in order of
    /// instrument, horizon and week. None where rows are of a day or longer, or fewer than four weeks are known.
    pub schedules: Vec<ScheduleRow>,
}

/// The factors of one week. Where the settings apply it, initial margin is the factor times what it is before the
/// schedule (`why.unscheduled`), within the bounds of the multiplier. Published a week ahead, it never changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduleRow {
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Margin period of risk, ISO 8601.
    #[schema(example = "PT1H")]
    pub horizon: String,
    /// When it was published; in a replay, the time of the stream.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Ts,
    /// Close of the row that made it.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Ts,
    /// First instant of the week, Monday 00:00 UTC.
    #[schema(value_type = String, format = DateTime)]
    pub from: Ts,
    /// First instant after the week.
    #[schema(value_type = String, format = DateTime)]
    pub until: Ts,
    /// Length of a slot: an hour, or a row where that is longer.
    #[schema(value_type = String, example = "1h")]
    pub slot: Span,
    /// Whether initial margin follows it under the settings now in force; where not, it is told and changes nothing.
    pub applied: bool,
    /// The factor in each slot from `from` on, parts per million, 500000 to 2000000; their mean is one.
    #[schema(example = json!([940000, 1060000]))]
    pub factors_ppm: Vec<u64>,
}

impl ScheduleRow {
    /// Of a recorded schedule.
    pub fn of(stored: &PublishedSchedule, applied: bool) -> ScheduleRow {
        let PublishedSchedule { symbol, published_at, as_of, from, until, slot, .. } = *stored;
        let (horizon, factors_ppm) = (stored.horizon.clone(), stored.factors_ppm.clone());
        ScheduleRow { symbol, horizon, published_at, as_of, from, until, slot, applied, factors_ppm }
    }
}
