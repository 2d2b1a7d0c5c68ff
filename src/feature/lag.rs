//! Means and sums over the last rows: heterogeneous lags (Corsi 2009). A dropped window is no row
//! and is skipped.

use super::builder::Config;
use super::{Feature, Row};
use crate::base::Span;

/// The last `cap` values, oldest first in one slice.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    cap: usize,
    values: Vec<f64>,
}

impl Ring {
    pub(super) fn new(cap: usize) -> Ring {
        Ring { cap, values: Vec::with_capacity(2 * cap) }
    }
    pub(super) fn cap(&self) -> usize {
        self.cap
    }
    pub(super) fn push(&mut self, value: f64) {
        // Grows to twice its size, then moves the newest half to the front.
        if self.values.len() == 2 * self.cap {
            self.values.drain(..=self.cap);
        }
        self.values.push(value);
    }
    /// The last `k` values, oldest first; `None` where there are fewer.
    pub(super) fn last(&self, k: usize) -> Option<&[f64]> {
        debug_assert!(k <= self.cap);
        self.values.len().checked_sub(k).map(|from| &self.values[from..])
    }
    /// Sum of the last `k`; NaN where there are fewer, or one is absent.
    pub(super) fn sum(&self, k: usize) -> f64 {
        self.last(k).map_or(f64::NAN, sum)
    }
    /// Mean of the last `k`; NaN where there are fewer, or one is absent.
    pub(super) fn mean(&self, k: usize) -> f64 {
        self.sum(k) / k as f64
    }
}

/// A sum in a fixed order by position. It is made anew from the ring for each row and not carried
/// from row to row, so that it never depends on what has left the ring.
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

/// The rows behind us, as far as the longest lag.
#[derive(Clone, Debug)]
pub(super) struct Lags {
    mid: usize,
    long: usize,
    far: usize,
    /// Rows a day, where a day is a whole number of rows.
    day: Option<usize>,
    rv: Ring,
    ret: Ring,
    quote: Ring,
    trades: Ring,
    mean_trade: Ring,
    signed: Ring,
    abs_signed: Ring,
    amihud: Ring,
}

impl Lags {
    pub(super) fn new(config: &Config) -> Lags {
        let day = config.rows_per_day();
        let long = Ring::new(config.long);
        Lags {
            mid: config.mid,
            long: config.long,
            far: config.far,
            day,
            rv: Ring::new(config.far.max(12).max(day.unwrap_or(1))),
            ret: long.clone(),
            quote: long.clone(),
            trades: long.clone(),
            mean_trade: long.clone(),
            signed: long.clone(),
            abs_signed: long.clone(),
            amihud: long,
        }
    }
    /// Mean of rv over the last `long` rows; NaN where there are fewer.
    pub(super) fn rv_long(&self) -> f64 {
        self.rv.mean(self.long)
    }
    /// Takes the window's own features from the row and adds those over several rows.
    pub(super) fn push(&mut self, row: &mut Row) {
        use Feature as F;
        for (ring, feature) in [
            (&mut self.rv, F::Rv),
            (&mut self.ret, F::Ret),
            (&mut self.quote, F::QuoteVolume),
            (&mut self.trades, F::Trades),
            (&mut self.mean_trade, F::MeanTrade),
            (&mut self.signed, F::SignedVolume),
            (&mut self.abs_signed, F::AbsSignedVolume),
            (&mut self.amihud, F::Amihud),
        ] {
            ring.push(row.raw(feature));
        }
        let (mid, long) = (self.mid, self.long);
        for (feature, k) in
            [(F::RvMean2, 2), (F::RvMean3, 3), (F::RvMean6, 6), (F::RvMean12, 12), (F::RvMid, mid), (F::RvLong, long)]
        {
            row.set(feature, self.rv.mean(k));
        }
        let seen = self.rv.values.len().min(self.far);
        if seen >= long {
            row.set(F::RvFar, self.rv.mean(seen));
        }
        if let Some(before) = self.day.and_then(|day| self.rv.last(day)) {
            row.set(F::RvSameSlot, before[0]);
        }
        row.set(F::RetMid, self.ret.sum(mid));
        row.set(F::RetLong, self.ret.sum(long));
        let quote_mid = self.quote.sum(mid);
        row.set(F::QuoteVolumeMid, quote_mid / mid as f64);
        row.set(F::QuoteVolumeLong, self.quote.mean(long));
        row.set(F::TradesLong, self.trades.mean(long));
        row.set(F::MeanTradeLong, self.mean_trade.mean(long));
        row.set(F::ImbalanceMid, self.signed.sum(mid) / quote_mid);
        row.set(F::AbsImbalanceMid, self.abs_signed.sum(mid) / quote_mid);
        row.set(F::AmihudLong, self.amihud.mean(long));
    }
}

impl Config {
    /// Rows a day, where a day is a whole number of rows.
    pub(super) fn rows_per_day(&self) -> Option<usize> {
        (Span::DAY.0 % self.row.0 == 0).then(|| (Span::DAY.0 / self.row.0) as usize)
    }
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
