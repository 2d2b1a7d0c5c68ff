//! What a command found, and so the exit code.

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done, or yes: exit code 0.
    Yes,
    /// It ran and the answer is no: exit code 1.
    No,
}
