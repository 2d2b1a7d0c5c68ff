//! Pieces of a JSON schema (2020-12).

use serde_json::{Value, json};

/// Text that is not empty.
pub fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}
/// True or false.
pub fn flag() -> Value {
    json!({"type": "boolean"})
}
/// Any number.
pub fn number() -> Value {
    json!({"type": "number"})
}
/// A number of at least 0.
pub fn positive() -> Value {
    json!({"type": "number", "minimum": 0})
}
/// A number above 0.
pub fn above_zero() -> Value {
    json!({"type": "number", "exclusiveMinimum": 0})
}
/// 0 to 1.
pub fn share() -> Value {
    json!({"type": "number", "minimum": 0, "maximum": 1})
}
/// A whole number of at least 0.
pub fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}
/// One of some words.
pub fn one_of(words: &[&str]) -> Value {
    json!({"enum": words})
}
/// What is defined once for the whole file, by name: `digest`, `symbol`, `span`, `time`, or that of a measurement.
pub fn defined(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}
/// A length of time.
pub fn span() -> Value {
    defined("span")
}
/// An instant.
pub fn time() -> Value {
    defined("time")
}
/// SHA-256 in hexadecimal digits.
pub fn digest() -> Value {
    defined("digest")
}
/// An instrument.
pub fn symbol() -> Value {
    defined("symbol")
}
/// An instrument, or all of them.
pub fn symbol_or_all() -> Value {
    described(symbol(), "ALL: over all instruments")
}
/// With a description.
pub fn described(mut schema: Value, about: &str) -> Value {
    schema["description"] = json!(about);
    schema
}
/// The same or null: a number that could not be computed.
pub fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").filter(|kind| *kind != "object").cloned() {
        schema["type"] = json!([kind, "null"]);
    } else if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    } else {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    schema
}
/// An object with these keys and no others.
pub fn object(about: &str, keys: Vec<(&str, Value)>) -> Value {
    let required: Vec<&str> = keys.iter().map(|k| k.0).collect();
    open_object(about, keys, &required)
}
/// An object with these keys and no others, of which only `required` must be there.
pub fn open_object(about: &str, keys: Vec<(&str, Value)>, required: &[&str]) -> Value {
    let properties: serde_json::Map<String, Value> = keys.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
    let object = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    if about.is_empty() { object } else { described(object, about) }
}
/// An array of such objects.
pub fn lines(about: &str, keys: Vec<(&str, Value)>) -> Value {
    array(object(about, keys))
}
/// An array.
pub fn array(items: Value) -> Value {
    json!({"type": "array", "items": items})
}
