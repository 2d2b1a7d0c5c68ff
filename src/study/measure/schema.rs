//! The JSON schema of `scores.json`, put together from what each measurement declares.

use serde_json::{Map, Value, json};

use super::forecast::scoreboard;
use super::json::{described, object, open_object};
use super::list::MEASUREMENTS;
use super::margin::policy_scores;
use super::meta::{Meta, SCHEMA};

/// The whole schema, as `data/schema/scores.schema.json` ships it.
pub fn schema() -> Value {
    let evidence = |pointer: &str| pointer.starts_with("/evidence/");
    let inner: Vec<_> = MEASUREMENTS.iter().filter(|m| evidence(m.pointer)).collect();
    let required: Vec<&str> = inner.iter().filter(|m| !m.optional).map(|m| m.key).collect();
    let about = "What speaks for and against the models beyond their scores";
    let inner = open_object(about, inner.iter().map(|m| (m.key, (m.schema)())).collect(), &required);
    let mut keys = vec![("schema", json!({"const": SCHEMA})), ("meta", Meta::schema())];
    keys.extend(MEASUREMENTS.iter().filter(|m| !evidence(m.pointer)).map(|m| (m.key, (m.schema)())));
    keys.push(("evidence", inner));
    let mut whole = object("Every number of a study. null is a score that could not be computed.", keys);
    whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    whole["title"] = json!(SCHEMA);
    whole["$defs"] = Value::Object(definitions());
    whole
}

/// Its text.
pub fn text() -> String {
    // A value has no keys that are not text.
    serde_json::to_string_pretty(&schema()).unwrap_or_default() + "\n"
}

fn definitions() -> Map<String, Value> {
    [
        ("digest", json!({"type": "string", "pattern": "^[0-9a-f]{64}$"})),
        ("symbol", json!({"type": "string", "pattern": "^[!-.0-~]{1,31}$"})),
        ("span", json!({"type": "string", "pattern": "^[0-9]+(d|h|m|s|ms|ns)$"})),
        ("time", json!({"type": "string", "format": "date-time"})),
        ("model_score", described(scoreboard::line_schema(), "One model, horizon and instrument")),
        ("outcome", described(policy_scores::outcome_schema(), "What came of a margin; fractions of notional")),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_string(), schema))
    .collect()
}
