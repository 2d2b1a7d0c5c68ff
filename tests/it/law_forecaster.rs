//! law_forecaster
