//! Why a study could not run.

/// Why a study could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan cannot be carried out.
    #[error("{0}")]
    Plan(String),
    /// A checkpoint could not be read or written.
    #[error("checkpoint {path}: {why}; remove the file or fix the folder's rights")]
    Checkpoint {
        /// Which file.
        path: String,
        /// The system's reason.
        why: String,
    },
    /// A result file could not be written.
    #[error("writing {path}: {why}")]
    File {
        /// Which file or folder.
        path: String,
        /// The system's reason.
        why: String,
    },
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] crate::base::table::Error),
    /// What is stored with models could not be written down.
    #[error(transparent)]
    Record(#[from] crate::record::Error),
    /// The pipeline could not be built.
    #[error(transparent)]
    Pipeline(#[from] crate::pipeline::Error),
    /// A model has no place or no fit.
    #[error(transparent)]
    Forecast(#[from] crate::forecast::Error),
    /// Scores cannot be worked out.
    #[error(transparent)]
    Loss(#[from] crate::loss::Error),
    /// Rows cannot be built.
    #[error(transparent)]
    Rows(#[from] crate::feature::Error),
}
