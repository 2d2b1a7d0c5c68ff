//! For how many hours a funding rate was paid, where the vendor does not say it.

use std::collections::BTreeMap;

use crate::base::Span;
use crate::event::lake::GaugeRow;

/// Intervals that venues use, in hours.
const HOURS: [i64; 5] = [1, 2, 4, 8, 24];

/// Fills in absent intervals of one instrument's rows, which stand at `at` among their values, in any order: a rate is paid for the time
/// since the rate before it. A step that no venue uses means a missing row; it has the interval of
/// the row before it, and so have rows at the start that of the first that is known. Rows without a
/// rate, such as those of a rate that is only expected, have no interval.
pub(super) fn tell(rows: &mut [GaugeRow], at: usize) {
    if rows.iter().all(|r| r.values[at].is_finite()) {
        return;
    }
    rows.sort_by_key(|r| r.ts_event);
    let mut rows: Vec<&mut GaugeRow> = rows.iter_mut().filter(|r| r.values[0].is_finite()).collect();
    let mut hours: BTreeMap<usize, f64> = BTreeMap::new();
    for i in 1..rows.len() {
        // Venues stamp their payments some milliseconds late.
        let step = (rows[i].ts_event - rows[i - 1].ts_event).0 as f64 / Span::HOUR.0 as f64;
        if HOURS.contains(&(step.round() as i64)) && (step - step.round()).abs() < 0.02 {
            hours.insert(i, step.round());
        }
    }
    let first = hours.values().next().copied();
    for (i, row) in rows.iter_mut().enumerate().filter(|(_, r)| !r.values[at].is_finite()) {
        if let Some(told) = hours.range(..=i).next_back().map(|(_, h)| *h).or(first) {
            row.values[at] = told;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Ts;
    use crate::event::GaugeKind::Funding;

    fn told(at_hours: &[i64]) -> Vec<f64> {
        let at = |h: &i64| Ts(0) + Span::HOUR.times(*h) + Span(3_000_000 * (h % 2));
        let mut rows: Vec<GaugeRow> =
            at_hours.iter().map(|h| GaugeRow::new(Funding, at(h), at(h), &[1e-4], 0)).collect();
        tell(&mut rows, 1);
        rows.iter().map(|r| r.values[1]).collect()
    }

    #[test]
    fn the_interval_is_the_time_since_the_rate_before() {
        assert_eq!(told(&[0, 8, 16, 20, 24, 25]), [8.0, 8.0, 8.0, 4.0, 4.0, 1.0]);
        // 16 and 3 hours: rows are missing.
        assert_eq!(told(&[0, 8, 24, 32, 35, 36]), [8.0, 8.0, 8.0, 8.0, 8.0, 1.0]);
        assert!(told(&[5]).iter().all(|h| h.is_nan()), "one rate alone tells nothing");
    }
}
