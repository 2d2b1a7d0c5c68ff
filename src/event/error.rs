//! What can go wrong on the way from files to events.

/// What can go wrong on the way from files to events. Each says what, where and the mend.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened or read.
    #[error("{file}: cannot read: {why}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system or the decoder said.
        why: String,
    },
    /// The file's layout is not the one expected.
    #[error("{file}: {why}")]
    Layout {
        /// Which file.
        file: String,
        /// What differs, and the mend.
        why: String,
    },
    /// One row cannot be used.
    #[error("{file}, row {row}: {why}")]
    Row {
        /// Which file.
        file: String,
        /// Row number, 1 for the first data row.
        row: u64,
        /// What is wrong, and the mend.
        why: String,
    },
    /// A table of a venue cannot be read.
    #[error("line {line}: {why}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The lake or a map file does not hold what was asked for.
    #[error("{0}")]
    Missing(String),
    /// Two rows say different things of one thing, or a row cannot be.
    #[error("{0}")]
    Conflict(String),
    /// A Parquet file could not be read or written.
    #[error(transparent)]
    Table(#[from] crate::base::table::Error),
}
