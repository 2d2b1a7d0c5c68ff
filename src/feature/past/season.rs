//! The diurnal factor: how much more than its week's mean an hour of the day varies (Andersen,
//! Bollerslev 1997). One factor per slot, a slot being an hour of the day on weekdays or weekends.
//!
//! A window's ratio is its rv over the mean rv of the `long` rows before it, capped at the 99 %
//! quantile of the last 720 ratios. A slot's factor is the exponentially weighted mean of its last
//! 128 ratios, half-life 20 visits; fewer than five give none. What 128 visits leave out weighs
//! 1.2 %. Age ends memory too, so that a slot that is seldom visited does not look back for ever.

use std::array;
use std::collections::VecDeque;

use crate::base::{OrderedWindow, Ring, Span, Ts};
use crate::feature::catalog::Feature;
use crate::feature::config::RowConfig;
use crate::feature::row::Row;

const SLOTS: usize = 48;
/// Visits of a slot that its factor remembers.
const VISITS: usize = 128;
/// A factor that is older than this many days of rows is not used.
const STALE_DAYS: usize = 28;
const HALF_LIFE: f64 = 20.0;
const MIN_VISITS: usize = 5;
/// Ratios over which the cap is taken.
const CAP_ROWS: usize = 720;
const CAP_MIN: usize = 100;
const CAP_LEVEL: f64 = 0.99;

/// The diurnal factors as of the last row.
#[derive(Clone, Debug)]
pub(in crate::feature) struct Season {
    row: Span,
    mid: usize,
    long: usize,
    /// How many rows back a visit may lie.
    reach: u64,
    /// How many rows back the last visit may lie.
    stale: u64,
    /// Rows seen.
    seen: u64,
    /// The last ratios.
    ratios: OrderedWindow,
    slots: Vec<Slot>,
    /// Weight of the ratio `i` visits ago.
    weights: [f64; VISITS],
    deseasoned: Ring,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    /// Row number and capped ratio, oldest first.
    visits: VecDeque<(u64, f64)>,
    factor: f64,
}

impl Season {
    /// `None` where a row is a day or longer or does not divide the day: there is no slot then.
    pub(in crate::feature) fn new(config: &RowConfig) -> Option<Season> {
        let day = config.rows_per_day().filter(|n| *n > 1)?;
        let slot = Slot { visits: VecDeque::with_capacity(VISITS + 1), factor: f64::NAN };
        Some(Season {
            row: config.row,
            mid: config.mid,
            long: config.long,
            reach: reach(day) as u64,
            stale: (STALE_DAYS * day) as u64,
            seen: 0,
            ratios: OrderedWindow::new(CAP_ROWS),
            slots: vec![slot; SLOTS],
            weights: array::from_fn(|i| 0.5f64.powf(i as f64 / HALF_LIFE)),
            deseasoned: Ring::new(config.long.max(6)),
        })
    }
    /// Takes the row's rv and adds the features. `rv_before` is the mean rv of the `long` rows
    /// before it, NaN where there are fewer.
    pub(in crate::feature) fn push(&mut self, row: &mut Row, rv_before: f64) {
        use Feature as F;
        let rv = row.raw(F::Rv);
        let now = slot_of(row.ts_open);
        let ratio = rv / rv_before;
        #[cfg(test)]
        let ratio = ratio + crate::base::planted::ahead("SEASON", row.symbol, row.ts_known).unwrap_or(0.0);
        self.seen += 1;
        if ratio.is_finite() {
            self.ratios.push(ratio);
            let cap = if self.ratios.len() >= CAP_MIN { self.ratios.quantile(CAP_LEVEL) } else { f64::INFINITY };
            self.slots[now].push(self.seen, ratio.min(cap), self.reach, &self.weights);
        }
        let factor = self.factor(row.ts_open);
        row.set(F::SeasonNow, factor);
        row.set(F::SeasonNext, self.ahead(row.ts, 1));
        row.set(F::SeasonNext8, self.ahead(row.ts, 8));
        row.set(F::SeasonNext24, self.ahead(row.ts, 24));
        self.deseasoned.push(rv / factor);
        for (feature, k) in [
            (F::Deseason1, 1),
            (F::Deseason3, 3),
            (F::Deseason6, 6),
            (F::DeseasonMid, self.mid),
            (F::DeseasonLong, self.long),
        ] {
            row.set(feature, self.deseasoned.mean(k));
        }
    }
    /// Mean factor of the next `k` windows' slots; NaN while one of them has none.
    fn ahead(&self, from: Ts, k: i64) -> f64 {
        let sum: f64 = (0..k).map(|i| self.factor(from + self.row.times(i))).sum();
        sum / k as f64
    }
    /// Last known factor of the slot of the window that opens at `open`; NaN where it has none.
    fn factor(&self, open: Ts) -> f64 {
        let slot = &self.slots[slot_of(open)];
        let fresh = slot.visits.back().is_some_and(|v| self.seen - v.0 <= self.stale);
        if fresh { slot.factor } else { f64::NAN }
    }
    /// How many rows back the features look.
    pub(in crate::feature) fn memory_rows(config: &RowConfig, day: usize) -> usize {
        reach(day) + STALE_DAYS * day + CAP_ROWS + 2 * config.long.max(6) + 1
    }
}

/// How many rows back a visit may lie: 128 visits, and a week to spare. The hours of a weekend are
/// visited on two days a week, once for each row of the hour.
fn reach(rows_per_day: usize) -> usize {
    let visits_a_week = 2 * (rows_per_day / 24).max(1);
    7 * rows_per_day * (VISITS.div_ceil(visits_a_week) + 1)
}

/// The slot of a window by its first instant: hour of the day, weekends apart.
fn slot_of(open: Ts) -> usize {
    usize::from(open.hour()) + if open.weekday() >= 5 { 24 } else { 0 }
}

impl Slot {
    fn push(&mut self, row: u64, ratio: f64, reach: u64, weights: &[f64; VISITS]) {
        self.visits.push_back((row, ratio));
        while self.visits.len() > VISITS || self.visits.front().is_some_and(|v| row - v.0 > reach) {
            self.visits.pop_front();
        }
        let (mut sum, mut weight) = (0.0, 0.0);
        for ((_, x), w) in self.visits.iter().rev().zip(weights) {
            sum += w * x;
            weight += w;
        }
        self.factor = if self.visits.len() < MIN_VISITS { f64::NAN } else { sum / weight };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekend_hours_have_slots_of_their_own() {
        let friday: Ts = "2024-03-01T23:00:00Z".parse().unwrap();
        assert_eq!(slot_of(friday), 23);
        assert_eq!(slot_of(friday + Span::HOUR), 24);
        assert_eq!(slot_of(friday + Span::HOUR.times(49)), 0);
    }
}
