//! law_time
