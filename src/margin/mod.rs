//! What we ask for: the multiplier chain and the guardrails that act on `C = m b`.
//!
//! | file | what it holds |
//! |---|---|
//! | `decision.rs` | one published answer |
//! | `why.rs` | the numbers behind it, each declared once |
//! | `numbers.rs` | all its numbers: name, unit, place in a publication, value |
//! | `state.rs` | how fresh it is |
//! | `reason.rs` | why it is not simply what was aimed at |
//! | `multiplier.rs` | the chain m0 to m4 from a baseline and a forecast |
//! | `blend.rs` | the blend of forecast and baseline |
//! | `e_detector.rs` | evidence against a sequence of forecasts, at any time |
//! | `monitor.rs` | whether a forecast is heard |
//! | `apc.rs` | anti-procyclical stages on the baseline |
//! | `traffic_light.rs` | breaches of what was asked, and what they do by themselves |
//! | `schedule.rs` | the part of a requirement that is known a week ahead: factors by hour of the week |
//! | `risk_score.rs` | a score that orders instruments for people |
//! | `guardrail/` | limits between the multiplier and what is published |
//! | `calibration.rs` | what a calibration of policies may choose |
//! | `account/` | the requirement of one account, its collateral, its statement |
//! | `cents.rs` | amounts in whole cents that add up |
//! | `percentile.rs` | where a number stands among its own of a year |
//! | `error.rs` | why a policy cannot be used |
//!
//! This folder knows nothing of rows, of models, or of where a decision is recorded.

pub mod account;
pub mod apc;
pub mod blend;
pub mod calibration;
pub mod cents;
pub mod decision;
pub mod e_detector;
mod error;
pub mod guardrail;
pub mod monitor;
pub mod multiplier;
pub mod numbers;
pub mod percentile;
mod reason;
pub mod risk_score;
pub mod schedule;
mod state;
pub mod traffic_light;
pub mod why;

pub use blend::Blend;
pub use decision::Decision;
pub use error::Error;
pub use guardrail::order::{Order, Override};
pub use guardrail::policy::{Mode, Policy};
pub use guardrail::policy_settings::{NewSettings, PolicySettings};
pub use guardrail::{Conditions, Guardrail, Output, Proposal};
pub use multiplier::{Chain, ChainInputs};
pub use reason::Reason;
pub use state::State;
pub use why::Why;
