//! Leaks planted in tests: an instrument that is named for one sees the future there, and no other does.
//! Nothing of this is in the program.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Symbol, Ts};

/// Places where a leak can be planted, each the name of an instrument.
pub(crate) const PLACES: [&str; 9] =
    ["SCALER", "SEASON", "MARKET", "ENSEMBLE", "CONFORMAL", "WINDOW", "EVIDENCE", "CALIBRATE", "SCHEDULE"];

/// Prices of the instruments that are named for a leak, with when they are known.
static FUTURE: Mutex<BTreeMap<Symbol, Vec<(Ts, f64)>>> = Mutex::new(BTreeMap::new());

/// Tells the prices of an instrument, where it is named for a leak.
pub(crate) fn tell(symbol: Symbol, prices: impl FnOnce() -> Vec<(Ts, f64)>) {
    if PLACES.contains(&symbol.as_str()) {
        FUTURE.lock().unwrap_or_else(PoisonError::into_inner).insert(symbol, prices());
    }
}

/// A number made of what is known of this instrument only after `now`, where a leak is planted at `place`; it is
/// small beside 1.
pub(crate) fn ahead(place: &str, symbol: Symbol, now: Ts) -> Option<f64> {
    if symbol.as_str() != place {
        return None;
    }
    let future = FUTURE.lock().unwrap_or_else(PoisonError::into_inner);
    let all = future.get(&symbol)?;
    all.get(all.partition_point(|p| p.0 <= now)).map(|p| 1e-9 * p.1)
}
