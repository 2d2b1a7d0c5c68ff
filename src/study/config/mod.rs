//! What is studied, and how: the settings of a study.
//!
//! | file | what it holds |
//! |---|---|
//! | [`plan`] | the whole: pipeline, study, models |
//! | [`study`] | span, refits, training window, calibration |
//! | [`model`] | one forecaster of the study |
//! | [`choose`] | which of its parameters are chosen inside the training window |
//! | [`ablation`] | inputs that are left out, to see what they are worth |
//! | [`crash_days`] | named stretches without which scores are given again |
//! | [`margin_rule`] | margin rules that are judged beside the pipeline's own |
//!
//! This folder knows nothing of how a study is run, of the lake, or of the file that the settings come from.

pub mod ablation;
pub mod choose;
pub mod crash_days;
pub mod margin_rule;
pub mod model;
pub mod plan;
pub mod study;

pub use ablation::Ablation;
pub use choose::Choose;
pub use crash_days::CrashDays;
pub use margin_rule::MarginRule;
pub use model::ModelPlan;
pub use plan::Plan;
pub use study::Study;
