//! Volatility regimes, ordered from calm to stress.

use serde::{Deserialize, Serialize};

/// Filtered probabilities of the four regimes for the next period; they sum to one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regime {
    /// Lowest volatility.
    pub calm: f64,
    /// Second.
    pub normal: f64,
    /// Third.
    pub elevated: f64,
    /// Highest volatility.
    pub stress: f64,
}

/// A regime's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Label {
    Calm,
    Normal,
    Elevated,
    Stress,
}

impl Regime {
    /// From probabilities in order of volatility.
    pub fn of(p: [f64; 4]) -> Regime {
        Regime { calm: p[0], normal: p[1], elevated: p[2], stress: p[3] }
    }
    /// In order of volatility.
    pub fn probs(&self) -> [f64; 4] {
        [self.calm, self.normal, self.elevated, self.stress]
    }
    /// The most probable regime; the more volatile one on a tie.
    pub fn label(&self) -> Label {
        let labels = [Label::Calm, Label::Normal, Label::Elevated, Label::Stress];
        let mut best = 0;
        for (i, p) in self.probs().iter().enumerate() {
            if *p >= self.probs()[best] {
                best = i;
            }
        }
        labels[best]
    }
}
