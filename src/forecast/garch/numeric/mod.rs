//! The numerics of a likelihood: derivatives, the search for its maximum, errors there.
//!
//! | file | what it holds |
//! |---|---|
//! | `number` | numbers that carry their derivatives, and bounded variables |
//! | `minimise` | the search |
//! | `errors` | classic and robust errors of coefficients |
//!
//! This folder knows nothing of variance processes.

pub(super) mod errors;
pub(super) mod minimise;
pub(super) mod number;
