//! Adaptive conformal inference: a correction that learns from each miss.

use serde::{Deserialize, Serialize};

/// `theta += gamma (missed - miss_rate)`, kept in `[lo, hi]` (Gibbs and Candes 2021, on the log
/// scale): a forecast loss times [`Aci::factor`] is missed at the wanted rate in the long run,
/// whatever the data do. One per tail and horizon; it fixes the level, not the clustering.
///
/// ```
/// use margincast::base::Aci;
/// let mut aci = Aci::default();
/// aci.update(true, 0.01);
/// assert!((aci.theta - 0.0495).abs() < 1e-15 && aci.factor() > 1.05);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Aci {
    /// Step of the correction per answer, 0.05.
    pub gamma: f64,
    /// Smallest correction, -0.25.
    pub lo: f64,
    /// Largest correction, 0.5.
    pub hi: f64,
    /// The correction now, starting at 0.
    pub theta: f64,
}

impl Default for Aci {
    fn default() -> Aci {
        Aci { gamma: 0.05, lo: -0.25, hi: 0.5, theta: 0.0 }
    }
}

impl Aci {
    /// Learns whether one forecast was missed, at a wanted rate of misses (0.01 at 99 %).
    pub fn update(&mut self, missed: bool, miss_rate: f64) {
        self.theta = (self.theta + self.gamma * (f64::from(u8::from(missed)) - miss_rate)).clamp(self.lo, self.hi);
    }
    /// What to multiply the raw forecast loss by: `exp(theta)`.
    pub fn factor(&self) -> f64 {
        self.theta.exp()
    }
}
