//! Probabilities and confidence levels.

use serde::{Deserialize, Serialize};

/// A probability in \[0, 1\].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prob(f64);

impl Prob {
    /// Clamps to \[0, 1\]; a number that is not finite is no probability.
    pub fn new(p: f64) -> Option<Prob> {
        p.is_finite().then(|| Prob(p.clamp(0.0, 1.0)))
    }
    /// As a number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// A confidence level: `Level(0.99)` means 99 % confidence, that is 1 % of losses beyond.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(pub f64);
