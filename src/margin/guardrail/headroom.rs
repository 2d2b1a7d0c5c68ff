//! How far initial margin may still rise: what is left of budgets, and the most within hours to come.

use super::lows::Lows;
use super::pace::RowPace;
use crate::base::{Span, Ts};

/// Lengths of time over which it is said how far initial margin may rise.
pub const AHEAD: [Span; 3] = [Span::HOUR, Span(8 * Span::HOUR.0), Span::DAY];

/// Steps that are looked at within each at most; shorter ones are taken together.
const STEPS: i64 = 500;

/// How far initial margin may still rise, but for what its baseline, the emergency lane and silence ask.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Headroom {
    /// The window of the budget of which the smallest share is left, and that share, 0 to 1; absent where there are no
    /// budgets.
    pub tightest: Option<(Span, f64)>,
    /// The most by which it may rise within each of [`AHEAD`], over what is asked, less 1, by rows that come on time.
    pub rises: [f64; AHEAD.len()],
}

impl Headroom {
    /// Where it is not said.
    pub const UNTOLD: Headroom = Headroom { tightest: None, rises: [f64::NAN; AHEAD.len()] };

    /// Of a requirement `c`, and the least that it was. `between` is the shortest time between two rises.
    pub(super) fn of(at: Ts, c: f64, lows: &Lows, pace: &RowPace, between: Span) -> Headroom {
        let left = pace.budgets.iter().map(|b| {
            let low = lows.since(at - b.over);
            let whole = b.rise * low;
            // Of nothing, nothing is left.
            (b.over, if whole > 0.0 { 1.0 - (c - low) / whole } else { 0.0 })
        });
        let tightest = left.reduce(|a, b| if b.1 < a.1 { b } else { a }).map(|(over, share)| (over, share.max(0.0)));
        Headroom { tightest, rises: AHEAD.map(|ahead| most(ahead, at, c, lows, pace, between) / c - 1.0) }
    }
}

/// The most that may be in force at the end of a length of time, step by step.
fn most(ahead: Span, at: Ts, c: f64, lows: &Lows, pace: &RowPace, between: Span) -> f64 {
    let step = pace.length().max(between).max(Span(ahead.0 / STEPS));
    let (mut most, mut passed) = (c, Span(0));
    while passed < ahead {
        passed = (passed + step).min(ahead);
        let budget = |b: super::pace::Budget| {
            // What is in force now still is in the window, or all that is in it lies ahead.
            let low = if passed <= b.over { lows.since(at + passed - b.over) } else { most };
            (1.0 + b.rise) * low
        };
        let room = pace.budgets.iter().map(budget).fold(pace.rise(most, step, 1.0), f64::min);
        most = most.max(room);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::super::pace::{Budget, StepLimits};
    use super::*;

    fn hour(n: i64) -> Ts {
        Ts(0) + Span::HOUR.times(n)
    }

    fn of(at: i64, values: &[(i64, f64)], up: f64, budgets: &[(i64, f64)]) -> Headroom {
        let list = budgets.iter().map(|(h, rise)| Budget { over: Span::HOUR.times(*h), rise: *rise });
        let budgets = list.collect::<Vec<_>>().try_into().unwrap();
        let pace = StepLimits { up: Some(up), budgets: Some(budgets), ..StepLimits::IM }.im_pace(Span::HOUR);
        let mut lows = Lows::default();
        values.iter().for_each(|(h, c)| lows.set(hour(*h), *c, Span::DAY.times(31)));
        Headroom::of(hour(at), values.last().unwrap().1, &lows, &pace, Span::HOUR)
    }

    fn near(got: [f64; 3], want: [f64; 3]) {
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-12), "{got:?} {want:?}");
    }

    #[test]
    fn without_budgets_steps_alone_bound_the_rise() {
        let got = of(0, &[(0, 1.0)], 0.01, &[]);
        assert_eq!(got.tightest, None);
        near(got.rises, [1, 8, 24].map(|n| 1.01f64.powi(n) - 1.0));
    }

    #[test]
    fn what_is_left_is_of_the_budget_that_binds_and_comes_back_as_its_window_moves_on() {
        let (rose, budgets) = ([(0, 1.0), (10, 1.1)], [(24, 0.2), (120, 0.6)]);
        let got = of(10, &rose, 0.05, &budgets);
        let (over, left) = got.tightest.unwrap();
        assert_eq!(over, Span::DAY);
        assert!((left - 0.5).abs() < 1e-12);
        // The value of before is in the window until hour 34; then one more step fits.
        near(got.rises, [0.05, 1.2 / 1.1 - 1.0, 1.2 * 1.05 / 1.1 - 1.0]);
        let (over, left) = of(34, &rose, 0.05, &budgets).tightest.unwrap();
        assert!(over == Span::DAY.times(5) && (left - 5.0 / 6.0).abs() < 1e-12);
        let spent = of(10, &[(0, 1.0), (10, 1.3)], 0.05, &budgets);
        assert_eq!((spent.tightest, spent.rises[0]), (Some((Span::DAY, 0.0)), 0.0), "above it, by the baseline");
        assert_eq!(of(0, &[(0, 1.0)], 0.05, &[(24, 0.0)]).tightest, Some((Span::DAY, 0.0)));
    }

    #[test]
    fn a_window_shorter_than_the_time_ahead_is_spent_again() {
        let got = of(0, &[(0, 1.0)], 0.5, &[(4, 0.1)]);
        assert!((got.rises[0] - 0.1).abs() < 1e-12 && got.rises[1] >= 1.1 * 1.1 - 1.0 - 1e-12);
    }
}
