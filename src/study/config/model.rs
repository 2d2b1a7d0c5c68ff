//! One forecaster of a study.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::choose::Choose;
use crate::base::Problems;
use crate::forecast::{CATALOG, Entry};

/// One forecaster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPlan {
    /// Instance name, as in tables and files.
    pub name: String,
    /// Catalog name.
    pub kind: String,
    /// Refitted at every n-th origin; 1 is each.
    #[serde(default = "one")]
    pub every: usize,
    /// Its parameters; missing keys take the catalog's defaults.
    #[serde(default = "no_params")]
    pub params: Value,
    /// Parameters that are chosen inside the training window; absent means as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<Choose>,
}

impl ModelPlan {
    /// Says what is wrong. `before` are the instances that stand before this one.
    pub fn problems(&self, before: &[&str], p: &mut Problems) {
        p.want("name", !self.name.trim().is_empty(), "empty", "a name");
        p.want("every", self.every >= 1, self.every, "1 or more");
        let kinds: Vec<&str> = CATALOG.iter().map(|e| e.name).collect();
        p.one_of("kind", &self.kind, &kinds);
        let Ok(entry) = Entry::named(&self.kind) else { return };
        p.under("params", |p| (entry.check)(&self.params, before, p));
        if let Some(choose) = &self.choose {
            p.under("choose", |p| choose.problems(entry, &self.params, before, p));
        }
    }
}

fn one() -> usize {
    1
}

fn no_params() -> Value {
    Value::Object(serde_json::Map::new())
}
