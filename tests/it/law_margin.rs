//! law_margin
