//! Notice before maintenance margin rises: only a lift that has stood for the whole notice counts.

use std::collections::VecDeque;

use crate::base::{Span, Ts};

/// The smallest target of the last notice period. A target stands from when it was set until the
/// next one is; whoever read the target a notice ago was told of at least what is asked now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// (value, end of its standing), values ascending: a larger earlier value can never be the
    /// smallest again, so it is dropped, and the front is the smallest.
    targets: VecDeque<(f64, Ts)>,
}

/// Told ahead: maintenance margin may rise to `m_mm_ppm` from `from` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The multiplier that is aimed at, parts per million.
    pub m_mm_ppm: u64,
    /// First instant at which it may be asked.
    pub from: Ts,
}

impl Standing {
    /// Takes the target of `now` and gives the smallest that stood since `now - notice`.
    pub fn push(&mut self, now: Ts, target: f64, notice: Span) -> f64 {
        if let Some(last) = self.targets.back_mut() {
            last.1 = now;
        }
        while self.targets.back().is_some_and(|t| t.0 >= target) {
            self.targets.pop_back();
        }
        self.targets.push_back((target, Ts(i64::MAX)));
        while self.targets.front().is_some_and(|t| t.1 <= now - notice) {
            self.targets.pop_front();
        }
        self.targets.front().map_or(target, |t| t.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_standing_target_equals_the_plain_search() {
        let notice = Span(8);
        let mut standing = Standing::default();
        let mut all: Vec<(i64, f64)> = Vec::new();
        let mut now = 0;
        for i in 0..500_i64 {
            now += (i * 7919) % 5;
            let target = ((i * 104_729) % 13) as f64;
            all.push((now, target));
            let got = standing.push(Ts(now), target, notice);
            let standing_at = |k: usize| all.get(k + 1).map_or(i64::MAX, |n| n.0) > now - notice.0;
            let want = (0..all.len()).filter(|k| standing_at(*k)).map(|k| all[k].1).fold(f64::MAX, f64::min);
            assert_eq!(got, want, "step {i}");
        }
    }
}
