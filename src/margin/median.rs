//! The median of a moving stretch of time.

use std::collections::VecDeque;

use crate::base::{Span, Ts, stats};

/// Values of the last stretch and their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Median {
    /// (when, value), oldest first.
    past: VecDeque<(Ts, f64)>,
    ascending: Vec<f64>,
}

impl Median {
    /// Takes a finite value; gives the median of the stretch that ends now, the value included.
    pub fn push(&mut self, now: Ts, x: f64, window: Span) -> f64 {
        self.past.push_back((now, x));
        let at = self.ascending.partition_point(|v| *v < x);
        self.ascending.insert(at, x);
        while let Some((_, old)) = self.past.front().filter(|p| p.0 <= now - window).copied() {
            self.past.pop_front();
            let at = self.ascending.partition_point(|v| *v < old);
            self.ascending.remove(at);
        }
        stats::quantile(&self.ascending, 0.5)
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.past.is_empty()
    }
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.past.len()
    }
}
