//! Which regimes are estimated, and the names of their coefficients.

use serde::{Deserialize, Serialize};

use crate::forecast::garch::innovation::Innovation;
use crate::forecast::garch::process::Power;

/// Which regimes are estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switching {
    /// 2 or 3.
    pub regimes: usize,
    /// Whether negative residuals weigh more in each.
    pub asymmetric: bool,
    /// The distribution of the standardised residual; each regime has its own shape.
    pub innovation: Innovation,
}

impl Default for Switching {
    fn default() -> Switching {
        Switching { regimes: 2, asymmetric: false, innovation: Innovation::Student }
    }
}

/// Most coefficients: three regimes of six, and six transitions.
pub(super) const MOST: usize = 24;

impl Switching {
    /// The GARCH of each regime.
    pub(super) fn power(&self) -> Power {
        Power { o: usize::from(self.asymmetric), ..Power::default() }
    }
    /// Coefficients of one regime: of its variance and of its residual.
    pub(super) fn width(&self) -> (usize, usize) {
        (3 + usize::from(self.asymmetric), self.innovation.names().len())
    }
    pub(super) fn count(&self) -> usize {
        let (variance, shape) = self.width();
        self.regimes * (variance + shape + self.regimes - 1)
    }

    /// The coefficients that are estimated, in order: those of each regime k as `name_k`, then
    /// `p_i_j`, the probability that regime j follows i, for all but the last j.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let variance =
            if self.asymmetric { &["omega", "alpha", "gamma", "beta"][..] } else { &["omega", "alpha", "beta"] };
        for k in 1..=self.regimes {
            names.extend(variance.iter().chain(self.innovation.names()).map(|name| format!("{name}_{k}")));
        }
        for i in 1..=self.regimes {
            names.extend((1..self.regimes).map(|j| format!("p_{i}_{j}")));
        }
        names
    }
}
