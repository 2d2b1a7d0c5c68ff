//! What a trained set of models brings to its promotion.
//!
//! | file | what it holds |
//! |---|---|
//! | [`candidate`](mod@candidate) | everything that is registered with the models |
//! | [`evidence`](mod@evidence) | what the promotion gates ask for |
//! | [`breaches`](mod@breaches) | how often one model's tails were exceeded |
//! | [`card`] | what to know before use |
//!
//! This folder knows nothing of where models are registered, or of who promotes them.

pub mod breaches;
pub mod candidate;
pub mod card;
pub mod evidence;

pub use candidate::{PromotionCandidate, candidate};
