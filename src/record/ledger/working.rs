//! The numbers between the inputs of a publication and its result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text::{decimal, from_ppm, ppm};
use crate::base::Ts;
use crate::margin::guardrail::blast::Impact;
use crate::margin::guardrail::interest_caps::InterestCaps;
use crate::margin::risk_score::{Band, COMPONENTS, RiskScore};
use crate::margin::traffic_light::TrafficLightReading;
use crate::margin::{Reason, Why};
use crate::record::error::Error;

/// The numbers between the inputs and the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Working {
    /// Forecast over baseline.
    pub m0: Option<String>,
    /// The credible part of a rise.
    pub m1: Option<String>,
    /// At least what the stressed regime wants.
    pub m2: Option<String>,
    /// Within the bounds of the multiplier; `multiplier_raw` is the link before it.
    pub m4: Option<String>,
    /// Requirement in the stressed regime, fraction of notional.
    pub stressed: Option<String>,
    /// Expected shortfall of the baseline, fraction of notional.
    pub expected_shortfall: Option<String>,
    /// Plain historical 99 % VaR over all history kept, fraction of notional.
    pub long_run_var: Option<String>,
    /// Disagreement of the baselines, (max - min) / median.
    pub dispersion: Option<String>,
    /// Share of recent windows that made a row.
    pub data_quality: Option<String>,
    /// How far initial margin is below what the multiplier wants, fraction of notional.
    pub gap: Option<String>,
    /// Whether the flag of the stressed regime is up.
    pub stress_flag: bool,
    /// What bound maintenance margin.
    #[schema(value_type = Vec<String>)]
    pub mm_reasons: Vec<Reason>,
    /// The measured loss and the result of each anti-procyclical stage, fractions of notional; empty
    /// where there are no stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Option<String>>,
    /// Caps on open interest, quote units, where the book is known: soft and hard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interest: Option<[Option<String>; 2]>,
    /// What the rise of maintenance margin newly liquidates, where the accounts are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blast: Option<Blast>,
    /// The risk score, where anything that goes into it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// What the traffic light over past outcomes showed, where it acts: zone, breaches, outcomes so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub light: Option<TrafficLightReading>,
}

/// A risk score of 0 to 100 with its parts, which sum to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// Points.
    #[schema(example = "56.500000")]
    pub score: String,
    /// `green` below 30, `watch` below 60, `elevated` below 80, else `critical`.
    #[schema(value_type = String)]
    pub band: Band,
    /// Points of each component that is known.
    pub parts: BTreeMap<String, String>,
    /// Components that are not known; their weight is that of the others.
    pub absent: Vec<String>,
}

impl Risk {
    fn of(score: &RiskScore) -> Risk {
        let named = || COMPONENTS.iter().zip(score.parts);
        Risk {
            score: ppm(score.total),
            band: score.band(),
            parts: named().filter_map(|(name, part)| Some((name.to_string(), ppm(part?)))).collect(),
            absent: named().filter(|c| c.1.is_none()).map(|c| c.0.to_string()).collect(),
        }
    }
    fn read(&self) -> Result<RiskScore, Error> {
        let parts = |text: &str| {
            let why = format!("`why.risk` is `{text}`");
            from_ppm(text).ok_or(Error::Format { place: "a publication".into(), why })
        };
        let mut score = RiskScore { total: parts(&self.score)?, parts: [None; 6] };
        for (part, name) in score.parts.iter_mut().zip(COMPONENTS) {
            *part = self.parts.get(name).map(|text| parts(text)).transpose()?;
        }
        Ok(score)
    }
}

/// Whom a rise of maintenance margin newly liquidates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Blast {
    /// How many accounts.
    pub accounts: u64,
    /// Notional of their positions, quote units.
    pub notional: Option<String>,
}

impl From<&Why> for Working {
    fn from(why: &Why) -> Working {
        Working {
            m0: decimal(why.m0),
            m1: decimal(why.m1),
            m2: decimal(why.m2),
            m4: decimal(why.m4),
            stressed: decimal(why.stressed),
            expected_shortfall: decimal(why.expected_shortfall),
            long_run_var: decimal(why.long_run_var),
            dispersion: decimal(why.dispersion),
            data_quality: decimal(why.data_quality),
            gap: decimal(why.gap),
            stress_flag: why.stress_flag,
            mm_reasons: why.mm_reasons.clone(),
            stages: why.stages.iter().map(|v| decimal(*v)).collect(),
            interest: why.interest.map(|i| [decimal(i.soft), decimal(i.hard)]),
            blast: why.blast.map(|b| Blast { accounts: b.accounts, notional: decimal(b.notional) }),
            risk: why.risk_score.as_ref().map(Risk::of),
            light: why.traffic_light,
        }
    }
}

/// Reads the number of a key.
pub(super) type Reader<'a> = dyn Fn(&str, &Option<String>) -> Result<f64, Error> + 'a;

impl Working {
    /// The same as numbers, bit for bit; `number` reads one and names it if it cannot.
    ///
    /// # Errors
    /// A number does not parse.
    pub(super) fn read(&self, number: &Reader<'_>, fallback_m_ppm: u64, valid_until: Ts) -> Result<Why, Error> {
        Ok(Why {
            m0: number("why.m0", &self.m0)?,
            m1: number("why.m1", &self.m1)?,
            m2: number("why.m2", &self.m2)?,
            m4: number("why.m4", &self.m4)?,
            stressed: number("why.stressed", &self.stressed)?,
            expected_shortfall: number("why.expected_shortfall", &self.expected_shortfall)?,
            long_run_var: number("why.long_run_var", &self.long_run_var)?,
            dispersion: number("why.dispersion", &self.dispersion)?,
            data_quality: number("why.data_quality", &self.data_quality)?,
            gap: number("why.gap", &self.gap)?,
            stress_flag: self.stress_flag,
            mm_reasons: self.mm_reasons.clone(),
            fallback_m_ppm,
            valid_until,
            stages: self.stages.iter().map(|v| number("why.stages", v)).collect::<Result<_, _>>()?,
            interest: match &self.interest {
                Some([soft, hard]) => {
                    let read = |v| number("why.interest", v);
                    Some(InterestCaps { soft: read(soft)?, hard: read(hard)? })
                }
                None => None,
            },
            blast: match &self.blast {
                Some(b) => Some(Impact { accounts: b.accounts, notional: number("why.blast", &b.notional)? }),
                None => None,
            },
            risk_score: self.risk.as_ref().map(Risk::read).transpose()?,
            traffic_light: self.light,
        })
    }
}
