//! Which parameters of a model are chosen inside the training window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Span;

/// How a model's parameters are chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choose {
    /// Values to try, by parameter.
    pub grid: BTreeMap<String, Vec<Value>>,
    /// Most candidates of one choice, the parameters as given among them. Of a larger grid a sample
    /// is tried.
    #[serde(default = "budget")]
    pub budget: usize,
    /// Length of the end of the training window on which candidates are judged.
    pub validation: Span,
    /// Chosen anew at every n-th origin; 0 is at the first alone.
    #[serde(default)]
    pub every: usize,
}

fn budget() -> usize {
    16
}

impl Choose {
    /// The origin whose choice holds at another.
    pub fn origin(&self, index: usize) -> usize {
        if self.every == 0 { 0 } else { index - index % self.every }
    }
}
