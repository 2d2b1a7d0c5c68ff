//! What follows from everything that was published: forward guidance, and whether new versions must wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::loss::test::traffic_light::Light;
use crate::margin::traffic_light;
use crate::margin::{Decision, Policy};
use crate::record::explain::guidance::{GuidanceLimit, triggers};
use crate::record::explain::{GuidanceRange, Outlook, RunningGuidance};
use crate::record::ledger::ModelRef;
use crate::record::{Publication, Seq};
use crate::serve::hub::{Hub, Key};

/// The running state, from the first publication of the ledger on.
pub(super) struct Consequences {
    hub: Arc<Hub>,
    policy: Policy,
    guides: BTreeMap<Key, RunningGuidance>,
    lights: BTreeMap<Key, traffic_light::TrafficLightReading>,
    /// Name and version of every model that served.
    served: BTreeSet<(String, String)>,
}

impl Consequences {
    /// Before the first publication.
    pub fn new(hub: Arc<Hub>, policy: Policy) -> Consequences {
        let (guides, lights, served) = Default::default();
        Consequences { hub, policy, guides, lights, served }
    }
    /// Puts sets that are in the ledger into the hub, and what follows from them.
    pub fn publish(&mut self, sets: Vec<Vec<(Seq, Publication)>>) {
        let mut newest: BTreeMap<Key, (Decision, Vec<GuidanceRange>, &Publication)> = BTreeMap::new();
        for (_, publication) in sets.iter().flatten() {
            self.served.insert((publication.model.name.clone(), publication.model.version.clone()));
            // What does not read is refused where the ledger is read.
            let Ok(decision) = publication.decision() else { continue };
            let key = (decision.symbol, decision.horizon);
            let ahead = self.guides.entry(key).or_insert_with(|| RunningGuidance::new(self.policy)).push(&decision);
            match decision.why.traffic_light {
                Some(light) => _ = self.lights.insert(key, light),
                None => _ = self.lights.remove(&key),
            }
            newest.insert(key, (decision, ahead, publication));
        }
        let guided = |(d, ahead, p): (Decision, Vec<GuidanceRange>, &Publication)| {
            let (limits, triggers) = (GuidanceLimit::of(&d), triggers(&d, &self.policy));
            Arc::new(Outlook { publication: p.clone(), ahead, limits, triggers })
        };
        let guidance = newest.into_iter().map(|(key, last)| (key, guided(last))).collect();
        self.hub.publish(sets);
        self.hub.put_guidance(guidance);
    }
    /// Why a model may not come into force now: where the light is not green, a version that never served
    /// only runs in the shadow. One that did may come back.
    pub fn holds_back(&self, model: &ModelRef) -> Option<String> {
        if self.served.is_empty() || self.served.contains(&(model.name.clone(), model.version.clone())) {
            return None;
        }
        let (key, light) = self.lights.iter().filter(|l| l.1.light != Light::Green).max_by_key(|l| l.1.light)?;
        let (symbol, horizon) = key;
        Some(format!(
            "{} {}: the traffic light of {symbol} over {horizon} is not green ({} breaches), so a version that never \
             served only runs in the shadow; it comes into force when the light is green, or move the alias back",
            model.name, model.version, light.breaches
        ))
    }
}
