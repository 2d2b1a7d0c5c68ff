//! One forecaster of a study.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::choose::Choose;

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

fn one() -> usize {
    1
}

fn no_params() -> Value {
    Value::Object(serde_json::Map::new())
}
