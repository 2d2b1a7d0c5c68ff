//! Registering what a study ends with: the models, what goes with them, and the data that they were made from.

use std::path::Path;

use anyhow::{Context, Result};

use super::config::Config;
use super::market;
use super::study::Trained;
use crate::base::Digest;
use crate::event::lake::{Lake, Listing};
use crate::record::registry::{DataLock, Env, Extras, Registered};
use crate::record::{Registry, VersionRef};
use crate::serve::clock;
use crate::study::promote::candidate;

/// Registers the bundle that a study ends with; `author` answers for it.
///
/// # Errors
/// The lake or the registry cannot be used.
pub fn register(registry: &Registry, trained: &Trained, lake: &Path, run_id: &str, author: &str) -> Result<Registered> {
    let (config, studied) = (&trained.config, &trained.studied);
    let parent = registry.show(&config.serve.model, &VersionRef::Alias(config.serve.alias.clone()));
    let created_at = clock::now();
    let with = candidate(studied, author, created_at)?;
    let extras = Extras {
        config: serde_json::to_value(config)?,
        metrics: with.metrics,
        data: locks(config, lake)?,
        env: Env::here(rayon::current_num_threads(), Some(config.study.seed)),
        card: with.card,
        more: with.files,
        run_id: run_id.into(),
        parent: parent.ok().map(|(manifest, _)| manifest.version),
        created_at,
        golden: with.golden,
    };
    Ok(registry.register(&config.serve.model, &studied.walk.last, &extras)?)
}

/// Digests of the lake's files that a configuration reads, in order.
///
/// # Errors
/// A file cannot be read.
pub fn locks(config: &Config, lake: &Path) -> Result<Vec<DataLock>> {
    let mut locks = Vec::new();
    let listing = |l: &Listing| format!("/venue={}/market={}/symbol={}/", l.venue, l.market, l.symbol);
    let wanted: Vec<String> =
        market::subscriptions(config, &Lake::at(lake))?.iter().map(|s| listing(&s.listing)).collect();
    let mut folders = vec![Lake::at(lake).root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "parquet") {
                let inside = path.strip_prefix(lake).unwrap_or(&path);
                if !wanted.iter().any(|w| inside.display().to_string().contains(w)) {
                    continue;
                }
                let table = inside.iter().next().map_or_else(String::new, |t| t.to_string_lossy().into_owned());
                let sha256 = Digest::of_file(&path).with_context(|| format!("reading {}", path.display()))?;
                locks.push(DataLock { table, path: inside.display().to_string(), sha256 });
            }
        }
    }
    locks.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(locks)
}
