//! Adaptive conformal inference, multiplicative form.

use serde::{Deserialize, Serialize};

/// `theta <- clamp(theta + gamma (breach - (1 - level)))`, `f = f_raw exp(theta)`.
/// Source: Gibbs, Candes (2021), in the multiplicative form of the method document.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aci {
    gamma: f64,
    low: f64,
    high: f64,
    theta: f64,
}

impl Aci {
    /// Starts at theta 0; `low < 0 < high` bound it.
    pub fn new(gamma: f64, low: f64, high: f64) -> Aci {
        Aci { gamma, low, high, theta: 0.0 }
    }
    /// Learns whether the last forecast at confidence `level` was breached.
    pub fn update(&mut self, breach: bool, level: f64) {
        let hit = if breach { 1.0 } else { 0.0 };
        self.theta = (self.theta + self.gamma * (hit - (1.0 - level))).clamp(self.low, self.high);
    }
    /// Log of the factor.
    pub fn theta(&self) -> f64 {
        self.theta
    }
    /// What to multiply the raw forecast by.
    pub fn factor(&self) -> f64 {
        self.theta.exp()
    }
}
