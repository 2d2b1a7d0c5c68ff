//! The walk forward, and what is walked once more to see what it depends on.
//!
//! | file | what it holds |
//! |---|---|
//! | [`origins`] | rolling origins: what each fit may know, and where it is judged |
//! | [`market`] | the market's events, and their replay through a pipeline |
//! | [`rows`](mod@rows) | rows of every instrument, to learn from and to judge by |
//! | [`fit`] | one fit as a value: what it depends on, its key, how it is done |
//! | [`fits`] | the fits of every origin, in parallel |
//! | [`search`] | parameters chosen inside the training window |
//! | [`forward`] | the walk through the pipeline |
//! | [`issued`] | what a walk leaves: forecasts, decisions, models |
//! | [`policy_choice`] | margin policies chosen at origins |
//! | [`margin_rule`] | what margin rules asked in the walk |
//! | [`leak_test`] | another future must change nothing that was learnt, forecast or decided before it |
//! | [`permuted`] | a market with another future |
//! | `planted` | in tests: what planted leaks see of the future |
//! | [`lead_lag`] | whether every instrument is stamped in step with the others |
//! | [`ablation`] | the same study without some inputs |
//! | [`impulse`] | the same market with doubled volatility |
//!
//! This folder knows nothing of scores, of what is measured, or of the report.

pub mod ablation;
pub mod fit;
pub mod fits;
pub mod forward;
pub mod impulse;
pub mod issued;
pub mod lead_lag;
pub mod leak_test;
pub mod margin_rule;
pub mod market;
pub mod origins;
pub mod permuted;
#[cfg(test)]
mod planted;
pub mod policy_choice;
pub mod rows;
pub mod search;

pub use forward::walk;
pub use issued::{Forecasted, Issued, Walk};
pub use market::MarketEvents;
pub use rows::rows;
