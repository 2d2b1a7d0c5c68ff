//! Each leak that the program could have, planted where it would be, is found; without it nothing is.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::base::{Seed, Symbol, planted};
use crate::event::synth;
use crate::feature::{RowConfig, VarianceMeasure};
use crate::forecast::combine::calibration;
use crate::margin::calibration::CalibrationSettings;
use crate::pipeline::{Margin, Settings};
use crate::study::config::ModelPlan;

fn start() -> Ts {
    "2024-01-01".parse().unwrap()
}

/// A study of one instrument on hourly bars, with a model for each place where a leak can be.
fn study(name: &str) -> (Plan, MarketEvents) {
    let symbol: Symbol = name.parse().unwrap();
    let day = |n: i64| start() + Span::DAY.times(n);
    let model = |name: &str, kind: &str, params: serde_json::Value| ModelPlan {
        name: name.into(),
        kind: kind.into(),
        every: 1,
        params,
        choose: None,
    };
    let mut margin = Margin { forecast: "conformal".into(), regime: String::new(), ..Margin::default() };
    margin.baseline.window = Span::DAY.times(20);
    margin.baseline.history = Span::DAY.times(365);
    margin.baseline.warm_up = 100;
    margin.calibrate = Some(CalibrationSettings::default());
    let rows = RowConfig {
        bar: Span::HOUR,
        row: Span::HOUR,
        measure: VarianceMeasure::Parkinson,
        mid: 6,
        long: 24,
        far: 72,
        closure: Span(0),
    };
    let pipeline = Settings {
        symbols: vec![symbol],
        rows,
        horizons: vec![1],
        publish_from: day(52),
        replay_rows: 1_200,
        margin,
        margins: vec![],
    };
    let study = Study {
        start: day(52),
        end: day(64),
        window: None,
        refit: Span::DAY.times(6),
        refit_rows: None,
        embargo: 0,
        warmup: 0,
        phases: 1,
        rehearsal: Span::DAY.times(6),
        seed: Seed(5),
        base: "HAR".into(),
        crash_days: vec![],
        calibration: calibration::Params { window: 400, spike_window: 250, ..Default::default() },
        margins: vec![],
    };
    let models = vec![
        model("HAR", "har", json!({})),
        model("historical", "historical", json!({"window": 500, "min_rows": 250})),
        model("GLM", "net", json!({"nets": 0, "regimes": 0})),
        model("ensemble", "ensemble", json!({"members": ["HAR", "GLM"]})),
        model("conformal", "conformal", json!({"base": "ensemble"})),
    ];
    // The same prices whatever the name.
    let mut events = synth::bars(Seed(3), "PRICES".parse().unwrap(), start(), Span::HOUR, 24 * 68);
    events.iter_mut().for_each(|e| e.symbol = symbol);
    (Plan { pipeline, study, models }, [(symbol, events)].into())
}

fn found(name: &str) -> LeakTest {
    let (plan, market) = study(name);
    check(&plan, &market, Digest::default(), None, &|_| {}).unwrap()
}

#[test]
fn every_planted_leak_is_found_where_it_is_and_without_one_there_is_none() {
    let clean = found("CLEAN");
    assert!(clean.passed && clean.enough && clean.decisions > 100, "{clean:?}");
    assert!(clean.models.iter().all(|m| m.forecasts > 100), "{clean:?}");
    for place in planted::PLACES {
        let leak = found(place);
        assert!(leak.enough && !leak.passed, "{place}: {leak:?}");
        let fits: BTreeSet<&str> = leak.models.iter().filter(|m| !m.fit_same).map(|m| m.model.as_str()).collect();
        let said: BTreeSet<&str> = leak.models.iter().filter(|m| !m.forecasts_same).map(|m| m.model.as_str()).collect();
        match place {
            "SCALER" => assert!(fits.contains("GLM") && !fits.contains("HAR") && leak.rows_same, "{leak:?}"),
            "SEASON" | "MARKET" => assert!(!leak.rows_same, "{place}: {leak:?}"),
            "ENSEMBLE" => assert!(fits.contains("ensemble") && !fits.contains("GLM") && leak.rows_same, "{leak:?}"),
            "EVIDENCE" | "CALIBRATE" | "SCHEDULE" => {
                let models_same = fits.is_empty() && said.is_empty() && leak.rows_same;
                assert!(models_same && !leak.decisions_same, "{place}: {leak:?}");
            }
            "CONFORMAL" => assert!(fits == ["conformal"].into() && leak.rows_same, "{leak:?}"),
            _ => assert!(said == ["historical"].into() && fits.is_empty() && leak.rows_same, "{leak:?}"),
        }
    }
}

#[test]
fn where_next_to_nothing_lies_behind_the_cuts_nothing_passes() {
    let (mut plan, mut market) = study("SHORT");
    // The market ends an hour after the last cut, and there is no other.
    plan.study.start = plan.study.end - Span::DAY.times(6);
    plan.study.rehearsal = Span::DAY.times(6);
    let cut = plan.study.start;
    market.values_mut().for_each(|events| events.retain(|e| e.ts_known <= cut + Span::HOUR));
    let test = check(&plan, &market, Digest::default(), None, &|_| {}).unwrap();
    assert!(test.changed <= 1 && !test.enough && !test.passed, "{test:?}");
}
