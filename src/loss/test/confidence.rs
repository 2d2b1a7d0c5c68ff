//! The model confidence set of Hansen, Lunde and Nason (2011): the models that no other is shown to
//! beat, at a level. Range statistic over a circular block bootstrap.
//!
//! `t_ij = (L_i - L_j) / s_ij`, `s_ij^2` the bootstrap's mean squared deviation of that difference;
//! the model with the largest t leaves, with the share of bootstrap samples whose largest centred t
//! is above it as its p-value (never below that of one that left before), until one is left.
//! Checked against arch with its own draws.

use rand::RngExt;

use crate::base::{Seed, stats};

/// How losses are drawn again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// Length of a block, rows; 0 is the square root of the number of rows.
    pub block: usize,
    /// Samples.
    pub samples: usize,
    /// Of the draws.
    pub seed: Seed,
}

impl Default for Bootstrap {
    fn default() -> Bootstrap {
        Bootstrap { block: 0, samples: 1000, seed: Seed(7) }
    }
}

/// The p-value of each model's membership, from its losses in order of time (all of one length): a
/// model is in the set of level `a` where its p-value is above `a`. Empty without at least two
/// models and two blocks of rows.
pub fn confidence_set(losses: &[Vec<f64>], bootstrap: Bootstrap) -> Vec<f64> {
    let rows = losses.first().map_or(0, Vec::len);
    let block = if bootstrap.block == 0 { (rows as f64).sqrt() as usize } else { bootstrap.block }.max(1);
    if losses.len() < 2 || rows < 2 * block {
        return Vec::new();
    }
    let mut rng = bootstrap.seed.rng();
    let blocks = rows.div_ceil(block);
    let starts: Vec<Vec<usize>> =
        (0..bootstrap.samples).map(|_| (0..blocks).map(|_| rng.random_range(0..rows)).collect()).collect();
    p_values(losses, block, &starts)
}

/// The same from given draws: of each sample the first rows of its blocks, which wrap around; the
/// last block is cut where the sample is full.
fn p_values(losses: &[Vec<f64>], block: usize, starts: &[Vec<usize>]) -> Vec<f64> {
    let (k, rows) = (losses.len(), losses.first().map_or(0, Vec::len));
    let means: Vec<f64> = losses.iter().map(|l| stats::mean(l)).collect();
    let drawn: Vec<Vec<f64>> = losses.iter().map(|l| resampled(l, block, starts)).collect();
    // Of each pair: the difference and, per sample, its deviation, both over the pair's spread.
    let mut t = vec![vec![0.0; k]; k];
    let mut deviations = vec![vec![Vec::new(); k]; k];
    for i in 0..k {
        for j in (0..k).filter(|j| *j != i) {
            let d = means[i] - means[j];
            let mut away: Vec<f64> = drawn[i].iter().zip(&drawn[j]).map(|(a, b)| a - b - d).collect();
            let spread = stats::mean(&away.iter().map(|x| x * x).collect::<Vec<_>>()).sqrt();
            // Two models that never differ are equal, whatever the draws.
            let scale = if spread > 0.0 { spread } else { 1.0 };
            away.iter_mut().for_each(|x| *x /= scale);
            (t[i][j], deviations[i][j]) = (d / scale, away);
        }
    }
    let (mut p, mut least) = (vec![1.0; k], 0.0f64);
    let mut left: Vec<usize> = (0..k).filter(|_| rows > 0).collect();
    while left.len() > 1 {
        let pairs: Vec<(usize, usize)> =
            left.iter().flat_map(|i| left.iter().filter(move |j| *j != i).map(move |j| (*i, *j))).collect();
        let worst = pairs.iter().copied().reduce(|a, b| if t[b.0][b.1] > t[a.0][a.1] { b } else { a });
        let Some((out, other)) = worst else { break };
        if t[out][other] <= 0.0 {
            // None is behind another: copies of one model, say.
            break;
        }
        let beyond = |s: &usize| pairs.iter().any(|(i, j)| deviations[*i][*j][*s] > t[out][other]);
        let share = (0..starts.len()).filter(beyond).count() as f64 / starts.len().max(1) as f64;
        least = least.max(share);
        p[out] = least;
        left.retain(|i| *i != out);
    }
    p
}

/// The mean of each sample.
fn resampled(losses: &[f64], block: usize, starts: &[Vec<usize>]) -> Vec<f64> {
    let rows = losses.len();
    // Sums of the first rows, twice around.
    let mut sums = vec![0.0];
    for i in 0..2 * rows {
        sums.push(sums[i] + losses[i % rows]);
    }
    let one = |starts: &Vec<usize>| {
        let (mut sum, mut have) = (0.0, 0);
        for start in starts {
            let length = block.min(rows - have);
            sum += sums[start + length] - sums[*start];
            have += length;
        }
        sum / have.max(1) as f64
    };
    starts.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses() -> Vec<Vec<f64>> {
        let one = |m: f64, t: f64| 1.0 + 0.03 * m + 0.5 * ((1.7 + 0.61 * m) * t + m * t * t / 50.0).sin();
        (0..5).map(|m| (0..120).map(|t| one(f64::from(m), f64::from(t))).collect()).collect()
    }

    #[test]
    fn p_values_are_those_of_arch_with_its_draws_and_near_them_with_ours() {
        // arch 8.0.0, MCS by range; tests/reference/make_mcs.py. Its shares of 200 samples are equal;
        // ours of 20,000 other draws lie within four standard errors of one.
        let stored: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/reference/mcs.json")).unwrap();
        let starts: Vec<Vec<usize>> = serde_json::from_value(stored["starts"].clone()).unwrap();
        let want: Vec<f64> = serde_json::from_value(stored["p"].clone()).unwrap();
        assert_eq!(p_values(&losses(), 8, &starts), want);
        assert!(want.iter().filter(|p| **p > 0.01 && **p < 0.99).count() >= 3, "{want:?}");
        let many: Vec<f64> = serde_json::from_value(stored["p_of_20000"].clone()).unwrap();
        let ours = confidence_set(&losses(), Bootstrap { block: 8, samples: 20_000, seed: Seed(3) });
        for (a, b) in ours.iter().zip(&many) {
            assert!((a - b).abs() < 4.0 * (0.5 / 20_000f64).sqrt(), "{ours:?} {many:?}");
        }
    }

    #[test]
    fn a_model_that_always_loses_is_out_and_its_copy_with_it() {
        let mut all = losses();
        all.truncate(2);
        let bad: Vec<f64> = all[0].iter().map(|l| l + 1.0).collect();
        all.extend([bad.clone(), bad]);
        let p = confidence_set(&all, Bootstrap::default());
        assert!(p[2] < 0.01 && p[3] < 0.01 && p[0].max(p[1]) == 1.0, "{p:?}");
        assert_eq!(p, confidence_set(&all, Bootstrap::default()), "the same draws every time");
        assert!(confidence_set(&all[..1], Bootstrap::default()).is_empty());
    }
}
