//! The GARCH family.
//!
//! | file | what it holds |
//! |---|---|
//! | `model` | the forecaster: any process, with its settings |
//! | `settings` | from the settings to what is estimated |
//! | `kind` | processes by name |
//! | `spec` | what is estimated, and the names of its coefficients |
//! | `estimate` | the fit, and its quality |
//! | `likelihood` | the likelihood and the search for its maximum |
//! | `direct` | the same by hand for GARCH(1,1) and GJR, which are fitted most |
//! | `innovation` | distributions of the standardised residual |
//! | `running` | a process on its way through time |
//! | `series` | what a process is fitted to |
//! | `regressor` | features of the row in the variance |
//! | `state` | the running state that models with regimes and without share |
//! | `process/` | variance processes, a file per family |
//! | `switching/` | two or three GARCH regimes that a hidden Markov chain chooses from |
//! | `numeric/` | derivatives, search, errors of coefficients |
//!
//! This folder knows nothing of other instruments, and of realised variance but what a process asks for.

mod direct;
mod estimate;
mod innovation;
mod kind;
mod likelihood;
mod model;
mod numeric;
pub mod process;
mod regressor;
mod running;
mod series;
mod settings;
mod spec;
mod state;
pub mod switching;

pub use estimate::{FilteredVariances, GarchEstimate};
pub use innovation::Innovation;
pub use kind::ProcessKind;
pub use model::{Garch, Params};
pub use process::{Process, Start};
pub use running::RunningProcess;
pub use series::{Series, backcast};
pub use spec::{Mean, Spec};
pub use switching::MsGarch;
