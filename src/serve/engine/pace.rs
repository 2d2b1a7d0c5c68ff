//! How fast a stored stream is replayed.

/// The stream's own pace: `3600` is an hour a second, `max` is as fast as it goes.
///
/// # Errors
/// Not a positive number and not `max`.
pub fn speed(text: &str) -> Result<Option<f64>, String> {
    match text.parse::<f64>() {
        _ if text == "max" => Ok(None),
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(Some(speed)),
        _ => Err(format!("`{text}` is not a speed: want `max`, or how many times faster, such as 3600")),
    }
}
