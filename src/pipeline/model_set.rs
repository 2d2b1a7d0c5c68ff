//! The set of fitted models that is trained, promoted, served and rolled back as one.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use crate::base::{Digest, Horizon, Ts};
use crate::feature::schema_id;
use crate::forecast::combine::calibration::Calibration;
use crate::forecast::{Entry, Error, Fitted, Forecaster};

/// One fitted instance for one horizon.
#[derive(Clone)]
pub struct Member {
    /// Instance name from the configuration.
    pub name: String,
    /// How far it looks.
    pub horizon: Horizon,
    /// The model.
    pub fitted: Fitted,
    /// What was learnt about its errors; absent for models whose tails are their point.
    pub calibration: Option<Arc<Calibration>>,
}

impl Member {
    /// A fresh filter for one instrument.
    pub fn start(&self) -> Box<dyn Forecaster> {
        match &self.calibration {
            Some(c) => c.start(&self.fitted),
            None => self.fitted.start(),
        }
    }
    fn to_value(&self) -> Value {
        json!({
            "name": self.name,
            "horizon": self.horizon,
            "kind": self.fitted.kind,
            "body": *self.fitted.body,
            "calibration": self.calibration.as_deref(),
        })
    }
    fn from_value(value: &Value) -> Result<Member, Error> {
        let kind = field(value, "kind")?;
        let entry = Entry::named(kind.as_str().unwrap_or_default())?;
        Ok(Member {
            name: field(value, "name")?.as_str().unwrap_or_default().to_string(),
            horizon: parse(field(value, "horizon")?)?,
            fitted: (entry.load)(field(value, "body")?)?,
            calibration: parse::<Option<Calibration>>(field(value, "calibration")?)?.map(Arc::new),
        })
    }
}

fn bad(why: String) -> Error {
    Error::Stored { model: "bundle".into(), why }
}

fn field(value: &Value, key: &str) -> Result<Value, Error> {
    value.get(key).cloned().ok_or_else(|| bad(format!("key `{key}` is missing")))
}

fn parse<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|e| bad(e.to_string()))
}

/// Every fitted instance for every horizon.
#[derive(Clone, Default)]
pub struct ModelSet {
    /// In order of configuration, then horizon.
    pub members: Vec<Member>,
    /// Nothing known after this was used. The models run from the first row that closes at or after it.
    pub trained_until: Ts,
    /// Of the stored form, made when first asked for.
    digest: OnceLock<Digest>,
}

impl ModelSet {
    /// Members in order of configuration, then horizon.
    pub fn new(members: Vec<Member>, trained_until: Ts) -> ModelSet {
        ModelSet { members, trained_until, digest: OnceLock::new() }
    }
    /// The stored form: plain numbers only.
    pub fn to_value(&self) -> Value {
        let members: Vec<Value> = self.members.iter().map(Member::to_value).collect();
        json!({"format": 1, "schema": schema_id(), "trained_until": self.trained_until, "members": members})
    }
    /// Reads the stored form.
    ///
    /// # Errors
    /// Unknown format or kind, another feature schema, or a body that does not parse.
    pub fn from_value(value: &Value) -> Result<ModelSet, Error> {
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
        let members = value["members"].as_array().ok_or_else(|| bad("`members` is not a list".into()))?;
        let members = members.iter().map(Member::from_value).collect::<Result<_, _>>()?;
        Ok(ModelSet::new(members, parse(field(value, "trained_until")?)?))
    }
    /// Digest of the stored form.
    pub fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| Digest::of_json(&self.to_value()))
    }
}
