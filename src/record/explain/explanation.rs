//! Why a published multiplier is what it is, in words and numbers, from the publication alone.
//!
//! The chain is that of [`crate::margin::multiplier`]:
//! `m0 = f / b`; `m1 = k m0^w`, the blend; `m2` at least what the stressed regime asks; `m3` with the charge
//! for vanished liquidity; `m4` within its bounds. Then the guardrails act on the requirement, and what they leave
//! is published. Publications of before the blend had `m1 = 1 + c (m0 - 1)` where that is a rise, else 1.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{Symbol, Ts};
use crate::margin::Reason;
use crate::margin::numbers::numbers;
use crate::record::ledger::{Publication, PublishedRiskScore, Status};

/// One step from baseline to publication.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Link)]
pub struct ChainStep {
    /// Its name: b, f, w, m0 to m4, m; c in place of w before the blend; S where the schedule moved the margin.
    pub name: &'static str,
    /// Its value; null where there is none.
    pub value: Option<String>,
    /// The step in words and numbers.
    pub text: String,
}

/// One guardrail or circumstance that acted.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Acted)]
pub struct GuardrailActed {
    /// Its code.
    #[schema(value_type = String)]
    pub code: Reason,
    /// What it means.
    pub text: &'static str,
}

/// Why one published multiplier is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Explanation {
    /// Publication number.
    pub seq: u64,
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Margin period of risk.
    pub horizon: String,
    /// Close of the last window used, or the time of the tick.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Ts,
    /// Where on the staleness ladder.
    pub status: Status,
    /// From baseline to publication, in order.
    pub chain: Vec<ChainStep>,
    /// What bound, in the order it acted.
    pub guardrails: Vec<GuardrailActed>,
    /// The whole in one sentence.
    pub summary: String,
}

fn parsed(text: &Option<String>) -> Option<f64> {
    text.as_ref().and_then(|t| t.parse().ok())
}

fn percent(value: f64) -> String {
    format!("{:.3} %", value * 100.0)
}

fn shown(value: f64) -> Option<String> {
    value.is_finite().then(|| format!("{value:.6}"))
}

impl Explanation {
    /// Of a publication.
    pub fn of(p: &Publication) -> Explanation {
        let acted: Vec<GuardrailActed> =
            p.reasons.iter().map(|r| GuardrailActed { code: *r, text: meaning(*r) }).collect();
        let codes: Vec<String> = p.reasons.iter().map(|r| code(*r)).collect();
        let because = if codes.is_empty() { "no guardrail bound".into() } else { codes.join(", ") };
        let moved = p.previous_value.as_ref().map_or(String::new(), |v| format!(", after {v}"));
        let asked = parsed(&p.requirement.initial)
            .map_or(String::new(), |c| format!(", which asks {} of notional", percent(c)));
        let summary = format!(
            "{} over {}: {}{moved}{asked} ({}; {because})",
            p.symbol,
            p.horizon,
            p.multiplier,
            p.status.as_str()
        );
        Explanation {
            seq: p.seq,
            symbol: p.symbol,
            horizon: p.horizon.clone(),
            as_of: p.as_of,
            status: p.status,
            chain: chain(p),
            guardrails: acted,
            summary,
        }
    }
    /// For people: one line per step.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("publication {} as of {}", self.seq, self.as_of), self.summary.clone()];
        lines.extend(
            self.chain.iter().map(|l| format!("  {:<3} {:<12} {}", l.name, l.value.as_deref().unwrap_or("-"), l.text)),
        );
        lines.extend(self.guardrails.iter().map(|g| format!("  {:<16} {}", code(g.code), g.text)));
        lines
    }
}

fn chain(p: &Publication) -> Vec<ChainStep> {
    let number = |text: &Option<String>| parsed(text).unwrap_or(f64::NAN);
    let (b, f) = (number(&p.baseline.loss), number(&p.forecast.loss));
    let (m0, m1, m2) = (number(&p.why.m0), number(&p.why.m1), number(&p.why.m2));
    let (m3, m4) = (number(&p.multiplier_raw), number(&p.why.m4));
    let link = |name, value: f64, text: String| ChainStep { name, value: shown(value), text };
    let forecast = if f.is_finite() {
        format!("forecast 99 % loss, {} of notional", percent(f))
    } else {
        "no usable forecast: the baseline alone decides".into()
    };
    let (weight, blend) = blend(p, m0);
    let stress = match parsed(&p.forecast.p_stress) {
        Some(s) if m2 > m1 => format!(
            "the stressed regime, of probability {}, wants {} of notional and lifts by {:.6}",
            percent(s),
            percent(number(&p.why.stressed)),
            m2 - m1
        ),
        Some(s) => format!("the stressed regime, of probability {}, wants no more", percent(s)),
        None => "no model gives the probability of the stressed regime".into(),
    };
    let charge = if m3 > m2 {
        format!("with a charge of {:.6} for vanished liquidity", m3 - m2)
    } else {
        "no charge for vanished liquidity".into()
    };
    let bound = if m4 == m3 { "within its bounds".into() } else { format!("moved by {:+.6} to its bound", m4 - m3) };
    let gap = number(&p.why.gap);
    let still = if gap > 0.0 { format!("; {} of notional below what m4 wants", percent(gap)) } else { String::new() };
    let mut steps = vec![
        link("b", b, format!("baseline 99 % loss, {} of notional", percent(b))),
        link("f", f, forecast),
        weight,
        link("m0", m0, "forecast over baseline: f / b".into()),
        link("m1", m1, blend),
        link("m2", m2, stress),
        link("m3", m3, charge),
        link("m4", m4, bound),
    ];
    steps.extend(scheduled(p));
    steps.push(ChainStep {
        name: "m",
        value: Some(p.multiplier.clone()),
        text: format!("published after the guardrails; maintenance margin {}{still}{}", p.multiplier_mm, beside(p)),
    });
    steps
}

/// The factor of the schedule, where it moved what is asked.
fn scheduled(p: &Publication) -> Option<ChainStep> {
    let number = |text: &Option<Option<String>>| text.as_ref().and_then(parsed);
    let (factor, before) = (number(&p.why.schedule)?, number(&p.why.unscheduled)?);
    let asked = parsed(&p.requirement.initial).filter(|asked| *asked != before)?;
    let text = format!(
        "factor of the schedule of this hour, known a week ahead: {} of notional before it, {} asked",
        percent(before),
        percent(asked)
    );
    Some(ChainStep { name: "S", value: shown(factor), text })
}

/// The weight of the forecast, and what it makes of the ratio `m0`.
fn blend(p: &Publication, m0: f64) -> (ChainStep, String) {
    let step = |name, value: f64, text: String| ChainStep { name, value: shown(value), text };
    let number = |text: &Option<Option<String>>| text.as_ref().and_then(parsed).unwrap_or(f64::NAN);
    if let Some(c) = parsed(&p.forecast.credibility) {
        let weight = step("c", c, format!("weight of the forecast, from its recent breaches: {}", percent(c)));
        let rise = if m0 > 1.0 {
            format!("the credible part of the rise: 1 + c (m0 - 1) = 1 + {c:.4} x {:.6}", m0 - 1.0)
        } else {
            "the forecast is not above the baseline, and discounts are not given".into()
        };
        return (weight, rise);
    }
    let (w, k) = (number(&p.why.blend_weight), number(&p.why.blend_level));
    if !w.is_finite() {
        return (step("w", w, "no blend".into()), "a multiplier that is no blend".into());
    }
    let text = format!("weight of the forecast in the blend: {}", percent(w));
    (step("w", w, text), format!("the blend: k m0^w = {k:.4} x {m0:.6}^{w:.4}"))
}

/// What is published beside the multipliers of margin.
fn beside(p: &Publication) -> String {
    let transfer = p.multiplier_transfer.as_ref().map(|m| format!("; withdrawals {m}"));
    let new = p.multiplier_new.as_ref().map(|m| format!("; what opens, adds or withdraws {m}"));
    let set = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".into());
    let interest = p.why.interest.as_ref().map(|[s, h]| format!("; open interest {} soft, {} hard", set(s), set(h)));
    let risk = p.why.risk.as_ref().map(risk);
    let blast = p.why.blast.as_ref();
    let blast = blast.map(|b| format!("; the rise liquidates {} accounts of {}", b.accounts, set(&b.notional)));
    let light = p.why.light.as_ref();
    let zone = |l: &crate::margin::traffic_light::TrafficLightReading| format!("{:?}", l.light).to_lowercase();
    let light = light.map(|l| format!("; traffic light {} ({} breaches of {})", zone(l), l.breaches, l.outcomes));
    let declared = p.decision().map(|d| numbers().filter_map(|n| n.explained(&d)).map(|t| format!("; {t}")).collect());
    [new, transfer, interest, blast, risk, light, declared.ok()].into_iter().flatten().collect()
}

/// The risk score, and what is not in it.
fn risk(r: &PublishedRiskScore) -> String {
    let points = |text: &String| text.parse::<f64>().map_or_else(|_| text.clone(), |v| format!("{v:.1}"));
    let band = serde_json::to_value(r.band).ok().and_then(|v| v.as_str().map(String::from)).unwrap_or_default();
    let parts: Vec<String> = r.parts.iter().map(|(name, part)| format!("{name} {}", points(part))).collect();
    let absent = if r.absent.is_empty() { String::new() } else { format!("; not known: {}", r.absent.join(", ")) };
    format!("; risk score {} ({band}): {}{absent}", points(&r.score), parts.join(", "))
}

fn code(reason: Reason) -> String {
    serde_json::to_value(reason).ok().and_then(|v| v.as_str().map(String::from)).unwrap_or_default()
}

fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::Cap => "the multiplier was above its cap",
        Reason::Floor => "the multiplier was below its floor",
        Reason::StepUp => "the upward step limit bound",
        Reason::StepDn => "the downward step limit bound",
        Reason::Budget => "the budget of a window bound: rises over any stretch of that length",
        Reason::EmergencyLane => "the emergency lane was used: steps and budgets are doubled",
        Reason::Deadband => "the change was too small to publish",
        Reason::Cooldown => "a decrease waits for confirmation, or for time since the last change",
        Reason::BaselineFloor => "the requirement was lifted to the baseline",
        Reason::Lag => "the requirement lags the baseline within what is allowed",
        Reason::LagMax => "the allowed lag is used up; the requirement was lifted",
        Reason::TotalLift => "the limit on the total lift over the long-run bound",
        Reason::DayLift => "the limit on the rise over one day",
        Reason::CrossField => "initial margin was lifted to stay above maintenance margin",
        Reason::Notice => "a step of maintenance margin waits for its notice",
        Reason::Stale => "inputs are stale",
        Reason::NoForecast => "no usable forecast; the baseline alone decides",
        Reason::PartialForecast => "members of the forecast are silent; the others speak for them",
        Reason::HorizonLift => "the forecast over a shorter horizon is larger, and was taken",
        Reason::ForecastSilenced => "losses exceeded the forecast too often: it is not heard",
        Reason::ForecastCostly => "the forecast costs more than the baseline: its weight is lowered",
        Reason::NoBaseline => "no usable baseline; nothing new is published",
        Reason::NonFinite => "a number was not finite; the previous value holds",
        Reason::PostClampDeviation => "what followed from the clamped set moved against intent; the set was rejected",
        Reason::Thin => "the book is thin: nothing falls, and initial margin aims higher",
        Reason::LowConfidence => "little confidence in the inputs: the multiplier is raised, and nothing falls",
        Reason::Override => "people set the multiplier, for a time",
        Reason::BlastRadius => {
            "a rise of maintenance margin would liquidate too many at once; it is spread over more steps"
        }
        Reason::TrafficYellow => "the traffic light is yellow: the multiplier aimed at is at least 1.10",
        Reason::TrafficRed => {
            "the traffic light is red: the champion is not heard, the baseline times 1.25 is aimed at"
        }
        Reason::Kill => "an operator froze publication",
    }
}
