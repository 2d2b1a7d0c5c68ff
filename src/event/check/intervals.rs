//! Which whole numbers have been seen, and what is missing between them.

use std::collections::BTreeMap;

/// Which whole numbers (ids, nanoseconds) have been seen, as half-open intervals. Order does not
/// matter, and dense numbers cost nothing.
#[derive(Clone, Debug, Default)]
pub struct Intervals {
    done: BTreeMap<i64, i64>,
    /// The interval that grows; most numbers continue it.
    open: Option<(i64, i64)>,
}

impl Intervals {
    /// Adds `[start, end)`.
    pub fn add(&mut self, start: i64, end: i64) {
        match &mut self.open {
            Some((from, until)) if start >= *from && start <= *until => *until = end.max(*until),
            _ => {
                self.close();
                self.open = Some((start, end));
            }
        }
    }
    fn close(&mut self) {
        let Some((mut start, mut end)) = self.open.take() else { return };
        // Intervals that touch the new one become part of it.
        while let Some((from, until)) = self.done.range(..=end).next_back().map(|(a, b)| (*a, *b)) {
            if until < start {
                break;
            }
            self.done.remove(&from);
            (start, end) = (start.min(from), end.max(until));
        }
        self.done.insert(start, end);
    }
    /// How many numbers are covered.
    pub fn total(&mut self) -> i64 {
        self.close();
        self.done.iter().map(|(a, b)| b - a).sum()
    }
    /// What lies between the intervals: where each gap starts and ends.
    pub fn gaps(&mut self) -> Vec<(i64, i64)> {
        self.close();
        let starts = self.done.keys().skip(1);
        self.done.values().zip(starts).map(|(end, start)| (*end, *start)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_does_not_depend_on_order() {
        let numbers: Vec<i64> = (0..100).filter(|i| ![3, 4, 50].contains(i)).collect();
        let mut backwards = numbers.clone();
        backwards.reverse();
        let mut woven: Vec<i64> = numbers.iter().copied().step_by(2).collect();
        woven.extend(numbers.iter().copied().skip(1).step_by(2));
        woven.extend([7, 8, 7]);
        for order in [numbers, backwards, woven] {
            let mut coverage = Intervals::default();
            order.iter().for_each(|i| coverage.add(*i, i + 1));
            assert_eq!(coverage.gaps(), [(3, 5), (50, 51)]);
            assert_eq!(coverage.total(), 97);
        }
        assert_eq!(Intervals::default().gaps(), []);
    }
}
