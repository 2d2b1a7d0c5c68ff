//! The blend of forecast and baseline: how far a forecast moves the multiplier, and at which level.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::base::Problems;

/// The geometric blend of forecast `f` and baseline `b`: `m1 = k (f / b)^w`. Settings `[margin.blend]`; in the
/// chain `weight` is that of a forecast that is heard, and 0 of one that is silenced.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Blend {
    /// Weight of the forecast `w`, 0.6; 0 to 1. At 0 the multiplier does not know the forecast.
    pub weight: f64,
    /// Level `k` of the whole, 1; 0.5 to 2.
    pub level: f64,
    /// Share `s` of what the stressed regime is expected to want beyond the baseline, 1; 0 to 1.
    pub stress_link: f64,
}

impl Default for Blend {
    fn default() -> Blend {
        Blend { weight: 0.6, level: 1.0, stress_link: 1.0 }
    }
}

impl Blend {
    /// Whether every setting is within its range.
    ///
    /// # Errors
    /// All settings that are not, each with its range.
    pub fn check(&self) -> Result<(), Error> {
        let mut problems = Problems::default();
        problems.under("blend", |p| self.problems(p));
        Ok(problems.done()?)
    }
    /// Says which settings are out of range.
    pub fn problems(&self, p: &mut Problems) {
        p.range("weight", self.weight, 0.0, 1.0);
        p.range("level", self.level, 0.5, 2.0);
        p.range("stress_link", self.stress_link, 0.0, 1.0);
    }
    /// `k (f / b)^w` of a ratio `f / b` above 0; without one, `k`.
    pub(super) fn of(&self, ratio: Option<f64>) -> f64 {
        // A weight of 0 is no power of anything: the forecast does not enter by a rounding either.
        let lift = ratio.filter(|_| self.weight > 0.0).map_or(1.0, |r| r.powf(self.weight));
        self.level * lift
    }
    /// At least what the stressed regime is expected to want, of a requirement in it over the baseline.
    pub(super) fn with_stress(&self, m1: f64, p_stress: f64, stressed_over_baseline: f64) -> f64 {
        let wants = self.stress_link * (p_stress * (stressed_over_baseline.max(1.0) - 1.0));
        // A link that wants nothing is no floor: a blend below 1 stays.
        if wants > 0.0 { m1.max(1.0 + wants) } else { m1 }
    }
    /// The forecast over the baseline at which the blend is `m1`; `None` where no forecast moves it there.
    pub fn ratio_at(&self, m1: f64) -> Option<f64> {
        let ratio = (m1 / self.level).powf(1.0 / self.weight);
        (self.weight > 0.0 && ratio.is_finite()).then_some(ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        let wrong = Blend { weight: 1.5, level: 0.0, stress_link: -1.0 };
        let mut problems = Problems::default();
        wrong.problems(&mut problems);
        let keys: Vec<&str> = problems.all().iter().map(|p| p.key.as_str()).collect();
        assert_eq!(keys, ["weight", "level", "stress_link"]);
        let mut none = Problems::default();
        Blend::default().problems(&mut none);
        assert!(none.is_empty());
    }

    #[test]
    fn the_forecast_at_a_multiplier_is_the_inverse_of_the_blend() {
        let blend = Blend { level: 1.1, ..Blend::default() };
        let ratio = blend.ratio_at(1.3).unwrap();
        assert!((blend.of(Some(ratio)) - 1.3).abs() < 1e-12);
        assert_eq!(Blend { weight: 0.0, ..blend }.ratio_at(1.3), None);
    }

    #[test]
    fn a_link_that_wants_nothing_is_no_floor_and_one_that_wants_anything_is() {
        let blend = Blend::default();
        assert_eq!(blend.with_stress(0.8, 0.0, 2.0), 0.8);
        assert_eq!(blend.with_stress(0.8, 0.5, 0.9), 0.8);
        assert_eq!(Blend { stress_link: 0.0, ..blend }.with_stress(0.8, 0.5, 2.0), 0.8);
        assert_eq!(blend.with_stress(0.8, 0.5, 2.0), 1.5);
    }
}
