//! From a multiplier to what is asked.

use margincast::base::{Span, Ts};
use margincast::margin::apc::{Apc, MeasuredLoss, Stage};
use margincast::margin::e_detector::EDetector;
use margincast::margin::guardrail::blast::{Accounts, Exposure};
use margincast::margin::guardrail::hysteresis::{Flag, Hysteresis};
use margincast::margin::guardrail::interest_caps::InterestCaps;
use margincast::margin::guardrail::recheck::{Deviation, Limit, clamp_set};
use margincast::margin::guardrail::staleness::Staleness;
use margincast::margin::risk_score::{Band, RiskScore, RiskWeights};
use margincast::margin::{Blend, ChainInputs, Guardrail, Policy, Proposal, Reason, State};
use serde::Deserialize;

use super::{case, near};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guard {
    policy: Policy,
    step: Vec<GuardStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardStep {
    b: f64,
    m: f64,
    c: f64,
    gap: Option<f64>,
    published: f64,
    reasons: Vec<Reason>,
}

fn guardrail(name: &str) {
    let Guard { policy, step } = case(name);
    let mut guard = Guardrail::new(policy).expect("policy");
    for (i, want) in step.iter().enumerate() {
        let ts = Ts(0) + Span::DAY.times(i as i64);
        let proposal = Proposal { ts, baseline: want.b, m: want.m, p_stress: vec![], long_run_var: None };
        let got = guard.step(&proposal).expect("a baseline");
        near(got.c_im, want.c, 1e-12);
        assert_eq!(got.m_im_ppm, (want.published * 1e6).round() as u64, "step {i}");
        assert_eq!(got.reasons, want.reasons, "step {i}");
        assert_eq!(got.state, State::Fresh);
        if let Some(gap) = want.gap {
            near(got.gap, gap, 1e-12);
        }
    }
}

#[test]
fn lift_only_never_asks_less_than_the_baseline() {
    guardrail("guardrail_lift_only");
}

#[test]
fn managed_total_lags_the_baseline_and_publishes_the_gap() {
    guardrail("guardrail_managed_total");
}

#[test]
fn regime_flag_rises_after_two_and_falls_after_six() {
    #[derive(Deserialize)]
    struct Case {
        p_stress: Vec<f64>,
        flag: Vec<u8>,
    }
    let case: Case = case("regime_flag");
    let mut flag = Flag::default();
    let got: Vec<u8> = case.p_stress.iter().map(|p| u8::from(flag.update(*p, &Hysteresis::default()))).collect();
    assert_eq!(got, case.flag);
}

#[test]
fn stale_inputs_lead_down_the_ladder_to_the_fallback() {
    #[derive(Deserialize)]
    struct Case {
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        last_m: f64,
        age_s: i64,
        m: f64,
        state: State,
    }
    for row in case::<Case>("staleness").case {
        let (state, m) = Staleness::default().at(Span::SECOND.times(row.age_s), row.last_m);
        near(m, row.m, 1e-12);
        assert_eq!(state, row.state);
        // The same through the state machine: the last fresh multiplier, then only the clock.
        let mut guard = Guardrail::new(Policy::default()).expect("policy");
        let fresh = Proposal { ts: Ts(0), baseline: 0.04, m: row.last_m, p_stress: vec![], long_run_var: None };
        let before = guard.step(&fresh).expect("a baseline");
        let now = guard.tick(Ts(0) + Span::SECOND.times(row.age_s)).unwrap_or(before);
        near(now.c_im, row.m * 0.04, 1e-12);
        assert_eq!(now.state, row.state);
    }
}

#[test]
fn chain_is_the_blend_with_what_is_likely_and_illiquid() {
    #[derive(Deserialize)]
    struct Case {
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        why: String,
        b: f64,
        f: f64,
        w: f64,
        #[serde(default)]
        p_stress: f64,
        stressed: f64,
        #[serde(default)]
        a: f64,
        blend: f64,
        raw: f64,
        m: f64,
        reasons: Vec<Reason>,
    }
    for row in case::<Case>("multiplier_chain").case {
        let inputs = ChainInputs {
            baseline: row.b,
            forecast: Some(row.f),
            blend: Blend { weight: row.w, level: 1.0, stress_link: 1.0 },
            p_stress: row.p_stress,
            stressed: row.stressed,
            liquidity: row.a,
        };
        let chain = inputs.chain(1.0, 2.0).expect("a baseline");
        near(chain.m1, row.blend, 1e-10);
        near(chain.m3, row.raw, 1e-10);
        near(chain.m4, row.m, 1e-10);
        assert_eq!(chain.reasons, row.reasons, "{}", row.why);
    }
}

#[test]
fn evidence_grows_with_each_breach_and_fades_without() {
    #[derive(Deserialize)]
    struct Case {
        breach: Vec<u8>,
        level: f64,
        evidence: Vec<f64>,
    }
    let case: Case = case("e_detector");
    let mut detector = EDetector::new(1);
    assert_eq!(case.breach.len(), case.evidence.len());
    for (breach, want) in case.breach.iter().zip(&case.evidence) {
        detector.push(Some(f64::from(*breach) / (1.0 - case.level)));
        near(detector.evidence(), *want, 1e-9);
    }
}

#[test]
fn a_clamp_that_makes_coupled_fields_disagree_rejects_the_whole_set() {
    #[derive(Deserialize)]
    struct Case {
        ratio: f64,
        ratio_wanted: f64,
        ratio_limit_up: f64,
        ratio_clamped: f64,
        days: f64,
        days_wanted: f64,
        cap_clamped: f64,
        live: f64,
        deviation: f64,
        tolerance: f64,
    }
    let c: Case = case("coupled_fields");
    let limit = Limit { up: c.ratio_limit_up, down: f64::INFINITY };
    near(limit.clamp(c.ratio, c.ratio_wanted), c.ratio_clamped, 1e-12);
    let growth = (c.cap_clamped / c.ratio_clamped - 1.0) / c.days_wanted;
    let derive = |set: &[f64; 2]| set[0] * (1.0 + growth * set[1]);
    let set =
        |limits| clamp_set([c.ratio, c.days], [c.ratio_wanted, c.days_wanted], limits, derive, c.live, c.tolerance);
    let Err(Deviation::Live(off)) = set([limit, Limit::NONE]) else { panic!("must be rejected") };
    near(off, c.deviation, 1e-5);
    // Unclamped, the two fields agree with the live price within the tolerance, and all is applied.
    assert_eq!(set([Limit::NONE, Limit::NONE]), Ok([c.ratio_wanted, c.days_wanted]));
}

#[test]
fn apc_stages_give_the_baselines_of_the_regulation() {
    #[derive(Deserialize)]
    struct Case {
        stress_weight: Weight,
        buffer: Vec<Buffer>,
        floor: Vec<Floor>,
    }
    #[derive(Deserialize)]
    struct Weight {
        u: f64,
        s: f64,
        b: f64,
    }
    #[derive(Deserialize)]
    struct Buffer {
        u: f64,
        r#ref: f64,
        b: f64,
        left: f64,
    }
    #[derive(Deserialize)]
    struct Floor {
        u: f64,
        long_run: f64,
        b: f64,
    }
    let case: Case = case("apc_stages");
    let at = |n: i64, var| MeasuredLoss { ts: Ts(0) + Span::DAY.times(n), var, stressed: f64::NAN, long_run: f64::NAN };
    let weight = Stage::StressWeight { weight: 0.25 };
    let w = case.stress_weight;
    let trail = Apc::new(&[weight]).expect("a stage").step(&MeasuredLoss { stressed: w.s, ..at(0, w.u) });
    near(trail[1], w.b, 1e-15);
    for row in case.buffer {
        let buffer = Stage::Buffer { add: 0.25, window: Span::DAY.times(250) };
        let mut apc = Apc::new(&[buffer]).expect("a stage");
        (0..249).for_each(|n| drop(apc.step(&at(n, row.r#ref))));
        let b = apc.step(&at(249, row.u))[1];
        near(b, row.b, 1e-15);
        near(b / row.u - 1.0, row.left, 5e-4);
    }
    for row in case.floor {
        let trail =
            Apc::new(&[Stage::Floor]).expect("a stage").step(&MeasuredLoss { long_run: row.long_run, ..at(0, row.u) });
        near(trail[1], row.b, 0.0);
    }
}

#[test]
fn risk_score_is_the_sum_of_its_contributions() {
    #[derive(Deserialize)]
    struct Case {
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        u: [f64; 6],
        parts: [f64; 6],
        score: f64,
        band: Band,
    }
    for row in case::<Case>("risk_score").case {
        let got = RiskScore::of(&row.u.map(Some), &RiskWeights::default()).expect("a score");
        near(got.points(), row.score, 0.0);
        assert_eq!(got.parts.iter().flatten().sum::<u64>(), got.total, "exactly");
        got.parts.iter().zip(row.parts).for_each(|(g, w)| near(g.expect("a part") as f64 / 1e6, w, 0.0));
        assert_eq!(got.band(), row.band);
    }
}

#[test]
fn a_rise_of_maintenance_margin_has_a_blast_radius() {
    #[derive(Deserialize)]
    struct Case {
        accounts: Vec<(f64, f64)>,
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        mm: f64,
        accounts: u64,
        notional: f64,
        share: f64,
    }
    let case: Case = case("blast_radius");
    let exposure = Accounts { accounts: case.accounts, stressed_depth: 0.0 };
    for row in case.case {
        let got = exposure.newly_liquidatable(0.0, row.mm);
        assert_eq!((got.accounts, got.notional), (row.accounts, row.notional));
        near(got.notional / exposure.open_interest(), row.share, 5e-5);
    }
}

#[test]
fn initial_margin_rises_with_open_interest_between_its_caps() {
    #[derive(Deserialize)]
    struct Case {
        base: f64,
        soft: f64,
        hard: f64,
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        interest: f64,
        fraction: f64,
    }
    let case: Case = case("open_interest");
    let caps = InterestCaps { soft: case.soft, hard: case.hard };
    case.case.iter().for_each(|row| near(caps.fraction(case.base, row.interest), row.fraction, 1e-12));
}
