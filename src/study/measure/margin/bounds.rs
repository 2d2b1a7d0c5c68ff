//! Simulated bounds that backtests are held to, each worked out once.

use std::collections::BTreeMap;

use crate::base::Seed;
use crate::loss::test::overlap::Overlap;
use crate::loss::test::shortfall::{Draws, Null, critical_values};

/// Nominal breach rate of a margin.
pub const MISS: f64 = 0.01;
/// Losses under the hypothesis that VaR and ES are right.
const NULL: Null = Null::Student(5.0);
/// Samples of the bound on breaches of overlapping outcomes; it is a 95 % quantile.
const OVERLAP_SAMPLES: usize = 2000;

/// Bounds by what they depend on.
pub struct Bounds {
    seed: Seed,
    z2: BTreeMap<usize, Option<f64>>,
    green: BTreeMap<(usize, usize), usize>,
}

impl Bounds {
    /// None worked out yet.
    pub fn new(seed: Seed) -> Bounds {
        Bounds { seed, z2: BTreeMap::new(), green: BTreeMap::new() }
    }
    /// Below this Z2 of so many outcomes is rejected at 5 %.
    pub fn z2(&mut self, n: usize) -> Option<f64> {
        let draws = Draws { samples: 10_000, seed: self.seed.named("Z2") };
        *self.z2.entry(n).or_insert_with(|| critical_values(NULL, MISS, n, &[0.05], draws)?.first().copied())
    }
    /// The most breaches that are green among outcomes of which each overlaps with the next `days - 1`.
    pub fn green(&mut self, observations: usize, days: usize) -> usize {
        let seed = self.seed.named("overlap");
        *self.green.entry((observations, days)).or_insert_with(|| {
            let alone = Overlap {
                observations,
                days,
                portfolios: 1,
                correlation: 0.0,
                miss: MISS,
                samples: OVERLAP_SAMPLES,
                seed,
            };
            alone.bounds(&[0.95])[0]
        })
    }
}
