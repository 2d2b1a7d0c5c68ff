//! multiplier
