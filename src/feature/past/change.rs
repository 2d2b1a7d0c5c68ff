//! When the level of variance last shifted: Bayesian inference about one change point (Smith 1975)
//! in the last rows, made anew for each row, so that its memory ends with them.
//!
//! The last n values x = ln rv are normal about one mean, or about one mean up to some row and
//! another after it. Each row is as likely as any other to be the first after the change, with
//! prior odds 1/(n-1) against no change; means differ from the mean of all n by a normal with the
//! variance of x itself; that variance is unknown (prior 1/s^2). With SSE about a segment's mean m,
//! of length k, and the mean M of all,
//! p(x | segments) is proportional to prod (1 + k)^(-1/2) (sum SSE + k (m - M)^2 / (1 + k))^(-n/2).

/// The inference over windows of one length.
#[derive(Clone, Debug)]
pub(in crate::feature) struct Change {
    rows: usize,
    recent: usize,
    /// -ln(1 + k)/2 by length k of a segment.
    shrink: Vec<f64>,
    /// Log weight of each length of the last segment; kept to save the allocation.
    weights: Vec<f64>,
}

/// A spread of ln rv below this counts as this: a constant series has no shift.
const SPREAD: f64 = 1e-4;

impl Change {
    /// Over `rows` rows; a shift is recent within the last `recent` of them.
    pub(in crate::feature) fn new(rows: usize, recent: usize) -> Change {
        let shrink = (0..=rows).map(|k| -0.5 * (k as f64).ln_1p()).collect();
        Change { rows, recent, shrink, weights: vec![0.0; rows + 1] }
    }
    /// Posterior mean of the rows since the shift (`rows` where there was none), and the posterior
    /// probability that it lies within the recent rows. NaN where a value is absent.
    pub(in crate::feature) fn of(&mut self, x: &[f64]) -> (f64, f64) {
        let n = self.rows;
        if n < 2 {
            return (f64::NAN, f64::NAN);
        }
        let all = n as f64;
        let mean = x.iter().sum::<f64>() / all;
        if !mean.is_finite() {
            return (f64::NAN, f64::NAN);
        }
        let square: f64 = x.iter().map(|v| (v - mean) * (v - mean)).sum();
        let floor = all * SPREAD * SPREAD;
        let power = |rest: f64| -0.5 * all * rest.max(floor).ln();
        // No shift is a last segment of all rows.
        self.weights[n] = self.shrink[n] + power(square);
        let odds = -(all - 1.0).ln();
        let mut late = 0.0;
        for (k, v) in (1..n).zip(x.iter().rev()) {
            late += v - mean;
            // The deviations of both segments from the mean of all are `late` and `-late`; each
            // takes late^2/k - late^2/(k (1 + k)) = late^2/(1 + k) off the sum of squares.
            let taken = late * late * (1.0 / (1.0 + k as f64) + 1.0 / (1.0 + (n - k) as f64));
            self.weights[k] = odds + self.shrink[k] + self.shrink[n - k] + power(square - taken);
        }
        let top = self.weights[1..].iter().fold(f64::NEG_INFINITY, |m, w| m.max(*w));
        let (mut total, mut run, mut recent) = (0.0, 0.0, 0.0);
        for (k, w) in self.weights.iter().enumerate().skip(1) {
            let p = (w - top).exp();
            total += p;
            run += p * k as f64;
            recent += if k < n && k <= self.recent { p } else { 0.0 };
        }
        (run / total, recent / total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;
    use rand::RngExt;

    /// Sums of twelve uniforms are close to normal with variance one.
    fn noise(seed: u64, n: usize) -> Vec<f64> {
        let mut rng = Seed(seed).rng();
        (0..n).map(|_| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0).collect()
    }

    #[test]
    fn the_posterior_is_bayes_rule_written_out() {
        let x = noise(1, 12);
        let (n, mean) = (12.0, x.iter().sum::<f64>() / 12.0);
        let part = |s: &[f64]| {
            let (k, m) = (s.len() as f64, s.iter().sum::<f64>() / s.len() as f64);
            let sse: f64 = s.iter().map(|v| (v - m).powi(2)).sum();
            ((1.0 + k).powf(-0.5), sse + k * (m - mean).powi(2) / (1.0 + k))
        };
        let joint = |k: usize| {
            let ((a, s), (b, t)) = (part(&x[..12 - k]), part(&x[12 - k..]));
            a * b * (s + t).powf(-n / 2.0) / 11.0
        };
        let (a, s) = part(&x);
        let none = a * s.powf(-n / 2.0);
        let total = none + (1..12).map(joint).sum::<f64>();
        let run = (12.0 * none + (1..12).map(|k| k as f64 * joint(k)).sum::<f64>()) / total;
        let recent = (1..=4).map(joint).sum::<f64>() / total;
        let got = Change::new(12, 4).of(&x);
        assert!((got.0 / run - 1.0).abs() < 1e-12 && (got.1 / recent - 1.0).abs() < 1e-12, "{got:?} {run} {recent}");
    }

    #[test]
    fn a_shift_is_dated_and_noise_without_one_shows_none() {
        let mut change = Change::new(60, 10);
        let (mut quiet, mut dated) = (0.0, 0.0);
        for seed in 0..40 {
            let mut x = noise(seed, 60);
            let (run, recent) = change.of(&x);
            quiet += recent / 40.0;
            assert!(run <= 60.0);
            x[53..].iter_mut().for_each(|v| *v += 3.0);
            let (run, recent) = change.of(&x);
            dated += (run - 7.0).abs() / 40.0;
            assert!(recent > 0.8, "seed {seed}: {recent}");
        }
        assert!(quiet < 0.15, "{quiet}");
        assert!(dated < 1.0, "{dated}");
    }

    #[test]
    fn scale_of_the_variance_and_constants_change_nothing() {
        let x = noise(5, 30);
        let moved: Vec<f64> = x.iter().map(|v| v + 9.0).collect();
        let mut change = Change::new(30, 5);
        let (a, b) = (change.of(&x), change.of(&moved));
        assert!((a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9);
        let (run, recent) = change.of(&[-8.0; 30]);
        assert!(run > 15.0 && recent < 0.3, "{run} {recent}");
        assert!(change.of(&[f64::NAN; 30]).0.is_nan());
    }
}
