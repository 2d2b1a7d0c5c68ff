//! Everything that is registered with the models of a study.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::card::Card;
use super::evidence::evidence;
use crate::base::{Span, Ts};
use crate::feature::Row;
use crate::forecast::pooled::profile::Profile;
use crate::record::promotion::Signature;
use crate::study::Error;
use crate::study::run::Studied;
use crate::study::walk::origins;

/// Newest rows of each instrument that a registered version must answer at every load.
const GOLDEN_ROWS: usize = 200;

/// A card is to be looked at again after so long.
const EXPIRES_AFTER: Span = Span(365 * Span::DAY.0);

/// What goes with the models.
pub struct PromotionCandidate {
    /// The scoreboard.
    pub metrics: Value,
    /// The card in words.
    pub card: String,
    /// Files by name: `card.json`, `profile.json`, `evidence.json`.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Rows that the models must answer as they do now.
    pub golden: Vec<Row>,
}

/// Of a study, for which `author` answers from `created_at` on.
///
/// # Errors
/// The evidence cannot be written down.
pub fn candidate(studied: &Studied, author: &str, created_at: Ts) -> Result<PromotionCandidate, Error> {
    let (walk, plan, scores) = (&studied.walk, &studied.plan, &studied.judged.scores);
    let until = plan.study.end;
    let golden: Vec<Row> = walk
        .history
        .values()
        .flat_map(|rows| {
            let known = rows.partition_point(|r| r.ts_known <= until);
            rows[known.saturating_sub(GOLDEN_ROWS)..known].iter().copied()
        })
        .collect();
    let panel = origins::panel(&plan.study, &walk.history, plan.pipeline.rows.row, until);
    let profile = Profile::of(&panel);
    let mut evidence = evidence(studied, &panel, &profile);
    let mut card = Card::of(studied, &panel, &evidence);
    (card.author, card.expires) = (author.into(), created_at + EXPIRES_AFTER);
    evidence.signed = Some(Signature { author: author.into(), limits: card.limits.len(), expires: card.expires });
    Ok(PromotionCandidate {
        metrics: serde_json::to_value(&scores.scoreboard).unwrap_or_default(),
        card: card.text(scores),
        files: [
            ("card.json".to_string(), pretty(&card)),
            ("profile.json".to_string(), pretty(&profile)),
            ("evidence.json".to_string(), evidence.write()?),
        ]
        .into(),
        golden,
    })
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    // Only maps with keys that are not text can fail, and there are none.
    (serde_json::to_string_pretty(value).unwrap_or_default() + "\n").into_bytes()
}
