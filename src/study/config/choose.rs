//! Which parameters of a model are chosen inside the training window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Problems, Span};
use crate::forecast::Entry;

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

/// Candidates of a grid that are checked before a study.
const CHECKED: usize = 256;

impl Choose {
    /// Says what is wrong: settings, and candidates that their model would refuse. `given` are the parameters that
    /// hold where the grid has none.
    pub fn problems(&self, entry: &Entry, given: &Value, before: &[&str], p: &mut Problems) {
        p.want("grid", !self.grid.is_empty(), "empty", "at least one parameter, each with a value");
        p.want("budget", self.budget >= 1, self.budget, "1 or more");
        p.want("validation", self.validation > Span(0), self.validation, "above 0s");
        for (key, values) in &self.grid {
            p.want(&format!("grid.{key}"), !values.is_empty(), "empty", "at least one value");
        }
        let refused = |params: &Value| {
            let mut found = Problems::default();
            (entry.check)(params, before, &mut found);
            found
        };
        let as_given = refused(given);
        let all: usize = self.grid.values().map(Vec::len).fold(1, usize::saturating_mul);
        for candidate in 0..all.min(CHECKED) {
            let (mut params, mut left) = (given.clone(), candidate);
            for (key, values) in &self.grid {
                params[key] = values[left % values.len()].clone();
                left /= values.len();
            }
            for problem in refused(&params).all().iter().filter(|x| !as_given.all().contains(x)) {
                p.say(&format!("grid.{}", problem.key), &problem.why);
            }
        }
    }
    /// The origin whose choice holds at another.
    pub fn origin(&self, index: usize) -> usize {
        if self.every == 0 { 0 } else { index - index % self.every }
    }
}
