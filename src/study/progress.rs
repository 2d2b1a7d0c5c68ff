//! How far a study is.

use crate::base::Horizon;

/// Called with every message of a running study, from any thread.
pub type OnProgress<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

/// One message of a running study.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress<'a> {
    /// A stage: its name, steps done, steps in all.
    Stage(&'a str, u64, u64),
    /// What speaks against the study's data, in words.
    Warning(&'a str),
    /// The loss of a fit that is going on: instance name, horizon, loss on rows held out.
    Loss(&'a str, Horizon, f64),
}
