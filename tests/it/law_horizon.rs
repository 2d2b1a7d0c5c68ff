//! What a model says of a longer stretch is never below what it says of a shorter one: in the forecasts
//! that everyone sees, in decisions, and after a replay; and a decision says when it was lifted.

use std::collections::BTreeMap;
use std::sync::Arc;

use margincast::base::{Digest, Horizon, Seed, Span, Ts};
use margincast::feature::{Feature, Row};
use margincast::forecast::{Dist, Entry, FitContext, Fitted, History, Panel, Track};
use margincast::margin::{Decision, Reason};
use margincast::pipeline::{Input, Margin, Member, ModelSet, Pipeline, Settings};

use crate::law_forecaster::{ROWS, config, events, symbol, trained};

/// HAR over `ahead` rows, learnt from rows whose variance is `scale` times what it was.
fn fitted(ahead: i64, scale: f64) -> Fitted {
    let scaled = |row: &Row| {
        let mut row = *row;
        let variances = [Feature::Rv, Feature::RvMid, Feature::RvLong];
        variances.iter().for_each(|f| row.set(*f, scale * row.raw(*f)));
        row.set(Feature::Ret, scale.sqrt() * row.raw(Feature::Ret));
        row
    };
    let history: History = [(symbol(), Arc::new(ROWS.iter().map(scaled).collect()))].into();
    let panel = Panel::until(&history, Ts(i64::MIN), trained(&ROWS));
    let ctx = FitContext {
        horizon: Horizon(Span::HOUR.times(ahead)),
        step: Span::HOUR,
        seed: Seed(1),
        members: &BTreeMap::new(),
        track: &Track::default(),
        progress: &|_| {},
    };
    (Entry::named("har").unwrap().fit)(&serde_json::json!({}), &panel, &ctx).unwrap()
}

/// One model over one and eight rows; `scale` makes the longer one wrong.
fn bundle(scale: f64) -> ModelSet {
    let member = |ahead: i64, scale: f64| {
        let (name, horizon) = ("HAR".to_string(), Horizon(Span::HOUR.times(ahead)));
        Member { name, horizon, fitted: fitted(ahead, scale), calibration: None }
    };
    ModelSet::new(vec![member(8, scale), member(1, 1.0)], trained(&ROWS))
}

fn road(bundle: &ModelSet) -> Pipeline {
    let mut margin = Margin { forecast: "HAR".into(), regime: String::new(), ..Margin::default() };
    margin.baseline.window = Span::DAY.times(40);
    margin.baseline.history = Span::DAY.times(365);
    let settings = Settings {
        symbols: vec![symbol()],
        rows: config(),
        horizons: vec![1, 8],
        publish_from: trained(&ROWS),
        replay_rows: 1_000,
        margins: Vec::new(),
        margin,
    };
    Pipeline::new(settings, bundle, Digest::default()).unwrap()
}

/// Pairs of the short and the long distribution at each close, and all decisions.
fn run(bundle: &ModelSet) -> (Vec<[Dist; 2]>, Vec<Decision>) {
    let (mut road, mut pairs, mut made) = (road(bundle), Vec::new(), Vec::new());
    for event in &events() {
        made.extend(road.push(event).unwrap());
        if let [a, b] = road.fresh() {
            let (short, long) = if a.forecast.horizon < b.forecast.horizon { (a, b) } else { (b, a) };
            assert!(!short.lifted);
            pairs.push([short.forecast.dist, long.forecast.dist]);
        }
    }
    (pairs, made)
}

fn agrees([short, long]: &[Dist; 2]) -> bool {
    let tails = short.q.iter().zip(long.q).enumerate().all(|(i, (s, l))| match i {
        i if i < 4 => l <= *s,
        i if i > 4 => l >= *s,
        _ => true,
    });
    tails && long.rv >= short.rv && long.sd >= short.sd && long.es01 <= short.es01 && long.es99 >= short.es99
}

#[test]
fn a_longer_horizon_is_never_below_a_shorter_one_and_decisions_say_when_it_was_lifted() {
    let lifted = |d: &Decision| d.reasons.contains(&Reason::HorizonLift);
    let (pairs, made) = run(&bundle(1e-6));
    assert!(pairs.len() > 250 && pairs.iter().all(agrees));
    assert!(pairs.iter().all(|[short, long]| short.rv == long.rv), "every longer one was far below the shorter");
    let (long, short): (Vec<_>, Vec<_>) = made.iter().partition(|d| d.horizon == Horizon(Span::HOUR.times(8)));
    assert!(long.len() > 50 && short.len() > 250, "{} {}", long.len(), short.len());
    let plain = long.iter().find(|d| !lifted(d));
    assert!(plain.is_none(), "{plain:?}");
    let touched = short.iter().find(|d| lifted(d));
    assert!(touched.is_none(), "{touched:?}");
    // Where the longer one is what it should be, nothing is touched.
    let (pairs, made) = run(&bundle(1.0));
    assert!(pairs.iter().all(agrees) && pairs.iter().all(|[short, long]| long.rv > short.rv));
    assert!(!made.iter().any(lifted));
}

#[test]
fn lifted_forecasts_are_the_same_after_a_replay_from_anywhere() {
    let bundle = bundle(0.3);
    let all = events();
    let (mut live, mut other) = (road(&bundle), road(&bundle));
    for (i, event) in all.iter().enumerate() {
        if i == 4 * 1_299 {
            other.push(Input::Install(Arc::new(bundle.clone()))).unwrap();
        }
        let (a, b) = (live.push(event).unwrap(), other.push(event).unwrap());
        assert_eq!(live.forecasts(symbol()), other.forecasts(symbol()), "event {i}");
        assert_eq!(a.len(), b.len(), "event {i}");
    }
    let mut again = road(&bundle);
    all.iter().for_each(|event| drop(again.push(event).unwrap()));
    assert_eq!(again.forecasts(symbol()), live.forecasts(symbol()));
}
