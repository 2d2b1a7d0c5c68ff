//! The market's own time, in which a closure takes none: on a Monday a day has passed since Friday.

use crate::base::{Span, Ts};

/// The market's own time at each of some closes, from 0 on.
pub fn market_time(closes: &[Ts], row: Span, closure: Span) -> Vec<Ts> {
    let mut clock = MarketClock { row, closure: Some(closure), last: None };
    let first = closes.first().copied().unwrap_or(Ts(0));
    closes.iter().map(|close| Ts((clock.row(*close) - first).0)).collect()
}

/// The clock of one decider: the market's own time, or the world's where closures count.
#[derive(Clone, Debug)]
pub(super) struct MarketClock {
    row: Span,
    /// Longest pause between rows that takes no time; absent: every pause does.
    closure: Option<Span>,
    /// The last row: when it closed in the world, and in the market's own time.
    last: Option<(Ts, Ts)>,
}

impl MarketClock {
    /// Of rows of this length; `closure` absent: the world's time.
    pub fn new(row: Span, closure: Option<Span>) -> MarketClock {
        MarketClock { row, closure, last: None }
    }
    /// Takes the close of the next row; gives it in the market's own time.
    pub fn row(&mut self, close: Ts) -> Ts {
        let own = self.at(close);
        self.last = Some((close, own));
        own
    }
    /// A time after the last row in the market's own time. Until it is known how long a pause lasts it takes
    /// no time, as a closure does.
    pub fn at(&self, now: Ts) -> Ts {
        let (Some(closure), Some((close, own))) = (self.closure, self.last) else { return now };
        let passed = now - close;
        own + if passed <= self.row + closure { passed.min(self.row) } else { passed }
    }
    /// A moment of the world that lies ahead, as far ahead of the market's own time.
    pub fn later(&self, now: Ts, moment: Ts) -> Ts {
        if self.closure.is_none() { moment } else { self.at(now) + (moment - now) }
    }
    /// The first moment of the world at which so much of the market's own time may have passed.
    pub fn until(&self, now: Ts, passes: Span) -> Ts {
        now + passes + self.closure.unwrap_or(Span(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Ts {
        Ts(0) + Span::DAY.times(n)
    }

    #[test]
    fn a_closure_takes_no_time_and_a_longer_pause_all_of_it() {
        let closes = [3, 4, 7, 8, 20].map(day);
        assert_eq!(market_time(&closes, Span::DAY, Span::DAY.times(2)), [0, 1, 2, 3, 15].map(day));
        assert_eq!(market_time(&closes, Span::DAY, Span(0)), [0, 1, 4, 5, 17].map(day));
    }

    #[test]
    fn between_rows_time_stands_still_after_one_row_until_the_pause_is_longer_than_a_closure() {
        let mut clock = MarketClock::new(Span::DAY, Some(Span::DAY.times(2)));
        clock.row(day(4));
        let hours = |n: i64| day(4) + Span::HOUR.times(n);
        assert_eq!([6, 24, 50, 72, 73].map(|h| clock.at(hours(h))), [6, 24, 24, 24, 73].map(hours));
        assert_eq!(clock.row(day(7)), day(5));
        assert_eq!(clock.until(day(7), Span::HOUR), day(9) + Span::HOUR);
        let mut world = MarketClock::new(Span::DAY, None);
        world.row(day(4));
        assert_eq!(
            (world.at(day(9)), world.row(day(9)), world.until(day(9), Span(5))),
            (day(9), day(9), day(9) + Span(5))
        );
    }
}
