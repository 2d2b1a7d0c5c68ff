//! The alias of the registry that is served: what it stands for comes into force while the service runs.

use std::sync::Arc;

use anyhow::{Result, bail};
use serde_json::json;

use super::contract::{Arrival, Effect, EngineView, Source, Supply};
use super::once::Once;
use crate::pipeline::Input;
use crate::record::EntryKind;
use crate::record::ledger::{ModelLoaded, ModelRef};
use crate::serve::engine::models::{Models, same};

/// The alias, and what was last found wrong with it.
pub(in crate::serve::engine) struct Alias {
    models: Arc<Models>,
    reported: Once,
}

impl Alias {
    /// Of the registry that these models come from.
    pub fn of(models: Arc<Models>) -> Alias {
        Alias { models, reported: Once::default() }
    }
    /// What the alias stands for, if that is not in force and may come into force.
    fn fresh(&self, engine: &EngineView<'_>) -> Result<Option<(ModelRef, Input)>> {
        let model = self.models.wanted()?;
        if same(&model, engine.model) {
            return Ok(None);
        }
        if let Some(why) = (engine.holds_back)(&model) {
            bail!(why);
        }
        let models = self.models.load(&model)?;
        Ok(Some((model, Input::Install(models))))
    }
}

impl Source for Alias {
    fn poll(&mut self, engine: &EngineView<'_>) -> Result<Supply> {
        let arrival = match self.fresh(engine) {
            Ok(None) => {
                self.reported.clear();
                return Ok(Supply::Idle);
            }
            Ok(Some((model, input))) => {
                let named = model.clone();
                let body = Box::new(move |after| Ok(serde_json::to_value(ModelLoaded { model: named, after })?));
                Arrival { kind: EntryKind::ModelLoaded, body, effect: Effect::Install(model, Box::new(input)) }
            }
            Err(e) => {
                let why = format!("{e:#}");
                if !self.reported.is_new(&why) {
                    return Ok(Supply::Idle);
                }
                tracing::error!(%why, "the model in force stays");
                let body = Box::new(move |_| Ok(json!({ "why": why })));
                Arrival { kind: EntryKind::ModelLoadFailed, body, effect: Effect::RefusedModels }
            }
        };
        Ok(Supply::Arrivals(vec![arrival]))
    }
}
