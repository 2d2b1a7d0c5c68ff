//! A decision of one of several ways to make a requirement.

use std::sync::Arc;

use crate::margin::Decision;

/// A decision with the name of its way, see [`super::settings::NamedMargin`].
#[derive(Clone, Debug, PartialEq)]
pub struct NamedDecision {
    /// The name.
    pub margin: Arc<str>,
    /// The decision.
    pub decision: Decision,
}
