//! One gate, and what the history keeps of all of them.

use serde::Serialize;

/// Aliases that may stand for any version that loads: nothing is served from them.
pub(super) const OPEN: [&str; 2] = ["challenger", "shadow"];

/// One gate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gate {
    /// Which.
    pub name: String,
    /// What is wanted.
    pub want: String,
    /// What was found.
    pub got: String,
    /// Whether it is open.
    pub passed: bool,
    /// Whether it could be tried; one that could not has not passed.
    pub ran: bool,
}

impl Gate {
    /// Whether it was tried and is shut.
    pub fn shut(&self) -> bool {
        self.ran && !self.passed
    }
    /// What a table says of it.
    pub fn verdict(&self) -> &'static str {
        match (self.ran, self.passed) {
            (false, _) => "not run",
            (_, true) => "passed",
            (_, false) => "FAILED",
        }
    }
}

pub(super) fn gate(name: impl Into<String>, want: impl Into<String>, got: impl Into<String>, passed: bool) -> Gate {
    Gate { name: name.into(), want: want.into(), got: got.into(), passed, ran: true }
}

/// The reason that the history keeps: with the gates that did not open, where an operator overrode
/// them, and those that could not be tried.
pub fn reason(gates: &[Gate], reason: &str) -> String {
    let names = |of: &dyn Fn(&Gate) -> bool| {
        gates.iter().filter(|g| of(g)).map(|g| g.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    if gates.is_empty() {
        return reason.to_string();
    }
    let (shut, untried) = (names(&Gate::shut), names(&|g| !g.ran));
    let passed = gates.iter().filter(|g| g.passed).count();
    let verdict = if shut.is_empty() { format!("{passed} gates passed") } else { format!("OVERRIDE of {shut}") };
    let rest = if untried.is_empty() { String::new() } else { format!("; not run: {untried}") };
    format!("{reason} ({verdict}{rest})")
}
