//! The staleness ladder: what holds when inputs stop coming.

use serde::{Deserialize, Serialize};

use crate::base::Span;
use crate::margin::State;

/// Ages of the last input at which the ladder steps, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Staleness {
    /// Fresh up to and including this age, `15m`.
    pub fresh: Span,
    /// The last value holds up to and including this age, `1h`.
    pub hold: Span,
    /// From there the multiplier moves linearly, to reach the fallback at this age, `6h`.
    pub degrade: Span,
    /// The fallback is the larger of the last multiplier and this, 1.25.
    pub fallback_m: f64,
}

impl Default for Staleness {
    fn default() -> Self {
        Staleness { fresh: Span::MINUTE.times(15), hold: Span::HOUR, degrade: Span::HOUR.times(6), fallback_m: 1.25 }
    }
}

impl Staleness {
    /// The state at an age, and the multiplier that holds when `last_m` was the last fresh one.
    pub fn at(&self, age: Span, last_m: f64) -> (State, f64) {
        let end = last_m.max(self.fallback_m);
        if age <= self.fresh {
            (State::Fresh, last_m)
        } else if age <= self.hold {
            (State::Hold, last_m)
        } else if age < self.degrade {
            let share = (age.0 - self.hold.0) as f64 / (self.degrade.0 - self.hold.0) as f64;
            (State::Degrading, last_m + share * (end - last_m))
        } else {
            (State::Fallback, end)
        }
    }
}
