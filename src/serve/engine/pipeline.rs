//! The pipeline as a service and an audit drive it, with the models and the venue's tables that a ledger only
//! names.

use std::sync::Arc;

use anyhow::Result;

use super::models::Models;
use crate::base::{Digest, Ts};
use crate::event::snapshot::{VenueSnapshot, VenueTable};
use crate::margin::Decision;
use crate::pipeline::{Input, ModelSet, NamedSchedule, Pipeline, Settings};
use crate::record::ledger::{DecisionSet, ModelRef, PipelineHost, VenueFiles};
use crate::serve::Hub;
use crate::serve::meters::Meters;

/// A pipeline that takes its models from the registry.
pub struct Engine {
    models: Arc<Models>,
    settings: Settings,
    config: Digest,
    inputs: VenueFiles,
    pipeline: Option<Pipeline>,
}

impl Engine {
    /// Without models yet. `config` is the digest written into each decision, `inputs` holds the tables of the
    /// venue that were read.
    pub fn new(models: Models, settings: Settings, config: Digest, inputs: VenueFiles) -> Engine {
        Engine { models: Arc::new(models), settings, config, inputs, pipeline: None }
    }
    /// Where its models come from.
    pub fn registered(&self) -> Arc<Models> {
        Arc::clone(&self.models)
    }
    /// Starts anew with these models; rows that close before `from` only warm up.
    ///
    /// # Errors
    /// The models cannot be loaded or do not fit the configuration.
    pub fn begin(&mut self, model: &ModelRef, from: Ts) -> Result<()> {
        let settings = Settings { publish_from: from, ..self.settings.clone() };
        let models = self.models.load(model)?;
        self.pipeline = Some(Pipeline::new(settings, &models, self.config)?);
        Ok(())
    }
    /// After a publication: puts forecasts into the hub, counts faults.
    pub fn report(&self, hub: &Hub, meters: &Meters, sets: &[DecisionSet]) {
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
    fn schedules(&mut self) -> Vec<NamedSchedule> {
        self.pipeline.as_mut().map(Pipeline::take_schedules).unwrap_or_default()
    }
    fn models(&mut self, model: &ModelRef) -> Result<Arc<ModelSet>> {
        self.models.load(model)
    }
    fn snapshot(&mut self, table: VenueTable, digest: Digest) -> Result<VenueSnapshot> {
        Ok(self.inputs.snapshot(table, digest)?)
    }
}
