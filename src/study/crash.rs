//! Named crash days, and the scores without them: what a handful of days does to an average.

use serde::{Deserialize, Serialize};

use super::Error;
use super::judge;
use super::output::Forecasted;
use super::plan::Plan;
use super::truth::Truth;
use crate::base::{Horizon, Span, Ts};
use crate::loss::ModelScore;

/// A named stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct CrashDays {
    /// What people call it; a day's date where nothing else is given.
    pub name: String,
    /// First instant.
    pub from: Ts,
    /// End, exclusive.
    pub to: Ts,
}

/// As written in a configuration: a day, or a name with both ends.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Day(Ts),
    Named { name: String, from: Ts, to: Ts },
}

impl From<Stored> for CrashDays {
    fn from(stored: Stored) -> CrashDays {
        match stored {
            Stored::Day(day) => CrashDays { name: day.date(), from: day, to: day + Span::DAY },
            Stored::Named { name, from, to } => CrashDays { name, from, to },
        }
    }
}

/// A crash, and how many judged outcomes it touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crash {
    /// Its name.
    pub name: String,
    /// First instant.
    pub from: Ts,
    /// End, exclusive.
    pub to: Ts,
    /// How far ahead the outcomes look.
    pub horizon: Horizon,
    /// Outcomes of which some part lies in it, over all instruments.
    pub outcomes: u64,
}

/// Whether some part of the time from `ts` over the horizon lies in a crash.
fn touches(days: &CrashDays, ts: Ts, horizon: Horizon) -> bool {
    ts < days.to && ts + horizon.0 > days.from
}

/// How many outcomes each crash touches, and the scoreboard of all others.
///
/// # Errors
/// A model forecast the same thing twice.
pub fn without(plan: &Plan, truth: &[Truth], forecasts: &[Forecasted]) -> Result<(Vec<Crash>, Vec<ModelScore>), Error> {
    let days = &plan.study.crash_days;
    if days.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut crashes = Vec::new();
    for (_, horizon) in plan.horizons() {
        for d in days {
            let rows = truth.iter().filter(|t| t.horizon == horizon).flat_map(|t| t.rows(&plan.study));
            let outcomes = rows.filter(|r| touches(d, r.ts, horizon)).count() as u64;
            crashes.push(Crash { name: d.name.clone(), from: d.from, to: d.to, horizon, outcomes });
        }
    }
    let calm = |ts: Ts, horizon: Horizon| !days.iter().any(|d| touches(d, ts, horizon));
    Ok((crashes, judge::models(plan, truth, forecasts, &calm)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_or_a_named_stretch_and_what_it_touches() {
        let text = "days = [\"2020-03-12\", { name = \"luna\", from = \"2022-05-09\", to = \"2022-05-13\" }]";
        #[derive(Deserialize)]
        struct Read {
            days: Vec<CrashDays>,
        }
        let read: Read = toml::from_str(text).unwrap();
        assert_eq!((read.days[0].name.as_str(), read.days[0].to - read.days[0].from), ("2020-03-12", Span::DAY));
        assert_eq!(read.days[1].name, "luna");
        let stored = serde_json::to_value(&read.days).unwrap();
        assert_eq!(serde_json::from_value::<Vec<CrashDays>>(stored).unwrap(), read.days, "what is shown reads back");
        // An outcome over 8 hours is touched from 8 hours before the first instant on.
        let (day, horizon) = (&read.days[0], Horizon(Span::HOUR.times(8)));
        let at = |hours: i64| touches(day, day.from + Span::HOUR.times(hours), horizon);
        assert_eq!([at(-9), at(-8), at(-7), at(23), at(24)], [false, false, true, true, false]);
    }
}
