//! Impulse response of a requirement: what it does when volatility doubles from one day to the next and
//! stays there (Gurrola-Perez and Murphy 2024).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::{OrderedWindow, Seed, Span, stats};
use crate::loss::baseline::var::rank;
use crate::loss::baseline::{Baseline, Params, Side};

/// A requirement that runs: takes a return, says what is asked from then on.
pub type RunningMargin = Box<dyn FnMut(f64) -> Option<f64>>;

/// The experiment. Returns are normal, independent, with standard deviation 1 and then `factor`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolatilityStep {
    /// Returns before the step.
    pub before: usize,
    /// Returns after it.
    pub after: usize,
    /// Volatility after over before.
    pub factor: f64,
    /// Paths.
    pub paths: usize,
    /// Of the draws.
    pub seed: Seed,
}

impl Default for VolatilityStep {
    fn default() -> VolatilityStep {
        VolatilityStep { before: 1250, after: 250, factor: 2.0, paths: 400, seed: Seed(7) }
    }
}

/// What a requirement did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Mean requirement over the old one after 1, 2, ... steps.
    pub mean: Vec<f64>,
    /// Peak of the path that 95 % of paths lie below at each step, over the old requirement.
    pub peak_95: f64,
    /// Steps until half of the rise is there; absent where it never is.
    pub t50: Option<usize>,
    /// Until nine tenths of it are.
    pub t90: Option<usize>,
    /// The largest mean over what is right in the end, less 1; negative where it falls short.
    pub overshoot: f64,
}

impl Response {
    /// From requirements over the old one, path by path, all of one length; `None` without any.
    pub fn of(paths: &[Vec<f64>], factor: f64) -> Option<Response> {
        let steps = paths.first()?.len();
        let mean: Vec<f64> = (0..steps).map(|k| paths.iter().map(|p| p[k]).sum::<f64>() / paths.len() as f64).collect();
        let high = |k: usize| stats::quantile(&stats::sorted(&paths.iter().map(|p| p[k]).collect::<Vec<_>>()), 0.95);
        let peak_95 = (0..steps).map(high).fold(f64::NEG_INFINITY, f64::max);
        let reached = |share: f64| mean.iter().position(|m| *m >= 1.0 + share * (factor - 1.0)).map(|k| k + 1);
        let top = mean.iter().copied().reduce(f64::max)?;
        let (t50, t90) = (reached(0.5), reached(0.9));
        Some(Response { peak_95, t50, t90, overshoot: top / factor - 1.0, mean })
    }
}

impl VolatilityStep {
    /// The response of a requirement, over `old`: what is right before the step, where returns have a
    /// standard deviation of 1. `None` where some path never has a requirement.
    pub fn response(&self, start: &(dyn Fn() -> Option<RunningMargin> + Sync), old: f64) -> Option<Response> {
        let path = |i: usize| {
            let mut normals = self.seed.named(&format!("impulse {i}")).normals();
            let mut running = start()?;
            (0..self.before).for_each(|_| _ = running(normals.draw()));
            (0..self.after).map(|_| Some(running(self.factor * normals.draw())? / old)).collect::<Option<Vec<f64>>>()
        };
        let paths: Option<Vec<Vec<f64>>> = (0..self.paths).into_par_iter().map(path).collect();
        Response::of(&paths?, self.factor)
    }
}

/// Historical simulation of the last `window` losses of a long position at `alpha`.
pub fn historical(window: usize, alpha: f64) -> RunningMargin {
    let mut returns = OrderedWindow::new(window);
    Box::new(move |r| {
        returns.push(r);
        let n = returns.len();
        (n == window).then(|| -returns.at(n - rank(alpha, n)))
    })
}

/// Filtered historical simulation of a long position, as [`Baseline`] runs it, one return a day.
pub fn filtered(params: Params) -> Option<RunningMargin> {
    let mut baseline = Baseline::new(params, Span::DAY, 1).ok()?;
    Some(Box::new(move |r| {
        baseline.push(r);
        Some(baseline.estimate()?.var)
    }))
}

/// Settings of filtered historical simulation without a floor, of a long position.
pub fn plain_filter(window: usize, alpha: f64, lambda: f64) -> Params {
    let window = Span::DAY.times(window as i64);
    Params { alpha, lambda_per_day: lambda, side: Side::Long, window, floor_percentile: 0.0, ..Params::default() }
}

/// Exponentially weighted volatility from 1 on, times the normal quantile.
pub fn normal(lambda: f64, alpha: f64) -> RunningMargin {
    let (mut v, z) = (1.0, stats::normal_quantile(alpha));
    Box::new(move |r: f64| {
        v = lambda * v + (1.0 - lambda) * r * r;
        Some(z * f64::sqrt(v))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_that_knows_is_there_at_once_and_one_that_never_moves_falls_short() {
        let step = VolatilityStep { before: 5, after: 10, paths: 3, ..VolatilityStep::default() };
        let knowing = || {
            let mut seen = 0;
            let running: RunningMargin = Box::new(move |_| {
                seen += 1;
                Some(if seen > 5 { 2.0 } else { 1.0 })
            });
            Some(running)
        };
        let got = step.response(&knowing, 1.0).unwrap();
        assert_eq!(
            (got.mean, got.t50, got.t90, got.overshoot, got.peak_95),
            (vec![2.0; 10], Some(1), Some(1), 0.0, 2.0)
        );
        let still = || Some(Box::new(|_| Some(1.0)) as RunningMargin);
        let got = step.response(&still, 1.0).unwrap();
        assert_eq!((got.t50, got.t90, got.overshoot), (None, None, -0.5));
        assert_eq!(step.response(&|| Some(Box::new(|_| None) as RunningMargin), 1.0), None);
    }
}
