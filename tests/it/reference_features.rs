//! reference_features
