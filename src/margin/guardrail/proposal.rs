//! What is asked of the guardrails at one instant, and what else is known then.

use super::blast::Exposure;
use crate::base::{Span, Ts};
use crate::event::snapshot::Book;

/// What is asked of the guardrails at one instant. Losses are fractions of notional.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Time of the newest input.
    pub ts: Ts,
    /// Baseline 99 % loss `b`.
    pub baseline: f64,
    /// The multiplier that the chain gives, m4.
    pub m: f64,
    /// Probability of the stressed regime, one per model that gives it, the serving model first.
    pub p_stress: Vec<f64>,
    /// Long-run 99 % VaR; without it that cap does not bind.
    pub long_run_var: Option<f64>,
}

/// What else is known at that instant.
#[derive(Clone, Copy, Default)]
pub struct Conditions<'a> {
    /// The order book; without it the last answer to whether it is thin holds.
    pub book: Option<Book>,
    /// Confidence in the inputs, 0 to 1; without it they are not doubted.
    pub confidence: Option<f64>,
    /// Age of the oldest input that the proposal rests on.
    pub age: Option<Span>,
    /// Nothing falls before this.
    pub no_fall_until: Option<Ts>,
    /// Factor of the schedule, where the settings apply it; without it, 1.
    pub schedule: Option<f64>,
    /// Who would be liquidated by a rise of maintenance margin.
    pub exposure: Option<&'a dyn Exposure>,
}
