//! The registry that the models come from.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use crate::pipeline::ModelSet;
use crate::record::ledger::ModelRef;
use crate::record::registry::AliasTarget;
use crate::record::{Registry, VersionRef};

/// The models of one registered name, by the alias that is served or by version.
pub struct Models {
    registry: Registry,
    name: String,
    alias: String,
    /// What the alias stood for last, loaded and proved.
    latest: Mutex<Option<(ModelRef, Arc<ModelSet>)>>,
}

/// Whether two are one version; by which alias it came does not matter.
pub(super) fn same(a: &ModelRef, b: &ModelRef) -> bool {
    (&a.name, &a.version, a.manifest) == (&b.name, &b.version, b.manifest)
}

impl Models {
    /// Those that `alias` of `name` stands for.
    pub fn new(registry: Registry, name: &str, alias: &str) -> Models {
        Models { registry, name: name.into(), alias: alias.into(), latest: Mutex::default() }
    }
    /// The models that the alias stands for now, loaded and proved. Cheap while it stands for the
    /// same.
    ///
    /// # Errors
    /// The alias, or the version it names, cannot be loaded.
    pub fn wanted(&self) -> Result<ModelRef> {
        let AliasTarget { version, digest } = self.registry.aliases(&self.name)?.get(&self.alias)?;
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((model, _)) = latest.as_ref().filter(|l| (&l.0.version, l.0.manifest) == (&version, digest)) {
            return Ok(model.clone());
        }
        let loaded = self.registry.load(&self.name, &VersionRef::Alias(self.alias.clone()))?;
        let model = ModelRef {
            name: self.name.clone(),
            version: loaded.manifest.version,
            alias: self.alias.clone(),
            manifest: loaded.digest,
            digest: loaded.bundle.digest(),
        };
        *latest = Some((model.clone(), Arc::new(loaded.bundle)));
        Ok(model)
    }
    /// The models of a version.
    ///
    /// # Errors
    /// They cannot be loaded, or are not those that are named.
    pub fn load(&self, model: &ModelRef) -> Result<Arc<ModelSet>> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, models)) = latest.as_ref().filter(|l| same(&l.0, model)) {
            return Ok(Arc::clone(models));
        }
        let loaded = self
            .registry
            .load(&model.name, &VersionRef::Version(model.version.clone()))
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
}
