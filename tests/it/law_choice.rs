//! Parameters are chosen from what lies before the cut, and candidates learn from what lies before
//! the rows on which they are judged; for every forecaster there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use margincast::base::{Seed, Span, Symbol, Ts};
use margincast::event::synth;
use margincast::feature::{self, Builder, CATALOG, Row};
use margincast::forecast::{self, History, Settled, Track};
use margincast::pipeline::{Margin, Settings};
use margincast::study::config::Choose;
use margincast::study::config::Study;
use margincast::study::walk::search::{Choice, Search};
use margincast::study::{ModelPlan, Plan};
use serde_json::{Value, json};

const ROW: Span = Span(6 * Span::HOUR.0);

fn day(n: i64) -> Ts {
    Ts(0) + Span::DAY.times(n)
}

fn history() -> History {
    let config = feature::RowConfig {
        bar: Span::HOUR,
        row: ROW,
        measure: Default::default(),
        mid: 4,
        long: 28,
        far: 56,
        closure: Span(0),
    };
    let one = |(name, seed): (&str, u64)| {
        let symbol: Symbol = name.parse().unwrap();
        let mut builder = Builder::new(config.clone()).unwrap();
        let events = synth::bars(Seed(seed), symbol, Ts(0), Span::HOUR, 24 * 220);
        let rows: Vec<Row> = events.iter().filter_map(|e| builder.push(e)).collect();
        (symbol, Arc::new(rows))
    };
    [("AAA", 3), ("BBB", 4)].map(one).into()
}

fn plan(models: Vec<ModelPlan>) -> Plan {
    let rows = feature::RowConfig {
        bar: Span::HOUR,
        row: ROW,
        measure: Default::default(),
        mid: 4,
        long: 28,
        far: 56,
        closure: Span(0),
    };
    let pipeline = Settings {
        symbols: vec!["AAA".parse().unwrap(), "BBB".parse().unwrap()],
        rows,
        horizons: vec![2],
        publish_from: day(150),
        replay_rows: 500,
        margins: Vec::new(),
        margin: Margin::default(),
    };
    let study = Study {
        start: day(150),
        end: day(200),
        window: Some(Span::DAY.times(120)),
        refit: Span::DAY.times(10),
        embargo: 3,
        warmup: 30,
        phases: 1,
        refit_rows: None,
        margins: vec![],
        rehearsal: Span(0),
        seed: Seed(5),
        base: "HAR".into(),
        crash_days: vec![],
        calibration: Default::default(),
    };
    Plan { pipeline, study, models }
}

fn model(name: &str, kind: &str, params: Value) -> ModelPlan {
    ModelPlan { name: name.into(), kind: kind.into(), every: 1, params, choose: None }
}

/// What is given, and two values to try, for every line of the catalog.
fn tried(kind: &str) -> (Value, &'static str, Value) {
    match kind {
        "hmm" => (json!({}), "tolerance", json!([1e-3, 1e-5])),
        "net" => (json!({"nets": 1, "epochs": 2, "hidden": [4, 4]}), "ridge", json!([0.01, 1.0])),
        "historical" => (json!({"min_rows": 50}), "window", json!([100, 200])),
        "fhs" => (json!({"min_rows": 50, "floor_rows": 100}), "lambda", json!([0.9, 0.97])),
        "ewma" => (json!({}), "lambda", json!([0.8, 0.97])),
        "garch" => (json!({"min_rows": 300}), "innovation", json!(["normal", "student"])),
        "har" => (json!({"min_rows": 200}), "form", json!(["level", "log"])),
        "ensemble" => (json!({"members": ["HAR", "EWMA"]}), "prior", json!([1.0, 400.0])),
        "conformal" => (json!({"base": "HAR"}), "gamma", json!([0.01, 0.2])),
        "filtered" => (json!({"base": "EWMA"}), "", json!([])),
        // A kind that this list does not know yet is tried as it is.
        _ => (json!({}), "", json!([])),
    }
}

/// Chooses the parameters of one kind as of day 150, from what a history holds by a cut.
fn choose(kind: &str, history: &History, cut: Ts) -> Choice {
    let (params, key, values) = tried(kind);
    let entry = forecast::Entry::named(kind).unwrap();
    let mut models = vec![model("HAR", "har", json!({"min_rows": 200})), model("EWMA", "ewma", json!({}))];
    models.push(model("own", kind, params));
    let plan = plan(models);
    let mut grid = BTreeMap::from([(key.to_string(), values.as_array().unwrap().clone())]);
    grid.retain(|key, _| !key.is_empty());
    let choose = Choose { grid, budget: 8, validation: Span::DAY.times(30), every: 0 };
    let given = |m: &ModelPlan| Ok(m.params.clone());
    let track = if entry.combines { track(history, cut) } else { Track::default() };
    let question = Search { plan: &plan, history, track: &track, params: &given };
    let horizon = plan.horizons()[0].1;
    question.choose(&plan.models[2], &choose, (0, cut), horizon).unwrap()
}

/// A made-up record of HAR and EWMA: forecasts whose outcomes were known by the cut.
fn track(history: &History, cut: Ts) -> Track {
    let mut track = Track::default();
    for (symbol, rows) in history {
        for (k, name) in ["HAR", "EWMA"].iter().enumerate() {
            let settled = (150..rows.len()).filter_map(|i| {
                let outcome = forecast::Outcome::after(rows, i, 2).filter(|o| o.known <= cut)?;
                let rv = 2.0 * rows[i].get(feature::Feature::Rv)? * (1.0 + 0.1 * k as f64);
                let sd = rv.sqrt();
                Some(Settled { ts: rows[i].ts, forecast_rv: rv, q01_q99: (-2.3 * sd, 2.3 * sd), outcome })
            });
            track.settled.insert((name.to_string(), *symbol), settled.collect());
        }
    }
    track
}

/// Every value known after `t` is another.
fn poisoned(history: &History, t: Ts) -> History {
    let touch = |row: &Row| {
        let mut row = *row;
        if row.ts_known > t {
            for spec in CATALOG {
                let value = row.raw(spec.feature);
                row.set(spec.feature, 3.0 * value);
            }
        }
        row
    };
    history.iter().map(|(s, rows)| (*s, Arc::new(rows.iter().map(touch).collect()))).collect()
}

/// The law: what is known after the cut changes nothing of a choice.
fn sees_past_the_cut(choose: impl Fn(&History, Ts) -> Choice) -> bool {
    let (history, cut) = (history(), day(150));
    choose(&history, cut) != choose(&poisoned(&history, cut), cut)
}

#[test]
fn a_choice_is_blind_to_what_is_known_after_the_cut_and_a_planted_leak_is_caught() {
    for entry in forecast::CATALOG {
        assert!(!sees_past_the_cut(|h, cut| choose(entry.name, h, cut)), "{}", entry.name);
    }
    // Planted: the validation reads a row too far.
    assert!(sees_past_the_cut(|h, cut| choose("ewma", h, cut + ROW.times(4))));
    assert!(sees_past_the_cut(|h, cut| choose("conformal", h, cut + ROW.times(4))));
}

#[test]
fn candidates_learn_from_nothing_on_which_they_are_judged() {
    let (history, cut) = (history(), day(150));
    for entry in forecast::CATALOG {
        let plain = choose(entry.name, &history, cut);
        let least = if tried(entry.name).1.is_empty() { 1 } else { 2 };
        assert!(plain.candidates.len() >= least, "{}: {:?}", entry.name, plain.candidates);
        assert!(
            least == 1 || plain.candidates.iter().all(|c| c.n >= 100 && c.loss.is_some()),
            "{}: {plain:?}",
            entry.name
        );
        // An embargo of three rows lies on both sides of the rows judged.
        assert_eq!(
            (plain.judged_until, plain.judged_from),
            (cut - ROW.times(3), cut - ROW.times(3) - Span::DAY.times(30))
        );
        assert_eq!(plain.learnt_until, plain.judged_from - ROW.times(3));
        let touched = choose(entry.name, &poisoned(&history, plain.learnt_until), cut);
        let fits = |c: &Choice| c.candidates.iter().map(|c| c.fit).collect::<Vec<_>>();
        assert_eq!(fits(&plain), fits(&touched), "{}: a fit saw rows on which it was judged", entry.name);
        let losses = |c: &Choice| c.candidates.iter().map(|c| c.loss).collect::<Vec<_>>();
        assert!(least == 1 || losses(&plain) != losses(&touched), "{}: the poison did nothing", entry.name);
    }
}

#[test]
fn what_is_chosen_is_the_least_loss_and_the_same_every_time() {
    let (history, cut) = (history(), day(150));
    let choice = choose("ewma", &history, cut);
    let least = choice.candidates.iter().filter_map(|c| c.loss).fold(f64::INFINITY, f64::min);
    let of = |params: &Value| choice.candidates.iter().find(|c| c.params == *params).unwrap().loss;
    assert_eq!(of(&choice.params), Some(least));
    assert_eq!(choice, choose("ewma", &history, cut));
    // A parameter that no model of the kind has is an error that names it, not a silent candidate.
    let plan = plan(vec![model("own", "ewma", json!({}))]);
    let grid = BTreeMap::from([("lamda".to_string(), vec![json!(0.9)])]);
    let wrong = Choose { grid, budget: 8, validation: Span::DAY.times(30), every: 0 };
    let given = |m: &ModelPlan| Ok(m.params.clone());
    let question = Search { plan: &plan, history: &history, track: &Track::default(), params: &given };
    let error = question.choose(&plan.models[0], &wrong, (0, cut), plan.horizons()[0].1).unwrap_err().to_string();
    assert!(error.contains("lamda"), "{error}");
}
