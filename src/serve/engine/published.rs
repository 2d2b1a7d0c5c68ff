//! What follows from everything that was published: forward guidance, and whether new versions must wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::{Horizon, Symbol};
use crate::loss::basel::Light;
use crate::margin::light;
use crate::margin::{Decision, Policy};
use crate::record::guidance::{Ahead, Guide, triggers};
use crate::record::publication::ModelRef;
use crate::record::{Publication, Seq};
use crate::serve::Hub;
use crate::serve::api::wire::GuidanceRow;

/// The running state, from the first publication of the ledger on.
pub(super) struct Published {
    hub: Arc<Hub>,
    policy: Policy,
    guides: BTreeMap<(Symbol, Horizon), Guide>,
    lights: BTreeMap<(Symbol, Horizon), light::Shown>,
    /// Name and version of every model that served.
    served: BTreeSet<(String, String)>,
}

impl Published {
    /// Before the first publication.
    pub fn new(hub: Arc<Hub>, policy: Policy) -> Published {
        let (guides, lights, served) = Default::default();
        Published { hub, policy, guides, lights, served }
    }
    /// Shows sets that are in the ledger, and what follows from them.
    pub fn publish(&mut self, sets: Vec<Vec<(Seq, Publication)>>) {
        let mut newest: BTreeMap<(Symbol, Horizon), (Decision, Vec<Ahead>, Publication)> = BTreeMap::new();
        for (_, publication) in sets.iter().flatten() {
            self.served.insert((publication.model.name.clone(), publication.model.version.clone()));
            // What does not read is refused where the ledger is read.
            let Ok(decision) = publication.decision() else { continue };
            let key = (decision.symbol, decision.horizon);
            let ahead = self.guides.entry(key).or_insert_with(|| Guide::new(self.policy)).push(&decision);
            match decision.why.light {
                Some(light) => _ = self.lights.insert(key, light),
                None => _ = self.lights.remove(&key),
            }
            newest.insert(key, (decision, ahead, publication.clone()));
        }
        self.hub.publish(sets);
        let row = |(d, ahead, p): &(Decision, Vec<Ahead>, Publication)| {
            let row = GuidanceRow::of(p, ahead, &triggers(d, &self.policy));
            serde_json::to_string(&row).unwrap_or_default().into()
        };
        self.hub.show_guidance(newest.iter().map(|(key, last)| (*key, row(last))).collect());
    }
    /// Why a model may not come into force now: where the light is not green, a version that never served
    /// only runs in the shadow. One that did may come back.
    pub fn holds_back(&self, model: &ModelRef) -> Option<String> {
        if self.served.is_empty() || self.served.contains(&(model.name.clone(), model.version.clone())) {
            return None;
        }
        let (key, shown) = self.lights.iter().filter(|l| l.1.light != Light::Green).max_by_key(|l| l.1.light)?;
        let (symbol, horizon) = key;
        Some(format!(
            "{} {}: the traffic light of {symbol} over {horizon} is not green ({} breaches), so a version that never \
             served only runs in the shadow; it comes into force when the light is green, or move the alias back",
            model.name, model.version, shown.breaches
        ))
    }
}
