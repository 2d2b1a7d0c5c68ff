//! What is left out of every model's inputs, to see what it is worth.

use serde::{Deserialize, Serialize};

use crate::base::Problems;
use crate::forecast::pooled::families;
use crate::study::Error;

/// One thing to leave out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ablation {
    /// What it is called.
    pub name: String,
    /// Families or names of inputs.
    pub drop: Vec<String>,
}

impl Ablation {
    /// Says what is wrong.
    pub fn problems(&self, p: &mut Problems) {
        p.want("drop", !self.drop.is_empty(), "empty", "at least one family or input");
        let mut known: Vec<&str> = families::FAMILIES.to_vec();
        known.extend(families::inputs().iter().map(|(name, _)| *name));
        self.drop.iter().for_each(|word| p.one_of("drop", word, &known));
    }
    /// The inputs that are left out, in the order of the list of inputs.
    ///
    /// # Errors
    /// A word is neither a family nor an input.
    pub fn inputs(&self) -> Result<Vec<&'static str>, Error> {
        let all = families::inputs();
        if let Some(word) = self.drop.iter().find(|w| all.iter().all(|(name, family)| name != w && family != w)) {
            return Err(Error::Plan(format!(
                "ablation `{}`: `{word}` is neither an input nor a family; families are {}",
                self.name,
                families::FAMILIES.join(", ")
            )));
        }
        let dropped =
            |(name, family): &(&'static str, &'static str)| self.drop.iter().any(|w| w == name || w == family);
        Ok(all.into_iter().filter(dropped).map(|i| i.0).collect())
    }
}
