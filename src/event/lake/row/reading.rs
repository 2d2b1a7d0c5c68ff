//! Rows of the tables of gauges: named numbers at an instant.

use std::cmp::Ordering;
use std::path::Path;

use super::record::{Record, month, source, sources};
use crate::base::table::{Column, Error, Table};
use crate::base::{Symbol, Ts};
use crate::event::{Body, Event, Gauge, GaugeKind};

/// A row of a table of named numbers at an instant: [`FundingRow`], [`InterestRow`], [`ImpliedRow`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading<const N: usize, L: Layout<N>> {
    /// When it happened.
    pub ts_event: Ts,
    /// When it could first be known.
    pub ts_known: Ts,
    /// The numbers, in the order of the layout's names; NaN for absence.
    pub values: [f64; N],
    /// First 32 bits of the source file's SHA-256.
    pub src: u32,
    layout: std::marker::PhantomData<L>,
}

/// Which numbers a [`Reading`] holds.
pub trait Layout<const N: usize>: Clone + Copy + Send + 'static {
    /// The table's folder.
    const TABLE: &'static str;
    /// Column names.
    const NAMES: [&'static str; N];
    /// Which gauge the table is of.
    const KIND: GaugeKind;
    /// The reading of the gauge that a row's numbers are, if they are one.
    fn reading(values: &[f64; N]) -> Option<f64> {
        Some(values[0])
    }
}

/// The table `funding`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Funding;
impl Layout<4> for Funding {
    const TABLE: &'static str = "funding";
    const NAMES: [&'static str; 4] = ["rate", "interval_hours", "predicted_rate", "mark"];
    const KIND: GaugeKind = GaugeKind::Funding;
    fn reading(values: &[f64; 4]) -> Option<f64> {
        let [rate, hours, ..] = values;
        (*hours > 0.0).then(|| rate * FUNDING_HOURS / hours)
    }
}
/// A row of `funding`: the rate of one interval as a fraction, positive when longs pay.
pub type FundingRow = Reading<4, Funding>;

/// The table `open_interest`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interest;
impl Layout<6> for Interest {
    const TABLE: &'static str = "open_interest";
    const NAMES: [&'static str; 6] =
        ["oi", "oi_value", "ls_ratio_top_acct", "ls_ratio_top_pos", "ls_ratio_acct", "taker_ls_ratio"];
    const KIND: GaugeKind = GaugeKind::OpenInterest;
}
/// A row of `open_interest`: base units, quote units, and long/short ratios.
pub type InterestRow = Reading<6, Interest>;

/// The table `implied_vol`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Implied;
impl Layout<1> for Implied {
    const TABLE: &'static str = "implied_vol";
    const NAMES: [&'static str; 1] = ["iv"];
    const KIND: GaugeKind = GaugeKind::ImpliedVol;
}
/// A row of `implied_vol`: the volatility that option prices imply, a fraction a year.
pub type ImpliedRow = Reading<1, Implied>;

/// Hours to which funding rates are brought.
const FUNDING_HOURS: f64 = 8.0;

impl<const N: usize, L: Layout<N>> Reading<N, L> {
    /// A row; NaN is absence.
    pub fn new(ts_event: Ts, ts_known: Ts, values: [f64; N], src: u32) -> Self {
        Reading { ts_event, ts_known, values, src, layout: std::marker::PhantomData }
    }
}

impl<const N: usize, L: Layout<N>> Record for Reading<N, L> {
    const TABLE: &'static str = L::TABLE;

    fn order(&self, other: &Self) -> Ordering {
        // A rate that is only expected is another thing than the one paid at the same instant.
        let key = |r: &Self| (r.ts_event, r.values[0].is_nan());
        key(self).cmp(&key(other))
    }
    fn same(&self, other: &Self) -> bool {
        self.values.iter().zip(&other.values).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
    }
    fn ts_event(&self) -> Ts {
        self.ts_event
    }
    fn ts_known(&self) -> Ts {
        self.ts_known
    }
    /// As few as bars, so in months as bars are.
    fn partition(&self) -> Ts {
        month(self.ts_event)
    }
    fn src(&self) -> u32 {
        self.src
    }
    /// Its `seq` is its kind: at equal times readings come before the bar that closes with them.
    fn event(&self, symbol: Symbol, _place: u64) -> Option<Event> {
        let value = L::reading(&self.values).filter(|v| !v.is_nan())?;
        let body = Body::Gauge(Gauge { kind: L::KIND, value });
        let Reading { ts_event, ts_known, .. } = *self;
        Some(Event { symbol, ts_event, ts_known, seq: L::KIND as u64, body })
    }
    fn describe(&self) -> String {
        let values: Vec<String> = L::NAMES.iter().zip(&self.values).map(|(n, v)| format!("{n} {v}")).collect();
        format!("the {} row of {} ({})", L::TABLE, self.ts_event, values.join(" "))
    }
    fn read(path: &Path) -> Result<Vec<Self>, Error> {
        let table = Table::read(path)?;
        let (event, known, src) = (table.times("ts_event")?, table.times("ts_known")?, table.ints("src")?);
        let columns = L::NAMES.map(|n| table.floats(n)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let one = |i: usize| Self::new(event[i], known[i], std::array::from_fn(|k| columns[k][i]), source(src[i]));
        Ok((0..table.rows()).map(one).collect())
    }
    fn write(rows: Vec<Self>, path: &Path) -> Result<(), Error> {
        let mut table = Table::new([
            ("ts_event", Column::Time(rows.iter().map(|r| Some(r.ts_event.0)).collect())),
            ("ts_known", Column::Time(rows.iter().map(|r| Some(r.ts_known.0)).collect())),
        ]);
        for (k, name) in L::NAMES.iter().enumerate() {
            table.columns.push((name.to_string(), Column::Float(rows.iter().map(|r| r.values[k]).collect())));
        }
        table.columns.push(("src".into(), sources(&rows)));
        table.write(path)
    }
}
