//! One integration binary; each module says what belongs in it.

/// Reads the material beside the checkout; `None`, and a line that says so, where it is absent.
pub mod shared;

// Each module below is one file, named for the promise it tests.
mod cli;
mod config;
mod docs;
mod format;
mod golden;
mod ingest;
mod inputs;
mod law_attribution;
mod law_calibrate;
mod law_choice;
mod law_degenerate;
mod law_forecaster;
mod law_future;
mod law_gate;
mod law_horizon;
mod law_margin;
mod law_market;
mod law_measure;
mod law_pipeline;
mod law_portfolio;
mod law_registry;
mod law_schedule;
mod law_spike;
mod law_store;
mod law_stream;
mod law_time;
mod margin;
mod reference_features;
mod reference_garch;
mod reference_har;
mod reference_hmm;
mod reference_measures;
mod reference_ml;
mod reference_msgarch;
mod reference_rugarch;
mod reference_score;
mod reference_sp500;
mod serve;
mod skill_daily;
mod tidy;
mod train;
mod worked_example;
mod worked_measurement;
