//! The times of a vendor's file or feed, read by exact rules.

use std::fmt;

use super::field::integer;
use crate::base::Ts;

/// Unit of a file's times, told by their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl TimeUnit {
    /// By magnitude: \[1e8, 1e11) s, \[1e11, 1e14) ms, \[1e14, 1e17) us, from 1e17 on ns.
    pub fn of(value: i64) -> Option<TimeUnit> {
        match value {
            100_000_000..100_000_000_000 => Some(TimeUnit::Seconds),
            100_000_000_000..100_000_000_000_000 => Some(TimeUnit::Millis),
            100_000_000_000_000..100_000_000_000_000_000 => Some(TimeUnit::Micros),
            100_000_000_000_000_000.. => Some(TimeUnit::Nanos),
            _ => None,
        }
    }
    /// Nanoseconds in one.
    pub fn ns(self) -> i64 {
        match self {
            TimeUnit::Seconds => 1_000_000_000,
            TimeUnit::Millis => 1_000_000,
            TimeUnit::Micros => 1_000,
            TimeUnit::Nanos => 1,
        }
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimeUnit::Seconds => "s",
            TimeUnit::Millis => "ms",
            TimeUnit::Micros => "us",
            TimeUnit::Nanos => "ns",
        })
    }
}

/// Reads the times of one file, all in one unit or all as text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    unit: Option<TimeUnit>,
    text: bool,
    instants: bool,
    /// East of UTC, for text without a zone.
    offset_s: i32,
    dates: Dates,
}

/// How dates are written where they are text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dates {
    /// `2024-03-01`, as ISO 8601.
    #[default]
    YearMonthDay,
    /// `3/1/2024`, zeros in front or not.
    MonthDayYear,
    /// `1/3/2024`, zeros in front or not.
    DayMonthYear,
}

impl Dates {
    /// The text with its date, up to the first space or `T`, in the order of ISO 8601.
    fn iso(self, text: &str) -> Option<String> {
        let end = text.find([' ', 'T']).unwrap_or(text.len());
        let parts: Vec<&str> = text[..end].split(['/', '-', '.']).collect();
        let [first, second, year] = parts[..] else { return None };
        let (month, day) = if self == Dates::MonthDayYear { (first, second) } else { (second, first) };
        (year.len() == 4).then(|| format!("{year}-{month:0>2}-{day:0>2}{}", &text[end..]))
    }
}

impl Clock {
    /// A clock for text in a zone so many seconds east of UTC.
    pub fn in_zone(offset_s: i32) -> Clock {
        Clock { offset_s, ..Clock::default() }
    }
    /// The same clock, where dates are written so.
    pub fn with_dates(self, dates: Dates) -> Clock {
        Clock { dates, ..self }
    }
    /// The unit, for the report.
    pub fn unit_name(&self) -> String {
        match self.unit {
            Some(unit) => unit.to_string(),
            None if self.text => "text".into(),
            None if self.instants => "timestamp".into(),
            None => "unknown".into(),
        }
    }
    /// Length of one unit, ns; 1 s for text.
    pub fn step_ns(&self) -> i64 {
        self.unit.map_or(1_000_000_000, TimeUnit::ns)
    }
    /// A time that the file itself knows to be one, in nanoseconds.
    pub fn instant(&mut self, ns: i64) -> Ts {
        self.instants = true;
        Ts(ns)
    }
    /// A count of units since 1970.
    ///
    /// # Errors
    /// It is too small to be a time, or in another unit than the times before it.
    pub fn count(&mut self, value: i64) -> Result<Ts, String> {
        let unit = TimeUnit::of(value).ok_or_else(|| format!("`{value}` is no time since 1970 in s, ms, us or ns"))?;
        match self.unit {
            None if self.text => return Err(format!("time `{value}` is a number, and the times before are text")),
            None => self.unit = Some(unit),
            Some(before) if before != unit => {
                return Err(format!(
                    "time `{value}` is in {unit}, and the times before are in {before}; \
                     split the file where the unit changes"
                ));
            }
            Some(_) => {}
        }
        value.checked_mul(unit.ns()).map(Ts).ok_or_else(|| format!("time `{value}` lies after 2262"))
    }
    /// A whole number, a decimal number (read as decimals, never by way of a float), or
    /// `YYYY-MM-DD HH:MM:SS[.fff]` with `Z` or an offset, or in the file's zone.
    ///
    /// # Errors
    /// It is none of these, or as [`Clock::count`].
    pub fn read(&mut self, cell: &[u8]) -> Result<Ts, String> {
        if let Some(whole) = integer(cell) {
            return self.count(whole);
        }
        let text = std::str::from_utf8(cell).map_err(|_| "time is not text".to_string())?.trim();
        if let Some((whole, fraction)) = text.split_once('.') {
            let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
            if let (Some(whole), true) = (integer(whole.as_bytes()), digits) {
                let ts = self.count(whole)?;
                // Digits beyond the nanosecond are cut off.
                let mut ns = self.step_ns();
                let add = fraction.bytes().fold(0, |sum, b| {
                    ns /= 10;
                    sum + i64::from(b - b'0') * ns
                });
                return Ok(Ts(ts.0 + add));
            }
        }
        if self.unit.is_some() {
            return Err(format!("time `{text}` is text, and the times before are numbers"));
        }
        self.text = true;
        let ordered = match self.dates {
            Dates::YearMonthDay => Some(text.to_string()),
            dates => dates.iso(text),
        };
        ordered.and_then(|text| civil(&text, self.offset_s)).ok_or_else(|| {
            format!("`{text}` is not a time; want a number since 1970, or text such as 2024-01-01 08:00:00 (a map may say `dates`)")
        })
    }
}

fn civil(text: &str, offset_s: i32) -> Option<Ts> {
    let ns = |t: jiff::Timestamp| i64::try_from(t.as_nanosecond()).ok().map(Ts);
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return ns(instant);
    }
    let plain = text.strip_suffix(" UTC").unwrap_or(text);
    let offset = jiff::tz::Offset::from_seconds(if plain == text { offset_s } else { 0 }).ok()?;
    let local: jiff::civil::DateTime = match plain.len() {
        10 => plain.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0),
        _ => plain.parse().ok()?,
    };
    ns(offset.to_timestamp(local).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_by_magnitude_and_must_not_change() {
        let at: Ts = "2024-03-01T12:00:00Z".parse().unwrap();
        for text in ["1709294400", "1709294400000", "1709294400000000", "1709294400000000000", "1709294400.000"] {
            assert_eq!(Clock::default().read(text.as_bytes()).unwrap(), at, "{text}");
        }
        let mut clock = Clock::default();
        clock.read(b"1709294400000").unwrap();
        let text = clock.read(b"1709294400000000").unwrap_err();
        assert!(text.contains("is in us, and the times before are in ms"), "{text}");
        assert!(clock.read(b"12").is_err() && clock.read(b"2024-03-01 12:00:00").is_err());
    }

    #[test]
    fn decimal_seconds_are_exact() {
        let mut clock = Clock::default();
        assert_eq!(clock.read(b"1672515782.123456789").unwrap(), Ts(1_672_515_782_123_456_789));
        assert_eq!(clock.read(b"1672515782.1").unwrap(), Ts(1_672_515_782_100_000_000));
    }

    #[test]
    fn text_times_take_the_zone_of_the_file() {
        let utc = "2023-11-14T00:05:00Z".parse().unwrap();
        assert_eq!(Clock::default().read(b"2023-11-14 00:05:00").unwrap(), utc);
        assert_eq!(Clock::in_zone(8 * 3600).read(b"2023-11-14 08:05:00").unwrap(), utc);
        assert_eq!(Clock::in_zone(8 * 3600).read(b"2023-11-14T00:05:00Z").unwrap(), utc);
        assert_eq!(Clock::default().read(b"2023-11-14T02:05:00+02:00").unwrap(), utc);
        assert_eq!(Clock::default().read(b"2023-11-14").unwrap(), "2023-11-14".parse().unwrap());
        assert!(Clock::default().read(b"14/11/2023").is_err());
    }

    #[test]
    fn dates_in_another_order_are_read_only_where_the_map_says_so() {
        let day = Ok("2023-11-04".parse().unwrap());
        assert_eq!(Clock::default().with_dates(Dates::MonthDayYear).read(b"11/4/2023"), day);
        assert_eq!(Clock::default().with_dates(Dates::DayMonthYear).read(b"04.11.2023"), day);
        let hour = Ok("2023-11-04T05:00:00Z".parse().unwrap());
        assert_eq!(Clock::default().with_dates(Dates::MonthDayYear).read(b"11/04/2023 05:00:00"), hour);
        for bad in [&b"13/4/2023"[..], b"2023-11-04", b"11/4/23", b"11/4"] {
            assert!(Clock::default().with_dates(Dates::MonthDayYear).read(bad).is_err());
        }
    }
}
