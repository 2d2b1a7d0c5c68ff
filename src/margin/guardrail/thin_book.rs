//! Vanished liquidity: when a book is so thin that nothing may be loosened and no new risk taken.

use serde::{Deserialize, Serialize};

use crate::base::{OrderedSpan, Span, Ts};
use crate::event::snapshot::Book;

/// Fewest readings before a median means anything.
const NEED: usize = 30;

/// When a book is thin, and what then holds.
///
/// | setting | default | range |
/// |---|---|---|
/// | `depth_share` | 0.10 | of the median depth within 50 bp; 0 to 1 |
/// | `samples` | 3 | readings in a row, to begin and to end; 1 or more |
/// | `spread_times` | 10 | of the median spread; 1 or more |
/// | `window` | `30d` | of the medians |
/// | `m_min` | 1.25 | the multiplier aimed at is at least this; 1 to 3 |
/// | `soft_share`, `hard_share` | 0.30, 1 | of what can be sold within 1 %: caps on open interest |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct Thin {
    pub depth_share: f64,
    pub samples: u32,
    pub spread_times: f64,
    pub window: Span,
    pub m_min: f64,
    pub soft_share: f64,
    pub hard_share: f64,
}

impl Default for Thin {
    fn default() -> Thin {
        Thin {
            depth_share: 0.10,
            samples: 3,
            spread_times: 10.0,
            window: Span::DAY.times(30),
            m_min: 1.25,
            soft_share: 0.30,
            hard_share: 1.0,
        }
    }
}

/// Watches the book of one instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookWatch {
    depth: OrderedSpan,
    spread: OrderedSpan,
    thin: bool,
    in_a_row: u32,
}

impl BookWatch {
    /// Takes a reading; whether the book is thin. A reading that is no number changes nothing.
    pub fn see(&mut self, ts: Ts, book: &Book, p: &Thin) -> bool {
        let known = |v: f64| v.is_finite() && v >= 0.0;
        let mut shallow = false;
        if known(book.depth_50bp) {
            let depths = self.depth.push_over(ts, book.depth_50bp, p.window);
            shallow = depths.len() >= NEED && book.depth_50bp < p.depth_share * depths.quantile(0.5);
        }
        let mut wide = false;
        if known(book.spread_bp) {
            let spreads = self.spread.push_over(ts, book.spread_bp, p.window);
            wide = spreads.len() >= NEED && book.spread_bp > p.spread_times * spreads.quantile(0.5);
        }
        if !(known(book.depth_50bp) || known(book.spread_bp)) {
            return self.thin;
        }
        // A wide spread is thin at once; a shallow book, and the end of either, want a row of readings.
        let against = (shallow || wide) != self.thin;
        self.in_a_row = if against { self.in_a_row.saturating_add(1) } else { 0 };
        if against && (self.in_a_row >= p.samples.max(1) || wide) {
            (self.thin, self.in_a_row) = (!self.thin, 0);
        }
        self.thin
    }
    /// Whether the book was thin at the last reading.
    pub fn is_thin(&self) -> bool {
        self.thin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(depth: f64, spread: f64) -> Book {
        Book { depth_50bp: depth, depth_100bp: 2.0 * depth, spread_bp: spread, open_interest: 30.0 }
    }

    fn watch() -> (BookWatch, Ts) {
        let mut watch = BookWatch::default();
        let at = |n: i64| Ts(0) + Span::MINUTE.times(n);
        assert!((0..100).all(|n| !watch.see(at(n), &book(100.0 + (n % 7) as f64, 1.0), &Thin::default())));
        (watch, at(100))
    }

    #[test]
    fn a_shallow_book_is_thin_at_the_third_reading_and_deep_again_at_the_third() {
        let (mut watch, at) = watch();
        let p = Thin::default();
        let got = [9.0, 9.0, 50.0, 9.0, 9.0, 9.0, 9.0, 50.0, 50.0, 9.0, 50.0, 50.0, 50.0, 50.0]
            .map(|d| u8::from(watch.see(at, &book(d, 1.0), &p)));
        assert_eq!(got, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn a_wide_spread_is_thin_at_once_and_what_is_no_number_changes_nothing() {
        let (mut watch, at) = watch();
        let p = Thin::default();
        assert!(!watch.see(at, &book(100.0, 9.9), &p) && watch.see(at, &book(100.0, 10.1), &p));
        let nothing = Book { depth_50bp: f64::NAN, spread_bp: -1.0, ..book(1.0, 1.0) };
        assert!((0..9).all(|_| watch.see(at, &nothing, &p)));
        assert!(!BookWatch::default().see(at, &book(0.0, 1e9), &p), "nothing to compare with yet");
    }
}
