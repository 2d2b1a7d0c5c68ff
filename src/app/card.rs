//! How a trained bundle is registered: what goes with it, and the card that says what to know before use.

use std::path::Path;

use anyhow::{Context, Result};

use super::config::Config;
use super::study::Studied;
use super::{market, table};
use crate::base::Digest;
use crate::event::lake::{Lake, Listing};
use crate::feature::Row;
use crate::record::Registry;
use crate::record::manifest::{DataLock, Env};
use crate::record::register::Extras;
use crate::record::registry::Registered;
use crate::serve::clock;
use crate::study::scores::Scores;

/// Newest rows of each instrument that a registered version must answer at every load.
const GOLDEN_ROWS: usize = 200;

/// Registers the bundle that a study ends with.
///
/// # Errors
/// The lake or the registry cannot be used.
pub fn register(registry: &Registry, studied: &Studied, lake: &Path, run_id: &str) -> Result<Registered> {
    let walk = &studied.walk;
    let until = studied.config.study.end;
    let golden: Vec<Row> = walk
        .history
        .values()
        .flat_map(|rows| {
            let known = rows.partition_point(|r| r.ts_known <= until);
            rows[known.saturating_sub(GOLDEN_ROWS)..known].iter().copied()
        })
        .collect();
    let extras = Extras {
        config: serde_json::to_value(&studied.config)?,
        metrics: serde_json::to_value(&studied.judged.scores.models)?,
        data: locks(&studied.config, lake)?,
        env: Env::here(rayon::current_num_threads(), Some(studied.config.study.seed)),
        card: card(&studied.judged.scores),
        run_id: run_id.into(),
        parent: None,
        created_at: clock::now(),
        golden,
    };
    Ok(registry.register(&studied.config.serve.model, &walk.last, &extras)?)
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

/// What to know before use.
fn card(scores: &Scores) -> String {
    let m = &scores.meta;
    let symbols: Vec<String> = m.symbols.iter().map(ToString::to_string).collect();
    format!(
        "---\nname: {}\nversion: {}\ninstruments: [{}]\nout_of_sample: {} to {}\ntrained_until: {}\nconfig: {}\ndata: {}\n---\n\n\
         # {}\n\nMade by `{}`.\n\n## Scores, out of sample\n```\n{}```\n\n## Limits\n\
         Made for the instruments above; others get no forecast. Scores are of the span above and of the\n\
         measure of variance that the configuration names. Nothing known after {} was learnt from.\n",
        m.title,
        m.version,
        symbols.join(", "),
        m.start,
        m.end,
        m.end,
        m.config_digest,
        m.data_digest,
        m.title,
        m.command,
        table::scores(scores),
        m.end,
    )
}
