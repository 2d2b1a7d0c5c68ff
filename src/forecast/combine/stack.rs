//! Weights of a stack: shares of members that would have served best, from what they forecast out of
//! sample and what came of it.
//!
//! `w` minimises `sum u_s (rv_s/f_s + ln f_s) / sum u_s + (prior / sum u_s) KL(w | c)` over the simplex,
//! where `ln f = sum_i w_i ln f_i`, `u` says how much a settled forecast counts and `c` is where the
//! weights are pulled to. The loss is convex in `w`. By exponentiated gradient with a line search.
//! Source: Wolpert (1992), Breiman (1996) for stacking; Kivinen, Warmuth (1997) for the descent.

/// Steps of the descent.
const STEPS: usize = 120;
/// One wild day must not choose the weights: the ratio of realised to forecast is capped here.
const RATIO_CAP: f64 = 30.0;
/// Least weight from which a descent starts and to which it is pulled.
const CENTRE_MIN: f64 = 1e-6;

/// What the members forecast at one time, and what came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PastForecasts {
    /// Variance forecast by each member.
    pub forecasts: Vec<f64>,
    /// Realised variance.
    pub rv: f64,
    /// How much it counts; 1 for the newest.
    pub counts: f64,
}

/// Weights that minimise past QLIKE of the geometric mean, pulled to `centre` or to equal weights; empty
/// without a past. `prior` is the strength of the pull in settled forecasts.
pub(super) fn stacked(past: &[PastForecasts], centre: Option<&[f64]>, prior: f64) -> Vec<f64> {
    let Some(k) = past.first().map(|s| s.forecasts.len()) else { return Vec::new() };
    let total: f64 = past.iter().map(|s| s.counts).sum();
    let start = match centre {
        Some(centre) => normalised(centre.iter().map(|c| c.max(CENTRE_MIN)).collect()),
        None => vec![1.0 / k as f64; k],
    };
    let per = |c: &f64| if centre.is_some() { 1.0 / c } else { k as f64 };
    let past = Past {
        logs: past.iter().flat_map(|s| s.forecasts.iter().map(|f| f.ln())).collect(),
        target: past.iter().map(|s| (s.rv.ln(), s.counts)).collect(),
        total,
        pull: prior / total,
        per_centre: start.iter().map(per).collect(),
    };
    let mut w = start;
    let (mut loss, mut gradient) = past.loss(&w);
    let mut rate = 1.0;
    for _ in 0..STEPS {
        // Only differences between members matter on the simplex.
        let mean: f64 = gradient.iter().zip(&w).map(|(g, w)| g * w).sum();
        let next =
            normalised(gradient.iter().zip(&w).map(|(g, w)| w * (-rate * (g - mean)).clamp(-2.0, 2.0).exp()).collect());
        let (lower, at) = past.loss(&next);
        if lower <= loss {
            (w, loss, gradient) = (next, lower, at);
            rate *= 1.6;
        } else {
            rate *= 0.4;
        }
    }
    w
}

/// What is added to the log of the mean so that realised over forecast was one on average: a mean of
/// logs lies below the mean. Pulled to nothing by `prior` settled forecasts that were right.
pub(super) fn level(past: &[PastForecasts], w: &[f64], prior: f64) -> f64 {
    let total: f64 = past.iter().map(|s| s.counts).sum();
    let ratio = |s: &PastForecasts| {
        let log: f64 = s.forecasts.iter().zip(w).map(|(f, w)| w * f.ln()).sum();
        s.counts * (s.rv.ln() - log).exp().min(RATIO_CAP)
    };
    let sum: f64 = past.iter().map(ratio).sum();
    if total + prior > 0.0 { ((sum + prior) / (total + prior)).ln() } else { 0.0 }
}

fn normalised(mut w: Vec<f64>) -> Vec<f64> {
    let total: f64 = w.iter().sum();
    w.iter_mut().for_each(|w| *w /= total);
    w
}

/// Log forecasts, log outcomes and what they count, and the pull.
struct Past {
    logs: Vec<f64>,
    target: Vec<(f64, f64)>,
    total: f64,
    pull: f64,
    /// One over each weight that is pulled to.
    per_centre: Vec<f64>,
}

impl Past {
    /// Mean loss at weights `w`, and its gradient.
    fn loss(&self, w: &[f64]) -> (f64, Vec<f64>) {
        let (k, n) = (w.len(), self.total);
        let (mut loss, mut gradient) = (0.0, vec![0.0; k]);
        for (row, (y, counts)) in self.logs.chunks_exact(k).zip(&self.target) {
            let f: f64 = row.iter().zip(w).map(|(l, w)| l * w).sum();
            let ratio = (y - f).exp();
            // Beyond the cap the loss goes on in a straight line, so one wild day has bounded say.
            let (value, slope) = if ratio <= RATIO_CAP {
                (ratio, -ratio)
            } else {
                (RATIO_CAP * (1.0 + (y - f) - RATIO_CAP.ln()), -RATIO_CAP)
            };
            loss += counts * (value + f) / n;
            gradient.iter_mut().zip(row).for_each(|(g, l)| *g += counts * (1.0 + slope) * l / n);
        }
        for ((g, w), per) in gradient.iter_mut().zip(w).zip(&self.per_centre) {
            let relative = (w * per).max(1e-12).ln();
            loss += self.pull * w * relative;
            *g += self.pull * (relative + 1.0);
        }
        (loss, gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Seed, stats};
    use rand::RngExt;

    /// Two noisy members of which the first is the better early and the second late.
    fn past(n: usize, count: impl Fn(usize) -> f64) -> Vec<PastForecasts> {
        let mut rng = Seed(3).rng();
        let one = |i: usize| {
            let mut normal = || stats::normal_quantile(rng.random::<f64>().clamp(1e-9, 1.0 - 1e-9));
            let (level, early) = (1e-4 * (0.5 * normal()).exp(), i < n / 2);
            let mut noisy = |sd: f64| level * (sd * normal()).exp();
            let forecasts = vec![noisy(if early { 0.1 } else { 0.6 }), noisy(if early { 0.6 } else { 0.1 })];
            PastForecasts { forecasts, rv: level * (0.3 * normal()).exp(), counts: count(i) }
        };
        (0..n).map(one).collect()
    }

    #[test]
    fn weights_are_where_no_other_point_of_the_simplex_has_less_loss() {
        let past = past(400, |i| 0.5f64.powf((399 - i) as f64 / 80.0));
        for (centre, prior) in [(None, 0.0), (None, 50.0), (Some(&[0.9, 0.1][..]), 50.0)] {
            let w = stacked(&past, centre, prior);
            let total: f64 = past.iter().map(|s| s.counts).sum();
            let loss = |a: f64| {
                let w = [a, 1.0 - a];
                let fit = |s: &PastForecasts| {
                    let log = w[0] * s.forecasts[0].ln() + w[1] * s.forecasts[1].ln();
                    s.counts * (s.rv / log.exp() + log)
                };
                let pulled = |(w, c): (&f64, &f64)| w * (w / c).max(1e-12).ln();
                let kl: f64 = w.iter().zip(centre.unwrap_or(&[0.5, 0.5])).map(pulled).sum();
                (past.iter().map(fit).sum::<f64>() + prior * kl) / total
            };
            let best = (1..1000).map(|i| f64::from(i) / 1000.0).min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap();
            assert!((w[0] - best).abs() < 2e-3, "{w:?} {best} {centre:?} {prior}");
            assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12 && w.iter().all(|w| *w >= 0.0));
        }
    }

    #[test]
    fn what_is_long_ago_counts_less() {
        let (even, recent) = (past(400, |_| 1.0), past(400, |i| 0.5f64.powf((399 - i) as f64 / 40.0)));
        let (even, recent) = (stacked(&even, None, 1.0), stacked(&recent, None, 1.0));
        assert!((0.35..0.65).contains(&even[0]) && recent[0] < 0.25, "{even:?} {recent:?}");
    }

    #[test]
    fn the_level_makes_the_mean_ratio_one() {
        let mut past = past(2000, |_| 1.0);
        past.iter_mut().for_each(|s| s.rv *= 1.5);
        let w = stacked(&past, None, 0.0);
        let a = level(&past, &w, 0.0);
        let ratio = |s: &PastForecasts| s.rv / (a + w[0] * s.forecasts[0].ln() + w[1] * s.forecasts[1].ln()).exp();
        assert!((past.iter().map(ratio).sum::<f64>() / 2000.0 - 1.0).abs() < 1e-9);
        assert!(level(&past, &w, 1e9).abs() < 1e-5 && level(&[], &w, 0.0) == 0.0);
    }
}
