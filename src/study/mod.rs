//! What we learnt: rolling-origin training, backtests, scores and the report.
//!
//! | file | what it holds |
//! |---|---|
//! | [`ablation`] | what families of inputs are worth |
//! | [`asked`] | what each margin policy asked for, beside the return that followed |
//! | [`backtest`] | margins backtested: coverage, shortfall, the traffic light |
//! | [`bands`] | realised breach rates by band of the risk score |
//! | [`calls`] | margin calls by length of time, cost against cover, persistence |
//! | [`conditional`] | coverage by regime, hour and volatility; the probability integral transform |
//! | [`guidance`] | was the multiplier where its guidance said it might be |
//! | [`impulse`] | what margins do when volatility doubles |
//! | [`stages`] | what anti-procyclical stages cost and bring |
//! | [`stress`] | what margins left uncovered in crashes |
//! | [`spikes`] | spike probabilities as forecasts: the parts of their Brier score |
//! | [`alarm`] | spike probabilities as alarms, and their reliability |
//! | [`crash`] | scores without named crash days |
//! | [`evidence`] | what speaks for and against the models beyond their scores |
//! | [`future`] | the permutation of the future that must change nothing |
//! | [`plan`] | what is studied: universe, span, horizons, models |
//! | [`split`] | rolling origins: what each fit may know, and where it is judged |
//! | [`choice`] | parameters chosen inside the training window |
//! | [`fit`] | the fits of every origin, in parallel, each kept on disk as soon as it is done |
//! | [`rule`] | margin rules made of any models, judged beside the pipeline's own |
//! | [`walk`] | the walk forward through the pipeline |
//! | [`scores`] | the scores of a study, and the lines to draw |
//! | [`report`] | one HTML page made from them |

pub mod ablation;
pub mod alarm;
pub mod asked;
pub mod backtest;
pub mod bands;
pub mod calls;
pub mod choice;
pub mod conditional;
pub mod crash;
pub mod evidence;
pub mod fit;
pub mod future;
pub mod guidance;
pub mod impulse;
pub mod judge;
pub mod output;
pub mod plan;
pub mod report;
pub mod rule;
pub mod scores;
pub mod spikes;
pub mod split;
pub mod stages;
pub mod stress;
pub mod truth;
pub mod walk;

pub use plan::{ModelPlan, Plan};
pub use walk::{Issued, Walk};

/// Told how far a study is.
pub type Progress<'a> = &'a (dyn Fn(Told<'_>) + Sync);

/// One message of a running study.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told<'a> {
    /// A stage: its name, steps done, steps in all.
    Stage(&'a str, u64, u64),
    /// The loss of a fit that is going on: instance name, horizon, loss on rows held out.
    Loss(&'a str, crate::base::Horizon, f64),
}

/// Why a study could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan cannot be carried out.
    #[error("{0}")]
    Plan(String),
    /// A checkpoint could not be read or written.
    #[error("checkpoint {path}: {why}; remove the file or fix the folder's rights")]
    Checkpoint {
        /// Which file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// A result file could not be written.
    #[error(transparent)]
    Table(#[from] crate::base::table::Error),
    /// The road could not be built.
    #[error(transparent)]
    Pipeline(#[from] crate::pipeline::Error),
    /// A model has no place or no fit.
    #[error(transparent)]
    Forecast(#[from] crate::forecast::Error),
    /// Scores cannot be worked out.
    #[error(transparent)]
    Loss(#[from] crate::loss::Error),
    /// Rows cannot be built.
    #[error(transparent)]
    Rows(#[from] crate::feature::Error),
}
