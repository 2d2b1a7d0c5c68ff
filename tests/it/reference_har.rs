//! reference_har
