//! What a start finds in the ledger, and what it records there.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::consequences::Consequences;
use crate::base::Ts;
use crate::margin::PolicySettings;
use crate::record::ledger::{ConfigLoaded, Epoch, ModelRef, Numbering, Recall, epochs};
use crate::record::{EntryKind, FileStore, NewEntry, Publication, Seq, Store};
use crate::serve::{ClockMode, Options};

/// Rows handed on at once, at most, but for sets that are larger.
const BATCH_ROWS: usize = 64;

/// The first entry, which says whether the ledger is a live service's or a replay's.
pub(super) fn genesis(store: &mut FileStore, mode: ClockMode, now: Ts) -> Result<()> {
    let Some(first) = store.scan(Seq(0))?.next().transpose()? else {
        let body = json!({"format": "margincast.ledger.v1", "mode": mode.as_str()});
        store.append(NewEntry { kind: EntryKind::Genesis, ts: now, body })?;
        return Ok(());
    };
    let was = first.body["mode"].as_str().unwrap_or("?").to_string();
    if first.kind != EntryKind::Genesis || was != mode.as_str() {
        bail!(
            "the ledger is that of a {was} service, this is a {} one; use another folder: --set serve.ledger=DIR",
            mode.as_str()
        );
    }
    Ok(())
}

/// Reads the past: numbers go on from it, and everyone who takes from the hub has it.
pub(super) fn past(
    store: &FileStore,
    numbering: &mut Numbering,
    consequences: &mut Consequences,
) -> Result<Vec<Epoch>> {
    let mut past = Vec::new();
    let epochs = epochs(store, |seq, publication| {
        numbering.remember(&publication);
        past.push((seq, publication));
        if past.len() >= BATCH_ROWS && !same_set(&past) {
            let last = past.pop();
            consequences.publish(sets(std::mem::take(&mut past)));
            past.extend(last);
        }
    })?;
    consequences.publish(sets(past));
    Ok(epochs)
}

fn same_set(rows: &[(Seq, Publication)]) -> bool {
    matches!(rows, [.., a, b] if a.1.set_id == b.1.set_id) || rows.len() < 2
}

/// Rows in order, by set.
fn sets(rows: Vec<(Seq, Publication)>) -> Vec<Vec<(Seq, Publication)>> {
    let mut sets: Vec<Vec<(Seq, Publication)>> = Vec::new();
    for row in rows {
        match sets.last_mut().filter(|s| s.last().is_some_and(|last| last.1.set_id == row.1.set_id)) {
            Some(set) => set.push(row),
            None => sets.push(vec![row]),
        }
    }
    sets
}

/// The settings of the guardrails in a configuration, held against the epoch before: another configuration
/// does not change them, only the approval of people does.
pub(super) fn unchanged(policy: PolicySettings, last: Option<&Epoch>) -> Result<PolicySettings> {
    if last.is_some_and(|epoch| epoch.start.policy().ok() != Some(policy)) {
        bail!(
            "margin.guardrail and margin.blend are not what this ledger began with: put them back and change them with \
             `margincast guard propose`, or begin another ledger: --set serve.ledger=DIR"
        );
    }
    Ok(policy)
}

/// Records the start; an epoch of the past goes on, or a new one begins.
pub(super) fn begun(
    store: &mut FileStore,
    options: &Options,
    old: Option<Epoch>,
    model: &ModelRef,
    now: Ts,
) -> Result<Epoch> {
    let body =
        json!({"mode": options.mode.as_str(), "program": env!("CARGO_PKG_VERSION"), "process": std::process::id()});
    store.append(NewEntry { kind: EntryKind::Start, ts: now, body })?;
    if let Some(epoch) = old {
        return Ok(epoch);
    }
    let start = ConfigLoaded {
        digest: options.config_digest,
        config: options.config.clone(),
        publish_from: options.from.unwrap_or(match options.mode {
            // The last window that closed is still in force.
            ClockMode::Live => now - options.row,
            ClockMode::Replay(_) => Ts(0),
        }),
        model: model.clone(),
    };
    store.append(entry(EntryKind::ConfigLoaded, now, &start)?)?;
    let epoch = epochs(store, |_, _| {})?.pop();
    epoch.with_context(|| format!("{}: no configuration in the ledger", options.ledger.display()))
}

/// Reads a publication from the ledger, to say what differs.
pub(super) fn recall(folder: PathBuf) -> Recall {
    Box::new(move |seq| FileStore::peek(&folder)?.publication(seq))
}

pub(super) fn entry<T: serde::Serialize>(kind: EntryKind, ts: Ts, body: &T) -> Result<NewEntry> {
    Ok(NewEntry { kind, ts, body: serde_json::to_value(body).context("a ledger entry")? })
}
