//! From decisions to publications: numbers without gaps, each row naming the one before it.

use std::collections::BTreeMap;

use super::publication::{
    Cause, ModelRef, Publication, PublishedBaseline, PublishedForecast, PublishedRequirement, SCHEMA,
};
use super::text::{decimal, iso, ppm};
use super::why::PublishedWhy;
use crate::base::{Digest, Symbol, Ts};
use crate::margin::Decision;

/// Numbers publications and remembers what was published last.
#[derive(Clone, Debug)]
pub struct Numbering {
    /// The venue, for instrument ids.
    pub venue: String,
    /// The models in force.
    pub model: ModelRef,
    next: u64,
    last: BTreeMap<(Symbol, String), (u64, String)>,
}

/// What caused a set of decisions, and when they are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// What caused them.
    pub cause: Cause,
    /// How many events of the instrument had been consumed.
    pub consumed: u64,
    /// When they are published.
    pub at: Ts,
}

impl Numbering {
    /// Before the first publication.
    pub fn new(venue: &str, model: ModelRef) -> Numbering {
        Numbering { venue: venue.into(), model, next: 1, last: BTreeMap::new() }
    }
    /// Takes note of a publication of the past.
    pub fn remember(&mut self, old: &Publication) {
        self.next = old.seq + 1;
        self.last.insert((old.symbol, old.horizon.clone()), (old.seq, old.multiplier.clone()));
    }
    /// The number of the next publication.
    pub fn next(&self) -> u64 {
        self.next
    }
    /// Publishes one row of a set of decisions made together.
    pub fn row(&mut self, decision: &Decision, set: &[Decision], occasion: Occasion) -> Publication {
        let horizon = iso(decision.horizon);
        let multiplier = ppm(decision.m_im_ppm);
        let seq = self.next;
        self.next += 1;
        let before = self.last.insert((decision.symbol, horizon.clone()), (seq, multiplier.clone()));
        let Decision { symbol, ts, state, config_digest, .. } = *decision;
        Publication {
            schema: SCHEMA.into(),
            seq,
            prev_seq: before.as_ref().map(|b| b.0),
            set_id: set_id(set),
            set_size: set.len() as u32,
            instrument_id: format!("{symbol}.{}", self.venue.to_uppercase()),
            symbol,
            horizon,
            confidence: "0.99".into(),
            multiplier,
            multiplier_mm: ppm(decision.m_mm_ppm),
            multiplier_new: Some(ppm(decision.m_new_ppm())),
            multiplier_transfer: Some(ppm(decision.m_transfer_ppm)),
            multiplier_raw: decimal(decision.m_raw),
            previous_value: before.map(|b| b.1),
            requirement: PublishedRequirement {
                initial: decimal(decision.c_im),
                maintenance: decimal(decision.c_mm),
                new: decimal(decision.c_new()),
            },
            baseline: PublishedBaseline { loss: decimal(decision.baseline) },
            forecast: PublishedForecast {
                loss: decision.forecast_loss.and_then(decimal),
                credibility: None,
                p_stress: decision.p_stress.and_then(decimal),
            },
            reasons: decision.reasons.clone(),
            state,
            status: state.into(),
            as_of: ts,
            published_at: occasion.at,
            effective_at: occasion.at,
            valid_until: decision.why.valid_until,
            fallback: ppm(decision.why.fallback_m_ppm),
            model: ModelRef { digest: decision.model_digest, ..self.model.clone() },
            config_digest,
            why: PublishedWhy::from(&decision.why),
            cause: occasion.cause,
            consumed: occasion.consumed,
            code: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

/// The same decisions give the same id on every run.
fn set_id(set: &[Decision]) -> String {
    let text: String = set.iter().map(|d| format!("{}|{}|{}\n", d.symbol, iso(d.horizon), d.ts)).collect();
    Digest::of(text.as_bytes()).to_string()[..16].to_string()
}

#[cfg(test)]
mod tests {
    use super::super::text::from_iso;
    use super::*;
    use crate::base::{Horizon, Span};
    use crate::margin::guardrail::blast::Impact;
    use crate::margin::guardrail::interest_caps::InterestCaps;
    use crate::margin::risk_score::{RiskScore, RiskWeights};
    use crate::margin::traffic_light::TrafficLightReading;
    use crate::margin::{Reason, State, Why};

    fn decision() -> Decision {
        Decision {
            symbol: "BTCUSDT".parse().unwrap(),
            ts: Ts(1_700_000_000_000_000_001),
            horizon: Horizon(Span::DAY),
            baseline: 0.1 + 0.2,
            forecast_loss: Some(1.0 / 3.0),
            m_raw: f64::MIN_POSITIVE,
            m_im_ppm: 1_250_001,
            m_mm_ppm: 999_999,
            m_transfer_ppm: 1_250_001,
            c_im: 5e-324,
            c_mm: 1e300,
            state: State::Hold,
            reasons: vec![Reason::StepUp, Reason::Stale],
            p_stress: None,
            model_digest: Digest::of(b"model"),
            config_digest: Digest::of(b"config"),
            why: Why {
                m0: 1.0 / 7.0,
                m2: f64::MAX,
                stress_flag: true,
                mm_reasons: vec![Reason::Notice],
                stages: vec![0.1, 0.1 + 0.2],
                interest: Some(InterestCaps { soft: 1.0 / 3.0, hard: 1e300 }),
                blast: Some(Impact { accounts: 3, notional: 0.1 + 0.2 }),
                risk_score: RiskScore::of(
                    &[Some(1.0 / 3.0), None, Some(0.7), None, None, Some(0.0)],
                    &RiskWeights::default(),
                ),
                traffic_light: Some(TrafficLightReading {
                    light: crate::loss::test::traffic_light::Light::Yellow,
                    breaches: 6,
                    outcomes: 250,
                }),
                fallback_m_ppm: 1_250_001,
                valid_until: Ts(1_700_000_000_000_000_009),
                ..Why::default()
            },
        }
    }

    fn numbering() -> Numbering {
        let digest = Digest::of(b"m");
        let text = |t: &str| t.to_string();
        let model = ModelRef {
            name: text("sample"),
            version: text("000001"),
            alias: text("champion"),
            manifest: digest,
            digest,
        };
        Numbering::new("binance", model)
    }

    const OCCASION: Occasion = Occasion { cause: Cause::Row, consumed: 7, at: Ts(5) };

    #[test]
    fn a_decision_survives_its_publication_bit_for_bit() {
        let made = decision();
        let published = numbering().row(&made, std::slice::from_ref(&made), OCCASION);
        let text = serde_json::to_string(&published).unwrap();
        let read: Publication = serde_json::from_str(&text).unwrap();
        assert_eq!(read.decision().unwrap(), made);
        assert!(read.differences(&made).is_empty());
        let other = Decision { c_im: 1e-323, ..made };
        assert_eq!(read.differences(&other).len(), 1);
    }
    #[test]
    fn an_absent_number_is_null_and_comes_back_as_nan() {
        let made = Decision { baseline: f64::NAN, ..decision() };
        let published = numbering().row(&made, std::slice::from_ref(&made), OCCASION);
        assert_eq!(published.baseline.loss, None);
        assert!(published.decision().unwrap().baseline.is_nan());
        assert!(published.differences(&made).is_empty());
    }
    #[test]
    fn each_row_names_the_one_before_it() {
        let (mut numbering, made) = (numbering(), decision());
        let later = Decision { m_im_ppm: 2_000_000, ..made.clone() };
        let other = Decision { horizon: Horizon(Span::HOUR), ..made.clone() };
        let set = [made.clone(), other.clone()];
        let first = numbering.row(&made, &set, OCCASION);
        let beside = numbering.row(&other, &set, OCCASION);
        let second = numbering.row(&later, std::slice::from_ref(&later), OCCASION);
        assert_eq!((first.seq, first.prev_seq, beside.seq, beside.prev_seq), (1, None, 2, None));
        assert_eq!((first.set_id == beside.set_id, first.set_size), (true, 2));
        assert_eq!((second.seq, second.prev_seq, second.previous_value.as_deref()), (3, Some(1), Some("1.250001")));
        assert_eq!((first.fallback.as_str(), first.valid_until), ("1.250001", made.why.valid_until));
    }
    #[test]
    fn horizons_read_back() {
        for ns in [1, 250_000_000, 1_000_000_000, 90_000_000_000, 3_600_000_000_000, 86_400_000_000_000] {
            assert_eq!(from_iso(&iso(Horizon(Span(ns)))), Some(Horizon(Span(ns))));
        }
        assert_eq!(iso(Horizon(Span::DAY)), "PT24H");
        assert_eq!((from_iso("P1D"), from_iso("PT"), from_iso("PTxH")), (None, None, None));
    }
}
