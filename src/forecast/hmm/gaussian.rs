//! A Gaussian hidden Markov model in plain numbers.

use serde::{Deserialize, Serialize};

use crate::forecast::Error;

/// A Gaussian hidden Markov model of K states and D dimensions, in plain numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gaussian {
    /// Probability of each state at the first row; K numbers.
    pub start: Vec<f64>,
    /// Transition probabilities, from row to column; K x K.
    pub trans: Vec<Vec<f64>>,
    /// Mean of each state; K x D.
    pub means: Vec<Vec<f64>>,
    /// Covariance of each state.
    pub covariance: Covariance,
}

/// The covariances of the states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covariance {
    /// Variances; K x D.
    Diagonal(Vec<Vec<f64>>),
    /// Symmetric positive definite matrices; K x D x D.
    Full(Vec<Vec<Vec<f64>>>),
}

impl Gaussian {
    pub(super) fn states(&self) -> usize {
        self.means.len()
    }
}

/// The engine knows no instrument; the model that calls it puts the name in.
pub(super) fn no_fit(why: impl Into<String>) -> Error {
    Error::NoFit { model: "hmm", symbol: "series".into(), why: why.into() }
}
