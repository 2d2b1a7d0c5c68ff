//! For how many hours a funding rate was paid, where the vendor does not say it.

use std::collections::BTreeMap;

use crate::base::Span;
use crate::event::lake::FundingRow;

/// Intervals that venues use, in hours.
const HOURS: [i64; 5] = [1, 2, 4, 8, 24];
/// Place of the hours among a row's values.
const AT: usize = 1;

/// Fills in absent intervals of one instrument's rows, in any order: a rate is paid for the time
/// since the rate before it. A step that no venue uses means a missing row; it has the interval of
/// the row before it, and so have rows at the start that of the first that is known. Rows without a
/// rate, such as those of a rate that is only expected, have no interval.
pub(super) fn tell(rows: &mut [FundingRow]) {
    if rows.iter().all(|r| r.values[AT].is_finite()) {
        return;
    }
    rows.sort_by_key(|r| r.ts_event);
    let mut rows: Vec<&mut FundingRow> = rows.iter_mut().filter(|r| r.values[0].is_finite()).collect();
    let mut hours: BTreeMap<usize, f64> = BTreeMap::new();
    for i in 1..rows.len() {
        // Venues stamp their payments some milliseconds late.
        let step = (rows[i].ts_event - rows[i - 1].ts_event).0 as f64 / Span::HOUR.0 as f64;
        if HOURS.contains(&(step.round() as i64)) && (step - step.round()).abs() < 0.02 {
            hours.insert(i, step.round());
        }
    }
    let first = hours.values().next().copied();
    for (i, row) in rows.iter_mut().enumerate().filter(|(_, r)| !r.values[AT].is_finite()) {
        if let Some(told) = hours.range(..=i).next_back().map(|(_, h)| *h).or(first) {
            row.values[AT] = told;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Ts;

    fn told(at_hours: &[i64]) -> Vec<f64> {
        let at = |h: &i64| Ts(0) + Span::HOUR.times(*h) + Span(3_000_000 * (h % 2));
        let mut rows: Vec<FundingRow> =
            at_hours.iter().map(|h| FundingRow::new(at(h), at(h), [1e-4, f64::NAN, f64::NAN, f64::NAN], 0)).collect();
        tell(&mut rows);
        rows.iter().map(|r| r.values[AT]).collect()
    }

    #[test]
    fn the_interval_is_the_time_since_the_rate_before() {
        assert_eq!(told(&[0, 8, 16, 20, 24, 25]), [8.0, 8.0, 8.0, 4.0, 4.0, 1.0]);
        // 16 and 3 hours: rows are missing.
        assert_eq!(told(&[0, 8, 24, 32, 35, 36]), [8.0, 8.0, 8.0, 8.0, 8.0, 1.0]);
        assert!(told(&[5]).iter().all(|h| h.is_nan()), "one rate alone tells nothing");
    }
}
