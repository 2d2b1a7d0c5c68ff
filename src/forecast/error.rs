//! Why a model could not be fitted or read.

use crate::base::Ts;

/// Why a fit failed. Variants say what the reader can do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More history is needed.
    #[error(
        "{model}: {symbol} has {have} usable rows before {end}, at least {need} are needed; start the data earlier or drop the symbol"
    )]
    TooLittle {
        /// Which model.
        model: &'static str,
        /// Which instrument.
        symbol: String,
        /// Usable rows.
        have: usize,
        /// Rows needed.
        need: usize,
        /// End of the panel.
        end: Ts,
    },
    /// A parameter is out of range or unknown.
    #[error("{model}: parameters: {why}")]
    Params {
        /// Which model.
        model: &'static str,
        /// What is wrong, with the accepted range.
        why: String,
    },
    /// No fit on these data.
    #[error("{model}: {symbol}: no fit: {why}")]
    NoFit {
        /// Which model.
        model: &'static str,
        /// Which instrument.
        symbol: String,
        /// What failed.
        why: String,
    },
    /// A stored model could not be read.
    #[error("{model}: stored model: {why}")]
    Stored {
        /// Which model.
        model: String,
        /// What is wrong.
        why: String,
    },
    /// A name that is not in the catalog or among the fitted members.
    #[error("no model named `{name}`; there are: {known}")]
    Unknown {
        /// The name.
        name: String,
        /// What exists.
        known: String,
    },
}
