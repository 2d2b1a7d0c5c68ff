//! The wall clock, the only one in the program that decisions may hear of, and only as a recorded
//! event.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::base::{Span, Ts};

/// Now.
#[allow(clippy::disallowed_methods)] // The one place that may.
pub fn now() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ts(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// A stopwatch.
#[allow(clippy::disallowed_methods)] // Measures the program, not the market.
pub fn start() -> Instant {
    Instant::now()
}

/// As the system's timers want it.
pub fn duration(span: Span) -> Duration {
    Duration::from_nanos(u64::try_from(span.0).unwrap_or(0))
}
