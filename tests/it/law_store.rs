//! law_store
