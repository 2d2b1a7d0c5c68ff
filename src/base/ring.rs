//! The last values in order of arrival, in one slice, and sums over the newest of them.
//!
//! A value that is absent keeps its place: what is asked of a stretch that holds one is absent too.

/// The last `cap` values, oldest first in one slice.
#[derive(Clone, Debug)]
pub struct Ring {
    cap: usize,
    values: Vec<f64>,
}

impl Ring {
    /// An empty one.
    pub fn new(cap: usize) -> Ring {
        Ring { cap, values: Vec::with_capacity(2 * cap) }
    }
    /// How many values there are to look back at.
    pub fn len(&self) -> usize {
        self.values.len().min(self.cap)
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
    /// Takes the newest value; NaN stands for one that is absent.
    pub fn push(&mut self, value: f64) {
        // Grows to twice its size, then moves the newest half to the front.
        if self.values.len() == 2 * self.cap {
            self.values.drain(..=self.cap);
        }
        self.values.push(value);
    }
    /// The last `k` values, oldest first; `None` where there are fewer.
    pub fn last(&self, k: usize) -> Option<&[f64]> {
        debug_assert!(k <= self.cap);
        self.values.len().checked_sub(k).map(|from| &self.values[from..])
    }
    /// Sum of the last `k`; NaN where there are fewer, or one is absent.
    pub fn sum(&self, k: usize) -> f64 {
        self.last(k).map_or(f64::NAN, sum)
    }
    /// Mean of the last `k`; NaN where there are fewer, or one is absent.
    pub fn mean(&self, k: usize) -> f64 {
        self.sum(k) / k as f64
    }
}

/// A sum in a fixed order by position. It is made anew each time and not carried from push to push,
/// so that it never depends on what has left the ring.
fn sum(values: &[f64]) -> f64 {
    let (fours, rest) = values.as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for four in fours {
        for (lane, value) in lanes.iter_mut().zip(four) {
            *lane += value;
        }
    }
    lanes[0] + lanes[1] + lanes[2] + lanes[3] + rest.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_gives_its_last_values_oldest_first() {
        let mut ring = Ring::new(5);
        for i in 0..100 {
            ring.push(f64::from(i));
            assert_eq!(ring.last(3).is_some(), i >= 2);
            if i >= 4 {
                let want: Vec<f64> = (i - 4..=i).map(f64::from).collect();
                assert_eq!(ring.last(5), Some(&want[..]));
                assert_eq!((ring.sum(5), ring.mean(5)), (f64::from(5 * i - 10), f64::from(i - 2)));
            }
        }
    }

    #[test]
    fn one_absent_value_makes_the_sum_absent_until_it_leaves() {
        let mut ring = Ring::new(3);
        let sums = [1.0, f64::NAN, 1.0, 1.0, 1.0].map(|v| {
            ring.push(v);
            ring.sum(3)
        });
        assert!(sums[..4].iter().all(|s| s.is_nan()));
        assert_eq!(sums[4], 3.0);
    }
}
