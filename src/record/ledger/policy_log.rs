//! What people propose to the guardrails and others approve: other settings, and overrides.
//!
//! `<ledger>/guard/log.jsonl` is append-only and hash-chained like the ledger, and nothing that learns
//! or promotes models writes it. Settings want two approvers, different from each other and from
//! whoever proposed, and then wait as [`crate::margin::guardrail::policy_change`] says; an override wants one other
//! person. Anyone may cancel what does not act yet. The service applies what is due and records it in the
//! ledger, so that an audit needs the ledger alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::order::{ProposedChange, StoredOrder};
use crate::base::{Horizon, Span, Ts};
use crate::margin::{NewSettings, Order, PolicySettings};
use crate::record::chain::{ChainedLog, EntryKind, Link, NewEntry, TailRule};
use crate::record::disk::{io, lock};
use crate::record::error::{Error, damaged};
use crate::record::stored::{from_value, to_value};

/// A proposal that is not approved within this lapses.
pub const LAPSE: Span = Span(7 * Span::DAY.0);

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyLogLine {
    /// Which proposal; numbered from 1.
    pub id: u64,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// What, where it is proposed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<ProposedChange>,
}

/// A proposal and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyProposal {
    /// Its number.
    pub id: u64,
    /// What.
    pub what: ProposedChange,
    /// Who proposed it.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Ts,
    /// Who approved it, and when.
    pub approvals: Vec<(String, Ts)>,
    /// Who cancelled it, and when.
    pub cancelled: Option<(String, Ts)>,
}

impl PolicyProposal {
    /// How many others must approve.
    pub fn need(&self) -> usize {
        self.what.need()
    }
    /// When the last approval that it needs was given.
    pub fn approved(&self) -> Option<Ts> {
        self.approvals.get(self.need() - 1).map(|a| a.1)
    }
    /// Everybody whose name stands under it.
    pub fn names(&self) -> Vec<String> {
        std::iter::once(&self.who).chain(self.approvals.iter().map(|a| &a.0)).cloned().collect()
    }
    /// The horizon for which alone its settings are, where they are for one.
    ///
    /// # Errors
    /// It names none that can be read.
    pub fn horizon(&self) -> Result<Option<Horizon>, Error> {
        self.what.horizon().map_err(refused)
    }
    /// The order that it is, where `now` are the settings in force.
    ///
    /// # Errors
    /// It does not fit those settings, or is not approved.
    pub fn order(&self, now: &PolicySettings) -> Result<Order, Error> {
        let not_yet = || Error::Refused(format!("proposal {}: not approved", self.id));
        let approved = self.approved().ok_or_else(not_yet)?;
        self.what.order(now, approved).map_err(refused)
    }
}

fn refused(e: crate::margin::Error) -> Error {
    Error::Refused(e.to_string())
}

/// The log beside a ledger.
#[derive(Clone, Debug)]
pub struct PolicyLog {
    folder: PathBuf,
}

impl PolicyLog {
    /// Of the ledger in this folder.
    pub fn of(ledger: &Path) -> PolicyLog {
        PolicyLog { folder: ledger.join("guard") }
    }
    fn path(&self) -> PathBuf {
        self.folder.join("log.jsonl")
    }
    /// Every proposal, by number; each line checked against its hash and the one before.
    ///
    /// # Errors
    /// The log is damaged, or says what cannot be.
    pub fn proposals(&self) -> Result<Vec<PolicyProposal>, Error> {
        Ok(self.read()?.0)
    }
    fn read(&self) -> Result<(Vec<PolicyProposal>, ChainedLog), Error> {
        let mut proposals = Vec::new();
        let log = ChainedLog::read(&self.path(), Link::default(), TailRule::Torn, |place, record| {
            let said: PolicyLogLine = from_value(place, record.body)?;
            take(&mut proposals, record.kind, said, record.ts).map_err(|why| damaged(place, why))
        })?;
        Ok((proposals, log))
    }
    /// Proposes; gives the number.
    ///
    /// # Errors
    /// It does not fit the settings `base`, names nobody, or cannot be written.
    pub fn propose(
        &self,
        what: ProposedChange,
        by: (&str, &str),
        now: Ts,
        base: &PolicySettings,
    ) -> Result<u64, Error> {
        let id = self.proposals()?.len() as u64 + 1;
        // What cannot be ordered now is refused before anybody approves it.
        what.retired().map_or(Ok(()), |why| Err(Error::Refused(why)))?;
        let own = what.horizon().map_err(refused)?;
        what.order(&in_force(base, &self.timeline(base)?, now, own), now).map_err(refused)?;
        self.say(EntryKind::GuardProposed, id, by, Some(what), now)?;
        Ok(id)
    }
    /// Approves as `who`.
    ///
    /// # Errors
    /// `who` proposed or approved it before, or it is cancelled, lapsed or unknown.
    pub fn approve(&self, id: u64, by: (&str, &str), now: Ts) -> Result<PolicyProposal, Error> {
        self.say(EntryKind::GuardApproved, id, by, None, now)
    }
    /// Cancels; from then on it never acts. What acts already is not undone by it.
    ///
    /// # Errors
    /// It is cancelled or unknown.
    pub fn cancel(&self, id: u64, by: (&str, &str), now: Ts) -> Result<PolicyProposal, Error> {
        self.say(EntryKind::GuardCancelled, id, by, None, now)
    }
    fn say(
        &self,
        kind: EntryKind,
        id: u64,
        by: (&str, &str),
        what: Option<ProposedChange>,
        now: Ts,
    ) -> Result<PolicyProposal, Error> {
        std::fs::create_dir_all(&self.folder).map_err(|e| io(&self.folder, e))?;
        let _held = lock(&self.folder.join("LOCK"))?;
        let (mut proposals, mut log) = self.read()?;
        let said = PolicyLogLine { id, who: by.0.trim().into(), why: by.1.trim().into(), what };
        let body = to_value("guard", &said)?;
        take(&mut proposals, kind, said, now).map_err(|why| Error::Refused(format!("proposal {id}: {why}")))?;
        log.append(&[NewEntry { kind, ts: now, body }])?;
        proposals.into_iter().find(|p| p.id == id).ok_or_else(|| Error::Missing(format!("proposal {id}")))
    }
    /// Everything that is approved and not cancelled, with the first instant at which it may act, in
    /// that order. How long settings wait is judged by the settings in force when they were approved,
    /// where `base` are those that the configuration names. What does not fit them never acts.
    ///
    /// # Errors
    /// The log is damaged.
    pub fn timeline(&self, base: &PolicySettings) -> Result<Vec<(Ts, PolicyProposal)>, Error> {
        let open = self.proposals()?.into_iter().filter(|p| p.cancelled.is_none());
        let mut approved: Vec<(Ts, PolicyProposal)> = open.filter_map(|p| Some((p.approved()?, p))).collect();
        approved.sort_by_key(|a| (a.0, a.1.id));
        let mut line: Vec<(Ts, PolicyProposal)> = Vec::new();
        for (at, proposal) in approved {
            let Ok(own) = proposal.what.horizon() else { continue };
            let now = in_force(base, &line, at, own);
            let wait = match proposal.what.settings(&now) {
                Some(Ok(new)) => now.wait(&new),
                Some(Err(_)) => continue,
                None => Span(0),
            };
            let place = line.partition_point(|l| l.0 <= at + wait);
            line.insert(place, (at + wait, proposal));
        }
        Ok(line)
    }
    /// What is due at `now` and was not applied, in the order in which it fell due.
    ///
    /// # Errors
    /// The log is damaged.
    pub fn due(&self, base: &PolicySettings, applied: &BTreeSet<u64>, now: Ts) -> Result<Vec<PolicyProposal>, Error> {
        let line = self.timeline(base)?.into_iter();
        Ok(line.filter(|(due, p)| *due <= now && !applied.contains(&p.id)).map(|l| l.1).collect())
    }
    /// What is wrong with an order of the ledger, held against the log: whether it was proposed so,
    /// approved by enough different people, not cancelled, and due.
    ///
    /// # Errors
    /// The log is damaged.
    pub fn check(&self, id: u64, order: &Order, base: &PolicySettings, at: Ts) -> Result<Option<String>, Error> {
        let line = self.timeline(base)?;
        let Some((due, p)) = line.iter().find(|l| l.1.id == id) else {
            return Ok(Some(format!("proposal {id} is not approved in {}", self.path().display())));
        };
        if *due > at {
            return Ok(Some(format!("proposal {id} was not due at {at}")));
        }
        let same = match order {
            // What it asks for stands in the settings that were applied.
            Order::Settings(new) => {
                let then = applied(base, new);
                new.horizon == p.what.horizon().map_err(refused)?
                    && p.what.settings(&then).is_some_and(|again| again.ok() == Some(then))
            }
            _ => p.order(base)? == *order,
        };
        Ok((!same).then(|| format!("what proposal {id} says is not what was applied")))
    }
}

/// The settings in force at an instant, over one horizon or where no horizon has its own. What was approved for every
/// horizon is in force over each, whatever was before.
fn in_force(base: &PolicySettings, line: &[(Ts, PolicyProposal)], at: Ts, over: Option<Horizon>) -> PolicySettings {
    let with = |now: PolicySettings, p: &PolicyProposal| p.what.settings(&now).and_then(Result::ok).unwrap_or(now);
    let (mut everywhere, mut own) = (*base, *base);
    for (_, proposal) in line.iter().take_while(|l| l.0 <= at) {
        match proposal.what.horizon() {
            Ok(None) => {
                everywhere = with(everywhere, proposal);
                own = everywhere;
            }
            Ok(horizon) if horizon == over => own = with(own, proposal),
            Ok(_) | Err(_) => {}
        }
    }
    own
}

/// Takes one line.
fn take(proposals: &mut Vec<PolicyProposal>, kind: EntryKind, said: PolicyLogLine, at: Ts) -> Result<(), String> {
    let PolicyLogLine { id, who, why, what } = said;
    if who.is_empty() || why.is_empty() {
        return Err("say who and why".into());
    }
    if kind == EntryKind::GuardProposed {
        let Some(what) = what.filter(|_| id == proposals.len() as u64 + 1) else {
            return Err(format!("{} comes next", proposals.len() + 1));
        };
        proposals.push(PolicyProposal { id, what, who, why, at, approvals: Vec::new(), cancelled: None });
        return Ok(());
    }
    let Some(p) = proposals.iter_mut().find(|p| p.id == id) else { return Err("there is no such proposal".into()) };
    if let Some((who, _)) = &p.cancelled {
        return Err(format!("it was cancelled by {who}"));
    }
    match kind {
        EntryKind::GuardApproved if p.approved().is_some() => return Err("it is approved already".into()),
        EntryKind::GuardApproved if at < p.at || at - p.at > LAPSE => {
            return Err(format!("it lapsed {LAPSE} after it was made"));
        }
        EntryKind::GuardApproved if p.names().iter().any(|n| n.eq_ignore_ascii_case(&who)) => {
            return Err(format!("{who} stands under it already; another person must approve"));
        }
        EntryKind::GuardApproved => p.approvals.push((who, at)),
        EntryKind::GuardCancelled => p.cancelled = Some((who, at)),
        _ => return Err("not a line of this log".into()),
    }
    Ok(())
}

/// The settings in force at the end of what was applied, over one horizon or where no horizon has its own.
pub fn settings(base: &PolicySettings, orders: &[StoredOrder], over: Option<Horizon>) -> PolicySettings {
    let last = orders.iter().rev().find_map(|o| match o.read() {
        Ok(Order::Settings(new)) if new.horizon.is_none() || new.horizon == over => Some(applied(base, &new)),
        _ => None,
    });
    last.unwrap_or(*base)
}

/// What an order makes of the settings of a configuration.
fn applied(base: &PolicySettings, new: &NewSettings) -> PolicySettings {
    PolicySettings { blend: new.blend.unwrap_or(base.blend), guardrail: new.guardrail.of_rows(base.guardrail.row()) }
}

#[cfg(test)]
mod tests;
