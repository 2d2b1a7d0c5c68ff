//! What a vendor says in one row of a file or in one frame of a live feed, before it is checked.

use serde::Deserialize;

use crate::base::{Span, Ts};
use crate::event::Bar;
use crate::event::lake::{BarRow, FundingRow, ImpliedRow, InterestRow, Record, TradeRow};

/// One thing that a vendor says of an instrument. NaN is absence.
#[derive(Clone, Debug)]
pub enum VendorRow {
    /// A trade, or an aggregate of trades at one price. Its `ts_known` and `src` are set when it is checked.
    Trade(TradeRow),
    /// A bar.
    Bar(VendorBar),
    /// A funding rate at an instant: rate, hours of its interval, predicted rate, mark price. Hours that are absent
    /// are told from the times of a file's rates.
    Funding(Ts, [f64; 4]),
    /// An open interest at an instant, in the order of the table; one of the two sizes at least.
    Interest(Ts, [f64; 6]),
    /// An implied volatility at an instant, a fraction a year.
    Implied(Ts, f64),
}

impl VendorRow {
    /// The table that it belongs to.
    pub fn table(&self) -> &'static str {
        match self {
            VendorRow::Trade(_) => TradeRow::TABLE,
            VendorRow::Bar(_) => BarRow::TABLE,
            VendorRow::Funding(..) => FundingRow::TABLE,
            VendorRow::Interest(..) => InterestRow::TABLE,
            VendorRow::Implied(..) => ImpliedRow::TABLE,
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
