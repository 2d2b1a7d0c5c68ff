//! How fresh a published value is, and whether people froze it.

use serde::{Deserialize, Serialize};

use super::reason::codes;

codes! {
/// The staleness ladder, and what an operator may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Inputs are fresh.
    Fresh,
    /// Inputs are fresh, and the book is so thin that nothing is loosened.
    Thin,
    /// Inputs are late; the last value holds.
    Hold,
    /// Inputs are older; the value moves linearly to the fallback.
    Degrading,
    /// Inputs are too old; the fallback holds.
    Fallback,
    /// An operator froze the value; it glides to the baseline.
    Killed,
}
}

#[allow(clippy::derivable_impls, reason = "the list of codes passes no mark of a default on")]
impl Default for State {
    fn default() -> State {
        State::Fresh
    }
}
