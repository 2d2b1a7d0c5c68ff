//! What a command found, as an exit code says it.

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, or yes: exit code 0.
    Yes,
    /// It ran and the answer is no: exit code 1.
    No,
}
