//! A walk measured: its scores, and the lines to draw.

use super::lines::ChartLines;
use super::list::Scores;
use super::material::Material;
use super::meta::Meta;
use crate::base::Digest;
use crate::study::Error;
use crate::study::walk::Walk;

/// What a study found.
pub struct Judged {
    /// As numbers.
    pub scores: Scores,
    /// As lines.
    pub lines: ChartLines,
}

/// What it is called, and how it is made again.
#[derive(Clone, Copy)]
pub struct Heading<'a> {
    /// Of the report.
    pub title: &'a str,
    /// The command line that reproduces it.
    pub command: &'a str,
    /// Digest of its configuration.
    pub config: Digest,
}

/// Judges a walk.
///
/// # Errors
/// A model forecast the same thing twice, or a walk that a measurement needs cannot be made.
pub fn judge(of: &Material<'_>, heading: Heading<'_>) -> Result<Judged, Error> {
    let (plan, walk) = (of.plan, of.walk);
    let meta = Meta {
        title: heading.title.into(),
        command: heading.command.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        config_digest: heading.config,
        data_digest: walk.data,
        model_digest: walk.last.digest(),
        result_digest: result_digest(walk),
        start: plan.study.start,
        end: plan.study.end,
        seed: plan.study.seed,
        symbols: plan.pipeline.symbols.clone(),
        horizons: plan.horizons().iter().map(|h| h.1).collect(),
        base: plan.study.base.clone(),
        champion: plan.pipeline.margin.forecast.clone(),
        folds: walk.forecasts.iter().map(|f| f.fold + 1).max().unwrap_or(0) as u64,
        forecasts: walk.forecasts.len() as u64,
        decisions: walk.decisions.len() as u64,
    };
    Ok(Judged { scores: Scores::of(meta, of)?, lines: ChartLines::of(of) })
}

/// Digest of every forecast and decision, bit for bit.
fn result_digest(walk: &Walk) -> Digest {
    let mut bytes = Vec::new();
    for i in &walk.forecasts {
        let d = &i.forecast.dist;
        bytes.extend_from_slice(i.model.as_bytes());
        bytes.extend_from_slice(&i.forecast.issued.0.to_le_bytes());
        for v in [d.rv, d.sd, d.es01, d.es99].iter().chain(&d.q) {
            bytes.extend_from_slice(&v.to_bits().to_le_bytes());
        }
    }
    for d in &walk.decisions {
        bytes.extend_from_slice(serde_json::to_string(d).unwrap_or_default().as_bytes());
    }
    Digest::of(&bytes)
}
