//! What people approved of the guardrails, and is due.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::contract::{Arrival, Effect, EngineView, Source, Supply};
use super::once::Once;
use crate::margin::{Order, PolicySettings};
use crate::pipeline::Input;
use crate::record::EntryKind;
use crate::record::ledger::{OrderGiven, PolicyLog, PolicyProposal, StoredOrder, policy_log};

/// The log of proposals, and what of it was applied.
pub(in crate::serve::engine) struct Approvals {
    guard: PolicyLog,
    /// The settings that the configuration names.
    base: PolicySettings,
    /// Every order that was applied, from which those in force follow.
    orders: Vec<StoredOrder>,
    applied: BTreeSet<u64>,
    reported: Once,
}

impl Approvals {
    /// Of a ledger that applied these proposals as these orders.
    pub fn of(ledger: &Path, base: PolicySettings, orders: Vec<StoredOrder>, applied: BTreeSet<u64>) -> Approvals {
        Approvals { guard: PolicyLog::of(ledger), base, orders, applied, reported: Once::default() }
    }
    fn refuse(&mut self, why: &str) {
        if self.reported.is_new(why) {
            tracing::error!(%why, "the settings in force stay");
        }
    }
}

/// An order of people, as it is recorded and given.
pub(super) fn ordered(order: Order, id: Option<u64>, who: Vec<String>, why: String) -> Arrival {
    let stored = order.clone();
    let body = Box::new(move |after| {
        let body = serde_json::to_value(OrderGiven { order: StoredOrder::of(&stored)?, id, who, why, after })?;
        tracing::info!(order = %body, "ordered");
        Ok(body)
    });
    let give = Box::new(move |at| Input::Order { at, order, now: None });
    Arrival { kind: EntryKind::Order, body, effect: Effect::PushAndTick(give) }
}

impl Source for Approvals {
    fn poll(&mut self, engine: &EngineView<'_>) -> Result<Supply> {
        let due = match self.guard.due(&self.base, &self.applied, engine.now) {
            Ok(due) => due,
            Err(e) => {
                self.refuse(&e.to_string());
                return Ok(Supply::Idle);
            }
        };
        let mut arrivals = Vec::new();
        for proposal in due {
            // One that does not fit what is in force by now is left alone, and said.
            let over = proposal.horizon().unwrap_or(None);
            match proposal.order(&policy_log::settings(&self.base, &self.orders, over)) {
                Ok(order) => {
                    self.orders.push(StoredOrder::of(&order)?);
                    let PolicyProposal { id, why, .. } = &proposal;
                    arrivals.push(ordered(order, Some(*id), proposal.names(), why.clone()));
                }
                Err(e) => self.refuse(&format!("proposal {}: {e}", proposal.id)),
            }
            self.applied.insert(proposal.id);
        }
        Ok(if arrivals.is_empty() { Supply::Idle } else { Supply::Arrivals(arrivals) })
    }
}
