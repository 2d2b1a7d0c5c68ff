//! Caps on open interest, from what the book takes.

use serde::{Deserialize, Serialize};

use super::thin_book::Thin;
use crate::event::snapshot::Book;

/// `w` up to `lower`, linear to 1 at `upper`.
pub fn open_interest_rate(weight: f64, lower: f64, upper: f64, open_interest: f64) -> f64 {
    let ramp = ((open_interest - lower) / (upper - lower)).clamp(0.0, 1.0);
    // What is not known is not assumed to be small.
    if ramp.is_nan() { 1.0 } else { weight + (1.0 - weight) * ramp }
}

/// Caps on open interest, quote units: above `soft` new risk is dearer, above `hard` there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InterestCaps {
    /// Where the initial-margin fraction begins to rise.
    pub soft: f64,
    /// Where it is 1.
    pub hard: f64,
}

impl InterestCaps {
    /// From what can be sold within 1 % of the middle. In a thin book the soft cap is at most the
    /// open interest there is: no new risk. `None` without a depth.
    pub fn of(book: &Book, thin: bool, p: &Thin) -> Option<InterestCaps> {
        let known = |v: f64| v.is_finite() && v > 0.0;
        let capacity = known(book.depth_100bp).then_some(book.depth_100bp)?;
        let (mut soft, hard) = (p.soft_share * capacity, p.hard_share * capacity);
        if thin && known(book.open_interest) {
            soft = soft.min(book.open_interest);
        }
        Some(InterestCaps { soft, hard: hard.max(soft) })
    }
    /// The initial-margin fraction at an open interest: `base` up to the soft cap, linear from there to
    /// 1 at the hard cap (the form of dYdX's open-interest scaled margin).
    pub fn fraction(&self, base: f64, open_interest: f64) -> f64 {
        open_interest_rate(base, self.soft, self.hard, open_interest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(depth: f64, spread: f64) -> Book {
        Book { depth_50bp: depth, depth_100bp: 2.0 * depth, spread_bp: spread, open_interest: 30.0 }
    }

    #[test]
    fn open_interest_caps_follow_depth_and_admit_no_new_risk_when_thin() {
        let p = Thin::default();
        assert_eq!(InterestCaps::of(&book(100.0, 1.0), false, &p), Some(InterestCaps { soft: 60.0, hard: 200.0 }));
        assert_eq!(InterestCaps::of(&book(100.0, 1.0), true, &p), Some(InterestCaps { soft: 30.0, hard: 200.0 }));
        assert_eq!(InterestCaps::of(&book(f64::NAN, 1.0), true, &p), None);
    }
}
