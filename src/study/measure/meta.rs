//! What ran, and how to run it again.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json;
use crate::base::{Digest, Horizon, Seed, Symbol, Ts};

/// Version of the stored form of `scores.json`.
pub const SCHEMA: &str = "margincast.scores.v1";

/// The symbol of rows over every instrument together.
pub const POOLED: &str = "ALL";

/// What ran, and how to run it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// Heading of the report.
    pub title: String,
    /// The exact command line that reproduces this file.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Digest of the effective configuration.
    pub config_digest: Digest,
    /// Digest over the data files read, in order.
    pub data_digest: Digest,
    /// Digest of the last fitted set of models.
    pub model_digest: Digest,
    /// Digest of every forecast and decision, bit for bit.
    pub result_digest: Digest,
    /// First instant of the out-of-sample span.
    pub start: Ts,
    /// End of the out-of-sample span, exclusive.
    pub end: Ts,
    /// Seed of all randomness.
    pub seed: Seed,
    /// Instruments, in the order of the tables.
    pub symbols: Vec<Symbol>,
    /// Horizons, in the order of the tables.
    pub horizons: Vec<Horizon>,
    /// The model that ratios and Diebold-Mariano tests compare with.
    pub base: String,
    /// The model whose forecasts set the margin.
    pub champion: String,
    /// How many walk-forward windows were fitted.
    pub folds: u64,
    /// How many forecasts were scored, over all models.
    pub forecasts: u64,
    /// How many margin decisions were made.
    pub decisions: u64,
}

impl Meta {
    /// JSON schema of it.
    pub fn schema() -> Value {
        let some = |items: Value| serde_json::json!({"type": "array", "items": items, "minItems": 1});
        json::object(
            "What ran, and how to run it again",
            vec![
                ("title", json::text()),
                ("command", json::text()),
                ("version", json::text()),
                ("config_digest", json::digest()),
                ("data_digest", json::digest()),
                ("model_digest", json::digest()),
                ("result_digest", json::digest()),
                ("start", json::time()),
                ("end", json::time()),
                ("seed", json::count()),
                ("symbols", some(json::symbol())),
                ("horizons", some(json::span())),
                ("base", json::text()),
                ("champion", json::text()),
                ("folds", json::count()),
                ("forecasts", json::count()),
                ("decisions", json::count()),
            ],
        )
    }
}
