//! How the guardrails of a ledger stand: the settings in force, and what became of each proposal.

use std::collections::BTreeMap;
use std::fmt;

use super::epoch::epochs;
use super::policy_log::{self, LAPSE, PolicyLog, PolicyProposal};
use super::store::Store;
use crate::base::{Horizon, Ts};
use crate::margin::{Order, PolicySettings};
use crate::record::error::Error;
use crate::record::seq::Seq;

/// What the ledger says of its guardrails.
#[derive(Clone, Debug)]
pub struct PolicyState {
    /// The settings that the configuration names.
    pub base: PolicySettings,
    /// Those in force, where no horizon has its own.
    pub in_force: PolicySettings,
    /// Those of horizons that were once given their own.
    pub by_horizon: BTreeMap<Horizon, PolicySettings>,
    /// Which proposals were applied, and when.
    pub applied: Vec<(Ts, u64)>,
    /// Whether time is that of a stream that was replayed.
    pub replay: bool,
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq)]
pub enum ProposalState {
    /// It acts since then.
    Applied(Ts),
    /// Somebody cancelled it.
    Cancelled(String, Ts),
    /// It is approved and acts from then on.
    Due(Ts),
    /// It is approved, but does not fit the settings in force.
    Unfit,
    /// It has so many of the approvals that it needs, and lapses then.
    Open(usize, usize, Ts),
}

impl fmt::Display for ProposalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProposalState::Applied(at) => write!(f, "applied at {at}"),
            ProposalState::Cancelled(who, at) => write!(f, "cancelled by {who} at {at}"),
            ProposalState::Due(at) => write!(f, "approved, acts from {at}"),
            ProposalState::Unfit => write!(f, "approved, but does not fit the settings in force"),
            ProposalState::Open(have, need, lapses) => write!(f, "{have} of {need} approvals, lapses at {lapses}"),
        }
    }
}

impl PolicyState {
    /// At the end of a ledger.
    ///
    /// # Errors
    /// It is damaged, or no service has run on it yet.
    pub fn of(store: &dyn Store) -> Result<PolicyState, Error> {
        let replay = store.scan(Seq(0))?.next().transpose()?.is_some_and(|r| r.body["mode"] == "replay");
        let absent = || Error::Missing("the ledger has no configuration yet; start the service once".into());
        let epoch = epochs(store, |_, _| {})?.pop().ok_or_else(absent)?;
        let base = epoch.start.policy()?;
        let orders = epoch.stored();
        let in_force = |over| policy_log::settings(&base, &orders, over);
        let own = orders.iter().filter_map(|o| match o.read() {
            Ok(Order::Settings(new)) => new.horizon,
            _ => None,
        });
        let by_horizon = own.map(|horizon| (horizon, in_force(Some(horizon)))).collect();
        let applied = epoch.orders.iter().filter_map(|(at, o)| Some((*at, o.id?))).collect();
        Ok(PolicyState { base, in_force: in_force(None), by_horizon, applied, replay })
    }
    /// What became of a proposal of the log beside the ledger.
    ///
    /// # Errors
    /// The log is damaged.
    pub fn proposal(&self, log: &PolicyLog, p: &PolicyProposal) -> Result<ProposalState, Error> {
        if let Some((at, _)) = self.applied.iter().find(|a| a.1 == p.id) {
            return Ok(ProposalState::Applied(*at));
        }
        if let Some((who, at)) = &p.cancelled {
            return Ok(ProposalState::Cancelled(who.clone(), *at));
        }
        let due = log.timeline(&self.base)?.into_iter().find(|l| l.1.id == p.id);
        Ok(match due {
            Some((due, _)) => ProposalState::Due(due),
            None if p.approved().is_some() => ProposalState::Unfit,
            None => ProposalState::Open(p.approvals.len(), p.need(), p.at + LAPSE),
        })
    }
}
