//! From a row and its forecasts to a decision, for one instrument and one horizon.
//!
//! | file | what it holds |
//! |---|---|
//! | `decider` | the running state, and the order in which the others act |
//! | `heard` | what the forecasts of a row say |
//! | `measure` | the loss that a baseline starts from: of the instrument's history, or a model's |
//! | `guard` | the guardrails, or nothing in their place |
//! | `market_clock` | time in which a closure takes none |
//! | `traffic_light` | breaches of what was asked, as they become known |
//! | `schedule_plan` | factors of the hour of the week: learnt, and kept until they are published |
//! | `risk_score` | what the risk score of an instrument is made of |
//! | `basis` | what a decision was made from, and the decision |
//!
//! This folder knows nothing of events, of models, or of other instruments.

mod basis;
mod decider;
mod guard;
mod heard;
mod market_clock;
mod measure;
mod risk_score;
mod schedule_plan;
mod traffic_light;

pub(in crate::pipeline) use basis::Seal;
pub(in crate::pipeline) use decider::Decider;
pub use market_clock::market_time;
