//! Instruments that see each other: nothing of another one before it was known, and the same whatever
//! order equal times come in.

use std::collections::BTreeMap;

use margincast::base::{Digest, Seed, Span, Symbol, Ts};
use margincast::event::{Bar, Body, Event, synth};
use margincast::feature::Feature;
use margincast::forecast::{Forecast, combine::calibration};
use margincast::loss::Side;
use margincast::pipeline::{Margin, ModelSet, Pipeline, Settings};
use margincast::study::config::{ModelPlan, Plan, Study};
use margincast::study::walk::{self, MarketEvents, Walk};

use crate::law_forecaster::config;

const DAYS: i64 = 44;

fn start() -> Ts {
    "2023-01-02".parse().unwrap()
}

pub(crate) fn symbols() -> [Symbol; 2] {
    ["AAA", "BBB"].map(|s| s.parse().unwrap())
}

fn events(symbol: Symbol) -> Vec<Event> {
    synth::bars(Seed(u64::from(symbol.as_str().as_bytes()[0])), symbol, start(), config().bar, (96 * DAYS) as usize)
}

pub(crate) fn plan() -> Plan {
    let model = |name: &str, kind: &str, params: serde_json::Value| ModelPlan {
        name: name.into(),
        kind: kind.into(),
        every: 1,
        params,
        choose: None,
    };
    let mut margin = Margin { forecast: "GLM".into(), regime: String::new(), ..Margin::default() };
    margin.baseline.window = Span::DAY.times(20);
    margin.baseline.history = Span::DAY.times(365);
    margin.baseline.warm_up = 100;
    let day = |n: i64| start() + Span::DAY.times(n);
    let pipeline = Settings {
        symbols: symbols().to_vec(),
        rows: config(),
        horizons: vec![1],
        publish_from: day(36),
        replay_rows: 600,
        margins: Vec::new(),
        margin,
    };
    let study = Study {
        start: day(36),
        end: day(42),
        window: None,
        refit: Span::DAY.times(3),
        embargo: 0,
        warmup: 0,
        phases: 2,
        refit_rows: None,
        margins: vec![],
        rehearsal: Span(0),
        crash_days: vec![],
        seed: Seed(5),
        base: "GLM".into(),
        calibration: calibration::Params { window: 200, spike_window: 100, ..Default::default() },
    };
    let models = vec![
        model("GLM", "net", serde_json::json!({"nets": 0, "regimes": 0})),
        model("boost", "boost", serde_json::json!({"rounds": 20, "runs": 1, "regimes": 2})),
    ];
    Plan { pipeline, study, models }
}

fn walked(market: &MarketEvents) -> Walk {
    walk::walk(&plan(), market, Digest::of(b"study"), None, &|_| {}).unwrap()
}

pub(crate) fn market() -> MarketEvents {
    symbols().map(|s| (s, events(s))).into()
}

/// Each bar says what the one a row later will say.
pub(crate) fn told_a_row_early(events: &[Event]) -> Vec<Event> {
    let bars = (config().row.0 / config().bar.0) as usize;
    let early = |(i, event): (usize, &Event)| {
        let mut event = *event;
        if let (Body::Bar(bar), Some(Body::Bar(next))) = (&mut event.body, events.get(i + bars).map(|e| e.body)) {
            *bar = Bar { ts_open: bar.ts_open, kind: bar.kind, ..next };
        }
        event
    };
    events.iter().enumerate().map(early).collect()
}

/// Forecasts of A at or before `t` and after it, in a study that is told of the market by `tell`: as it
/// was, and with another B after `t`.
fn beside_another_b(t: Ts, tell: impl Fn(&MarketEvents) -> MarketEvents) -> [[Vec<(String, Forecast)>; 2]; 2] {
    let [a, b] = symbols();
    let mut poisoned = market();
    for event in poisoned.get_mut(&b).unwrap().iter_mut().filter(|e| e.ts_known > t) {
        if let Body::Bar(bar) = &mut event.body {
            bar.high *= 1.7;
        }
    }
    [market(), poisoned].map(|market| {
        let walk = walked(&tell(&market));
        [false, true].map(|late| {
            let own = walk.forecasts.iter().filter(|f| f.symbol == a && (f.forecast.issued > t) == late);
            own.map(|f| (f.model.to_string(), f.forecast.clone())).collect()
        })
    })
}

#[test]
fn what_another_instrument_does_is_seen_when_it_is_known_and_not_before() {
    // Right after an origin, so that a fit or a factor that saw a row too far shows.
    let t = plan().study.start + plan().study.refit;
    let [[early, late], [other_early, other_late]] = beside_another_b(t, MarketEvents::clone);
    assert!(early.len() > 100);
    assert!(early == other_early, "a forecast knew what another instrument would do");
    assert!(late[2..4] != other_late[2..4], "the first window of the other instrument's change is not seen");
}

#[test]
fn a_market_factor_with_the_next_row_of_one_instrument_is_caught() {
    let [_, b] = symbols();
    let t = plan().study.start + plan().study.refit;
    // Planted: in every window the factor holds what B does in the next.
    let [[early, _], [other_early, _]] = beside_another_b(t, |market| {
        let mut market = market.clone();
        let events = told_a_row_early(&market[&b]);
        market.insert(b, events);
        market
    });
    assert!(early.len() > 100 && early != other_early);
}

#[test]
fn the_order_of_instruments_at_equal_times_changes_no_decision() {
    let bundle: ModelSet = walked(&market()).last;
    let mut settings = plan().pipeline;
    settings.publish_from = plan().study.end;
    // Of a side that is not watched there is never anything.
    settings.margin.baseline.side = Side::Both;
    let run = |backward: bool| {
        let mut all: Vec<Event> = market().into_values().flatten().collect();
        all.sort_by_key(|e| (e.ts_known, e.symbol));
        if backward {
            all.chunk_by_mut(|a, b| a.ts_known == b.ts_known).for_each(<[Event]>::reverse);
        }
        let mut road = Pipeline::new(settings.clone(), &bundle, Digest::of(b"c")).unwrap();
        let mut made: BTreeMap<Symbol, Vec<String>> = BTreeMap::new();
        let mut evidence: BTreeMap<Ts, Vec<f64>> = BTreeMap::new();
        for event in &all {
            for d in road.push(event).unwrap() {
                evidence.entry(d.ts).or_default().push(d.why.evidence);
                made.entry(d.symbol).or_default().push(serde_json::to_string(&d).unwrap());
            }
        }
        assert!(evidence.values().all(|e| e.len() == 2 && e[0] == e[1]), "what is known is known to both");
        assert!(evidence.values().any(|e| e[0] != 1.0), "nothing was ever known");
        made
    };
    let (forward, backward) = (run(false), run(true));
    assert!(forward.len() == 2 && forward.values().all(|d| d.len() > 20));
    assert_eq!(forward, backward);
}

#[test]
fn a_study_learns_from_the_rows_that_the_road_makes() {
    let history = walk::rows(&plan(), &market()).unwrap();
    let [a, b] = symbols();
    assert_eq!(history[&a].len(), history[&b].len());
    for (x, y) in history[&a].iter().zip(history[&b].iter()).skip(200) {
        assert_eq!(x.get(Feature::MarketLevel), y.get(Feature::MarketLevel), "{}", x.ts);
        let own = |r: &margincast::feature::Row| (r.raw(Feature::Rv) / r.raw(Feature::RvLong)).ln();
        assert!((x.raw(Feature::MarketLevel) - (own(x) + own(y)) / 2.0).abs() < 1e-12);
    }
}
