//! Why a published multiplier is what it is, why it changed, and where it may go.
//!
//! | file | what it holds |
//! |---|---|
//! | `explanation` | why a published multiplier is what it is, in words and numbers |
//! | [`attribution`] | why a requirement changed between two publications, in terms that sum |
//! | [`guidance`] | where a multiplier may be in some hours, and what would move it |
//!
//! This folder knows nothing of models, rows and events: publications and decisions are all it reads.

pub mod attribution;
mod explanation;
pub mod guidance;

pub use attribution::{RequirementChange, changes};
pub use explanation::Explanation;
pub use guidance::{GuidanceRange, GuidanceTrigger, Outlook, RunningGuidance, outlooks};
