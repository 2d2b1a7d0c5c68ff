//! Where a number stands among its own of the past year.

use crate::base::{OrderedSpan, Span, Ts};

/// How far back it is compared.
const YEAR: Span = Span(365 * Span::DAY.0);
/// Readings nearer to each other than this are not all remembered: a year of minutes says no more of a
/// level than a year of hours.
const APART: Span = Span::HOUR;
/// Fewest readings before a percentile means anything.
const NEED: usize = 100;

/// The readings of the past year and their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Percentile {
    past: OrderedSpan,
}

impl Percentile {
    /// Share of the readings of the year before `now` that are below `x`, half of those equal to it
    /// counted; then remembers `x`. `None` for what is no number, and with fewer than 100 readings.
    pub fn place(&mut self, now: Ts, x: f64) -> Option<f64> {
        self.past.forget(now - YEAR);
        if !x.is_finite() {
            return None;
        }
        let (below, upto) = self.past.values().around(x);
        let n = self.past.values().len();
        let place = (n >= NEED).then(|| (below + upto) as f64 / (2 * n) as f64);
        if self.past.last().is_none_or(|last| now - last >= APART) {
            self.past.push(now, x);
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(n: i64) -> Ts {
        Ts(0) + Span::HOUR.times(n)
    }

    /// A number in \[0, 1\] for each hour, few distinct ones.
    fn reading(n: i64) -> f64 {
        ((n * 7919) % 101) as f64 / 100.0
    }

    #[test]
    fn a_percentile_is_the_share_of_past_readings_below_and_nothing_later() {
        let mut percentile = Percentile::default();
        for n in 0..2 * 8760 {
            let got = percentile.place(hour(n), reading(n));
            if n < 100 {
                assert_eq!(got, None, "{n}");
            } else if n % 997 == 0 {
                // The year before, by counting: this hour's own reading is not among them.
                let year: Vec<f64> = ((n - 8760 + 1).max(0)..n).map(reading).collect();
                let count = |keep: &dyn Fn(f64) -> bool| year.iter().filter(|v| keep(**v)).count() as f64;
                let x = reading(n);
                let want = (count(&|v| v < x) + 0.5 * count(&|v| v == x)) / year.len() as f64;
                assert_eq!(got, Some(want), "{n}");
            }
        }
    }

    #[test]
    fn a_larger_reading_never_stands_lower() {
        let mut percentile = Percentile::default();
        for n in 0..500 {
            percentile.place(hour(n), reading(n));
        }
        let at = |x: f64| percentile.clone().place(hour(500), x).unwrap();
        let places: Vec<f64> = (-10..=110).map(|k| at(f64::from(k) / 100.0)).collect();
        assert!(places.windows(2).all(|w| w[0] <= w[1]));
        assert_eq!((places[0], places[120]), (0.0, 1.0));
    }

    #[test]
    fn what_is_no_number_is_nowhere_and_minutes_count_as_their_hour() {
        let mut percentile = Percentile::default();
        for minute in 0..60 * 99 {
            percentile.place(Ts(0) + Span::MINUTE.times(minute), 1.0);
        }
        assert_eq!(percentile.place(hour(99), 2.0), None, "ninety-nine hours");
        let before = percentile.clone();
        assert_eq!((percentile.place(hour(100), f64::NAN), percentile == before), (None, true));
        assert_eq!(percentile.place(hour(100), 1.5), Some(0.99));
    }
}
