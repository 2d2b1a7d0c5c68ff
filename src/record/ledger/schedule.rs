//! Schedules as the ledger keeps them: the factors of one week, with when they were published.

use serde::{Deserialize, Serialize};

use super::text::{from_iso, iso};
use crate::base::{Horizon, Span, Symbol, Ts};
use crate::margin::schedule::WeekSchedule;
use crate::pipeline::NamedSchedule;
use crate::record::error::{Error, damaged};

/// The stored form that this program writes.
const SCHEDULE_SCHEMA: &str = "margincast.schedule.v1";

/// Body of a `schedule` entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedSchedule {
    /// `margincast.schedule.v1`.
    pub schema: String,
    /// The instrument.
    pub symbol: Symbol,
    /// Margin period of risk, ISO 8601.
    pub horizon: String,
    /// First instant of the week, Monday 00:00 UTC.
    pub from: Ts,
    /// First instant after it.
    pub until: Ts,
    /// Length of a slot.
    pub slot: Span,
    /// Factor of initial margin in each slot of the week, parts per million, mean one.
    pub factors_ppm: Vec<u64>,
    /// Close of the row that made it.
    pub as_of: Ts,
    /// When it was published; in a replay, the time of the stream.
    pub published_at: Ts,
}

impl PublishedSchedule {
    /// As it is published at a time.
    pub fn of(named: &NamedSchedule, at: Ts) -> PublishedSchedule {
        let WeekSchedule { from, slot, made, factors_ppm } = named.schedule.clone();
        PublishedSchedule {
            schema: SCHEDULE_SCHEMA.into(),
            symbol: named.symbol,
            horizon: iso(named.horizon),
            from,
            until: named.schedule.until(),
            slot,
            factors_ppm,
            as_of: made,
            published_at: at,
        }
    }
    /// The horizon that it is of.
    pub fn over(&self) -> Option<Horizon> {
        from_iso(&self.horizon)
    }
    /// What must be made again.
    ///
    /// # Errors
    /// It is of another program, or no schedule of a week.
    pub fn schedule(&self) -> Result<NamedSchedule, Error> {
        let wrong = |what: &str| damaged("a schedule", what);
        if self.schema != SCHEDULE_SCHEMA {
            return Err(wrong(&format!("form {} is not {SCHEDULE_SCHEMA}", self.schema)));
        }
        let horizon = self.over().ok_or_else(|| wrong("its horizon does not read"))?;
        let Self { from, slot, as_of: made, .. } = *self;
        let schedule = WeekSchedule { from, slot, made, factors_ppm: self.factors_ppm.clone() };
        if schedule.until() != self.until {
            return Err(wrong("it is not of one week"));
        }
        Ok(NamedSchedule { symbol: self.symbol, horizon, schedule })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_survives_its_entry_and_another_form_is_refused() {
        let schedule = WeekSchedule {
            from: "2024-03-11".parse().unwrap(),
            slot: Span::HOUR.times(8),
            factors_ppm: vec![1_100_000, 900_000],
            made: "2024-03-04".parse().unwrap(),
        };
        let named = NamedSchedule { symbol: "BTC".parse().unwrap(), horizon: Horizon(Span::DAY), schedule };
        let stored = PublishedSchedule::of(&named, Ts(5));
        let text = serde_json::to_string(&stored).unwrap();
        let read: PublishedSchedule = serde_json::from_str(&text).unwrap();
        assert_eq!((read.schedule().unwrap(), read.published_at), (named, Ts(5)));
        let newer = PublishedSchedule { schema: "margincast.schedule.v9".into(), ..stored.clone() };
        assert!(newer.schedule().unwrap_err().to_string().contains("schedule.v9"));
        assert!(PublishedSchedule { until: Ts(0), ..stored }.schedule().is_err());
    }
}
