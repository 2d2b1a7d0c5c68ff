//! Why a published multiplier is what it is, in words and numbers, from the publication alone.
//!
//! The chain is that of [`crate::margin::multiplier`]:
//! `m0 = f / b`; `m1 = 1 + c (m0 - 1)` where that is a rise, else 1; `m2` at least what the stressed
//! regime asks; `m3` with the charge for vanished liquidity; `m4` within its bounds. Then the
//! guardrails act on the requirement, and what they leave is published.

use serde::Serialize;
use utoipa::ToSchema;

use super::Publication;
use super::publication::Status;
use crate::base::{Symbol, Ts};
use crate::margin::Reason;

/// One step from baseline to publication.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Link {
    /// Its name: b, f, c, m0 to m4, m.
    pub name: &'static str,
    /// Its value; null where there is none.
    pub value: Option<String>,
    /// The step in words and numbers.
    pub text: String,
}

/// One guardrail or circumstance that acted.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Acted {
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
    pub chain: Vec<Link>,
    /// What bound, in the order it acted.
    pub guardrails: Vec<Acted>,
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
        let acted: Vec<Acted> = p.reasons.iter().map(|r| Acted { code: *r, text: meaning(*r) }).collect();
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

fn chain(p: &Publication) -> Vec<Link> {
    let (b, f, c) = (parsed(&p.baseline.loss), parsed(&p.forecast.loss), parsed(&p.forecast.credibility));
    let raw = parsed(&p.multiplier_raw);
    let link = |name, value: Option<String>, text: String| Link { name, value, text };
    let mut chain = vec![
        link(
            "b",
            p.baseline.loss.clone(),
            b.map_or("no usable baseline".into(), |b| format!("baseline loss at 99 %: {} of notional", percent(b))),
        ),
        link(
            "f",
            p.forecast.loss.clone(),
            f.map_or("no usable forecast: the baseline alone decides".into(), |f| {
                format!("forecast loss at 99 %: {} of notional", percent(f))
            }),
        ),
        link(
            "c",
            p.forecast.credibility.clone(),
            c.map_or("no weight".into(), |c| {
                format!("weight of the forecast, from its recent breaches: {}", percent(c))
            }),
        ),
    ];
    let m0 = b.zip(f).map_or(1.0, |(b, f)| f / b);
    let m1 = if m0 > 1.0 { 1.0 + c.unwrap_or(0.0) * (m0 - 1.0) } else { 1.0 };
    chain.push(link("m0", shown(m0), "forecast over baseline, f / b".into()));
    chain.push(link(
        "m1",
        shown(m1),
        if m0 > 1.0 {
            format!("the credible part of the rise, 1 + c (m0 - 1) = 1 + {:.4} x {:.6}", c.unwrap_or(0.0), m0 - 1.0)
        } else {
            "the forecast is not above the baseline: no discount".into()
        },
    ));
    if let Some(raw) = raw {
        // The chain only ever adds after m1; what it added is the stressed regime's share and the
        // liquidity charge together.
        let lift = raw - m1;
        let stress =
            parsed(&p.forecast.p_stress).map_or(String::new(), |s| format!(" (probability of stress {})", percent(s)));
        let text = if lift > 1e-12 {
            format!("lifted by {lift:.6} for the stressed regime and vanished liquidity{stress}")
        } else {
            format!("nothing to add for the stressed regime or vanished liquidity{stress}")
        };
        chain.push(link("m2", None, "at least what the stressed regime asks; part of m3 below".into()));
        chain.push(link("m3", shown(raw), text));
        let bound = p.reasons.iter().find(|r| matches!(r, Reason::Cap | Reason::Floor));
        chain.push(match bound {
            Some(r) => link("m4", None, format!("{}: {}", code(*r), meaning(*r))),
            None => link("m4", shown(raw), "within its bounds".into()),
        });
    }
    let text = format!("published after the guardrails; maintenance margin {}", p.multiplier_mm);
    chain.push(link("m", Some(p.multiplier.clone()), text));
    chain
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
        Reason::EmergencyLane => "the larger upward step of the emergency lane was used",
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
        Reason::NoBaseline => "no usable baseline; nothing new is published",
        Reason::NonFinite => "a number was not finite; the previous value holds",
        Reason::PostClampDeviation => "what followed from the clamped set moved against intent; the set was rejected",
        Reason::Kill => "an operator froze publication",
    }
}
