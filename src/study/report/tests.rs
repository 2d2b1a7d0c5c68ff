use std::collections::BTreeMap;

use serde_json::Value;

use super::cell::text;
use super::section::{META, tables};
use super::{plot, render};
use crate::base::{Digest, Horizon, Seed, Span, Symbol, Ts};
use crate::event::Fault;
use crate::forecast::dist::LEVELS;
use crate::forecast::regime::Label;
use crate::loss::Side;
use crate::loss::procyclical::procyclicality::Call;
use crate::loss::score::outcome::Compared;
use crate::loss::test::traffic_light::{Action, Light};
use crate::loss::{MarginOutcome, ModelScore};
use crate::margin::Reason;
use crate::margin::risk_score::Band;
use crate::study::measure::declare::{Format, ShownAs};
use crate::study::measure::forecast::confidence::Confidence;
use crate::study::measure::forecast::coverage::QuantileCoverage;
use crate::study::measure::forecast::crashes::Crash;
use crate::study::measure::forecast::regimes::RegimeShare;
use crate::study::measure::forecast::reliability::ReliabilityBin;
use crate::study::measure::forecast::spike_alarms::SpikeAlarms;
use crate::study::measure::forecast::spikes::SpikeScore;
use crate::study::measure::forecast::transforms::Transform;
use crate::study::measure::margin::backtests::Backtest;
use crate::study::measure::margin::bands::BandRisk;
use crate::study::measure::margin::buffers::Buffer;
use crate::study::measure::margin::conditions::Condition;
use crate::study::measure::margin::frontier::Frontier;
use crate::study::measure::margin::guardrails::GuardrailHit;
use crate::study::measure::margin::guidance::Guided;
use crate::study::measure::margin::hearing::ForecastHearing;
use crate::study::measure::margin::impulse_responses::ImpulseResponse;
use crate::study::measure::margin::margin_calls::MarginCalls;
use crate::study::measure::margin::policy_scores::MarginScore;
use crate::study::measure::margin::stages::StageWorth;
use crate::study::measure::margin::stress::Scenario;
use crate::study::measure::meta::SCHEMA;
use crate::study::measure::model::ablations::Ablated;
use crate::study::measure::model::faults::FaultCount;
use crate::study::measure::{ChartLines, Findings, MEASUREMENTS, Meta, POOLED, Pane, Scores, schema};
use crate::study::walk::lead_lag::{LeadLag, OutOfStep};
use crate::study::walk::leak_test::{LeakTest, Untouched};
use crate::study::walk::permuted::Changed;
use crate::study::walk::search::{Candidate, Choice};

const MODELS: [&str; 4] = ["har", "log-har", "glm", "<mix & match>"];
const POLICIES: [&str; 3] = ["baseline", "unguarded", "guarded"];

/// A repeatable number in \[0, 1\], different at each call.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn horizons() -> Vec<Horizon> {
    vec![Horizon(Span::HOUR), Horizon(Span::DAY)]
}

fn symbols() -> Vec<Symbol> {
    ["BTCUSDT", "ETHUSDT"].map(|s| s.parse().unwrap()).to_vec()
}

fn scopes() -> Vec<(Horizon, Option<Symbol>)> {
    let symbols: Vec<Option<Symbol>> = std::iter::once(None).chain(symbols().into_iter().map(Some)).collect();
    horizons().into_iter().flat_map(|h| symbols.iter().map(move |s| (h, *s)).collect::<Vec<_>>()).collect()
}

fn meta() -> Meta {
    Meta {
        title: "A made-up study </script><b>".into(),
        command: "margincast backtest --config data/configs/sample.toml --lake lake --out 'out/demo'".into(),
        version: "0.1.0".into(),
        config_digest: Digest::of(b"config"),
        data_digest: Digest::of(b"data"),
        model_digest: Digest::of(b"model"),
        result_digest: Digest::of(b"result"),
        start: "2023-01-01".parse().unwrap(),
        end: "2024-01-01".parse().unwrap(),
        seed: Seed(7),
        symbols: symbols(),
        horizons: horizons(),
        base: MODELS[0].into(),
        champion: MODELS[3].into(),
        folds: 12,
        forecasts: 1_234_567,
        decisions: 43_920,
    }
}

fn outcome(noise: &mut Noise) -> MarginOutcome {
    MarginOutcome {
        n: 8760,
        breaches: 60 + (60.0 * noise.next()) as usize,
        breach_rate: 0.01 * noise.next(),
        shortfall_sum: 0.2 + 0.1 * noise.next(),
        worst_miss: 0.03 * noise.next(),
        average: 0.03 + 0.001 * noise.next(),
        kupiec_p: noise.next(),
        cc_p: Some(0.001 * noise.next()),
        dq: Some(100.0 * noise.next()),
        dq_p: Some(0.001 * noise.next()),
        pinball: 0.001 * noise.next(),
        peak_to_trough: 10.0 * noise.next(),
        p95_over_p5: 3.0 * noise.next(),
        rise_1: Some(noise.next()),
        rise_5: Some(noise.next()),
        rise_20: Some(noise.next()),
        rise_5_es99: Some(noise.next()),
        change_sd: Some(0.1 * noise.next()),
    }
}

fn score(model: &str, horizon: Horizon, symbol: Option<Symbol>, noise: &mut Noise) -> ModelScore {
    let (one, base) = (symbol.is_some(), model == MODELS[0]);
    let mut some = |there: bool, scale: f64| there.then(|| scale * noise.next());
    ModelScore {
        horizon,
        symbol,
        model: model.into(),
        n: 8760,
        symbols: if one { 1 } else { 2 },
        qlike: 0.3 + some(true, 0.1).unwrap(),
        ratio: some(!base, 1.0),
        dm: some(!base, 4.0).map(|x| x - 2.0),
        dm_p: some(!base, 0.002),
        wins: (!one).then_some(1),
        mse_log: some(true, 1.0).unwrap(),
        mse: some(true, 5.0).unwrap(),
        r2_log: some(true, 1.0),
        r2_mz: some(true, 1.0),
        bias: some(true, 2.0).unwrap(),
        pinball01: some(true, 0.04),
        pinball99: some(true, 0.04),
        hits01: some(true, 0.02),
        hits99: some(true, 0.02),
        kupiec01_p: some(one, 1.0),
        kupiec99_p: some(one, 1.0),
        christoffersen_ind_p: some(one, 1.0),
        cc_p: some(one, 1.0),
        traffic_light: one.then_some(Light::Yellow),
        kupiec01_pass: (!one).then_some(2),
        cc_pass: (!one).then_some(1),
        spikes: Some(432),
        auc: some(true, 1.0),
        recall05: some(true, 1.0),
        onsets: Some(123),
        auc_onset: some(true, 1.0),
        brier: some(!base, 0.04),
    }
}

pub fn scores() -> Scores {
    let mut noise = Noise(1);
    let (mut models, mut coverage, mut margins, mut guardrails, mut regimes) = (vec![], vec![], vec![], vec![], vec![]);
    for (horizon, one) in scopes() {
        let symbol = one.map_or(POOLED.to_string(), |s| s.to_string());
        for model in MODELS {
            models.push(score(model, horizon, one, &mut noise));
            for level in LEVELS {
                let off = 0.8 + 0.6 * noise.next();
                let share = if level < 0.5 { off * level } else { 1.0 - off * (1.0 - level) };
                let hits = (8760.0 * share) as u64;
                coverage.push(QuantileCoverage::of(model, horizon, &symbol, level, hits, 8760));
            }
        }
        for policy in POLICIES {
            let (margin, baseline, control) = (outcome(&mut noise), outcome(&mut noise), outcome(&mut noise));
            let compared = Compared { margin, baseline, control, constant: 1.0 + 0.1 * noise.next() };
            margins.push(MarginScore::of(horizon, &symbol, policy, &compared));
        }
        for reason in [Reason::StepUp, Reason::StepDn, Reason::Deadband, Reason::BaselineFloor] {
            let count = (900.0 * noise.next()) as u64;
            guardrails.push(GuardrailHit {
                horizon,
                symbol: symbol.clone(),
                reason,
                count,
                share: count as f64 / 8760.0,
            });
        }
        for regime in [Label::Calm, Label::Normal, Label::Elevated, Label::Stress] {
            let sd = 0.01 * (1.0 + regime as usize as f64);
            regimes.push(RegimeShare {
                model: "hmm".into(),
                horizon,
                symbol: symbol.clone(),
                regime,
                n: 2190,
                share: 0.25,
                realised_sd: sd,
                forecast_sd: sd * (0.9 + 0.2 * noise.next()),
                confidence: noise.next(),
            });
        }
    }
    let faults = vec![FaultCount { symbol: symbols()[0], fault: Fault::Duplicate, count: 3 }];
    let failures = vec!["GARCH 1d BTCUSDT: no fit: <flat> likelihood".into()];
    let evidence = evidence(&mut noise);
    Scores {
        schema: SCHEMA.into(),
        meta: meta(),
        scoreboard: models,
        coverage,
        policy_scores: margins,
        guardrails,
        regimes,
        faults,
        failures,
        evidence,
    }
}

fn evidence(noise: &mut Noise) -> Findings {
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

pub fn series(len: usize) -> ChartLines {
    let mut noise = Noise(2);
    let mut panes = Vec::new();
    for horizon in horizons() {
        for symbol in symbols() {
            panes.push(pane(symbol, horizon, len, &mut noise));
        }
    }
    ChartLines { panes }
}

fn pane(symbol: Symbol, horizon: Horizon, len: usize, noise: &mut Noise) -> Pane {
    let start: Ts = "2023-01-01".parse().unwrap();
    let mut state = 0.0;
    let mut pane = Pane {
        symbol,
        horizon,
        ts: (0..len).map(|i| start + horizon.0.times(i as i64)).collect(),
        realised_rv: vec![],
        forecasts: MODELS.map(|m| (m.to_string(), vec![])).to_vec(),
        ret: vec![],
        q01: vec![],
        q99: vec![],
        regimes: vec![],
        loss: vec![],
        margins: POLICIES.map(|p| (p.to_string(), vec![])).to_vec(),
    };
    for _ in 0..len {
        state = 0.98 * state + 0.35 * (noise.next() + noise.next() - 1.0);
        let sd = 0.02 * f64::exp(state);
        let normal = (0..12).map(|_| noise.next()).sum::<f64>() - 6.0;
        pane.realised_rv.push((sd * (0.6 + 0.8 * noise.next())).powi(2));
        for (i, (_, line)) in pane.forecasts.iter_mut().enumerate() {
            line.push((sd * (0.8 + 0.1 * i as f64 + 0.2 * noise.next())).powi(2));
        }
        pane.ret.push(1.1 * sd * normal);
        pane.q01.push(-2.4 * sd);
        pane.q99.push(2.4 * sd);
        let weights = [-1.0, -0.3, 0.3, 1.0].map(|c: f64| f64::exp(-4.0 * (state - c).powi(2)));
        pane.regimes.push(weights.map(|w| w / weights.iter().sum::<f64>()));
        pane.loss.push(1.1 * sd * normal.abs());
        for (i, (_, line)) in pane.margins.iter_mut().enumerate() {
            line.push(0.05 + sd * (0.8 + 0.2 * i as f64));
        }
    }
    pane
}

/// The elements that print a number: pointer, full value, printed text.
fn printed(page: &str) -> Vec<(String, String, String)> {
    let unescape = |s: &str| {
        s.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
    };
    let mut out = Vec::new();
    for part in page.split(" data-key=\"").skip(1) {
        let (key, rest) = part.split_once("\" data-value=\"").unwrap();
        let (value, rest) = rest.split_once("\">").unwrap();
        let (text, _) = rest.split_once("</").unwrap();
        out.push((unescape(key), unescape(value), unescape(text)));
    }
    out
}

#[test]
fn every_printed_number_is_the_one_in_scores_json() {
    let scores = scores();
    let stored: Value = serde_json::from_str(&scores.to_json()).unwrap();
    let page = render(&scores, &series(50));
    let cells = printed(&page);
    assert!(cells.len() > 1_000, "{} cells", cells.len());
    for (key, value, text) in &cells {
        let want = stored.pointer(key).unwrap_or_else(|| panic!("{key} is not in scores.json"));
        let full: Value = serde_json::from_str(value).unwrap();
        assert_eq!(&full, want, "{key}");
        // ShownAs is visible says the same, to its last printed digit.
        let visible = text.replace([',', '%', ' '], "");
        if let (Some(number), Ok(shown)) = (want.as_f64(), visible.parse::<f64>()) {
            let scale = if text.ends_with('%') { 0.01 } else { 1.0 };
            let decimals = visible.split_once('.').map_or(0, |(_, d)| d.len());
            let half = 0.5 * scale * 0.1_f64.powi(decimals as i32);
            assert!((shown * scale - number).abs() <= half * (1.0 + 1e-9), "{key}: {text} for {number}");
        }
    }
}

#[test]
fn no_number_stands_in_a_table_without_its_key() {
    let page = render(&scores(), &series(50));
    for cell in page.split("<td").skip(1) {
        let (attributes, rest) = cell.split_once('>').unwrap();
        let (text, _) = rest.split_once("</td>").unwrap();
        let digits = text.bytes().any(|b| b.is_ascii_digit());
        assert!(!digits || attributes.contains("data-key"), "<td{attributes}>{text}");
    }
}

#[test]
fn every_column_reads_a_key_that_exists() {
    let scores = serde_json::to_value(scores()).unwrap();
    for c in META {
        assert!(scores.pointer(&format!("/meta/{}", c.key)).is_some(), "{}", c.key);
    }
    for m in MEASUREMENTS {
        for shown in m.shown {
            let ShownAs::Table(table) = shown.what else { continue };
            let items = scores.pointer(&format!("{}{}", m.pointer, table.below)).and_then(Value::as_array);
            let items = items.unwrap_or_else(|| panic!("{}: the made-up study has none", m.pointer));
            let parts: &[&str] = if table.controls { &["/outcome", "/control"] } else { &[""] };
            for (key, part) in table.columns.iter().flat_map(|c| parts.iter().map(move |p| (c.key, p))) {
                let read = |item: &Value| item.pointer(&format!("{part}/{key}")).is_some();
                assert!(!items.is_empty() && items.iter().all(read), "{}{part}/{key}", m.pointer);
            }
            for head in table.heads {
                assert!(items.iter().all(|i| i.get(head).is_some()), "{}/{head}", m.pointer);
            }
        }
    }
}

#[test]
fn a_measurement_stands_once_in_the_scores_and_at_its_own_place_in_the_report() {
    let mut keys: Vec<&str> = MEASUREMENTS.iter().map(|m| m.pointer).collect();
    keys.sort_unstable();
    assert!(keys.windows(2).all(|w| w[0] != w[1]));
    let shown: Vec<_> =
        MEASUREMENTS.iter().flat_map(|m| m.shown).map(|s| (format!("{:?}", s.section), s.place)).collect();
    assert_eq!(shown.iter().collect::<std::collections::BTreeSet<_>>().len(), shown.len(), "{shown:?}");
    assert!(MEASUREMENTS.iter().all(|m| !m.shown.is_empty()), "what is measured is shown");
}

#[test]
fn the_shipped_schema_is_the_one_that_measurements_declare() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/schema/scores.schema.json");
    let (shipped, declared) = (std::fs::read_to_string(&path).unwrap(), schema::text());
    let differs = shipped.lines().zip(declared.lines()).find(|(a, b)| a != b);
    let mend = "write it anew: margincast config schema > data/schema/scores.schema.json";
    assert!(shipped == declared, "{differs:?}; {mend}");
}

/// Whether a value is as its schema says, as far as the words go that the schema of scores uses.
fn fits(value: &Value, schema: &Value, whole: &Value, at: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{at}: {what}: {value}"));
    if let Some(name) = schema["$ref"].as_str() {
        return fits(value, whole.pointer(name.trim_start_matches('#')).unwrap(), whole, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let found = any.iter().any(|s| fits(value, s, whole, at).is_ok());
        return if found { Ok(()) } else { wrong("none of anyOf") };
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return wrong("not one of the words");
    }
    let is = |kind: &Value| match kind.as_str() {
        Some("null") => value.is_null(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    };
    match &schema["type"] {
        Value::Null => {}
        Value::Array(kinds) if kinds.iter().any(is) => {}
        kind if is(kind) => {}
        _ => return wrong("another type"),
    }
    if let Some(number) = value.as_f64() {
        let below = schema["minimum"].as_f64().is_some_and(|least| number < least);
        let above = schema["maximum"].as_f64().is_some_and(|most| number > most);
        let not_above = schema["exclusiveMinimum"].as_f64().is_some_and(|least| number <= least);
        if below || above || not_above {
            return wrong("out of range");
        }
    }
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(item, &schema["items"], whole, &format!("{at}/{i}"))?;
    }
    let Some(map) = value.as_object() else { return Ok(()) };
    if let Some(key) =
        schema["required"].as_array().into_iter().flatten().find(|k| !map.contains_key(k.as_str().unwrap()))
    {
        return wrong(&format!("no {key}"));
    }
    for (key, inner) in map {
        match schema["properties"].get(key) {
            Some(declared) => fits(inner, declared, whole, &format!("{at}/{key}"))?,
            None if schema["additionalProperties"] == Value::Bool(false) => {
                return wrong(&format!("{key} is not declared"));
            }
            None => {}
        }
    }
    Ok(())
}

#[test]
fn scores_are_as_their_schema_says_and_a_key_that_it_does_not_know_is_found() {
    let (mut scores, whole) = (serde_json::to_value(scores()).unwrap(), schema::schema());
    assert_eq!(fits(&scores, &whole, &whole, ""), Ok(()));
    scores["evidence"]["calls"][0]["more"] = Value::Null;
    assert!(fits(&scores, &whole, &whole, "").unwrap_err().contains("more is not declared"));
    scores["evidence"]["calls"][0] = Value::Null;
    assert!(fits(&scores, &whole, &whole, "").unwrap_err().contains("another type"));
}

#[test]
fn every_score_that_is_stored_is_shown() {
    let scores = serde_json::to_value(scores()).unwrap();
    let page = render(&self::scores(), &series(50));
    let shown: std::collections::BTreeSet<String> = printed(&page).into_iter().map(|c| c.0).collect();
    let mut leaves = Vec::new();
    collect("", &scores, &mut leaves);
    let heads = ["/schema"];
    for leaf in leaves {
        let whole = leaf.starts_with("/meta/symbols") || leaf.starts_with("/meta/horizons");
        assert!(whole || heads.contains(&leaf.as_str()) || shown.contains(&leaf), "{leaf} is not in the report");
    }
}

fn collect(at: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| collect(&format!("{at}/{k}"), v, out)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| collect(&format!("{at}/{i}"), v, out)),
        _ => out.push(at.to_string()),
    }
}

#[test]
fn text_from_outside_stays_text() {
    let page = render(&scores(), &series(50));
    assert!(!page.contains("</script><b>") && !page.contains("<mix"), "markup got through");
    // Two blocks of data and two of code, each closed once.
    assert_eq!(page.matches("<script").count(), 4);
    assert_eq!(page.matches("</script>").count(), 4);
}

#[test]
fn the_page_asks_the_network_for_nothing() {
    let page = render(&scores(), &series(50));
    for word in ["src=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "https://", "//cdn"] {
        let found = page.matches(word).count();
        let fragment = if word == "url(" { page.matches("url(#").count() } else { 0 };
        assert_eq!(found, fragment, "{word}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_long_study_makes_a_small_page() {
    let scores = scores();
    let page = render(&scores, &series(44_000));
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    let panes = plot::data(&series(44_000));
    for pane in panes.as_array().unwrap() {
        for part in ["forecast", "tails", "margin"] {
            let len = pane[part]["ts"].as_array().unwrap().len();
            assert!((1_000..=plot::POINTS_MAX).contains(&len), "{len} points");
        }
    }
}

#[test]
fn thinning_keeps_the_extremes_and_the_order() {
    let mut values: Vec<f64> = (0..10_000).map(|i| f64::from(i % 97)).collect();
    values[1_234] = -5.0;
    values[7_777] = 1e6;
    let kept = plot::thin(&values, values.len(), 500);
    assert!(kept.len() <= 500 && kept.contains(&1_234) && kept.contains(&7_777));
    assert!(kept.windows(2).all(|w| w[0] < w[1]));
    assert_eq!(plot::thin(&values[..400], 400, 500), (0..400).collect::<Vec<_>>());
}

#[test]
fn the_exact_interval_is_clopper_pearson() {
    // scipy 1.17.1: scipy.stats.binomtest(5, 250).proportion_ci(method="exact"), and (10, 1000).
    let h = Horizon(Span::DAY);
    let c = QuantileCoverage::of("m", h, "ALL", 0.01, 5, 250);
    assert!((c.low - 0.006_528).abs() < 1e-5 && (c.high - 0.046_052).abs() < 1e-5, "{c:?}");
    let c = QuantileCoverage::of("m", h, "ALL", 0.01, 10, 1000);
    assert!((c.low - 0.004_805).abs() < 1e-5 && (c.high - 0.018_313).abs() < 1e-5, "{c:?}");
    let (none, all) =
        (QuantileCoverage::of("m", h, "ALL", 0.01, 0, 9), QuantileCoverage::of("m", h, "ALL", 0.01, 9, 9));
    assert_eq!((none.low, all.high), (0.0, 1.0));
}

#[test]
fn numbers_are_written_for_people() {
    let show = |v: f64, kind| text(&serde_json::json!(v), kind);
    assert_eq!(show(1_234_567.0, Format::Count), "1,234,567");
    assert_eq!(show(-12.0, Format::Count), "-12");
    assert_eq!(show(-0.000_01, Format::Fixed(3)), "0.000");
    assert_eq!(show(0.0123, Format::Percent(2)), "1.23 %");
    assert_eq!(show(0.0004, Format::PValue), "<0.001");
    assert_eq!(text(&Value::Null, Format::Fixed(2)), "–");
}

#[test]
fn scores_survive_their_stored_form() {
    let scores = scores();
    let back: Scores = serde_json::from_str(&scores.to_json()).unwrap();
    assert_eq!(back, scores);
}

#[test]
fn definitions_are_complete_and_once_per_heading() {
    for (name, columns) in tables() {
        let mut seen = BTreeMap::new();
        for c in columns {
            assert!(c.about.len() > 15 && c.about.ends_with('.'), "{name}: {}", c.head);
            assert!(seen.insert(c.head, ()).is_none(), "{name}: {} twice", c.head);
        }
    }
}

/// The page that the browser test opens beside the demo's: hostile names, many points.
#[test]
fn the_made_up_page_is_written_for_the_browser_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/report");
    std::fs::create_dir_all(&folder).unwrap();
    let scores = scores();
    std::fs::write(folder.join("scores.json"), scores.to_json()).unwrap();
    std::fs::write(folder.join("report.html"), render(&scores, &series(5_000))).unwrap();
}
