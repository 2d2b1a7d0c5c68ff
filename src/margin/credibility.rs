//! How much a forecast is believed.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::base::Problems;

/// How much a forecast is believed, from its recent breach rate:
/// `clamp(1 - 2 |rate - (1 - alpha)| / (1 - alpha), 0, 1) exp(-dispersion) data_quality`.
///
/// The rate is over the last `window` forecasts. Answers that are still missing from the window
/// count as breached at the nominal rate, so that three early misses do not silence a forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct Credibility {
    params: CredibilityParams,
    answers: VecDeque<bool>,
    breaches: usize,
}

/// Settings of [`Credibility`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CredibilityParams {
    /// Forecasts over which the breach rate is taken, 500; 1 or more.
    pub window: usize,
    /// Confidence level of the forecast loss, 0.99; above 0.5, below 1.
    pub alpha: f64,
}

impl Default for CredibilityParams {
    fn default() -> Self {
        CredibilityParams { window: 500, alpha: 0.99 }
    }
}

impl CredibilityParams {
    /// Says which settings are out of range.
    pub fn problems(&self, p: &mut Problems) {
        p.want("window", (1..=1_000_000).contains(&self.window), self.window, "1 to 1000000");
        p.want("alpha", self.alpha > 0.5 && self.alpha < 1.0, self.alpha, "above 0.5, below 1");
    }
}

impl Credibility {
    /// With no answers yet.
    pub fn new(params: CredibilityParams) -> Credibility {
        Credibility { params, answers: VecDeque::new(), breaches: 0 }
    }
    /// Takes one answer: whether the loss exceeded its forecast.
    pub fn push(&mut self, breach: bool) {
        self.answers.push_back(breach);
        self.breaches += usize::from(breach);
        if self.answers.len() > self.params.window.max(1)
            && let Some(old) = self.answers.pop_front()
        {
            self.breaches -= usize::from(old);
        }
    }
    /// The weight in \[0, 1\]. `dispersion` is the disagreement between baselines, (max - min) /
    /// median; `data_quality` is in \[0, 1\]. What is not finite gives no credit.
    pub fn weight(&self, dispersion: f64, data_quality: f64) -> f64 {
        let miss = 1.0 - self.params.alpha;
        let window = self.params.window.max(1) as f64;
        let error = (self.breaches as f64 - miss * self.answers.len() as f64) / window;
        weight(error, miss, dispersion, data_quality)
    }
}

fn weight(coverage_error: f64, miss: f64, dispersion: f64, data_quality: f64) -> f64 {
    let coverage = (1.0 - 2.0 * coverage_error.abs() / miss).clamp(0.0, 1.0);
    let c = coverage * (-dispersion.max(0.0)).exp() * data_quality.clamp(0.0, 1.0);
    if c.is_finite() && !dispersion.is_nan() { c } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_at_the_nominal_rate_is_fully_believed() {
        let mut c = Credibility::new(CredibilityParams::default());
        assert_eq!(c.weight(0.0, 1.0), 1.0);
        (0..500).for_each(|i| c.push(i % 100 == 0));
        assert!((c.weight(0.0, 1.0) - 1.0).abs() < 1e-12);
        assert!((c.weight(0.3, 0.9) - 0.9 * (-0.3f64).exp()).abs() < 1e-12);
        // The first of the window's five breaches leaves it: six of 500 are 1.2 %, 1 - 2 x 0.2 = 0.6.
        c.push(true);
        c.push(true);
        assert!((c.weight(0.0, 1.0) - 0.6).abs() < 1e-9);
        (0..500).for_each(|_| c.push(true));
        assert_eq!(c.weight(0.0, 1.0), 0.0);
        assert_eq!(c.weight(f64::NAN, 1.0), 0.0);
    }
}
