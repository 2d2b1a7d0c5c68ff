//! What an audit asks of a ledger by itself: numbers without gaps, each row naming the one before it, and each
//! order proposed, approved and due.

use std::collections::BTreeMap;
use std::path::Path;

use super::epoch::{Epoch, epochs};
use super::policy_log::PolicyLog;
use super::publication::Publication;
use super::store::Store;
use crate::margin::Order;
use crate::record::error::Error;
use crate::record::seq::Seq;

/// What a ledger says, and what is wrong with it.
#[derive(Debug)]
pub struct Audited {
    /// Everything that happened, by configuration.
    pub epochs: Vec<Epoch>,
    /// Publications.
    pub publications: u64,
    /// Orders of people.
    pub orders: u64,
    /// What is wrong with numbers and links.
    pub wrong_publications: Vec<String>,
    /// What is wrong with orders.
    pub wrong_orders: Vec<String>,
}

/// Reads a whole ledger; `folder` is where its log of proposals lies.
///
/// # Errors
/// It is damaged, or the log of proposals is.
pub fn audit(store: &dyn Store, folder: &Path) -> Result<Audited, Error> {
    let (mut publications, mut wrong_publications) = (0, Vec::new());
    let mut last = BTreeMap::<_, (u64, String)>::new();
    let epochs = epochs(store, |seq: Seq, p: Publication| {
        publications += 1;
        if p.seq != publications {
            wrong_publications.push(format!("ledger entry {seq}: publication {}, {publications} comes next", p.seq));
        }
        let before = last.insert((p.symbol, p.horizon.clone()), (p.seq, p.multiplier.clone()));
        if (p.prev_seq, &p.previous_value) != (before.as_ref().map(|b| b.0), &before.map(|b| b.1)) {
            wrong_publications
                .push(format!("ledger entry {seq}: publication {} does not name the one before it", p.seq));
        }
    })?;
    let (mut orders, mut wrong_orders) = (0, Vec::new());
    let guard = PolicyLog::of(folder);
    for epoch in &epochs {
        let base = epoch.start.policy()?;
        for (at, ordered) in &epoch.orders {
            let order = ordered.order.read()?;
            let known = match ordered.id {
                Some(id) => guard.check(id, &order, &base, *at)?,
                // Only a freeze needs nobody's approval.
                None => {
                    (!matches!(order, Order::Kill { .. })).then(|| format!("an order at {at} was nobody's proposal"))
                }
            };
            orders += 1;
            wrong_orders.extend(known);
        }
    }
    Ok(Audited { epochs, publications, orders, wrong_publications, wrong_orders })
}
