//! Why a margin policy cannot be used.

use super::cents;
use crate::base::{Problems, Symbol};

/// Why a margin policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A loss cannot be worked out.
    #[error(transparent)]
    Loss(#[from] crate::loss::Error),
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] crate::event::Error),
    /// Positions, scenarios or settings that were given cannot be meant.
    #[error("{0}")]
    Given(String),
    /// An amount is no number that can be told to the cent.
    #[error("{what} is {got:e}; want at most {most:e}: check quantities, prices and scenarios, or take a larger unit", most = cents::AMOUNT_MAX)]
    Amount {
        /// What it is.
        what: String,
        /// How much.
        got: f64,
    },
    /// Collateral cannot be valued.
    #[error("collateral {asset}: `{key}` is {got}; want {want}")]
    Asset {
        /// Which.
        asset: Symbol,
        /// Which number of it.
        key: &'static str,
        /// Its value.
        got: f64,
        /// What is accepted.
        want: &'static str,
    },
    /// Settings are out of range.
    #[error("margin policy: {0}")]
    Settings(#[from] Problems),
    /// A setting is out of range.
    #[error("margin policy: `{key}` is {got}; want {want}")]
    Policy {
        /// Which setting.
        key: &'static str,
        /// Its value.
        got: String,
        /// What is accepted.
        want: &'static str,
    },
}
