//! law_stream
