//! What a vendor says in one row of a file or in one frame of a live feed, before it is checked.

use serde::Deserialize;

use crate::base::{Span, Ts};
use crate::event::Bar;
use crate::event::gauge::{GaugeKind, Values};
use crate::event::lake::{BarRow, GaugeRow, TradeRow};

/// One thing that a vendor says of an instrument. NaN is absence.
#[derive(Clone, Debug)]
pub enum VendorRow {
    /// A trade, or an aggregate of trades at one price. Its `ts_known` and `src` are set when it is checked.
    Trade(TradeRow),
    /// A bar.
    Bar(VendorBar),
    /// A row of a gauge's table at an instant. The length of an interval that is absent is told from the times of a
    /// file's rows.
    Gauge(GaugeKind, Ts, Values),
}

impl VendorRow {
    /// A row of a gauge's table; what `values` lacks is absent.
    pub fn gauge(kind: GaugeKind, ts: Ts, values: &[f64]) -> VendorRow {
        VendorRow::Gauge(kind, ts, GaugeRow::new(kind, ts, ts, values, 0).values)
    }
    /// The table that it belongs to.
    pub fn table(&self) -> &'static str {
        match self {
            VendorRow::Trade(_) => TradeRow::TABLE,
            VendorRow::Bar(_) => BarRow::TABLE,
            VendorRow::Gauge(kind, ..) => kind.entry().name,
        }
    }
}

/// A bar as the vendor gives it.
#[derive(Clone, Copy, Debug)]
pub struct VendorBar {
    /// Prices, and in `ts_open` the time that the vendor stamped.
    pub bar: Bar,
    /// Which instant of the bar that time is.
    pub stamp: Stamp,
    /// Its length, where the vendor says it beside.
    pub span: Option<Span>,
    /// End, exclusive, where the vendor says it beside.
    pub end: Option<Ts>,
}

/// Which instant of a bar a vendor's time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// Its first.
    #[default]
    Open,
    /// Its end, exclusive: the first instant of the next.
    Close,
    /// The last unit inside it, such as `…59.999`.
    Last,
}
