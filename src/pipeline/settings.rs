//! What a pipeline is configured with, besides the models.

use serde::{Deserialize, Serialize};

use crate::base::{Symbol, Ts};
use crate::feature;
use crate::loss::baseline;
use crate::margin::Policy;
use crate::margin::apc::Stage;
use crate::margin::credibility::CredibilityParams;
use crate::margin::traffic_light;

/// What a pipeline needs to know besides the models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The instruments; events of others are counted faults.
    pub symbols: Vec<Symbol>,
    /// How rows are built.
    pub rows: feature::RowConfig,
    /// Horizons, in rows.
    pub horizons: Vec<usize>,
    /// Decisions are made from rows that close at or after this; earlier rows only warm up.
    pub publish_from: Ts,
    /// How many rows of each instrument are kept, to derive running state from when models change.
    pub replay_rows: usize,
    /// How a requirement is made from baseline and forecast.
    pub margin: Margin,
}

/// How a requirement is made from a baseline and a forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Margin {
    /// Instance whose 99 % loss is the forecast.
    pub forecast: String,
    /// Instance that gives the probability of the stressed regime; empty for none.
    pub regime: String,
    /// The baseline requirement.
    pub baseline: baseline::Params,
    /// Anti-procyclical stages between the measured loss and the baseline, in the order they run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apc: Vec<Stage>,
    /// Instances whose 99 % losses are held beside the baseline: how far all of them disagree lowers the
    /// forecast's weight.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub challengers: Vec<String>,
    /// How the forecast earns its weight.
    pub credibility: CredibilityParams,
    /// What the traffic light over past outcomes does by itself; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_light: Option<traffic_light::Params>,
    /// The guardrails.
    pub guardrail: Policy,
}

impl Default for Margin {
    fn default() -> Margin {
        Margin {
            forecast: "conformal".into(),
            regime: "HMM".into(),
            baseline: baseline::Params::default(),
            apc: Vec::new(),
            challengers: Vec::new(),
            credibility: CredibilityParams::default(),
            traffic_light: None,
            guardrail: Policy::default(),
        }
    }
}
