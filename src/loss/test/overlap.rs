//! Outcomes that overlap: a margin set every hour for the loss of a day is judged on outcomes of which
//! neighbours share 23 hours. Either they are thinned, or breaches are held to wider bounds.

use rayon::prelude::*;

use crate::base::{Horizon, Seed, Ts, stats};

/// Places of outcomes that do not overlap: each begins when the one before it has ended. `starts`
/// ascending.
pub fn thinned(starts: &[Ts], horizon: Horizon) -> Vec<usize> {
    let mut next = Ts(i64::MIN);
    let mut kept = Vec::new();
    for (i, start) in starts.iter().enumerate() {
        if *start >= next {
            next = *start + horizon.0;
            kept.push(i);
        }
    }
    kept
}

/// How breaches of overlapping outcomes are counted under a right model: sums of `days` independent
/// normal returns, one sum beginning each day, held to their own quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Sums, of each portfolio: so many returns and `days - 1` more.
    pub observations: usize,
    /// Returns in a sum, 1 or more.
    pub days: usize,
    /// Portfolios whose breaches are counted together.
    pub portfolios: usize,
    /// Correlation of the returns of any two of them, 0 to 1.
    pub correlation: f64,
    /// Nominal breach rate.
    pub miss: f64,
    /// Samples drawn; a bound at cumulative probability q wants many more than 1 / (1 - q).
    pub samples: usize,
    /// Of the draws.
    pub seed: Seed,
}

/// Samples drawn from one seed.
const CHUNK: usize = 1000;

impl Overlap {
    /// The largest count whose cumulative probability is below each level: with 0.95 and 0.9999 the
    /// last of the green and of the amber zone.
    pub fn bounds(&self, levels: &[f64]) -> Vec<usize> {
        let most = self.observations * self.portfolios;
        let chunks = self.samples.div_ceil(CHUNK);
        let counts: Vec<Vec<u32>> = (0..chunks).into_par_iter().map(|i| self.chunk(i, most)).collect();
        let mut histogram = vec![0u64; most + 1];
        for counts in &counts {
            histogram.iter_mut().zip(counts).for_each(|(all, n)| *all += u64::from(*n));
        }
        let all = (chunks * CHUNK) as f64;
        let bound = |level: &f64| {
            let mut below = 0;
            let within = histogram.iter().take_while(|n| {
                below += **n;
                (below as f64) < level * all
            });
            within.count().saturating_sub(1)
        };
        levels.iter().map(bound).collect()
    }

    /// How often each count came among the samples of one seed.
    fn chunk(&self, place: usize, most: usize) -> Vec<u32> {
        let mut normals = self.seed.named(&format!("overlap {place}")).normals();
        let limit = (self.days as f64).sqrt() * stats::normal_quantile(1.0 - self.miss);
        let (shared, own) = (self.correlation.sqrt(), (1.0 - self.correlation).sqrt());
        let returns = self.observations + self.days - 1;
        let mut histogram = vec![0; most + 1];
        let mut x = vec![0.0; returns];
        let mut market = vec![0.0; returns];
        for _ in 0..CHUNK {
            let mut count = 0;
            if self.portfolios > 1 {
                market.iter_mut().for_each(|m| *m = shared * normals.draw());
            }
            for _ in 0..self.portfolios {
                for (x, m) in x.iter_mut().zip(&market) {
                    *x = if self.portfolios > 1 { m + own * normals.draw() } else { normals.draw() };
                }
                let mut sum: f64 = x.iter().take(self.days).sum();
                count += usize::from(sum > limit);
                for t in self.days..returns {
                    sum += x[t] - x[t - self.days];
                    count += usize::from(sum > limit);
                }
            }
            histogram[count] += 1;
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::loss::test::traffic_light::{Light, traffic_light};

    #[test]
    fn without_overlap_the_bounds_are_those_of_the_traffic_light() {
        let alone = Overlap {
            observations: 250,
            days: 1,
            portfolios: 1,
            correlation: 0.0,
            miss: 0.01,
            samples: 100_000,
            seed: Seed(7),
        };
        let bounds = alone.bounds(&[0.95, 0.9999]);
        assert_eq!(bounds[0], 4);
        assert!((8..=10).contains(&bounds[1]), "one sample in ten thousand: {bounds:?}");
        assert_eq!(traffic_light(250, bounds[0] + 1, 0.01), Some(Light::Yellow));
    }

    #[test]
    fn thinning_keeps_each_outcome_that_begins_after_the_last_has_ended() {
        let at = |h: &[i64]| h.iter().map(|h| Ts(0) + Span::HOUR.times(*h)).collect::<Vec<_>>();
        let kept = |hours: &[i64]| thinned(&at(hours), Horizon(Span::HOUR.times(8)));
        assert_eq!(kept(&[0, 1, 7, 8, 9, 16, 30, 37, 38]), [0, 3, 5, 6, 8]);
        assert_eq!(kept(&[]), [0usize; 0]);
    }
}
