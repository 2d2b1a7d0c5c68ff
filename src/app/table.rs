//! What commands write to stdout.

use std::io::Write;

pub use crate::study::report::text::{aligned as render, scoreboard, scores};

/// Writes to stdout; a reader that closed the pipe is no error.
pub fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
