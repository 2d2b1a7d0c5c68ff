//! What may happen: a [`Model`] is learnt once from a [`Panel`] and then immutable; a
//! [`Forecaster`] runs, one per instrument, and is the only thing that changes with time.
//!
//! | file | what it holds |
//! |---|---|
//! | `model` | the contract: [`Model`], [`Forecaster`], [`Forecast`], [`FitContext`], [`Fitted`], [`Entry`] |
//! | `catalog` | every forecaster, one line each: [`CATALOG`] |
//! | `error` | why a model could not be fitted or read |
//! | `panel` | what a model may learn from: [`Panel`], [`History`] |
//! | `outcome` | what came: [`Outcome`], [`Track`], forecasts that wait for theirs |
//! | `dist` | the distribution of a log return, as published: [`Dist`] |
//! | `regime` | volatility regimes and how long they last: [`Regime`], [`Dwell`] |
//! | `training` | fits of every instrument on its own, and the coefficients a filter chooses |
//! | `window` | what is kept of adjacent rows |
//! | `smoothing/` | exponentially weighted variance |
//! | `garch/` | the GARCH family, with regimes or without |
//! | `har/` | heterogeneous autoregression of realised variance |
//! | `hmm/` | hidden Markov regimes |
//! | `markov/` | Markov-switching regression |
//! | `pooled/` | models shared by all instruments: gamma regression, nets, boosted trees |
//! | `simulation/` | historical and filtered historical simulation |
//! | `combine/` | ensembles, conformal tails, calibration |
//!
//! This folder knows nothing of margins, of who asks, and of the clock.
//!
//! Each file of a model has the same six parts in the same order: (1) one line, the equation, its units, its
//! source and what it was checked against; (2) the parameter table and warm-up; (3) a doctest that
//! runs; (4) `Params`; (5) the model; (6) the running state. A line in [`CATALOG`] alone gives a
//! model its command-line name, default configuration, laws, benches, registry round trip and a
//! row of the scoreboard.

pub mod catalog;
pub mod combine;
pub mod dist;
pub mod error;
pub mod garch;
pub mod har;
pub mod hmm;
pub mod markov;
pub mod model;
pub mod outcome;
pub mod panel;
pub mod pooled;
pub mod regime;
pub mod simulation;
pub mod smoothing;
mod training;
pub mod window;

pub use catalog::CATALOG;
pub use dist::Dist;
pub use error::Error;
pub use model::{Entry, FitContext, FitFn, Fitted, Forecast, Forecaster, Model, Pace};
pub use outcome::{Outcome, Settled, Track};
pub use panel::{BySymbol, History, Panel};
pub use regime::{Dwell, Regime};
