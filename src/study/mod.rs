//! What we learnt: walk-forward training, backtests, scores and the report.
//!
//! | file | what it holds |
//! |---|---|
//! | [`config`] | what is studied: universe, span, horizons, models, margin rules |
//! | [`walk`] | the walk forward: origins, fits, the market through the pipeline, and what is walked once more |
//! | [`measure`] | what is measured of a walk: one file per measurement |
//! | [`report`] | one HTML page and text tables of what was measured |
//! | [`run`](mod@run) | a study from its settings and its market to its scores |
//! | [`output`] | the files of a study |
//! | [`calibrate`] | margin policies replayed over recorded decisions: the frontier, and which of them is chosen |
//! | [`promote`] | what a trained set of models brings to its promotion: evidence and card |
//! | [`checkpoint`] | fits, choices and evaluated policies on disk |
//! | [`progress`] | how far a study is |
//! | [`error`] | why it could not run |
//!
//! This folder knows nothing of the command line, of the lake's files, or of serving.

pub mod calibrate;
pub mod checkpoint;
pub mod config;
pub mod error;
pub mod measure;
pub mod output;
pub mod progress;
pub mod promote;
pub mod report;
pub mod run;
pub mod walk;

pub use config::{ModelPlan, Plan};
pub use error::Error;
pub use progress::{OnProgress, Progress};
pub use run::{Studied, StudyTask, run};
pub use walk::{Issued, Walk};
