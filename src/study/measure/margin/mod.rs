//! Measurements of margins: what they cost, cover and do to those who pay them.
//!
//! | file | what it holds |
//! |---|---|
//! | [`policy_scores`] | each policy beside a control of equal cost |
//! | [`controls`] | the published margin among what might be charged instead |
//! | `controls_table` | columns of their tables |
//! | [`charged`] | the policy that is charged |
//! | [`guardrails`] | how often each guardrail acted |
//! | [`hearing`] | how much of the time a forecast was heard |
//! | [`backtests`] | coverage, shortfall and the traffic light as a regulator tests them |
//! | [`bounds`] | simulated bounds that backtests are held to |
//! | [`conditions`] | coverage by regime, decile of volatility and hour |
//! | [`bands`] | breaches by band of the risk score |
//! | [`margin_calls`] | margin calls by length of time |
//! | [`frontier`] | cost at one breach rate |
//! | [`calibration`] | policies chosen inside the walk, and the frontier |
//! | [`buffers`] | how long volatility lasts, and what knowing it is worth |
//! | [`stress`] | what was left uncovered in crashes |
//! | [`stages`] | what anti-procyclical stages cost and bring |
//! | [`guidance`] | coverage of forward guidance |
//! | [`impulse_responses`] | what margins do when volatility doubles |
//!
//! This folder knows nothing of how models are fitted.

pub mod backtests;
pub mod bands;
pub mod bounds;
pub mod buffers;
pub mod calibration;
pub mod charged;
pub mod conditions;
pub mod controls;
mod controls_table;
pub mod frontier;
pub mod guardrails;
pub mod guidance;
pub mod hearing;
pub mod impulse_responses;
pub mod margin_calls;
pub mod policy_scores;
pub mod stages;
pub mod stress;
