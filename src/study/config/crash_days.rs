//! Named crash days.

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::{Horizon, Span, Ts};

/// A named stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CrashDays {
    /// What people call it; a day's date where nothing else is given.
    pub name: String,
    /// First instant.
    pub from: Ts,
    /// End, exclusive.
    pub to: Ts,
}

/// A name with both ends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    from: Ts,
    to: Ts,
}

/// As written in a configuration: a day, or a name with both ends.
impl<'de> Deserialize<'de> for CrashDays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CrashDays, D::Error> {
        struct Written;
        impl<'de> Visitor<'de> for Written {
            type Value = CrashDays;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a day, or a table of `name`, `from` and `to`")
            }
            fn visit_str<E: serde::de::Error>(self, day: &str) -> Result<CrashDays, E> {
                let day: Ts = day.parse().map_err(E::custom)?;
                Ok(CrashDays { name: day.date(), from: day, to: day + Span::DAY })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CrashDays, A::Error> {
                let Named { name, from, to } = Named::deserialize(MapAccessDeserializer::new(map))?;
                Ok(CrashDays { name, from, to })
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl CrashDays {
    /// Whether some part of the time from `ts` over the horizon lies in it.
    pub fn touches(&self, ts: Ts, horizon: Horizon) -> bool {
        ts < self.to && ts + horizon.0 > self.from
    }
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
        let at = |hours: i64| day.touches(day.from + Span::HOUR.times(hours), horizon);
        assert_eq!([at(-9), at(-8), at(-7), at(23), at(24)], [false, false, true, true, false]);
    }
}
