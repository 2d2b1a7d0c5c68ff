//! Markets in which nothing is as it should be: every catalog entry and the whole road give a sound
//! forecast or a visible refusal, never a number that is none, never a panic.

use std::collections::BTreeSet;

use margincast::base::{Digest, Seed, Span, Symbol, Ts};
use margincast::event::{Bar, Body, Event, Fault, synth};
use margincast::feature::RowConfig;
use margincast::forecast::{CATALOG, Entry, combine::calibration};
use margincast::margin::Reason;
use margincast::margin::apc::Stage;
use margincast::pipeline::{Margin, Settings};
use margincast::study::config::{ModelPlan, Plan, Study};
use margincast::study::measure::{Heading, Material, judge};
use margincast::study::report;
use margincast::study::walk::{self, MarketEvents, Walk};
use rayon::prelude::*;

const DAYS: i64 = 28;
/// The judged span begins here; the last origin is its end.
const CUT: i64 = 24;

fn start() -> Ts {
    "2023-01-02".parse().unwrap()
}

fn day(n: i64) -> Ts {
    start() + Span::DAY.times(n)
}

fn rows() -> RowConfig {
    RowConfig {
        bar: Span::MINUTE.times(30),
        row: Span::HOUR,
        measure: Default::default(),
        mid: 6,
        long: 24,
        far: 48,
        closure: Span(0),
    }
}

/// A sound market, spoilt: the event's bar, when it opens, and the close before it.
type Spoil = fn(Bar, Ts, f64) -> Option<Bar>;

fn flat(bar: Bar, price: f64) -> Bar {
    let nothing = Some(0.0);
    Bar {
        open: price,
        high: price,
        low: price,
        close: price,
        volume: nothing,
        quote_volume: nothing,
        trades: nothing,
        taker_buy_volume: nothing,
        taker_buy_quote_volume: nothing,
        ..bar
    }
}

fn split(bar: Bar, at: Ts) -> Bar {
    if bar.ts_open < at {
        return bar;
    }
    let by = |v: Option<f64>| v.map(|v| v * 10.0);
    Bar {
        open: bar.open / 10.0,
        high: bar.high / 10.0,
        low: bar.low / 10.0,
        close: bar.close / 10.0,
        volume: by(bar.volume),
        taker_buy_volume: by(bar.taker_buy_volume),
        ..bar
    }
}

const CASES: &[(&str, Spoil)] = &[
    ("SOUND", |bar, _, _| Some(bar)),
    ("CONSTANT", |bar, _, _| Some(flat(bar, 100.0))),
    ("STUCK", |bar, at, last| Some(if at < day(CUT - 3) { bar } else { flat(bar, last) })),
    ("NO-TRADES", |bar, at, last| Some(if (day(CUT - 5)..day(CUT + 2)).contains(&at) { flat(bar, last) } else { bar })),
    ("NO-BARS", |bar, at, _| (!(day(CUT - 5)..day(CUT + 2)).contains(&at)).then_some(bar)),
    ("YOUNG", |bar, at, _| (at >= day(CUT - 2)).then_some(bar)),
    ("UNBORN", |bar, at, _| (at >= day(DAYS - 2)).then_some(bar)),
    ("SPLIT", |bar, _, _| Some(split(bar, day(CUT - 10)))),
    ("SPLIT-LATE", |bar, _, _| Some(split(bar, day(CUT + 1)))),
    ("NO-FLOW", |bar, _, _| {
        let none = None;
        Some(Bar {
            volume: none,
            quote_volume: none,
            trades: none,
            taker_buy_volume: none,
            taker_buy_quote_volume: none,
            ..bar
        })
    }),
    ("TICK", |bar, _, _| {
        // Ticks of 0.3 %: a bar moves by a few of them, or not at all.
        let round = |p: f64| ((p.ln() / 0.003).round() * 0.003).exp();
        Some(Bar { open: round(bar.open), high: round(bar.high), low: round(bar.low), close: round(bar.close), ..bar })
    }),
];

fn symbol(name: &str) -> Symbol {
    name.parse().unwrap()
}

fn events(name: &str, spoil: Spoil) -> Vec<Event> {
    let bars = synth::bars(Seed(4), symbol(name), start(), rows().bar, 48 * DAYS as usize);
    let mut last = 100.0;
    let one = |e: Event| {
        let Body::Bar(bar) = e.body else { panic!("a bar") };
        let spoilt = spoil(bar, bar.ts_open, last)?;
        last = spoilt.close;
        Some(Event { body: Body::Bar(spoilt), ..e })
    };
    bars.into_iter().filter_map(one).collect()
}

/// Every catalog entry, small enough to be fast.
fn models() -> Vec<ModelPlan> {
    let stage = |combines| CATALOG.iter().filter(move |e| e.combines == combines).map(|e| e.name);
    // Whatever an entry calls its effort, less of it.
    let small = [
        ("min_rows", 300),
        ("starts", 1),
        ("iterations", 60),
        ("nets", 1),
        ("epochs", 1),
        ("units", 4),
        ("rounds", 10),
        ("runs", 1),
    ];
    let params = |name: &str| {
        let defaults = (Entry::named(name).unwrap().defaults)();
        let has = small.iter().filter(|(key, _)| defaults.get(key).is_some_and(serde_json::Value::is_number));
        let mut params: serde_json::Map<_, _> = has.map(|(key, value)| (key.to_string(), (*value).into())).collect();
        if name == "ensemble" {
            params.insert("members".into(), stage(false).collect::<Vec<_>>().into());
        }
        params.into()
    };
    let one =
        |name: &str| ModelPlan { name: name.into(), kind: name.into(), every: 1, params: params(name), choose: None };
    stage(false).chain(stage(true)).map(one).collect()
}

fn plan(symbols: Vec<Symbol>) -> Plan {
    let mut margin = Margin { forecast: "conformal".into(), regime: "hmm".into(), ..Margin::default() };
    let (add, window) = (0.25, Span::DAY.times(5));
    let limit = Stage::SpeedLimit { up_per_day: 0.5, down_per_day: 0.1 };
    let buffer = Stage::Buffer { add, window };
    margin.apc = vec![Stage::Floor, Stage::StressWeight { weight: 0.25 }, buffer, limit, Stage::Cap { times: 4.0 }];
    margin.baseline.warm_up = 100;
    margin.baseline.window = Span::DAY.times(20);
    margin.baseline.history = Span::DAY.times(365);
    let pipeline = Settings {
        symbols,
        rows: rows(),
        horizons: vec![2],
        publish_from: day(CUT),
        replay_rows: 600,
        margin,
        margins: Vec::new(),
    };
    let study = Study {
        start: day(CUT),
        end: day(DAYS),
        window: None,
        refit: Span::DAY.times(4),
        embargo: 0,
        warmup: 24,
        phases: 1,
        refit_rows: None,
        margins: vec![],
        rehearsal: Span::DAY.times(4),
        crash_days: vec![],
        seed: Seed(5),
        base: "har".into(),
        calibration: calibration::Params { window: 200, spike_window: 100, ..Default::default() },
    };
    Plan { pipeline, study, models: models() }
}

/// Walks, judges and reports; gives the walk and the text of the scores.
fn study(market: &MarketEvents) -> (Walk, String) {
    let plan = plan(market.keys().copied().collect());
    let walk = walk::walk(&plan, market, Digest::of(b"c"), None, &|_| {}).unwrap();
    let heading = Heading { title: "degenerate", command: "none", config: Digest::of(b"c") };
    let judged = judge(&Material::of(&plan, &walk, None), heading).unwrap();
    let scores = judged.scores.to_json();
    let page = report::render(&judged.scores, &judged.lines);
    // Lines are packed as text, in which any three letters may follow each other.
    let (before, lines) = page.split_once("id=\"series\">").unwrap();
    let (_, after) = lines.split_once("</script>").unwrap();
    for text in [&scores, before, after] {
        assert!(!text.contains("NaN"), "a number that is none was printed");
    }
    (walk, scores)
}

fn check(case: &str, walk: &Walk) {
    for issued in &walk.forecasts {
        let (model, f) = (&issued.model, &issued.forecast);
        assert!(f.dist.is_sound(), "{case}: {model} of {}: {:?}", issued.symbol, f.dist);
        let total = f.regime.map_or(1.0, |r| r.probs().iter().sum());
        assert!((total - 1.0).abs() < 1e-9, "{case}: {model}: regimes sum to {total}");
        assert!(f.spike.is_none_or(|p| (0.0..=1.0).contains(&p.get())), "{case}: {model}: {:?}", f.spike);
    }
    for d in &walk.decisions {
        let numbers = [d.baseline, d.why.blend_weight, d.m_raw, d.c_im, d.c_mm, d.why.m0, d.why.m1, d.why.m2, d.why.m4];
        assert!(numbers.iter().all(|v| v.is_finite() && *v >= 0.0), "{case}: {d:?}");
        assert!(d.baseline > 0.0 && d.c_im >= d.baseline * (1.0 - 1e-9) && d.c_mm <= d.c_im, "{case}: {d:?}");
        assert!((1_000_000..=2_000_000).contains(&d.m_im_ppm), "{case}: {d:?}");
        assert_eq!(d.forecast_loss.is_none(), d.reasons.contains(&Reason::NoForecast), "{case}: {d:?}");
    }
    // Windows that made no row are counted, each of them.
    for (symbol, rows) in &walk.history {
        let made = rows.len() as i64;
        let missing = rows.last().map_or(0, |last| (last.ts - rows[0].ts_open).0 / Span::HOUR.0 - made);
        let counted = walk.faults.get(&(*symbol, Fault::Incomplete)).copied().unwrap_or(0) as i64;
        assert!(counted >= missing, "{case}: {symbol}: {missing} windows without a row, {counted} counted");
    }
}

/// Models that gave no forecast of an instrument that has rows in the judged span, though no line of
/// the failures names the model.
fn silent(walk: &Walk) -> BTreeSet<(String, Symbol)> {
    let spoke: BTreeSet<(String, Symbol)> = walk.forecasts.iter().map(|i| (i.model.to_string(), i.symbol)).collect();
    let mut silent = BTreeSet::new();
    for (symbol, rows) in &walk.history {
        if !rows.iter().any(|r| (day(CUT)..day(DAYS)).contains(&r.ts)) {
            continue;
        }
        for model in models() {
            let refused = walk.failures.iter().any(|f| f.contains(&format!(" {}, ", model.name)));
            if !refused && !spoke.contains(&(model.name.clone(), *symbol)) {
                silent.insert((model.name, *symbol));
            }
        }
    }
    silent
}

/// Too young for a fit of its own.
const YOUNG: [&str; 2] = ["YOUNG", "UNBORN"];

#[test]
fn every_degenerate_instrument_alone_gets_forecasts_or_refusals() {
    CASES.par_iter().for_each(|(name, spoil)| {
        let market: MarketEvents = [(symbol(name), events(name, *spoil))].into();
        let (walk, scores) = study(&market);
        check(name, &walk);
        assert_eq!(silent(&walk), BTreeSet::new(), "{name}: neither a forecast nor a failure");
        // Refusals of a fit and uncounted windows are in what the reader gets.
        assert!(walk.failures.iter().all(|f| scores.contains(&serde_json::to_string(f).unwrap())), "{name}");
        let refused: BTreeSet<&str> = walk.failures.iter().filter_map(|f| f.split(", ").nth(1)).collect();
        let all = models().len();
        match *name {
            // No row at all, or none to learn from: every model says so.
            "CONSTANT" | "UNBORN" => assert_eq!((refused.len(), walk.forecasts.len()), (all, 0), "{name}"),
            "YOUNG" => assert!(!refused.is_empty(), "{name}"),
            // Every window that stood still is counted; nothing is issued or published from them.
            "STUCK" => {
                let counted = walk.faults[&(symbol(name), Fault::Incomplete)];
                assert!(counted >= 7 * 24 - 1, "{name}: {counted}");
                assert!(walk.decisions.is_empty() && walk.forecasts.is_empty(), "{name}");
            }
            _ => {
                assert!(refused.is_empty() && !walk.forecasts.is_empty(), "{name}: {:?}", walk.failures);
                assert!(!walk.decisions.is_empty(), "{name}");
            }
        }
    });
}

#[test]
fn degenerate_instruments_beside_sound_ones_spoil_nobody() {
    let market: MarketEvents = CASES.iter().map(|(name, spoil)| (symbol(name), events(name, *spoil))).collect();
    let (walk, _) = study(&market);
    check("all", &walk);
    assert!(walk.failures.is_empty(), "{:?}", walk.failures);
    // What was learnt of the others is the young one's from its first day; what needs a history of its own is
    // silent, and whoever combines it takes those that speak and says so.
    for (model, symbol) in silent(&walk) {
        assert!(YOUNG.contains(&symbol.as_str()), "{model} is silent on {symbol}");
    }
    for name in YOUNG {
        let of =
            |model: &str| walk.forecasts.iter().filter(|i| &*i.model == model && i.symbol.as_str() == name).count();
        assert!(["net", "sequence", "boost"].iter().all(|m| of(m) > 0), "{name}");
        assert!(of("garch") == 0 && of("ensemble") == of("boost"), "{name}");
        for d in walk.decisions.iter().filter(|d| d.symbol.as_str() == name && d.forecast_loss.is_some()) {
            assert!(d.reasons.contains(&Reason::PartialForecast), "{d:?}");
        }
    }
    // The sound one forecasts in every row of the judged span.
    let sound = symbol("SOUND");
    let due = walk.history[&sound].iter().filter(|r| (day(CUT)..day(DAYS)).contains(&r.ts)).count();
    for model in models() {
        let made = walk.forecasts.iter().filter(|i| *i.model == *model.name && i.symbol == sound).count();
        assert_eq!(made, due, "{}", model.name);
    }
}
