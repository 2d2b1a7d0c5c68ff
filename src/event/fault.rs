//! Bad market data, by sort.

use serde::{Deserialize, Serialize};

/// Bad market data: counted and reported, never an error that stops the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A price or quantity that is not finite, or a price that is not positive.
    NotANumber,
    /// High below low, or open or close outside them.
    BadRange,
    /// Known before something already seen of the same symbol.
    OutOfOrder,
    /// The same thing again.
    Duplicate,
    /// A bar that does not lie on the grid of the configured bar length.
    OffGrid,
    /// A window with missing bars; it makes no row.
    Incomplete,
    /// A symbol that the model or the configuration does not know.
    UnknownSymbol,
    /// A model gave a number that is not finite or not positive.
    BadForecast,
}
