//! What a study found, as numbers ([`Scores`]) and as lines to draw ([`Series`]).
//!
//! [`Scores`] is `scores.json`. The report prints numbers from it and from nowhere else. Rows over
//! every instrument together carry the symbol [`POOLED`]. A score that could not be computed (too
//! few rows, a model without that output) is `null`, never zero.

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use crate::base::{Digest, Horizon, Seed, Symbol, Ts};
use crate::event::Fault;
use crate::forecast::regime::Label;
use crate::loss::ModelScore;
use crate::loss::score::outcome::{Compared, MarginOutcome};
use crate::loss::test::coverage::clopper_pearson;
use crate::margin::Reason;

/// Version of the stored form of [`Scores`].
pub const SCHEMA: &str = "margincast.scores.v1";

/// The symbol of rows over every instrument together.
pub const POOLED: &str = "ALL";

/// Everything a study found. Stored as `scores.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// [`SCHEMA`].
    pub schema: String,
    /// What ran.
    pub meta: Meta,
    /// One row per model, horizon and symbol.
    pub models: Vec<ModelScore>,
    /// Share of returns below each published quantile.
    pub coverage: Vec<Coverage>,
    /// One row per margin policy, horizon and symbol.
    pub margins: Vec<MarginScore>,
    /// How often each guardrail acted.
    pub guardrails: Vec<GuardrailHit>,
    /// How much of the time each regime held, and what happened in it.
    pub regimes: Vec<RegimeShare>,
    /// Bad market data met on the way.
    pub faults: Vec<FaultCount>,
    /// Fits that failed, and why.
    pub failures: Vec<String>,
    /// What speaks for and against the models beyond these.
    pub evidence: Evidence,
}

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

/// Share of returns below one published quantile of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// Nominal probability of a return below the quantile.
    pub level: f64,
    /// Observed share of returns below the quantile.
    pub share: f64,
    /// Lower end of the exact (Clopper-Pearson) 95 % interval of the share.
    pub low: f64,
    /// Upper end of the same interval.
    pub high: f64,
    /// Returns below the quantile.
    pub hits: u64,
    /// Returns compared.
    pub n: u64,
}

impl Coverage {
    /// The share and its exact interval from counts (`n` at least 1). The interval takes rows as
    /// independent, which pooled rows of related instruments are not.
    pub fn of(model: &str, horizon: Horizon, symbol: &str, level: f64, hits: u64, n: u64) -> Coverage {
        let (low, high) = clopper_pearson(hits as usize, n as usize, 0.95);
        let share = hits as f64 / n as f64;
        Coverage { model: model.into(), horizon, symbol: symbol.into(), level, share, low, high, hits, n }
    }
}

/// How often one guardrail acted on published decisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuardrailHit {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// Which one.
    pub reason: Reason,
    /// Decisions that carry it.
    pub count: u64,
    /// The same as a share of all decisions of this horizon and symbol.
    pub share: f64,
}

/// One regime's share of time, and the returns in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegimeShare {
    /// Instance name of the model that tells the regimes.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// The most probable regime at issue time.
    pub regime: Label,
    /// Forecasts issued in it.
    pub n: u64,
    /// The same as a share of all forecasts.
    pub share: f64,
    /// Root of the mean realised variance over the horizon that followed, fraction.
    pub realised_sd: f64,
    /// Root of the mean variance that was forecast, fraction.
    pub forecast_sd: f64,
    /// Mean probability that was given to this regime while it was the most probable.
    pub confidence: f64,
}

/// Bad data of one kind, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultCount {
    /// The instrument.
    pub symbol: Symbol,
    /// What was wrong.
    pub fault: Fault,
    /// How many events or windows.
    pub count: u64,
}

/// What a margin policy asked for and what that bought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarginScore {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// What was asked: `baseline`, `unguarded`, `guarded` and so on.
    pub policy: String,
    /// What came of it.
    pub outcome: MarginOutcome,
    /// The constant that gives the baseline the same average margin.
    pub control_factor: f64,
    /// What came of the baseline times that constant.
    pub control: MarginOutcome,
    /// The policy against its control.
    pub gain: Gain,
}

/// A policy minus its control: negative numbers speak for the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    /// Breaches.
    pub breaches: i64,
    /// Sum of shortfalls, fraction of notional.
    pub shortfall_sum: f64,
    /// Worst shortfall, fraction of notional.
    pub worst_miss: f64,
    /// Largest relative rise over five steps.
    pub rise_5: Option<f64>,
    /// Mean of the largest 1 % of relative five-step rises.
    pub rise_5_es99: Option<f64>,
}

impl MarginScore {
    /// Puts a policy beside its control. The baseline itself is a policy whose constant is 1.
    pub fn of(horizon: Horizon, symbol: &str, policy: &str, compared: &Compared) -> MarginScore {
        let Compared { margin, control, constant, .. } = *compared;
        let less = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
        let gain = Gain {
            breaches: margin.breaches as i64 - control.breaches as i64,
            shortfall_sum: margin.shortfall_sum - control.shortfall_sum,
            worst_miss: margin.worst_miss - control.worst_miss,
            rise_5: less(margin.rise_5, control.rise_5),
            rise_5_es99: less(margin.rise_5_es99, control.rise_5_es99),
        };
        let (symbol, policy) = (symbol.into(), policy.into());
        MarginScore { horizon, symbol, policy, outcome: margin, control_factor: constant, control, gain }
    }
}

impl Scores {
    /// The text of `scores.json`.
    pub fn to_json(&self) -> String {
        // Only maps with keys that are not text can fail, and there are none.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Lines to draw, one [`Pane`] per instrument and horizon. Never a source of printed numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// In the order of the tables.
    pub panes: Vec<Pane>,
}

/// Aligned columns of one instrument and horizon; every non-empty column is as long as `ts`. NaN is
/// absence.
#[derive(Clone, Debug, PartialEq)]
pub struct Pane {
    /// The instrument.
    pub symbol: Symbol,
    /// How far ahead.
    pub horizon: Horizon,
    /// Issue times, ascending.
    pub ts: Vec<Ts>,
    /// Realised variance over the horizon after each issue time, fraction squared.
    pub realised_rv: Vec<f64>,
    /// Forecast of the same, by model.
    pub forecasts: Vec<(String, Vec<f64>)>,
    /// Log return over the horizon, fraction.
    pub ret: Vec<f64>,
    /// The champion's 1 % quantile of that return.
    pub q01: Vec<f64>,
    /// The champion's 99 % quantile of that return.
    pub q99: Vec<f64>,
    /// Regime probabilities at issue time, in order of volatility; empty where no model tells them.
    pub regimes: Vec<[f64; 4]>,
    /// Loss over the horizon that the margin had to cover, fraction of notional.
    pub loss: Vec<f64>,
    /// Margin of each policy, by name as in [`MarginScore::policy`], fraction of notional.
    pub margins: Vec<(String, Vec<f64>)>,
}
