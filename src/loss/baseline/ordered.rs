//! A sorted window that is kept sorted: the newest value in, the oldest out, any rank at once.

use std::collections::VecDeque;

use crate::base::stats;

/// Values a block holds before it is split.
const BLOCK: usize = 512;

/// The last `size` values pushed, in order of size. A push costs about the square root of the
/// window, a rank a walk over its blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderedWindow {
    size: usize,
    arrived: VecDeque<f64>,
    /// Ascending blocks of ascending values; none is empty.
    blocks: Vec<Vec<f64>>,
}

impl OrderedWindow {
    /// An empty window of the last `size` values, at least one.
    pub fn new(size: usize) -> OrderedWindow {
        OrderedWindow { size: size.max(1), arrived: VecDeque::new(), blocks: Vec::new() }
    }

    /// Takes a value; NaN is left out.
    pub fn push(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.arrived.push_back(value);
        self.insert(value);
        if self.arrived.len() > self.size
            && let Some(oldest) = self.arrived.pop_front()
        {
            self.remove(oldest);
        }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.arrived.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.arrived.is_empty()
    }

    /// The value at a rank from 0, the smallest; NaN beyond the end.
    pub fn at(&self, mut rank: usize) -> f64 {
        for block in &self.blocks {
            if rank < block.len() {
                return block[rank];
            }
            rank -= block.len();
        }
        f64::NAN
    }

    /// Type-7 quantile; NaN when empty.
    pub fn quantile(&self, p: f64) -> f64 {
        let Some(last) = self.len().checked_sub(1) else { return f64::NAN };
        let at = p.clamp(0.0, 1.0) * last as f64;
        let lo = self.at(at.floor() as usize);
        stats::quantile(&[lo, self.at((at.floor() as usize + 1).min(last))], at.fract())
    }

    /// Smallest first.
    pub fn ascending(&self) -> impl DoubleEndedIterator<Item = f64> + '_ {
        self.blocks.iter().flatten().copied()
    }

    fn insert(&mut self, value: f64) {
        let after = |block: &Vec<f64>| block.last().is_some_and(|top| *top < value);
        let at = self.blocks.partition_point(after).min(self.blocks.len().saturating_sub(1));
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(vec![value]);
            return;
        };
        block.insert(block.partition_point(|v| *v < value), value);
        if block.len() > BLOCK {
            let upper = block.split_off(BLOCK / 2);
            self.blocks.insert(at + 1, upper);
        }
    }

    fn remove(&mut self, value: f64) {
        let at = self.blocks.partition_point(|block| block.last().is_some_and(|top| *top < value));
        if let Some(block) = self.blocks.get_mut(at) {
            let i = block.partition_point(|v| *v < value);
            if i < block.len() {
                block.remove(i);
            }
            if block.is_empty() {
                self.blocks.remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_window_equals_sorting_the_last_values() {
        for size in [1, 7, 600, 3000] {
            let mut kept = OrderedWindow::new(size);
            let mut all = Vec::new();
            let mut state = 1_u64;
            for i in 0..6000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Few distinct values at first, so that equal ones meet at block edges.
                let value = (state >> 33) as f64 % if i < 2000 { 3.0 } else { 1e6 };
                kept.push(value);
                all.push(value);
                if i % 97 == 0 {
                    let want = stats::sorted(&all[all.len().saturating_sub(size)..]);
                    assert_eq!(kept.ascending().collect::<Vec<_>>(), want);
                    assert_eq!(kept.at(want.len() / 3), want[want.len() / 3]);
                    assert_eq!(kept.quantile(0.25), stats::quantile(&want, 0.25));
                }
            }
        }
    }

    #[test]
    fn an_empty_window_has_no_quantile() {
        let mut kept = OrderedWindow::new(3);
        kept.push(f64::NAN);
        assert!(kept.is_empty() && kept.quantile(0.5).is_nan() && kept.at(0).is_nan());
    }
}
