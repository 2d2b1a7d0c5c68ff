//! What people do while the service runs: the `KILL` file, approved changes of the guardrails, the alias.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::publisher::{Publisher, entry, same_model};
use crate::margin::guardrail::order::Scope;
use crate::margin::{Order, Policy};
use crate::pipeline::Input;
use crate::record::era::{Era, ModelLoaded};
use crate::record::guard::{Guard, Proposal};
use crate::record::order::{Ordered, Stored};
use crate::record::publication::ModelRef;
use crate::record::rerun::PipelineHost;
use crate::record::{Entry, Kind};
use crate::serve::clock;
use crate::serve::meters::seconds;

/// The settings of the guardrails in the text of a configuration.
///
/// # Errors
/// It is not one.
pub fn settings(config: &str) -> Result<Policy> {
    let whole: Value = serde_json::from_str(config).context("the configuration")?;
    let settings = &whole["margin"]["guardrail"];
    if settings.is_null() {
        return Ok(Policy::default());
    }
    serde_json::from_value(settings.clone()).context("margin.guardrail of the configuration")
}

/// The same, held against the era before: another configuration does not change them, only the approval
/// of people does.
pub(super) fn base(config: &str, last: Option<&Era>) -> Result<Policy> {
    let base = settings(config)?;
    if last.is_some_and(|era| settings(&era.start.config).ok() != Some(base)) {
        bail!(
            "margin.guardrail is not what this ledger began with: put it back and change it with \
             `margincast guard propose`, or begin another ledger: --set serve.ledger=DIR"
        );
    }
    Ok(base)
}

/// One scope a line.
fn scopes(text: &str) -> BTreeSet<Scope> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let scopes: BTreeSet<Scope> = lines.map(|l| l.parse().unwrap_or(Scope::All)).collect();
    if scopes.is_empty() { BTreeSet::from([Scope::All]) } else { scopes }
}

impl Publisher {
    /// At the `KILL` file, at what people approved, at what the venue tells, and at the alias.
    pub(super) fn look(&mut self) -> Result<()> {
        self.watched = clock::start();
        self.look_at_kill()?;
        self.look_at_guard()?;
        self.look_at_venue()?;
        self.look_at_alias()
    }
    /// Each line of the `KILL` file freezes a part; an empty file, or a line that says nothing known,
    /// freezes everything.
    fn look_at_kill(&mut self) -> Result<()> {
        let wanted = match std::fs::read_to_string(self.hub.options.ledger.join("KILL")) {
            Ok(text) => scopes(&text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => BTreeSet::new(),
            Err(_) => BTreeSet::from([Scope::All]),
        };
        let changed: Vec<Scope> = wanted.symmetric_difference(&self.killed).cloned().collect();
        for scope in changed {
            let on = wanted.contains(&scope);
            if scope == Scope::All {
                self.freeze(on)?;
            } else {
                let order = Order::Kill { scope: scope.clone(), on };
                self.order(&order, None, "the KILL file")?;
            }
            _ = if on { self.killed.insert(scope) } else { self.killed.remove(&scope) };
        }
        Ok(())
    }
    /// What people approved and what is due.
    fn look_at_guard(&mut self) -> Result<()> {
        let guard = Guard::of(&self.hub.options.ledger);
        let due = match guard.due(&self.base, &self.applied, self.now()) {
            Ok(due) => due,
            Err(e) => return self.refuse(e.to_string()),
        };
        for proposal in due {
            // One that does not fit what is in force by now is left alone, and said.
            match proposal.order(&self.policy) {
                Ok(order) => self.order(&order, Some(&proposal), &proposal.why)?,
                Err(e) => self.refuse(format!("proposal {}: {e}", proposal.id))?,
            }
            self.applied.insert(proposal.id);
        }
        Ok(())
    }
    fn refuse(&mut self, why: String) -> Result<()> {
        if self.asked.as_ref() != Some(&why) {
            tracing::error!(%why, "the settings in force stay");
            self.asked = Some(why);
        }
        Ok(())
    }
    /// Records an order, and then gives it; a tick after it shows what it changed at once.
    fn order(&mut self, order: &Order, proposal: Option<&Proposal>, why: &str) -> Result<()> {
        self.commit()?;
        let (at, after) = (self.now(), self.rerun.counts());
        let who = proposal.map_or(Vec::new(), Proposal::names);
        let id = proposal.map(|p| p.id);
        let ordered = Ordered { order: Stored::of(order)?, id, who, why: why.into(), after };
        self.append(&[entry(Kind::Order, at, &ordered)?])?;
        if let Order::Settings(policy) = order {
            self.policy = **policy;
        }
        tracing::info!(order = %entry(Kind::Order, at, &ordered)?.body, "ordered");
        self.engine.push(Input::Order { at, order: order.clone(), now: None })?;
        self.tick_at(at)
    }
    fn look_at_alias(&mut self) -> Result<()> {
        let started = clock::start();
        let wanted = self.engine.wanted().and_then(|model| match self.consequences.holds_back(&model) {
            Some(why) if !same_model(&model, &self.press.model) => bail!(why),
            _ => Ok(model),
        });
        match wanted {
            Ok(model) if same_model(&model, &self.press.model) => self.failed = None,
            Ok(model) => {
                self.commit()?;
                let loaded = ModelLoaded { model: model.clone(), after: self.rerun.counts() };
                let at = self.now();
                self.append(&[entry(Kind::ModelLoaded, at, &loaded)?])?;
                let models = self.engine.models(&model)?;
                self.engine.push(Input::Install(models))?;
                self.fed = None;
                self.meters.model_loads.increment(1);
                self.meters.model_load_seconds.record(seconds(started));
                let before = std::mem::replace(&mut self.press.model, model.clone());
                self.announce(Some(&before), &model);
            }
            Err(e) => {
                let why = format!("{e:#}");
                if self.failed.as_ref() != Some(&why) {
                    self.meters.model_load_failures.increment(1);
                    tracing::error!(%why, "the model in force stays");
                    let at = self.now();
                    self.append(&[Entry { kind: Kind::ModelLoadFailed, ts: at, body: json!({"why": why}) }])?;
                    self.failed = Some(why);
                }
            }
        }
        Ok(())
    }
    pub(super) fn announce(&self, before: Option<&ModelRef>, model: &ModelRef) {
        let labels = |m: &ModelRef| {
            let texts = [m.name.clone(), m.version.clone(), m.alias.clone(), m.manifest.short()];
            let [name, version, alias, digest] = texts;
            [("name", name), ("version", version), ("alias", alias), ("digest", digest)]
        };
        self.meters.model(before.map(labels), labels(model));
        self.hub.set_model(format!("{} {} {}", model.name, model.version, model.manifest.short()));
        tracing::info!(model = %model.name, version = %model.version, "model in force");
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
