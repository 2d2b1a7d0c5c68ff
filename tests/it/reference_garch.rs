//! reference_garch
