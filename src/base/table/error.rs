//! Why a table could not be read or written.

use std::path::Path;

/// Why a table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened, read or written.
    #[error("{path}: {why}")]
    File {
        /// Which file.
        path: String,
        /// What the system or the decoder said.
        why: String,
    },
    /// A column is missing or has another type.
    #[error("{path}: column `{column}`: {why}; the file has: {has}")]
    Column {
        /// Which file.
        path: String,
        /// Which column.
        column: String,
        /// What is wrong.
        why: String,
        /// The columns it has.
        has: String,
    },
}

/// An error of a file as a whole.
pub(super) fn file_error(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::File { path: path.display().to_string(), why: why.to_string() }
}
