//! Gauges: numbers that hold until their next reading. Each is one entry of [`GAUGES`]; what is read from
//! vendors' files, kept in the lake, admitted and counted follows from it.

use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::ops::RangeBounds;

use serde::{Deserialize, Serialize};

/// A reading of a number that holds until the next one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gauge {
    /// What is read, and in which unit.
    pub kind: GaugeKind,
    /// The number.
    pub value: f64,
}

/// One kind of gauge.
#[derive(Clone, Copy, Debug)]
pub struct GaugeEntry {
    /// Which.
    pub kind: GaugeKind,
    /// Its name in configurations and maps, and its table in the lake.
    pub name: &'static str,
    /// Unit of a reading.
    pub unit: &'static str,
    /// Readings outside are refused.
    pub range: (Bound<f64>, Bound<f64>),
    /// Columns of its table beside times and source: our name, then the names vendors give to it.
    pub columns: &'static [(&'static str, &'static [&'static str])],
    /// Which of them tell a row's worth: a row that has none of these is refused.
    pub keys: &'static [usize],
    /// Whether the first counts base units, and may come as contracts.
    pub sizes: bool,
    /// Which of them is the length of an interval in hours, told from the times of rows where a vendor does not
    /// say it.
    pub interval: Option<usize>,
    /// The reading of a row of the table; `None` where the row has none.
    pub reading: fn(&[f64]) -> Option<f64>,
}

macro_rules! gauges {
    ($($(#[$doc:meta])* $kind:ident { $($field:ident: $value:expr,)* })*) => {
        /// What a gauge reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum GaugeKind { $($(#[$doc])* $kind,)* }
        /// Every kind of gauge. A kind's place is the sequence number of its readings: at equal times they
        /// come in this order, so that new ones are added at the end.
        pub const GAUGES: &[GaugeEntry] = &[$(GaugeEntry { kind: GaugeKind::$kind, $($field: $value,)* },)*];
    };
}

gauges! {
    /// Funding rate of a perpetual: a fraction per 8 hours, whatever the interval of payment,
    /// positive when longs pay.
    Funding {
        name: "funding",
        unit: "fraction per 8 hours",
        range: (Unbounded, Unbounded),
        columns: &[
            ("rate", &["funding_rate", "last_funding_rate", "rate"]),
            ("interval_hours", &["funding_interval_hours", "interval_hours"]),
            ("predicted_rate", &[]),
            ("mark", &[]),
        ],
        keys: &[0, 2],
        sizes: false,
        interval: Some(1),
        reading: per_eight_hours,
    }
    /// Open interest, base units; not negative.
    OpenInterest {
        name: "open_interest",
        unit: "base",
        range: (Included(0.0), Unbounded),
        columns: &[
            ("oi", &["open_interest_base", "sum_open_interest", "open_interest", "oi"]),
            ("oi_value", &["open_interest_usd", "sum_open_interest_value", "oi_usd"]),
            ("ls_ratio_top_acct", &["count_toptrader_long_short_ratio"]),
            ("ls_ratio_top_pos", &["sum_toptrader_long_short_ratio"]),
            ("ls_ratio_acct", &["count_long_short_ratio"]),
            ("taker_ls_ratio", &["sum_taker_long_short_vol_ratio"]),
        ],
        keys: &[0, 1],
        sizes: true,
        interval: None,
        reading: first,
    }
    /// Implied volatility, a fraction a year; positive.
    ImpliedVol {
        name: "implied_vol",
        unit: "fraction a year",
        range: (Excluded(0.0), Unbounded),
        columns: &[("iv", &["iv", "implied_vol", "implied_volatility", "dvol_close", "dvol"])],
        keys: &[0],
        sizes: false,
        interval: None,
        reading: first,
    }
}

/// Numbers of a row of a gauge's table, in the order of its columns; NaN for absence and beyond them.
pub type Values = [f64; most_columns()];

const fn most_columns() -> usize {
    let (mut most, mut i) = (0, 0);
    while i < GAUGES.len() {
        if GAUGES[i].columns.len() > most {
            most = GAUGES[i].columns.len();
        }
        i += 1;
    }
    most
}

impl GaugeKind {
    /// Its entry.
    pub fn entry(self) -> &'static GaugeEntry {
        &GAUGES[self as usize]
    }
}

impl GaugeEntry {
    /// Names of its columns.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|c| c.0)
    }
    /// Whether a row of its table says anything: one of its keys, and no reading out of range.
    pub fn sound(&self, values: &Values) -> bool {
        self.keys.iter().any(|k| values[*k].is_finite()) && (self.reading)(values).is_none_or(|v| self.admits(v))
    }
    /// Whether a reading may be: a finite number of its range.
    pub fn admits(&self, value: f64) -> bool {
        value.is_finite() && self.range.contains(&value)
    }
}

/// The number of the first column.
fn first(row: &[f64]) -> Option<f64> {
    row.first().copied().filter(|v| !v.is_nan())
}

/// Hours to which funding rates are brought.
const FUNDING_HOURS: f64 = 8.0;

/// A rate and the hours of its interval: the rate per 8 hours, `None` where the length is not known.
fn per_eight_hours(row: &[f64]) -> Option<f64> {
    let [rate, hours, ..] = row else { return None };
    (*hours > 0.0).then(|| rate * FUNDING_HOURS / hours).filter(|v| !v.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stands_at_the_place_of_its_kind_and_has_the_name_that_configurations_use() {
        for (at, entry) in GAUGES.iter().enumerate() {
            assert_eq!((entry.kind as usize, entry.kind.entry().name), (at, entry.name));
            assert_eq!(serde_json::to_value(entry.kind).unwrap(), entry.name);
            assert!(!entry.keys.is_empty() && entry.keys.iter().all(|k| *k < entry.columns.len()), "{}", entry.name);
        }
    }

    #[test]
    fn rates_are_brought_to_eight_hours_and_what_lacks_its_number_has_no_reading() {
        let of = |kind: GaugeKind, row: &[f64]| (kind.entry().reading)(row);
        assert_eq!(of(GaugeKind::Funding, &[3e-4, 1.0, f64::NAN, f64::NAN]), Some(24e-4));
        assert_eq!(of(GaugeKind::Funding, &[3e-4, f64::NAN, 0.0, 0.0]), None);
        assert_eq!(of(GaugeKind::OpenInterest, &[f64::NAN, 5.0]), None);
        assert_eq!(of(GaugeKind::ImpliedVol, &[0.6]), Some(0.6));
    }

    #[test]
    fn readings_outside_their_range_are_not_admitted() {
        let admits = |kind: GaugeKind, v: f64| kind.entry().admits(v);
        assert!(admits(GaugeKind::Funding, -1e-3) && !admits(GaugeKind::Funding, f64::NAN));
        assert!(admits(GaugeKind::OpenInterest, 0.0) && !admits(GaugeKind::OpenInterest, -1.0));
        assert!(!admits(GaugeKind::ImpliedVol, 0.0) && !admits(GaugeKind::ImpliedVol, f64::INFINITY));
    }
}
