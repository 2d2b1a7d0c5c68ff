//! A made-up study, with hostile names.

use serde_json::Value;

use super::evidence::evidence;
use crate::base::Digest;
use crate::base::Horizon;
use crate::base::Seed;
use crate::base::Span;
use crate::base::Symbol;
use crate::base::Ts;
use crate::event::Fault;
use crate::forecast::dist::LEVELS;
use crate::forecast::regime::Label;
use crate::loss::MarginOutcome;
use crate::loss::ModelScore;
use crate::loss::score::outcome::Compared;
use crate::loss::test::traffic_light::Light;
use crate::margin::Reason;
use crate::study::measure::ChartLines;
use crate::study::measure::ConstantsCurve;
use crate::study::measure::Meta;
use crate::study::measure::POOLED;
use crate::study::measure::Pane;
use crate::study::measure::Scores;
use crate::study::measure::forecast::coverage::QuantileCoverage;
use crate::study::measure::forecast::regimes::RegimeShare;
use crate::study::measure::lines::DECIDED;
use crate::study::measure::margin::guardrails::GuardrailHit;
use crate::study::measure::margin::policy_scores::MarginScore;
use crate::study::measure::meta::SCHEMA;
use crate::study::measure::model::faults::FaultCount;
use crate::study::measure::week::HOURS;

pub const MODELS: [&str; 4] = ["har", "log-har", "glm", "<mix & match>"];
pub const POLICIES: [&str; 3] = ["baseline", "unguarded", "guarded"];

/// A repeatable number in \[0, 1\], different at each call.
pub struct Noise(u64);

impl Noise {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

pub fn horizons() -> Vec<Horizon> {
    vec![Horizon(Span::HOUR), Horizon(Span::DAY)]
}

pub fn symbols() -> Vec<Symbol> {
    ["BTCUSDT", "ETHUSDT"].map(|s| s.parse().unwrap()).to_vec()
}

pub fn scopes() -> Vec<(Horizon, Option<Symbol>)> {
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

pub fn score(model: &str, horizon: Horizon, symbol: Option<Symbol>, noise: &mut Noise) -> ModelScore {
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

pub fn series(len: usize) -> ChartLines {
    let mut noise = Noise(2);
    let mut panes = Vec::new();
    for horizon in horizons() {
        for symbol in symbols() {
            panes.push(pane(symbol, horizon, len, &mut noise));
        }
    }
    let constants = scopes().into_iter().map(|(horizon, one)| ConstantsCurve {
        horizon,
        symbol: one.map_or(POOLED.to_string(), |s| s.to_string()),
        average: vec![0.8, 1.0, 1.2, 1.5],
        baseline: vec![2.0, 1.5, 1.0, 0.6],
        flat: vec![3.0, 2.5, 2.0, 1.6],
    });
    ChartLines { panes, constants: constants.collect() }
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
        decided: DECIDED.map(|d| (d.0, vec![])).to_vec(),
        codes: ["STEP_UP", "BUDGET", "FORECAST_SILENCED"].map(|c| (c.to_string(), vec![])).to_vec(),
        week: [(); 3].map(|()| (0..HOURS).map(|h| 0.5 + (h % 24) as f64 / 24.0).collect()),
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
        for (i, (_, line)) in pane.decided.iter_mut().enumerate() {
            line.push(if i < 3 { 0.8 + 20.0 * sd } else { 1.0 + 50.0 * noise.next() });
        }
        for (i, (_, on)) in pane.codes.iter_mut().enumerate() {
            on.push(noise.next() < 0.2 + 0.3 * i as f64);
        }
    }
    pane
}

/// A calibration of one horizon, as far as the page reads it.
pub fn calibrated() -> Value {
    let policy = |weight: f64| {
        serde_json::json!({"weight": weight, "level": 1.0, "stress_link": 0.0, "up": 0.01, "down": 0.005, "budget_day": null,
            "budget_five_days": 0.4, "dead_band": 0.0, "confirmations": 2, "m_min": 1.0})
    };
    let stretch = |from: &str, weight: f64| {
        serde_json::json!({"from": from, "until": "2023-06-01T00:00:00Z", "policy": policy(weight), "moved": ["weight"],
            "known": null, "known_ratio": 0.71, "judged": null, "ratio": 0.83})
    };
    let judged = serde_json::json!({"outcome": {"average": 0.04, "better": 1, "instruments": 2, "rises": [0.1, 0.2, 0.3],
        "control_rises": [0.1, 0.2, 0.4]}, "ratio": 0.8, "flat_ratio": 0.7, "dm_t": -2.2, "bands": null});
    serde_json::json!({"horizon": "1h", "policies": 3, "today_outcome": judged, "frontier": [],
        "chosen": {"policy": policy(0.9), "in_sample": judged},
        "walk_forward": {"every": "91d", "out_of_sample": judged, "today": judged,
            "stretches": [stretch("2023-01-01T00:00:00Z", 0.5), stretch("2023-03-01T00:00:00Z", 0.75)]}})
}
