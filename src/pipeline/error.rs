//! Why a pipeline cannot be made, or refuses an input.

use crate::feature;

/// Why a pipeline cannot be made, or refuses an input.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of range.
    #[error("{0}")]
    Settings(String),
    /// The rows cannot be built.
    #[error(transparent)]
    Rows(#[from] feature::Error),
    /// The models do not fit the settings.
    #[error(transparent)]
    Models(#[from] crate::forecast::Error),
}
