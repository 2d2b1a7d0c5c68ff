//! Measurements of forecasts: were they right?
//!
//! | file | what it holds |
//! |---|---|
//! | [`scoreboard`] | every model on every horizon and instrument |
//! | [`coverage`] | returns below each published quantile |
//! | [`regimes`] | how much of the time each regime held, and what happened in it |
//! | [`transforms`] | where outcomes fell between the published quantiles |
//! | [`confidence`] | the model confidence set |
//! | [`crashes`] | named crashes and the outcomes they touch |
//! | [`without_crashes`] | the scoreboard without them |
//! | [`spike_probabilities`] | spike probabilities by model, for the next three |
//! | [`spikes`] | the parts of their Brier score |
//! | [`reliability`] | what was forecast and what came true |
//! | [`spike_alarms`] | what alarms raised from them catch |
//!
//! This folder knows nothing of margins.

pub mod confidence;
pub mod coverage;
pub mod crashes;
pub mod regimes;
pub mod reliability;
pub mod scoreboard;
pub mod spike_alarms;
pub mod spike_probabilities;
pub mod spikes;
pub mod transforms;
pub mod without_crashes;
