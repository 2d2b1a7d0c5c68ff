//! Every measurement, one line each, and what they make together: [`Scores`], which is `scores.json`.
//!
//! A line says the field, the key in `scores.json`, and the type that measures. From it come the field, its
//! stored form, its place in the schema and in the report.

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::declare::{Declaration, Measurement};
use super::material::Material;
use super::meta::{Meta, SCHEMA};
use super::{forecast, margin, model};
use crate::study::Error;

macro_rules! measurements {
    (
        scores { $($(#[$about:meta])* $field:ident: $key:literal => $line:ty,)* }
        evidence { $($(#[$e_about:meta])* $e_field:ident: $e_key:literal => $e_line:ty,)* }
    ) => {
        /// Everything that a study found. Stored as `scores.json`. The report prints numbers from it and from
        /// nowhere else. A score that could not be computed (too few rows, a model without that output) is `null`,
        /// never zero.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct Scores {
            /// [`SCHEMA`].
            pub schema: String,
            /// What ran.
            pub meta: Meta,
            $($(#[$about])* #[serde(rename = $key)] pub $field: <$line as Measurement>::Found,)*
            /// What speaks for and against the models beyond these.
            pub evidence: Findings,
        }

        /// What speaks for and against the models beyond their scores; `evidence` in `scores.json`.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(default)]
        pub struct Findings {
            $($(#[$e_about])* #[serde(rename = $e_key)] pub $e_field: <$e_line as Measurement>::Found,)*
        }

        /// Every measurement, in the order of `scores.json`.
        pub const MEASUREMENTS: &[Declaration] = &[
            $(Declaration {
                key: $key,
                pointer: concat!("/", $key),
                optional: <$line>::OPTIONAL,
                schema: <$line>::schema,
                shown: <$line>::SHOWN,
            },)*
            $(Declaration {
                key: $e_key,
                pointer: concat!("/evidence/", $e_key),
                optional: <$e_line>::OPTIONAL,
                schema: <$e_line>::schema,
                shown: <$e_line>::SHOWN,
            },)*
        ];

        impl Scores {
            /// Measures everything.
            ///
            /// # Errors
            /// A model forecast the same thing twice, or a walk that a measurement needs cannot be made.
            pub fn of(meta: Meta, of: &Material<'_>) -> Result<Scores, Error> {
                Ok(Scores {
                    schema: SCHEMA.into(),
                    meta,
                    $($field: <$line>::measure(of)?,)*
                    evidence: Findings { $($e_field: <$e_line>::measure(of)?,)* },
                })
            }
        }

        impl Serialize for Findings {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let mut map = to.serialize_map(None)?;
                $(if !<$e_line>::OPTIONAL || self.$e_field != <$e_line as Measurement>::Found::default() {
                    map.serialize_entry($e_key, &self.$e_field)?;
                })*
                map.end()
            }
        }
    };
}

measurements! {
    scores {
        /// One row per model, horizon and symbol.
        scoreboard: "models" => forecast::scoreboard::Scoreboard,
        /// Share of returns below each published quantile.
        coverage: "coverage" => forecast::coverage::QuantileCoverage,
        /// One row per margin policy, horizon and symbol.
        policy_scores: "margins" => margin::policy_scores::MarginScore,
        /// How often each guardrail acted.
        guardrails: "guardrails" => margin::guardrails::GuardrailHit,
        /// How much of the time each regime held, and what happened in it.
        regimes: "regimes" => forecast::regimes::RegimeShare,
        /// Bad market data met on the way.
        faults: "faults" => model::faults::FaultCount,
        /// Fits that failed, and why.
        failures: "failures" => model::failures::Failures,
    }
    evidence {
        /// Parameters chosen inside training windows.
        choices: "choices" => model::choices::Choice,
        /// Named crashes, and how many outcomes each touches.
        crashes: "crashes" => forecast::crashes::Crash,
        /// The scoreboard of outcomes that no crash touches; empty without named crashes.
        without_crashes: "without_crashes" => forecast::without_crashes::WithoutCrashes,
        /// The model confidence set of each horizon.
        confidence: "confidence" => forecast::confidence::Confidence,
        /// Reliability of spike probabilities.
        reliability: "reliability" => forecast::reliability::ReliabilityBin,
        /// Spike probabilities as forecasts.
        spikes: "spikes" => forecast::spikes::SpikeScore,
        /// What alarms from spike probabilities catch.
        spike_alarms: "alarms" => forecast::spike_alarms::SpikeAlarms,
        /// Models without families of inputs.
        ablations: "ablations" => model::ablations::Ablated,
        /// What a permuted future left as it was.
        leak_test: "future" => model::leak_test::LeakTest,
        /// Whether every instrument is stamped in step with the others.
        lead_lag: "lead_lag" => model::lead_lag::LeadLag,
        /// The policy that is charged; empty where it is no blend under guardrails.
        charged: "charged" => margin::charged::ChargedPolicy,
        /// Policies beside the constants of equal average margin.
        controls: "controls" => margin::controls::ControlledPolicy,
        /// Backtests of margins, each side for itself.
        backtests: "backtests" => margin::backtests::Backtest,
        /// Margin calls by length of time.
        margin_calls: "calls" => margin::margin_calls::MarginCalls,
        /// Cost against cover at one breach rate.
        frontier: "frontier" => margin::frontier::Frontier,
        /// Margin policies chosen inside the walk; absent where the configured one holds.
        calibrations: "calibration" => margin::calibration::Calibrated,
        /// How long volatility lasts.
        buffers: "buffers" => margin::buffers::Buffer,
        /// Coverage by regime, decile of volatility and hour of the week.
        conditions: "conditions" => margin::conditions::Condition,
        /// Where outcomes fell between the published quantiles.
        transforms: "transforms" => forecast::transforms::Transform,
        /// What margins left uncovered in crashes.
        stress: "stress" => margin::stress::Scenario,
        /// Breach rates by band of the risk score.
        bands: "bands" => margin::bands::BandRisk,
        /// What anti-procyclical stages cost and bring; empty where there are none.
        stages: "stages" => margin::stages::StageWorth,
        /// Coverage of forward guidance.
        guidance: "guidance" => margin::guidance::Guided,
        /// How much of the time forecasts were heard; empty where none is blended.
        hearing: "hearing" => margin::hearing::ForecastHearing,
        /// What margins do when volatility doubles.
        impulse_responses: "responses" => margin::impulse_responses::ImpulseResponse,
    }
}

impl Scores {
    /// The text of `scores.json`.
    pub fn to_json(&self) -> String {
        // Only maps with keys that are not text can fail, and there are none.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
