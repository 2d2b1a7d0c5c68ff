//! What a feature of a gauge is made from: one function of the gauge's readings each, NaN for absence.
//! A line of the catalog names its function.

use std::collections::VecDeque;

use crate::base::{Ring, Ts};

/// Fewer readings make no mean: one a day.
const RECENT_MIN: usize = 21;
/// The unit of implied volatility is that of a year of so many days: these markets never close.
const YEAR_DAYS: f64 = 365.0;

/// The readings of one gauge as of a row's close, and what of the row they are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Readings<'a> {
    /// The last one known, NaN where it is stale.
    pub now: f64,
    /// Those known in the last 21 days with their times, oldest first.
    pub recent: &'a VecDeque<(Ts, f64)>,
    /// `now` of the last rows, this one included.
    pub by_row: &'a Ring,
    /// Middle lag, in rows.
    pub mid: usize,
    /// Long lag, in rows.
    pub long: usize,
    /// Length of a row, days.
    pub row_days: f64,
    /// Mean realised variance of the last `long` rows.
    pub rv_long: f64,
    /// Mean volume of the last `mid` rows, base units.
    pub volume_mid: f64,
}

/// How a feature is made.
pub type Formula = fn(&Readings<'_>) -> f64;

/// The last reading.
pub fn last(r: &Readings<'_>) -> f64 {
    r.now
}
/// Its size.
pub fn size(r: &Readings<'_>) -> f64 {
    r.now.abs()
}
/// What it is above the mean of the last 21 days, of at least 21 readings.
pub fn excess(r: &Readings<'_>) -> f64 {
    if r.recent.len() < RECENT_MIN {
        return f64::NAN;
    }
    let sum: f64 = r.recent.iter().map(|reading| reading.1).sum();
    r.now - sum / r.recent.len() as f64
}
/// Logarithm of it over that of `mid` rows before.
pub fn change_mid(r: &Readings<'_>) -> f64 {
    change(r.by_row, r.mid)
}
/// Logarithm of it over that of `long` rows before.
pub fn change_long(r: &Readings<'_>) -> f64 {
    change(r.by_row, r.long)
}
/// It over the mean volume of `mid` rows.
pub fn per_volume(r: &Readings<'_>) -> f64 {
    r.now / r.volume_mid
}
/// The variance of a row that it stands for as a volatility of a year.
pub fn variance(r: &Readings<'_>) -> f64 {
    r.now * r.now * r.row_days / YEAR_DAYS
}
/// Logarithm of that variance over the mean realised one of `long` rows.
pub fn premium(r: &Readings<'_>) -> f64 {
    (variance(r) / r.rv_long).ln()
}

fn change(by_row: &Ring, k: usize) -> f64 {
    by_row.last(k + 1).map_or(f64::NAN, |all| (all[k] / all[0]).ln())
}
