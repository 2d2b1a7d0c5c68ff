//! The `KILL` file beside the ledger: each line freezes a part; an empty file, or a line that says nothing
//! known, freezes everything.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::approvals::ordered;
use super::contract::{Arrival, Effect, EngineView, Source, Supply};
use crate::margin::Order;
use crate::margin::guardrail::order::Scope;
use crate::record::EntryKind;
use crate::record::ledger::Killed;

/// The file, and what it froze.
pub(in crate::serve::engine) struct KillFile {
    path: PathBuf,
    frozen: BTreeSet<Scope>,
}

impl KillFile {
    /// Of a ledger at whose end so much was frozen.
    pub fn of(ledger: &Path, frozen: BTreeSet<Scope>) -> KillFile {
        KillFile { path: ledger.join("KILL"), frozen }
    }
}

/// One scope a line.
fn scopes(text: &str) -> BTreeSet<Scope> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let scopes: BTreeSet<Scope> = lines.map(|l| l.parse().unwrap_or(Scope::All)).collect();
    if scopes.is_empty() { BTreeSet::from([Scope::All]) } else { scopes }
}

impl Source for KillFile {
    fn poll(&mut self, _: &EngineView<'_>) -> Result<Supply> {
        let wanted = match std::fs::read_to_string(&self.path) {
            Ok(text) => scopes(&text),
            Err(e) if e.kind() == ErrorKind::NotFound => BTreeSet::new(),
            Err(_) => BTreeSet::from([Scope::All]),
        };
        let mut arrivals = Vec::new();
        for scope in wanted.symmetric_difference(&self.frozen) {
            let on = wanted.contains(scope);
            arrivals.push(if *scope == Scope::All {
                let body = Box::new(move |after| Ok(serde_json::to_value(Killed { on, after })?));
                Arrival { kind: EntryKind::Kill, body, effect: Effect::Freeze(on) }
            } else {
                ordered(Order::Kill { scope: scope.clone(), on }, None, Vec::new(), "the KILL file".into())
            });
        }
        self.frozen = wanted;
        Ok(if arrivals.is_empty() { Supply::Idle } else { Supply::Arrivals(arrivals) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_file_that_is_empty_or_cannot_be_understood_freezes_everything() {
        let all = BTreeSet::from([Scope::All]);
        assert_eq!(scopes(""), all);
        assert_eq!(scopes("\n \n"), all);
        assert_eq!(scopes("hmm?\n"), all);
        let two = BTreeSet::from([Scope::Model("HMM".into()), Scope::Product("BTCUSDT".parse().unwrap())]);
        assert_eq!(scopes("model:HMM\nproduct:BTCUSDT\n"), two);
    }
}
