//! Moving windows that are kept in order of size: the newest value in, the oldest out, any rank at once.
//!
//! One rule for what is no number: NaN is left out, and pushes nothing out. Infinities are values.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::{Span, Ts, stats};

/// Values a block holds before it is split.
const BLOCK: usize = 4096;

/// The last `size` values pushed, in order of arrival and of size. A push costs about the square
/// root of the window, a rank a walk over its blocks.
///
/// ```
/// use margincast::base::OrderedWindow;
/// let mut last = OrderedWindow::new(3);
/// [5.0, 1.0, f64::NAN, 4.0, 2.0].into_iter().for_each(|v| last.push(v));
/// assert_eq!(last.ascending().collect::<Vec<_>>(), [1.0, 2.0, 4.0]);
/// assert_eq!(last.quantile(0.5), 2.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OrderedWindow {
    size: usize,
    /// Oldest first.
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
        if self.arrived.len() > self.size {
            self.forget();
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
    /// How many values are below `x`, and how many are not above it.
    pub fn around(&self, x: f64) -> (usize, usize) {
        let count = |before: &dyn Fn(&f64) -> bool| self.blocks.iter().map(|b| b.partition_point(before)).sum();
        (count(&|v| *v < x), count(&|v| *v <= x))
    }
    /// Type-7 quantile; NaN when empty.
    pub fn quantile(&self, p: f64) -> f64 {
        let Some(last) = self.len().checked_sub(1) else { return f64::NAN };
        let at = p.clamp(0.0, 1.0) * last as f64;
        let lo = self.at(at.floor() as usize);
        stats::quantile(&[lo, self.at((at.floor() as usize + 1).min(last))], at.fract())
    }
    /// Arithmetic mean, summed from the oldest on; NaN when empty.
    pub fn mean(&self) -> f64 {
        self.arrived.iter().sum::<f64>() / self.arrived.len() as f64
    }
    /// All of them, smallest first; without a copy where they lie in one block.
    pub fn sorted(&self) -> Cow<'_, [f64]> {
        match &self.blocks[..] {
            [] => Cow::Borrowed(&[]),
            [one] => Cow::Borrowed(one),
            _ => Cow::Owned(self.ascending().collect()),
        }
    }
    /// Smallest first.
    pub fn ascending(&self) -> impl DoubleEndedIterator<Item = f64> + '_ {
        self.blocks.iter().flatten().copied()
    }
    /// Oldest first.
    pub fn arrived(&self) -> impl ExactSizeIterator<Item = f64> + '_ {
        self.arrived.iter().copied()
    }

    /// Takes the oldest value out.
    fn forget(&mut self) {
        let Some(value) = self.arrived.pop_front() else { return };
        let at = self.blocks.partition_point(|block| block.last().is_some_and(|top| top.total_cmp(&value).is_lt()));
        if let Some(block) = self.blocks.get_mut(at) {
            let i = block.partition_point(|v| v.total_cmp(&value).is_lt());
            if i < block.len() {
                block.remove(i);
            }
            if block.is_empty() {
                self.blocks.remove(at);
            }
        }
    }
    fn insert(&mut self, value: f64) {
        let after = |block: &Vec<f64>| block.last().is_some_and(|top| top.total_cmp(&value).is_lt());
        let at = self.blocks.partition_point(after).min(self.blocks.len().saturating_sub(1));
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(vec![value]);
            return;
        };
        block.insert(block.partition_point(|v| v.total_cmp(&value).is_lt()), value);
        if block.len() > BLOCK {
            let upper = block.split_off(BLOCK / 2);
            self.blocks.insert(at + 1, upper);
        }
    }
}

/// The values of the last stretch of time, in order of arrival and of size.
///
/// ```
/// use margincast::base::{OrderedSpan, Span, Ts};
/// let mut hour = OrderedSpan::default();
/// for minute in [0, 30, 60, 90] {
///     let now = Ts(0) + Span::MINUTE.times(minute);
///     hour.push_over(now, minute as f64, Span::HOUR);
/// }
/// assert_eq!(hour.values().ascending().collect::<Vec<_>>(), [60.0, 90.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OrderedSpan {
    /// When each value came, oldest first.
    times: VecDeque<Ts>,
    values: OrderedWindow,
}

impl Default for OrderedSpan {
    fn default() -> OrderedSpan {
        OrderedSpan { times: VecDeque::new(), values: OrderedWindow::new(usize::MAX) }
    }
}

impl OrderedSpan {
    /// Takes a value of an instant, not before the one before it; NaN is left out.
    pub fn push(&mut self, at: Ts, value: f64) {
        if !value.is_nan() {
            self.times.push_back(at);
            self.values.push(value);
        }
    }
    /// Takes a value of now and drops those that are `span` old or older; gives what is left.
    pub fn push_over(&mut self, now: Ts, value: f64, span: Span) -> &OrderedWindow {
        self.push(now, value);
        self.forget(now - span);
        &self.values
    }
    /// Drops the values of `until` and before.
    pub fn forget(&mut self, until: Ts) {
        while self.times.pop_front_if(|at| *at <= until).is_some() {
            self.values.forget();
        }
    }
    /// When the newest value came.
    pub fn last(&self) -> Option<Ts> {
        self.times.back().copied()
    }
    /// The values.
    pub fn values(&self) -> &OrderedWindow {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;
    use rand::RngExt;

    #[test]
    fn a_kept_window_equals_sorting_the_last_values() {
        for size in [1, 7, 600, 9000] {
            let (mut kept, mut all, mut rng) = (OrderedWindow::new(size), Vec::new(), Seed(1).rng());
            for i in 0..12_000 {
                // Few distinct values at first, so that equal ones meet at block edges; zeros of both signs.
                let value = match i {
                    0..2000 => f64::from(rng.random_range(-1..2_i32)) * 0.5,
                    _ => rng.random_range(-1e6..1e6_f64).round(),
                };
                kept.push(if i % 5 == 0 { -value } else { value });
                all.push(if i % 5 == 0 { -value } else { value });
                if i % 197 == 0 {
                    let last = &all[all.len().saturating_sub(size)..];
                    let want = stats::sorted(last);
                    let bits = |x: f64| x.to_bits();
                    assert!(kept.ascending().map(bits).eq(want.iter().copied().map(bits)), "size {size}, {i}");
                    assert!(kept.sorted().iter().eq(&want) && kept.arrived().eq(last.iter().copied()));
                    assert_eq!(kept.at(want.len() / 3), want[want.len() / 3]);
                    assert_eq!(kept.quantile(0.25).to_bits(), stats::quantile(&want, 0.25).to_bits());
                    let count = |keep: &dyn Fn(f64) -> bool| want.iter().filter(|v| keep(**v)).count();
                    assert_eq!(kept.around(value), (count(&|v| v < value), count(&|v| v <= value)));
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_is_left_out_and_an_empty_window_has_no_quantile() {
        let (mut kept, mut span) = (OrderedWindow::new(2), OrderedSpan::default());
        kept.push(f64::NAN);
        span.push(Ts(0), f64::NAN);
        assert!(kept.is_empty() && kept.quantile(0.5).is_nan() && kept.at(0).is_nan());
        assert!(span.values().is_empty() && span.last().is_none());
        [1.0, f64::NAN, 2.0].into_iter().for_each(|v| kept.push(v));
        assert!(kept.arrived().eq([1.0, 2.0]), "nothing was pushed out for it");
        kept.push(f64::INFINITY);
        assert!(kept.arrived().eq([2.0, f64::INFINITY]));
    }

    #[test]
    fn a_stretch_of_time_holds_what_came_after_its_beginning() {
        let (mut span, mut rng) = (OrderedSpan::default(), Seed(2).rng());
        let mut all: Vec<(Ts, f64)> = Vec::new();
        let mut now = Ts(0);
        for _ in 0..2000 {
            now = now + Span(rng.random_range(0..10));
            let value = f64::from(rng.random_range(0..9_i32));
            span.push_over(now, value, Span(100));
            all.push((now, value));
            let last: Vec<f64> = all.iter().filter(|a| a.0 > now - Span(100)).map(|a| a.1).collect();
            assert!(span.values().ascending().eq(stats::sorted(&last)));
            assert_eq!(span.last(), Some(now));
        }
    }
}
