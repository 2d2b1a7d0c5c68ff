//! Multipliers as they are served: what consumers may rely on, whatever the ledger stores beside it.
//!
//! Members keep their names, forms and order. The names in `why` come from where the numbers of a decision
//! are declared.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{Digest, Symbol, Ts};
use crate::margin::{Reason, State};
use crate::record::Publication;
use crate::record::ledger::{Cause, PublishedWhy, Status};

/// What was published last, of every instrument and horizon or of those asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Multipliers<'a> {
    /// Always `margincast.multipliers.v1`.
    pub schema: &'static str,
    /// Number of the newest publication of all; 0 before the first.
    pub seq: u64,
    /// The oldest input of the rows below.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub as_of: Option<Ts>,
    /// The worst status of the rows below; `halted` before the first publication.
    pub status: Status,
    /// When the first of the rows below expires.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Ts>,
    /// One row per instrument and horizon, in order of name and horizon.
    pub multipliers: Vec<Multiplier<'a>>,
}

/// One multiplier for one instrument over one horizon, and what it was made from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Publication)]
pub struct Multiplier<'a> {
    /// `margincast.multiplier.v3`; rows written by an older program: `.v2` or `.v1`.
    #[schema(example = "margincast.multiplier.v3")]
    pub schema: &'a str,
    /// Publication number; the first is 1, and there are no gaps.
    pub seq: u64,
    /// The number of the publication before this one for the same instrument and horizon.
    pub prev_seq: Option<u64>,
    /// The rows with the same id are applied together or not at all.
    pub set_id: &'a str,
    /// How many rows the set has.
    pub set_size: u32,
    /// The instrument as `SYMBOL.VENUE`.
    pub instrument_id: &'a str,
    /// The instrument as the venue names it.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Margin period of risk, ISO 8601.
    #[schema(example = "PT24H")]
    pub horizon: &'a str,
    /// Confidence level of the losses below.
    #[schema(example = "0.99")]
    pub confidence: &'a str,
    /// Initial-margin multiplier: of the margin that a position in force is to hold.
    #[schema(example = "1.250000")]
    pub multiplier: &'a str,
    /// Maintenance-margin multiplier: below it a held position is liquidated. A position that was in order is held
    /// until its first order that is not reduce-only.
    pub multiplier_mm: &'a str,
    /// Multiplier of what opens, adds or withdraws; never below `multiplier`. No change of it liquidates anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplier_new: Option<&'a str>,
    /// Multiplier for withdrawals of unrealised profit; never below `multiplier_new`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplier_transfer: Option<&'a str>,
    /// Initial-margin multiplier before guardrails.
    pub multiplier_raw: Option<&'a str>,
    /// The `multiplier` published before this one for the same instrument and horizon.
    pub previous_value: Option<&'a str>,
    /// Margin asked, as fractions of notional.
    pub requirement: MarginAsked<'a>,
    /// What the multiplier multiplies.
    pub baseline: BaselineLoss<'a>,
    /// What the models foresee.
    pub forecast: ForecastLoss<'a>,
    /// Every clamp, and every reason for not publishing the target, in the order they acted.
    #[schema(value_type = Vec<String>, example = json!(["STEP_UP"]))]
    pub reasons: &'a [Reason],
    /// Where on the staleness ladder.
    #[schema(value_type = String, example = "FRESH")]
    pub state: State,
    /// The same for consumers.
    pub status: Status,
    /// Close of the last window used, or the time of the clock tick that caused this.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Ts,
    /// When it was published; in a replay, the time of the stream.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Ts,
    /// The first instant at which it may be applied.
    #[schema(value_type = String, format = DateTime)]
    pub effective_at: Ts,
    /// After this the consumer uses its own fallback, or the one below.
    #[schema(value_type = String, format = DateTime)]
    pub valid_until: Ts,
    /// The multiplier to use after `valid_until` by consumers without a rule of their own.
    pub fallback: &'a str,
    /// The models.
    pub model: ServedModel<'a>,
    /// Digest of the effective configuration.
    #[schema(value_type = String)]
    pub config_digest: Digest,
    /// The numbers between the inputs and the result, for `explain`.
    pub why: &'a PublishedWhy,
    /// What caused it.
    pub cause: Cause,
    /// How many events of the instrument had been consumed, the causing one included.
    pub consumed: u64,
    /// Version of the program.
    pub code: &'a str,
}

/// Margin asked, as fractions of notional.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Requirement)]
pub struct MarginAsked<'a> {
    /// Initial margin.
    pub initial: Option<&'a str>,
    /// Maintenance margin.
    pub maintenance: Option<&'a str>,
    /// What opens, adds or withdraws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<&'a str>,
}

/// What the multiplier multiplies.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Baseline)]
pub struct BaselineLoss<'a> {
    /// Baseline loss at the confidence level, fraction of notional.
    pub loss: Option<&'a str>,
}

/// What the models foresee.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Foresight)]
pub struct ForecastLoss<'a> {
    /// Forecast loss at the confidence level, fraction of notional; null without a usable forecast.
    pub loss: Option<&'a str>,
    /// In rows of `.v1` and `.v2`: how much the forecast was believed, 0 to 1. Since then: `why.blend_weight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credibility: Option<&'a str>,
    /// Probability of the stressed regime, where a model gives it.
    pub p_stress: Option<&'a str>,
}

/// Which models.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ModelRef)]
pub struct ServedModel<'a> {
    /// Registered name.
    pub name: &'a str,
    /// Registered version.
    pub version: &'a str,
    /// The alias through which it came into force.
    pub alias: &'a str,
    /// SHA-256 of its `MANIFEST.json`.
    #[schema(value_type = String)]
    pub manifest: Digest,
    /// Digest of the bundle of models.
    #[schema(value_type = String)]
    pub digest: Digest,
}

impl<'a> From<&'a Publication> for Multiplier<'a> {
    fn from(p: &'a Publication) -> Multiplier<'a> {
        Multiplier {
            schema: &p.schema,
            seq: p.seq,
            prev_seq: p.prev_seq,
            set_id: &p.set_id,
            set_size: p.set_size,
            instrument_id: &p.instrument_id,
            symbol: p.symbol,
            horizon: &p.horizon,
            confidence: &p.confidence,
            multiplier: &p.multiplier,
            multiplier_mm: &p.multiplier_mm,
            multiplier_new: p.multiplier_new.as_deref(),
            multiplier_transfer: p.multiplier_transfer.as_deref(),
            multiplier_raw: p.multiplier_raw.as_deref(),
            previous_value: p.previous_value.as_deref(),
            requirement: MarginAsked {
                initial: p.requirement.initial.as_deref(),
                maintenance: p.requirement.maintenance.as_deref(),
                new: p.requirement.new.as_deref(),
            },
            baseline: BaselineLoss { loss: p.baseline.loss.as_deref() },
            forecast: ForecastLoss {
                loss: p.forecast.loss.as_deref(),
                credibility: p.forecast.credibility.as_deref(),
                p_stress: p.forecast.p_stress.as_deref(),
            },
            reasons: &p.reasons,
            state: p.state,
            status: p.status,
            as_of: p.as_of,
            published_at: p.published_at,
            effective_at: p.effective_at,
            valid_until: p.valid_until,
            fallback: &p.fallback,
            model: ServedModel {
                name: &p.model.name,
                version: &p.model.version,
                alias: &p.model.alias,
                manifest: p.model.manifest,
                digest: p.model.digest,
            },
            config_digest: p.config_digest,
            why: &p.why,
            cause: p.cause,
            consumed: p.consumed,
            code: &p.code,
        }
    }
}
