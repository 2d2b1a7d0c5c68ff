//! reference_score
