//! The pipeline as the service drives it, and the registry that its models come from.

use std::sync::Arc;

use anyhow::{Context, Result, bail};

use crate::base::{Digest, Ts};
use crate::event::snapshot::{VenueSnapshot, VenueTable};
use crate::margin::Decision;
use crate::pipeline::{Input, ModelSet, Pipeline, Settings};
use crate::record::alias::Target;
use crate::record::publication::ModelRef;
use crate::record::rerun::{PipelineHost, Set};
use crate::record::venue::Inputs;
use crate::record::{Registry, Which};
use crate::serve::Hub;
use crate::serve::meters::Meters;

/// A pipeline that takes its models from the registry.
pub struct Engine {
    registry: Registry,
    name: String,
    alias: String,
    settings: Settings,
    config: Digest,
    inputs: Inputs,
    pipeline: Option<Pipeline>,
    latest: Option<(ModelRef, Arc<ModelSet>)>,
}

impl Engine {
    /// Without models yet: those that `alias` of `name` stands for. `config` is the digest written into each
    /// decision, `inputs` holds what the venue told.
    pub fn new(
        registry: Registry,
        (name, alias): (&str, &str),
        settings: Settings,
        config: Digest,
        inputs: Inputs,
    ) -> Engine {
        let (name, alias) = (name.into(), alias.into());
        Engine { registry, name, alias, settings, config, inputs, pipeline: None, latest: None }
    }
    /// The models that the alias stands for now, loaded and proved. Cheap while it stands for the
    /// same.
    ///
    /// # Errors
    /// The alias, or the version it names, cannot be loaded.
    pub fn wanted(&mut self) -> Result<ModelRef> {
        let Target { version, digest } = self.registry.aliases(&self.name)?.get(&self.alias)?;
        if let Some((model, _)) = self.latest.as_ref().filter(|l| (&l.0.version, l.0.manifest) == (&version, digest)) {
            return Ok(model.clone());
        }
        let loaded = self.registry.load(&self.name, &Which::Alias(self.alias.clone()))?;
        let model = ModelRef {
            name: self.name.clone(),
            version: loaded.manifest.version,
            alias: self.alias.clone(),
            manifest: loaded.digest,
            digest: loaded.bundle.digest(),
        };
        self.latest = Some((model.clone(), Arc::new(loaded.bundle)));
        Ok(model)
    }
    fn load(&self, model: &ModelRef) -> Result<Arc<ModelSet>> {
        let same = |l: &&(ModelRef, Arc<ModelSet>)| {
            (&l.0.name, &l.0.version, l.0.manifest) == (&model.name, &model.version, model.manifest)
        };
        if let Some((_, models)) = self.latest.as_ref().filter(same) {
            return Ok(Arc::clone(models));
        }
        let loaded = self
            .registry
            .load(&model.name, &Which::Version(model.version.clone()))
            .context("the ledger was made with a model that is needed to make its state again")?;
        if loaded.digest != model.manifest {
            bail!(
                "{} {}: the ledger was made with manifest {}, the registry has {}",
                model.name,
                model.version,
                model.manifest.short(),
                loaded.digest.short()
            );
        }
        Ok(Arc::new(loaded.bundle))
    }
    /// Starts anew with these models; rows that close before `from` only warm up.
    ///
    /// # Errors
    /// The models cannot be loaded or do not fit the configuration.
    pub fn begin(&mut self, model: &ModelRef, from: Ts) -> Result<()> {
        let settings = Settings { publish_from: from, ..self.settings.clone() };
        self.pipeline = Some(Pipeline::new(settings, self.load(model)?.as_ref(), self.config)?);
        Ok(())
    }
    /// After a publication: shows forecasts, counts faults.
    pub fn report(&self, hub: &Hub, meters: &Meters, sets: &[Set]) {
        let Some(pipeline) = &self.pipeline else { return };
        let symbols: std::collections::BTreeSet<_> = sets.iter().flat_map(|s| &s.decisions).map(|d| d.symbol).collect();
        for symbol in symbols {
            hub.put_forecasts(symbol, pipeline.forecasts(symbol));
        }
        for ((symbol, fault), count) in pipeline.faults() {
            let reason = serde_json::to_value(fault).unwrap_or_default();
            meters.rejected(symbol.as_str(), reason.as_str().unwrap_or("?"), count);
        }
    }
}

impl PipelineHost for Engine {
    type Error = anyhow::Error;
    fn push(&mut self, input: Input) -> Result<Vec<Decision>> {
        Ok(self.pipeline.as_mut().map_or(Ok(Vec::new()), |p| p.push(input))?)
    }
    fn models(&mut self, model: &ModelRef) -> Result<Arc<ModelSet>> {
        self.load(model)
    }
    fn snapshot(&mut self, table: VenueTable, digest: Digest) -> Result<VenueSnapshot> {
        Ok(self.inputs.snapshot(table, digest)?)
    }
}
