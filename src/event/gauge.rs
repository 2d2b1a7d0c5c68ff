//! Numbers that hold until their next reading, such as a funding rate.

use serde::{Deserialize, Serialize};

/// A reading of a number that holds until the next one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gauge {
    /// What is read, and in which unit.
    pub kind: GaugeKind,
    /// The number.
    pub value: f64,
}

/// What a gauge reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GaugeKind {
    /// Funding rate of a perpetual: a fraction per 8 hours, whatever the interval of payment,
    /// positive when longs pay.
    Funding,
    /// Open interest, base units; not negative.
    OpenInterest,
    /// Implied volatility, a fraction a year; positive.
    ImpliedVol,
}

impl GaugeKind {
    /// Every kind.
    pub const ALL: [GaugeKind; 3] = [GaugeKind::Funding, GaugeKind::OpenInterest, GaugeKind::ImpliedVol];
}
