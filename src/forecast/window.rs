//! What is kept of adjacent rows, for sums over the horizon.

use std::collections::VecDeque;

use crate::base::Ts;
use crate::feature::Row;

/// The last `ahead` rows, as long as each opens where the one before it closed.
pub(super) struct Adjacent<T> {
    ahead: usize,
    closed: Option<Ts>,
    rows: VecDeque<T>,
}

impl<T> Adjacent<T> {
    pub fn new(ahead: usize) -> Adjacent<T> {
        Adjacent { ahead, closed: None, rows: VecDeque::new() }
    }
    /// Adds what is kept of a row; a gap, or a row of which nothing is kept, starts over. Gives the
    /// rows once there are `ahead`.
    pub fn push(&mut self, row: &Row, kept: Option<T>) -> Option<&VecDeque<T>> {
        if self.closed != Some(row.ts_open) {
            self.rows.clear();
        }
        self.closed = Some(row.ts);
        let Some(kept) = kept else {
            self.rows.clear();
            return None;
        };
        if self.rows.len() == self.ahead {
            self.rows.pop_front();
        }
        self.rows.push_back(kept);
        (self.rows.len() == self.ahead).then_some(&self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::training::fixture;

    #[test]
    fn a_gap_starts_over() {
        let rows = fixture::rows(6, |_| (0.0, 0.0));
        let mut adjacent = Adjacent::new(2);
        let full: Vec<bool> = [0, 1, 2, 4, 5].iter().map(|i| adjacent.push(&rows[*i], Some(*i)).is_some()).collect();
        assert_eq!(full, [false, true, true, false, true]);
        assert!(adjacent.push(&rows[5], None).is_none());
    }
}
