//! A forecast with the instance that made it.

use std::sync::Arc;

use crate::base::Symbol;
use crate::forecast::Forecast;

/// A forecast with the instance that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedForecast {
    /// Instance name from the configuration.
    pub name: Arc<str>,
    /// The instrument.
    pub symbol: Symbol,
    /// The forecast.
    pub forecast: Forecast,
    /// Weight of the members of an average that were silent, in \[0, 1\].
    pub silent_share: f64,
    /// It was lifted to the same model's forecast over a shorter horizon.
    pub lifted: bool,
}
