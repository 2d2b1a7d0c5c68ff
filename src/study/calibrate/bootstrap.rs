//! Bands on every number of a policy: the stationary bootstrap of Politis and Romano (1994).
//!
//! Rows of one time are drawn together for all instruments, in blocks whose length is geometric around the mean block;
//! at the end of the record a block goes on at its beginning. In each sample the controls' constants are worked out
//! anew, instrument by instrument. Rises are those of the record from the rows that were drawn, for two rows that
//! follow each other in a sample need not have done so in the market.

use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::objective::{JudgedRows, OVER_ROWS};
use super::replay::AskedMargin;
use crate::base::{Seed, Span, Ts, stats};

/// How rows are drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resampling {
    /// Mean length of a block.
    pub block: Span,
    /// Samples.
    pub samples: usize,
    /// Of the draws.
    pub seed: Seed,
}

impl Resampling {
    /// 500 samples in blocks of 20 days on average.
    pub fn of(seed: Seed) -> Resampling {
        Resampling { block: Span::DAY.times(20), samples: 500, seed }
    }
}

/// Low and high end of the 90 % band of each number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyBands {
    /// Shortfall over that of the control of equal cost.
    pub ratio: [f64; 2],
    /// Shortfall over that of the flat control.
    pub flat_ratio: [f64; 2],
    /// Average margin over the average baseline.
    pub average: [f64; 2],
    /// Worst rises over 1, 5 and 20 rows.
    pub rises: [[f64; 2]; 3],
}

/// One row of one instrument.
#[derive(Clone, Copy)]
struct Cell {
    c: f64,
    b: f64,
    loss: f64,
    rises: [f64; 3],
}

/// The numbers of one sample: ratio, flat ratio, average, three rises.
type Sample = [f64; 6];

/// Bands of what was asked at the rows from a time on. `None` where nothing was left uncovered by a control.
pub fn bands(
    judged: &[JudgedRows],
    asked: &[AskedMargin],
    from: Ts,
    row: Span,
    how: Resampling,
) -> Option<PolicyBands> {
    let mut times: Vec<Ts> = judged.iter().flat_map(|own| own.ts[own.from(from)..].iter().copied()).collect();
    times.sort_unstable();
    times.dedup();
    let grid: Vec<Vec<Option<Cell>>> =
        judged.iter().zip(asked).map(|(own, asked)| aligned(own, asked, from, &times)).collect();
    let block = (how.block.0 as f64 / row.0.max(1) as f64).max(1.0);
    let one = |i: usize| sample(&grid, &drawn(times.len(), block, how.seed.named(&format!("bootstrap {i}"))));
    let samples: Vec<Sample> = (0..how.samples).into_par_iter().map(one).collect();
    let band = |k: usize| {
        let values: Vec<f64> = samples.iter().map(|s| s[k]).filter(|x| x.is_finite()).collect();
        let sorted = stats::sorted(&values);
        let ends = [stats::quantile(&sorted, 0.05), stats::quantile(&sorted, 0.95)];
        ends.iter().all(|x| x.is_finite()).then_some(ends)
    };
    let rises = [band(3)?, band(4)?, band(5)?];
    Some(PolicyBands { ratio: band(0)?, flat_ratio: band(1)?, average: band(2)?, rises })
}

/// The rows of an instrument at these times.
fn aligned(own: &JudgedRows, asked: &AskedMargin, from: Ts, times: &[Ts]) -> Vec<Option<Cell>> {
    let first = own.from(from);
    let mut cells = vec![None; times.len()];
    let mut at = 0;
    for i in first..own.ts.len() {
        while at < times.len() && times[at] < own.ts[i] {
            at += 1;
        }
        let state = &asked.unscheduled;
        let rise = |over: usize| state.get(i + over).map_or(0.0, |later| later / state[i] - 1.0);
        if let Some(cell) = cells.get_mut(at) {
            *cell = Some(Cell { c: asked.c[i], b: own.baseline[i], loss: own.loss[i], rises: OVER_ROWS.map(rise) });
        }
    }
    cells
}

/// Places of one sample.
fn drawn(n: usize, block: f64, seed: Seed) -> Vec<usize> {
    let mut rng = seed.rng();
    let mut at = 0;
    (0..n)
        .map(|i| {
            at = if i == 0 || rng.random::<f64>() < 1.0 / block { rng.random_range(0..n) } else { (at + 1) % n };
            at
        })
        .collect()
}

fn sample(grid: &[Vec<Option<Cell>>], places: &[usize]) -> Sample {
    let (mut shortfall, mut averages, mut rises) = ([0.0; 3], [0.0; 2], [0.0f64; 3]);
    for cells in grid {
        let own = || places.iter().filter_map(|at| cells[*at]);
        let (n, c, b) = own().fold((0.0, 0.0, 0.0), |(n, c, b), cell| (n + 1.0, c + cell.c, b + cell.b));
        let (constant, flat) = (c / b, c / n);
        averages[0] += c;
        averages[1] += b;
        for cell in own() {
            for (k, margin) in [cell.c, constant * cell.b, flat].into_iter().enumerate() {
                shortfall[k] += (cell.loss - margin).max(0.0);
            }
            rises = std::array::from_fn(|k| rises[k].max(cell.rises[k]));
        }
    }
    let [own, control, flat] = shortfall;
    [own / control, own / flat, averages[0] / averages[1], rises[0], rises[1], rises[2]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_as_long_as_they_should_be_and_wrap_around() {
        let places = drawn(100_000, 20.0, Seed(3));
        let breaks = places.windows(2).filter(|w| w[1] != (w[0] + 1) % 100_000).count();
        let mean = 100_000.0 / breaks as f64;
        assert!((mean - 20.0).abs() < 1.0, "mean block {mean}");
        assert!(drawn(7, 3.0, Seed(1)).iter().all(|i| *i < 7));
    }

    #[test]
    fn the_baseline_has_a_band_of_no_width_around_one() {
        let n = 400;
        let own = JudgedRows {
            symbol: "AAA".parse().unwrap(),
            at: (0..n).collect(),
            ts: (0..n).map(|i| Ts(0) + Span::DAY.times(i as i64)).collect(),
            baseline: (0..n).map(|i| 0.04 + 0.01 * (i as f64).sin()).collect(),
            loss: (0..n).map(|i| 0.06 * (3.0 * i as f64).sin().abs()).collect(),
            known: (0..n).map(|i| Ts(0) + Span::DAY.times(i as i64 + 1)).collect(),
        };
        let asked = [own.baseline.clone()];
        let how = Resampling { block: Span::DAY.times(10), samples: 200, seed: Seed(5) };
        let asked = asked.map(|c| AskedMargin { unscheduled: c.clone(), c, ..AskedMargin::default() });
        let found = bands(std::slice::from_ref(&own), &asked, Ts(0), Span::DAY, how).unwrap();
        assert!(found.ratio.iter().chain(&found.average).all(|x| (x - 1.0).abs() < 1e-9), "{found:?}");
        assert!(found.flat_ratio[0] < found.flat_ratio[1] && found.rises[0][1] > 0.0);
        assert_eq!(bands(&[own], &asked, Ts(0), Span::DAY, how), Some(found), "the same seed, the same bands");
    }
}
