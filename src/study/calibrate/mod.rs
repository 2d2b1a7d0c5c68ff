//! Calibration of margin policies: thousands of them replayed over recorded decisions, through the real guardrails.
//!
//! | file | what it holds |
//! |---|---|
//! | [`run`](mod@run) | a calibration from its record to what it found |
//! | [`recorded`] | decisions and what followed: all that a policy needs |
//! | [`policy`] | a policy, and the settings that it stands for |
//! | [`ladder`] | which policies there are to search |
//! | [`replay`](mod@replay) | what a policy would have asked |
//! | [`objective`] | what that bought, beside two controls of equal average margin |
//! | [`evaluate`] | policies evaluated at every origin, and kept |
//! | [`search`](mod@search) | a grid, then places near the best |
//! | [`frontier`](mod@frontier) | policies that no other dominates |
//! | [`choose`] | which policy an appetite takes |
//! | [`walk_forward`](mod@walk_forward) | chosen at each origin, judged after it |
//! | [`assessment`] | one policy judged over a stretch |
//! | [`bootstrap`] | bands |
//! | [`output`] | the files of a calibration |
//!
//! This folder knows nothing of models, of how a baseline or a forecast came about, or of who may change settings.

pub mod assessment;
pub mod bootstrap;
pub mod choose;
pub mod evaluate;
pub mod frontier;
pub mod ladder;
pub mod objective;
pub mod output;
pub mod policy;
pub mod recorded;
pub mod replay;
pub mod run;
pub mod search;
pub mod walk_forward;
