//! Rows of the tables of gauges: named numbers at an instant.

use std::cmp::Ordering;
use std::path::Path;

use super::lake_row::{LakeRow, month, source, sources};
use crate::base::table::{Column, Error, Table};
use crate::base::{Symbol, Ts};
use crate::event::gauge::Values;
use crate::event::{Body, Event, Gauge, GaugeKind};

/// A row of a gauge's table.
#[derive(Clone, Copy, Debug)]
pub struct GaugeRow {
    /// Which gauge, and so which table.
    pub gauge: GaugeKind,
    /// When it happened.
    pub ts_event: Ts,
    /// When it could first be known.
    pub ts_known: Ts,
    /// The numbers, in the order of the table's columns; NaN for absence.
    pub values: Values,
    /// First 32 bits of the source file's SHA-256.
    pub src: u32,
}

impl PartialEq for GaugeRow {
    /// What is absent in both is the same in both.
    fn eq(&self, other: &GaugeRow) -> bool {
        let key = |r: &GaugeRow| (r.gauge, r.ts_event, r.ts_known, r.src);
        key(self) == key(other) && self.same(other)
    }
}

impl GaugeRow {
    /// A row; NaN is absence, and so is what `values` lacks.
    pub fn new(gauge: GaugeKind, ts_event: Ts, ts_known: Ts, values: &[f64], src: u32) -> GaugeRow {
        let values = std::array::from_fn(|k| values.get(k).copied().unwrap_or(f64::NAN));
        GaugeRow { gauge, ts_event, ts_known, values, src }
    }
}

impl LakeRow for GaugeRow {
    type Kind = GaugeKind;

    fn table(gauge: GaugeKind) -> &'static str {
        gauge.entry().name
    }
    fn kind(&self) -> GaugeKind {
        self.gauge
    }
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
        let GaugeRow { gauge: kind, ts_event, ts_known, .. } = *self;
        let value = (kind.entry().reading)(&self.values)?;
        Some(Event { symbol, ts_event, ts_known, seq: kind as u64, body: Body::Gauge(Gauge { kind, value }) })
    }
    fn describe(&self) -> String {
        let values = self.gauge.entry().names().zip(&self.values).map(|(n, v)| format!("{n} {v}"));
        let values: Vec<String> = values.collect();
        format!("the {} row of {} ({})", Self::table(self.gauge), self.ts_event, values.join(" "))
    }
    fn read(gauge: GaugeKind, path: &Path) -> Result<Vec<Self>, Error> {
        let table = Table::read(path)?;
        let (event, known, src) = (table.times("ts_event")?, table.times("ts_known")?, table.ints("src")?);
        let columns = gauge.entry().names().map(|n| table.floats(n)).collect::<Result<Vec<_>, _>>()?;
        let at = |i: usize| columns.iter().map(|c| c[i]).collect::<Vec<f64>>();
        let one = |i: usize| GaugeRow::new(gauge, event[i], known[i], &at(i), source(src[i]));
        Ok((0..table.rows()).map(one).collect())
    }
    fn write(rows: Vec<Self>, path: &Path) -> Result<(), Error> {
        let mut table = Table::new([
            ("ts_event", Column::Time(rows.iter().map(|r| Some(r.ts_event.0)).collect())),
            ("ts_known", Column::Time(rows.iter().map(|r| Some(r.ts_known.0)).collect())),
        ]);
        for (k, name) in rows.first().iter().flat_map(|r| r.gauge.entry().names()).enumerate() {
            table.columns.push((name.to_string(), Column::Float(rows.iter().map(|r| r.values[k]).collect())));
        }
        table.columns.push(("src".into(), sources(&rows)));
        table.write(path)
    }
}
