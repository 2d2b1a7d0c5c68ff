//! One instrument of one market of one venue, as folders name it.

use std::fmt;

use crate::base::Symbol;
use crate::event::Error;

/// One instrument of one market of one venue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listing {
    /// Venue, as in `venue=binance`.
    pub venue: String,
    /// Market: spot, um, cm, swap, option, equity, future.
    pub market: String,
    /// Instrument.
    pub symbol: Symbol,
}

impl Listing {
    /// A listing whose names may be folder names.
    ///
    /// # Errors
    /// Venue or market is not lower-case letters, digits, `_` or `-`.
    pub fn new(venue: &str, market: &str, symbol: Symbol) -> Result<Listing, Error> {
        for (what, name) in [("venue", venue), ("market", market)] {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
            if name.is_empty() || !name.chars().all(fits) {
                let want = "lower-case letters, digits, `_` and `-`, such as `binance` or `spot`";
                return Err(Error::Missing(format!("`{name}` is no name of a {what}; want {want}")));
            }
        }
        if symbol.as_str().chars().any(|c| "=\\".contains(c)) || symbol.as_str().starts_with('.') {
            return Err(Error::Missing(format!("`{symbol}` cannot name a folder: it holds `=`, `\\` or a first dot")));
        }
        Ok(Listing { venue: venue.into(), market: market.into(), symbol })
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.venue, self.market, self.symbol)
    }
}
