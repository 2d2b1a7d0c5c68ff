//! What a decision was made from, and the decision that is made of it and of what the guardrails let through.

use crate::base::{Digest, Horizon, Symbol, Ts};
use crate::loss::baseline::BaselineEstimate;
use crate::margin::guardrail::headroom::Headroom;
use crate::margin::monitor::MonitorReading;
use crate::margin::risk_score::RiskScore;
use crate::margin::{Blend, Chain, Decision, Output, Why, traffic_light};

/// Which models and settings a decision is signed with.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct Seal {
    pub model: Digest,
    pub config: Digest,
}

/// What the last decision was made from.
pub(super) struct Basis {
    /// The measured loss and the result of each stage.
    pub stages: Vec<f64>,
    /// Whether there are any stages.
    pub staged: bool,
    pub baseline: f64,
    pub forecast: Option<f64>,
    /// Absent where the multiplier is no blend.
    pub blend: Option<Blend>,
    /// What was known against the forecast.
    pub known: Option<MonitorReading>,
    pub p_stress: Option<f64>,
    pub chain: Chain,
    pub estimate: BaselineEstimate,
    pub quality: f64,
    /// Confidence in the inputs, and the second voice of the emergency lane.
    pub confidence: f64,
    pub p_spike: Option<f64>,
    pub score: Option<RiskScore>,
    pub light: Option<traffic_light::TrafficLightReading>,
    /// Factor of the schedule at the row, whether or not it is applied.
    pub schedule: f64,
}

impl Basis {
    /// Of one instrument, made then, over a horizon.
    pub fn decision(
        &self,
        (symbol, ts, horizon): (Symbol, Ts, Horizon),
        output: Output,
        valid_until: Ts,
        seal: Seal,
    ) -> Decision {
        let Headroom { tightest, rises: [rise_1h, rise_8h, rise_24h] } = output.headroom;
        let mut reasons = self.chain.reasons.clone();
        // The chain's own cap is reported by the guardrails, which apply it.
        reasons.retain(|r| !output.reasons.contains(r));
        reasons.extend(output.reasons);
        Decision {
            symbol,
            ts,
            horizon,
            baseline: self.baseline,
            forecast_loss: self.forecast,
            m_raw: self.chain.m3,
            m_im_ppm: output.m_im_ppm,
            m_mm_ppm: output.m_mm_ppm,
            m_transfer_ppm: output.m_transfer_ppm,
            c_im: output.c_im,
            c_mm: output.c_mm,
            state: output.state,
            reasons,
            p_stress: self.p_stress,
            model_digest: seal.model,
            config_digest: seal.config,
            why: Why {
                m0: self.chain.m0,
                m1: self.chain.m1,
                m2: self.chain.m2,
                m4: self.chain.m4,
                stressed: self.estimate.stressed_var,
                // The tail keeps its shape when a stage moves the level.
                expected_shortfall: self.estimate.es * (self.baseline / self.estimate.var),
                long_run_var: self.estimate.long_run_var,
                dispersion: self.estimate.dispersion,
                data_quality: self.quality,
                gap: output.gap,
                blend_weight: self.blend.map_or(f64::NAN, |b| b.weight),
                blend_level: self.blend.map_or(f64::NAN, |b| b.level),
                stress_link: self.blend.map_or(f64::NAN, |b| b.stress_link),
                evidence: self.known.map_or(f64::NAN, |k| k.evidence),
                evidence_cost: self.known.map_or(f64::NAN, |k| k.cost),
                budget_left: tightest.map_or(f64::NAN, |t| t.1),
                budget_hours: tightest.map_or(f64::NAN, |t| t.0.seconds() / 3600.0),
                rise_1h,
                rise_8h,
                rise_24h,
                heard: self.known.map_or(f64::NAN, |k| k.share),
                p_spike: self.p_spike.unwrap_or(f64::NAN),
                confidence: self.confidence,
                schedule: self.schedule,
                unscheduled: output.unscheduled,
                c_new: output.c_new,
                m_new_ppm: output.m_new_ppm as f64,
                stress_flag: output.stress,
                mm_reasons: output.mm_reasons,
                fallback_m_ppm: output.fallback_m_ppm,
                valid_until,
                stages: if self.staged { self.stages.clone() } else { Vec::new() },
                interest: output.interest,
                blast: output.blast,
                risk_score: self.score,
                traffic_light: self.light,
            },
        }
    }
}
