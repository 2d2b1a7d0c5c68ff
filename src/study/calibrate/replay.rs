//! What a policy would have asked: recorded decisions through the chain and the guardrails once more.
//!
//! Proposal and conditions are those that a decider makes of a row, so the policy that made the decisions asks what
//! was recorded, bit for bit.

use super::recorded::{RecordedRow, RecordedSeries};
use crate::base::Ts;
use crate::margin::{Blend, ChainInputs, Conditions, Guardrail, PolicySettings, Proposal};
use crate::study::Error;

/// Policies one after the other: each from its time on, until the next one's.
pub type Schedule<'a> = &'a [(Ts, PolicySettings)];

/// Initial margin asked at each row, fraction of notional; NaN where nothing could be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AskedMargin {
    /// What was published.
    pub c: Vec<f64>,
    /// The same before the schedule: what nobody could know ahead.
    pub unscheduled: Vec<f64>,
    /// What opens, adds or withdraws was asked.
    pub new: Vec<f64>,
    /// The same before the schedule.
    pub unscheduled_new: Vec<f64>,
}

impl AskedMargin {
    /// What is new, in the place of initial margin.
    #[must_use]
    pub fn of_new(self) -> AskedMargin {
        AskedMargin { c: self.new.clone(), unscheduled: self.unscheduled_new.clone(), ..self }
    }
}

/// Initial margin asked at each row by one policy.
///
/// # Errors
/// A setting is out of range.
pub fn replay(of: &RecordedSeries, policy: &PolicySettings) -> Result<AskedMargin, Error> {
    replay_schedule(of, &[(Ts(i64::MIN), *policy)])
}

/// As [`replay`], with other policies from times on: what is in force then moves on under the new settings.
///
/// # Errors
/// A setting is out of range, or there is no policy.
pub fn replay_schedule(of: &RecordedSeries, schedule: Schedule<'_>) -> Result<AskedMargin, Error> {
    let wrong = |e: crate::margin::Error| Error::Plan(format!("calibrate: {e}"));
    let Some(((_, first), mut later)) = schedule.split_first() else {
        return Err(Error::Plan("calibrate: no policy to replay".into()));
    };
    let mut guardrail = Guardrail::new(first.guardrail).map_err(wrong)?.without_headroom();
    let mut policy = *first;
    let mut proposal = Proposal { ts: Ts(0), baseline: 0.0, m: 1.0, p_stress: Vec::new(), long_run_var: None };
    let mut asked = AskedMargin::default();
    for row in &of.rows {
        while let Some(((from, next), rest)) = later.split_first()
            && *from <= row.ts
        {
            (policy, later) = (*next, rest);
            guardrail.settle(policy.guardrail).map_err(wrong)?;
        }
        proposal.ts = row.at;
        proposal.baseline = row.baseline;
        proposal.m = multiplier(row, &policy);
        proposal.p_stress.clear();
        proposal.p_stress.extend(row.p_stress.into_iter().chain(row.p_stress.and(row.p_spike)));
        proposal.long_run_var = row.long_run_var;
        let (confidence, schedule) = (Some(row.confidence), Some(row.schedule));
        let output = guardrail.step_under(&proposal, &Conditions { confidence, schedule, ..Conditions::default() });
        asked.c.push(output.as_ref().map_or(f64::NAN, |o| o.c_im));
        asked.unscheduled.push(output.as_ref().map_or(f64::NAN, |o| o.unscheduled));
        asked.new.push(output.as_ref().map_or(f64::NAN, |o| o.c_new));
        asked.unscheduled_new.push(output.map_or(f64::NAN, |o| o.unscheduled_new));
    }
    Ok(asked)
}

/// The multiplier that a policy's chain gives; NaN, at which guardrails hold, without a baseline.
fn multiplier(row: &RecordedRow, policy: &PolicySettings) -> f64 {
    let own = policy.blend;
    let inputs = ChainInputs {
        baseline: row.baseline,
        forecast: row.forecast_loss,
        blend: Blend { weight: own.weight * row.heard, ..own },
        p_stress: row.p_stress.unwrap_or(0.0),
        stressed: row.stressed,
        liquidity: 0.0,
    };
    inputs.chain(policy.guardrail.m_min, policy.guardrail.im.m_max).map_or(f64::NAN, |chain| chain.m3)
}
