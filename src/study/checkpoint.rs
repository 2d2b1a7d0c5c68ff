//! Fits, choices and evaluated policies on disk: a file holds its key, its content and the content's digest, whole or not at all.

use std::path::Path;

use serde_json::{Value, json};

use crate::base::{Digest, atomic};
use crate::study::Error;

/// The content of a file; `None` where there is no file.
///
/// # Errors
/// The file cannot be read, or is not what was written under this key.
pub fn read(path: &Path, key: Digest) -> Result<Option<Value>, Error> {
    let bad = |why: String| Error::Checkpoint { path: path.display().to_string(), why };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(bad(e.to_string())),
    };
    let mut value: Value = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    let body = value["body"].take();
    let same = value["key"] == json!(key) && value["digest"] == json!(Digest::of_json(&body));
    if same { Ok(Some(body)) } else { Err(bad("its digest does not match its content".into())) }
}

/// Writes content under its key.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, key: Digest, body: &Value) -> Result<(), Error> {
    let bad = |e: std::io::Error| Error::Checkpoint { path: path.display().to_string(), why: e.to_string() };
    let text = json!({"key": key, "digest": Digest::of_json(body), "body": body}).to_string();
    atomic::write(path, text.as_bytes()).map_err(bad)
}
