//! What the made-up study says beyond scores.

use super::fixtures::{MODELS, Noise, POLICIES, horizons, scopes, score, symbols};
use crate::base::Horizon;
use crate::base::Span;
use crate::base::Ts;
use crate::loss::Side;
use crate::loss::procyclical::procyclicality::Call;
use crate::loss::test::traffic_light::Action;
use crate::loss::test::traffic_light::Light;
use crate::margin::guardrail::pace::Budget;
use crate::margin::guardrail::policy::Mode;
use crate::margin::risk_score::Band;
use crate::study::measure::Findings;
use crate::study::measure::POOLED;
use crate::study::measure::forecast::confidence::Confidence;
use crate::study::measure::forecast::crashes::Crash;
use crate::study::measure::forecast::reliability::ReliabilityBin;
use crate::study::measure::forecast::spike_alarms::SpikeAlarms;
use crate::study::measure::forecast::spikes::SpikeScore;
use crate::study::measure::forecast::transforms::Transform;
use crate::study::measure::margin::backtests::Backtest;
use crate::study::measure::margin::bands::BandRisk;
use crate::study::measure::margin::buffers::Buffer;
use crate::study::measure::margin::charged::ChargedPolicy;
use crate::study::measure::margin::conditions::Condition;
use crate::study::measure::margin::controls::ControlledPolicy;
use crate::study::measure::margin::frontier::Frontier;
use crate::study::measure::margin::guidance::Guided;
use crate::study::measure::margin::hearing::ForecastHearing;
use crate::study::measure::margin::impulse_responses::ImpulseResponse;
use crate::study::measure::margin::margin_calls::MarginCalls;
use crate::study::measure::margin::stages::StageWorth;
use crate::study::measure::margin::stress::Scenario;
use crate::study::measure::model::ablations::Ablated;
use crate::study::walk::lead_lag::LeadLag;
use crate::study::walk::lead_lag::OutOfStep;
use crate::study::walk::leak_test::LeakTest;
use crate::study::walk::leak_test::Untouched;
use crate::study::walk::permuted::Changed;
use crate::study::walk::search::Candidate;
use crate::study::walk::search::Choice;

pub fn evidence(noise: &mut Noise) -> Findings {
    let (horizon, day): (Horizon, Ts) = (horizons()[0], "2023-03-10".parse().unwrap());
    let mut all = Findings::default();
    all.hearing.push(ForecastHearing {
        horizon,
        symbol: symbols()[0].to_string(),
        n: 8760,
        weight: 0.58,
        silenced: noise.next() / 100.0,
        costly: 0.0,
        evidence: 31.0 * noise.next(),
        evidence_cost: 2.0 * noise.next(),
    });
    for model in MODELS {
        let model = model.to_string();
        all.confidence.push(Confidence { model: model.clone(), horizon, n: 8760, p: noise.next() });
        all.without_crashes.push(score(&model, horizon, None, noise));
        let (from, to, low, high) = (0.1, 0.2, 0.1, 0.3);
        let (n, forecast, share) = (300, 0.15, noise.next());
        all.reliability.push(ReliabilityBin { model: model.clone(), horizon, from, to, n, forecast, share, low, high });
        all.spikes.push(SpikeScore {
            model: model.clone(),
            horizon,
            n: 8000,
            base_rate: 0.06,
            brier: noise.next(),
            reliability: noise.next(),
            resolution: noise.next(),
            uncertainty: 0.0564,
            within: -0.1 * noise.next(),
            log_loss: noise.next(),
            average_precision: Some(noise.next()),
        });
        all.spike_alarms.push(SpikeAlarms {
            model: model.clone(),
            horizon,
            level: noise.next(),
            n: 4000,
            base_rate: 0.05,
            auc: Some(noise.next()),
            bursts: 31,
            alarms: 60,
            false_per_month: 2.0 * noise.next(),
            precision: Some(noise.next()),
            recall: None,
            lead_hours: Some(4.0),
        });
        let (whole, without, ratio) = (noise.next(), noise.next(), Some(1.0 + 0.1 * noise.next()));
        let (dm, dm_p, name) = (Some(2.0), Some(0.04), "flow".to_string());
        all.ablations.push(Ablated { name, model: model.clone(), horizon, n: 8760, whole, without, ratio, dm, dm_p });
        let params = serde_json::json!({"ridge": 0.1, "drop": ["kyle"]});
        let candidate = Candidate { params: params.clone(), loss: Some(noise.next()), n: 700, fit: None, why: None };
        let (learnt_until, judged_from, judged_until) = (day, day, day);
        let candidates = vec![candidate];
        all.choices.push(Choice {
            model,
            horizon,
            origin: 0,
            cut: day,
            learnt_until,
            judged_from,
            judged_until,
            candidates,
            params,
        });
    }
    let crash = Crash { name: "a <crash>".into(), from: day, to: day + Span::DAY, horizon, outcomes: 48 };
    all.crashes.push(crash);
    let same = Untouched { model: MODELS[3].into(), horizon, forecasts: 90, forecasts_same: true, fit_same: false };
    let (models, decisions) = (vec![same], 90);
    all.leak_test = Some(LeakTest {
        cut: day,
        changed: 10,
        models,
        decisions,
        decisions_same: true,
        rows_same: true,
        choices_same: true,
        changes: vec![Changed { cut: day, symbol: symbols()[0], after: 11, changed: 10 }],
        enough: false,
        passed: false,
    });
    let out = OutOfStep {
        symbol: symbols()[1],
        against: symbols()[0],
        bars: -1,
        correlation: 0.85,
        at_zero: 0.01,
        n: 500,
        from: day,
        until: day + Span::DAY,
    };
    all.lead_lag = Some(LeadLag { bar: Span::HOUR, compared: 9, out_of_step: vec![out], passed: false });
    margins_tested(&mut all, noise);
    charged(&mut all, noise);
    all
}

/// What is said of margins beyond their outcome.
fn margins_tested(all: &mut Findings, noise: &mut Noise) {
    for (horizon, one) in scopes() {
        let symbol = one.map_or(POOLED.to_string(), |s| s.to_string());
        for policy in POLICIES {
            for side in [Side::Long, Side::Short] {
                all.backtests.push(backtest(horizon, &symbol, policy, side, noise));
            }
            let policy = policy.to_string();
            for over in [Span::HOUR, Span::DAY] {
                let (largest, amount, es99) = (noise.next(), 0.1 * noise.next(), noise.next());
                let call = Call { over, n: 8000, largest, amount, es99, above_10: 0.01, above_25: 0.001 };
                all.margin_calls.push(MarginCalls { horizon, symbol: symbol.clone(), policy: policy.clone(), call });
            }
            all.stages.push(stage(horizon, &symbol, &policy, noise));
            all.frontier.push(Frontier {
                horizon,
                symbol: symbol.clone(),
                policy,
                n: 8760,
                factor: noise.next(),
                breaches: 88,
                average: 0.05 * noise.next(),
                shortfall_sum: noise.next(),
                average_ratio: noise.next(),
                shortfall_ratio: Some(noise.next()),
            });
        }
        for band in Band::ALL {
            let (symbol, share, rate, low, high) = (symbol.clone(), 0.25, noise.next(), 0.005, 0.02);
            let (n, breaches, baseline_breaches, baseline_rate) = (2190, 20, 30, noise.next());
            all.bands.push(BandRisk {
                horizon,
                symbol,
                band,
                n,
                share,
                breaches,
                rate,
                low,
                high,
                baseline_breaches,
                baseline_rate,
            });
        }
        if one.is_some() {
            all.buffers.push(Buffer {
                horizon,
                symbol,
                persistence: Some(0.97),
                half_life_days: Some(0.9),
                unconditional: 0.05,
                conditional: 0.04,
                ratio: 1.25,
                buffer: 0.1,
                lead_multiplier: Some(1.2),
                lead_rise: None,
            });
            continue;
        }
        for (by, value) in [("regime", "calm"), ("decile", "1"), ("hour", "Mon 00")] {
            let (by, value, n, breaches, share) = (by.into(), value.into(), 600, 7, 0.0117);
            let (below, above, low, high, baseline_share) = (0.01, 0.011, 0.005, 0.024, 0.015);
            all.conditions.push(Condition {
                horizon,
                by,
                value,
                n,
                below,
                above,
                breaches,
                share,
                low,
                high,
                baseline_share,
            });
        }
        for policy in POLICIES {
            let after = ["1", "5", "10", "20", "40", "60", "120", "250"].map(|d| (d.to_string(), 1.0 + noise.next()));
            all.impulse_responses.push(ImpulseResponse {
                requirement: policy.into(),
                on: "normal paths".into(),
                horizon,
                paths: 100,
                after_days: after.into(),
                t50_days: Some(8.0),
                t90_days: None,
                overshoot: 0.04,
                peak_95: 2.5,
                followed_days: 250.0,
            });
            let (name, policy) = ("a <crash>".into(), policy.into());
            let (worst_loss, shortfall_sum, worst_miss) = (0.2, noise.next(), noise.next());
            all.stress.push(Scenario { name, horizon, policy, n: 30, worst_loss, shortfall_sum, worst_miss });
        }
        let (inside, below, above, width, better) = (0.91, 0.04, 0.05, 0.03, 0.8);
        all.guidance.push(Guided { horizon, over: Span::DAY, n: 8000, inside, below, above, width, better });
        let (model, from, to, p) = (MODELS[3].into(), 0.005, 0.01, Some(0.2));
        all.transforms.push(Transform { model, horizon, from, to, count: 40, n: 8760, density: 0.91, p });
    }
}

fn stage(horizon: Horizon, symbol: &str, policy: &str, noise: &mut Noise) -> StageWorth {
    StageWorth {
        horizon,
        symbol: symbol.into(),
        policy: policy.into(),
        place: 1,
        stage: "floor".into(),
        n: 8760,
        binding: noise.next(),
        average_before: 0.05 * noise.next(),
        average: 0.05 * noise.next(),
        extra: 0.01 * noise.next(),
        extra_share: noise.next(),
        breaches_before: 90,
        breaches: 80,
        control_breaches: 85,
        shortfall_before: noise.next(),
        shortfall: noise.next(),
        control_shortfall: noise.next(),
        peak_to_trough_before: 4.0 * noise.next(),
        peak_to_trough: 3.0 * noise.next(),
        call_5d_before: Some(noise.next()),
        call_5d: None,
    }
}

fn backtest(horizon: Horizon, symbol: &str, policy: &str, side: Side, noise: &mut Noise) -> Backtest {
    let one = symbol != POOLED;
    let mut some = |there: bool| there.then(|| noise.next());
    Backtest {
        horizon,
        symbol: symbol.into(),
        policy: policy.into(),
        side,
        n: 8760,
        breaches: 90,
        transitions: [[0; 2]; 2],
        kupiec_p: some(true).unwrap_or_default(),
        kupiec_over_p: some(true).unwrap_or_default(),
        independence_p: some(true).unwrap_or_default(),
        cc_p: some(true).unwrap_or_default(),
        cc_over_p: some(true).unwrap_or_default(),
        dq: some(one),
        dq_p: some(one),
        light: Light::Yellow,
        plus: 0.2,
        action: Action::FloorAndShadow,
        z1: some(true),
        z2: some(true),
        z2_critical: some(true),
        fz0: some(true),
        pinball: 0.0004,
        overlapping: 8760,
        overlapping_breaches: 95,
        overlapping_green: one.then_some(120),
    }
}

/// The charged policy of each horizon, and policies beside their constants: one that pays, one that does not.
fn charged(all: &mut Findings, noise: &mut Noise) {
    for horizon in horizons() {
        let budget = |days: i64, rise: f64| Budget { over: Span::DAY.times(days), rise };
        all.charged.push(ChargedPolicy {
            horizon,
            mode: if horizon.0 == Span::DAY { Mode::LiftOnly } else { Mode::ManagedTotal },
            weight: 0.6,
            level: 1.0,
            stress_link: 1.0,
            up: Some(0.023),
            down: Some(0.009),
            budgets: vec![budget(1, 0.2), budget(5, 0.6)],
            m_min: 1.0,
            m_max: 2.0,
            dead_band: 0.02,
            schedule: true,
            chosen: false,
            confirmations: 2,
            silent_at: 400.0,
            heard_at: 20.0,
            costly_at: 100.0,
            cheap_at: 20.0,
        });
    }
    for (horizon, one) in scopes() {
        for (policy, days) in [("published", "all"), ("baseline", "all"), ("published", "without crashes")] {
            let pays = horizon.0 != Span::DAY;
            let ratio = if pays { 0.7 } else { 1.1 };
            let published = policy == "published" && days == "all";
            all.controls.push(ControlledPolicy {
                horizon,
                symbol: one.map_or(POOLED.to_string(), |s| s.to_string()),
                policy: policy.into(),
                days: days.into(),
                n: 8760,
                average: 0.04 + 0.01 * noise.next(),
                average_ratio: 1.0 + 0.1 * noise.next(),
                shortfall: 0.5 + noise.next(),
                ratio: Some(ratio),
                less: Some(1.0 - ratio),
                band: published.then_some([ratio - 0.1, ratio + 0.1]),
                flat_ratio: Some(noise.next()),
                dm_t: Some(if pays { -2.5 } else { 0.7 }),
                dm_p: Some(0.5 * noise.next()),
                breaches: 88,
                control_breaches: 99,
                better: if one.is_none() { 1 } else { usize::from(pays) },
                instruments: if one.is_none() { 2 } else { 1 },
                worse_on: if one.is_none() { vec![symbols()[1].to_string()] } else { vec![] },
                rises: [0.05, 0.2, 0.4],
                control_rises: [0.07, 0.15, 0.3],
                rise_es99: Some(0.04 * noise.next()),
                changes_a_day: 4.0 * noise.next(),
            });
        }
    }
}
