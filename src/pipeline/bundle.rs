//! The set of fitted models that is trained, promoted, served and rolled back as one.

use serde_json::{Value, json};

use crate::base::{Digest, Horizon, Ts};
use crate::feature::schema_id;
use crate::forecast::{Entry, Error, Fitted};

/// One fitted instance for one horizon.
#[derive(Clone)]
pub struct Member {
    /// Instance name from the configuration.
    pub name: String,
    /// How far it looks.
    pub horizon: Horizon,
    /// The model.
    pub fitted: Fitted,
}

/// Every fitted instance for every horizon.
#[derive(Clone, Default)]
pub struct Bundle {
    /// In order of configuration, then horizon.
    pub members: Vec<Member>,
    /// Nothing known after this was used.
    pub trained_until: Ts,
}

impl Bundle {
    /// The stored form: plain numbers only.
    pub fn to_value(&self) -> Value {
        let members: Vec<Value> = self
            .members
            .iter()
            .map(|m| json!({"name": m.name, "horizon": m.horizon, "kind": m.fitted.kind, "body": m.fitted.body}))
            .collect();
        json!({"format": 1, "schema": schema_id(), "trained_until": self.trained_until, "members": members})
    }
    /// Reads the stored form.
    ///
    /// # Errors
    /// Unknown format or kind, another feature schema, or a body that does not parse.
    pub fn from_value(value: &Value) -> Result<Bundle, Error> {
        let bad = |why: String| Error::Stored { model: "bundle".into(), why };
        if value["format"] != json!(1) {
            return Err(bad(format!("format {} is not 1; use the program version that wrote it", value["format"])));
        }
        let schema = schema_id().to_string();
        if value["schema"] != json!(schema) {
            return Err(bad(format!(
                "made for feature schema {}, this program has {schema}; retrain with this version or serve with the one that trained it",
                value["schema"]
            )));
        }
        let field = |v: &Value, key: &str| -> Result<Value, Error> {
            v.get(key).cloned().ok_or_else(|| bad(format!("key `{key}` is missing")))
        };
        let parse = |v: Value| serde_json::from_value::<Horizon>(v).map_err(|e| bad(e.to_string()));
        let mut members = Vec::new();
        for m in value["members"].as_array().ok_or_else(|| bad("`members` is not a list".into()))? {
            let kind = field(m, "kind")?;
            let entry = Entry::named(kind.as_str().unwrap_or_default())?;
            members.push(Member {
                name: field(m, "name")?.as_str().unwrap_or_default().to_string(),
                horizon: parse(field(m, "horizon")?)?,
                fitted: (entry.load)(field(m, "body")?)?,
            });
        }
        let trained_until = serde_json::from_value(field(value, "trained_until")?).map_err(|e| bad(e.to_string()))?;
        Ok(Bundle { members, trained_until })
    }
    /// Digest of the stored form.
    pub fn digest(&self) -> Digest {
        Digest::of_json(&self.to_value())
    }
}
