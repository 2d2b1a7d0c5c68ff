//! However the stream is cut, stopped, restarted, ticked or dirtied, the same data give the same
//! rows, bit for bit.

use std::collections::BTreeMap;

use margincast::base::{Seed, Span, Symbol, Ts};
use margincast::event::{Bar, BarKind, Body, Event, Fault, Gauge, GaugeKind, Trade};
use margincast::feature::{Builder, Feature, Row, RowConfig, VarianceMeasure};
use margincast::pipeline::Input;
use proptest::prelude::*;
use rand::RngExt;

/// 2024-01-01, a Monday.
const START: Ts = Ts::from_ms(1_704_067_200_000);

/// Rows of six hours have a diurnal factor; rows of a day have none.
pub(crate) fn config(row: Span) -> RowConfig {
    RowConfig {
        bar: Span::HOUR.times(2),
        row,
        measure: VarianceMeasure::GarmanKlass,
        mid: 5,
        long: 20,
        far: 60,
        closure: Span(0),
    }
}

pub(crate) fn symbol() -> Symbol {
    "TESTUSD".parse().expect("a symbol")
}

/// A random walk of vendor's bars: one in 300 is missing, one in 500 lacks its taker split, some come
/// to be known late.
pub(crate) fn bars(seed: u64, count: usize, bar: Span) -> Vec<Event> {
    let mut rng = Seed(seed).named("bars").rng();
    let mut price: f64 = 100.0;
    let mut out = Vec::new();
    let mut known = START;
    for i in 0..count {
        let ts_open = START + bar.times(i as i64);
        let scale = 0.002 * (1.0 + (i as f64 / 40.0).sin().powi(2) * 4.0);
        let mut step = || (scale * (rng.random::<f64>() - 0.5)).exp();
        let open = price * step();
        let close = open * step();
        let (high, low) = (open.max(close) * step().max(1.0), open.min(close) * step().min(1.0));
        price = close;
        let volume = 10.0 * rng.random::<f64>();
        let quote = volume * close;
        let split = rng.random_range(0..500u32) != 0;
        let share: f64 = rng.random();
        known = known.max(ts_open + bar + Span(if rng.random_range(0..9u32) == 0 { 40_000_000_000 } else { 0 }));
        if rng.random_range(0..300u32) == 0 {
            continue;
        }
        let body = Body::Bar(Bar {
            ts_open,
            open,
            high,
            low,
            close,
            volume: Some(volume),
            quote_volume: Some(quote),
            trades: Some(f64::from(rng.random_range(1..900u32))),
            taker_buy_volume: split.then_some(volume * share),
            taker_buy_quote_volume: split.then_some(quote * share),
            kind: BarKind::Trade,
        });
        out.push(Event { symbol: symbol(), ts_event: ts_open + bar, ts_known: known, seq: i as u64, body });
    }
    out
}

/// A random walk of trades on a price grid, `mean_gap` apart on average, each known a little later.
pub(crate) fn trades(seed: u64, count: usize, mean_gap: Span) -> Vec<Event> {
    let mut rng = Seed(seed).named("trades").rng();
    let (mut at, mut known, mut price) = (START, START, 10_000i64);
    let mut out = Vec::with_capacity(count);
    for seq in 0..count as u64 {
        at = at + Span((mean_gap.0 as f64 * -(1.0 - rng.random::<f64>()).ln()) as i64);
        known = known.max(at + Span(rng.random_range(0..5_000_000i64)));
        price = (price + rng.random_range(-2..=2i64)).max(1);
        let aggressor = if rng.random_range(0..5_000u32) == 0 { 0 } else { rng.random_range(0..2i8) * 2 - 1 };
        let qty = rng.random_range(1..500u32);
        let trade = Trade {
            price: price as f64 * 0.01,
            qty: f64::from(qty) * 0.001,
            aggressor,
            n_trades: rng.random_range(1..4u32),
        };
        out.push(Event { symbol: symbol(), ts_event: at, ts_known: known, seq, body: Body::Trade(trade) });
    }
    out
}

/// Readings of every gauge from the first to the last of these events: funding every 8 hours, open
/// interest every 4, implied volatility every hour with days missing, each known now and then late.
pub(crate) fn gauges(seed: u64, events: &[Event]) -> Vec<Event> {
    let (first, last) = (events[0].ts_known.floor(Span::DAY), events[events.len() - 1].ts_known);
    let mut out = Vec::new();
    type Reading = (GaugeKind, i64, fn(f64) -> f64);
    let read: [Reading; 3] = [
        (GaugeKind::Funding, 8, |level| 1e-4 * level),
        (GaugeKind::OpenInterest, 4, |level| 1e5 * (0.1 * level).exp()),
        (GaugeKind::ImpliedVol, 1, |level| 0.6 * (0.02 * level).exp()),
    ];
    for (kind, hours, value) in read {
        let mut rng = Seed(seed).named("gauges").rng();
        let (mut at, mut known, mut level) = (first, first, 0.0f64);
        while at < last {
            level += rng.random::<f64>() - 0.5;
            known = known.max(at + Span(if rng.random_range(0..5u32) == 0 { 900_000_000_000 } else { 0 }));
            let value = value(level);
            let body = Body::Gauge(Gauge { kind, value });
            // Two days of every thirty lack it, so that a reading grows stale.
            if kind != GaugeKind::ImpliedVol || ((at - first).days() as i64) % 30 < 28 {
                out.push(Event { symbol: symbol(), ts_event: at, ts_known: known, seq: kind as u64, body });
            }
            at = at + Span::HOUR.times(hours);
        }
    }
    out.sort_by_key(|e| (e.ts_known, e.seq));
    out
}

/// Both in one stream, readings first where times are equal.
pub(crate) fn woven(mut events: Vec<Event>, gauges: &[Event]) -> Vec<Event> {
    let gauge = |e: &Event| matches!(e.body, Body::Gauge(_));
    events.extend(gauges);
    events.sort_by_key(|e| (e.ts_known, !gauge(e)));
    events
}

/// The time passes `ts`, and nothing else is known to have happened.
fn tick(at: Ts) -> Input {
    Input::Tick { symbol: symbol(), at }
}

/// The events, and a tick after all that are known by then.
pub(crate) fn with_tick(events: &[Event], at: Ts) -> Vec<Input> {
    let place = events.partition_point(|e| e.ts_known <= at);
    let mut all: Vec<Input> = events.iter().map(Input::from).collect();
    all.insert(place, tick(at));
    all
}

/// What a pipeline does with an input before its models see anything.
fn push(builder: &mut Builder, input: &Input) -> Option<Row> {
    match input {
        Input::Event(event) => builder.push(event),
        Input::Tick { symbol, at } => builder.tick(*symbol, *at),
        _ => None,
    }
}

pub(crate) fn run_inputs(config: &RowConfig, inputs: &[Input]) -> Vec<Row> {
    let mut builder = Builder::new(config.clone()).expect("a good configuration");
    inputs.iter().filter_map(|input| push(&mut builder, input)).collect()
}

pub(crate) fn run(config: &RowConfig, events: &[Event]) -> Vec<Row> {
    let mut builder = Builder::new(config.clone()).expect("a good configuration");
    events.iter().filter_map(|e| builder.push(e)).collect()
}

/// Times and values as bits, so that absence equals absence and 0 differs from -0.
pub(crate) fn bits(rows: &[Row]) -> Vec<(Ts, Ts, Ts, Vec<u64>)> {
    rows.iter().map(|r| (r.ts_open, r.ts, r.ts_known, r.values().iter().map(|v| v.to_bits()).collect())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Live state is derived: stored events of the declared memory bring it back at any kill point.
    #[test]
    fn a_builder_started_late_gives_the_same_rows_once_its_memory_is_full(seed in 0..1000u64, kill in 0.0..1.0f64) {
        for (row, days) in [(Span::HOUR.times(6), 1_000), (Span::DAY, 300)] {
            let config = config(row);
            let events = bars(seed, days * 12, config.bar);
            let gauges = gauges(seed, &events);
            let events = woven(events, &gauges);
            let whole = run(&config, &events);
            let memory = config.memory_rows();
            prop_assert!(whole.len() > memory + 100, "{} rows, memory {memory}", whole.len());
            // The late builder begins inside a window, after some rows of the whole run.
            let skipped = ((whole.len() - memory - 50) as f64 * kill) as usize;
            let from = events.partition_point(|e| e.ts_known <= whole[skipped].ts_known) + 1;
            let late = run(&config, &events[from..]);
            let full = bits(&late[memory..]);
            prop_assert_eq!(&full[..], &bits(&whole)[whole.len() - full.len()..]);
            let early = bits(&late[memory / 2..]);
            prop_assert_ne!(&early[..], &bits(&whole)[whole.len() - early.len()..], "memory is shorter than declared");
        }
    }

    #[test]
    fn a_builder_that_is_copied_at_any_event_goes_on_the_same(seed in 0..1000u64, cuts in prop::collection::btree_set(0..20_000usize, 0..30)) {
        let config = RowConfig { bar: Span::MINUTE, row: Span::MINUTE.times(5), ..config(Span::HOUR) };
        let events = trades(seed, 20_000, Span::SECOND);
        let gauges = gauges(seed, &events);
        let events = woven(events, &gauges);
        let mut builder = Builder::new(config.clone()).unwrap();
        let mut rows = Vec::new();
        for (i, event) in events.iter().enumerate() {
            if cuts.contains(&i) {
                builder = builder.clone();
            }
            rows.extend(builder.push(event));
        }
        prop_assert_eq!(bits(&rows), bits(&run(&config, &events)));
    }

    #[test]
    fn rows_from_trades_are_the_rows_from_the_bars_of_those_trades(seed in 0..1000u64) {
        let config = RowConfig { bar: Span::MINUTE, row: Span::MINUTE.times(8), ..config(Span::HOUR) };
        let events = trades(seed, 60_000, Span::SECOND);
        let end = events[events.len() - 1].ts_event.floor(config.bar) + config.bar;
        let (made, ticks) = bars_of(&events, config.bar);
        // A row is made with the first event after its close, or with its last bar: readings that
        // come to be known in between are in neither.
        let gauges = gauges(seed, &events);
        let from_trades = run_inputs(&config, &with_tick(&woven(events, &gauges), end));
        let mut from_bars = run(&config, &woven(made, &gauges));
        prop_assert!(from_trades.iter().any(|r| r.get(Feature::ImpliedVariance).is_some()));
        prop_assert!(from_trades.len() > 100);
        for row in &mut from_bars {
            // A vendor's bar cannot tell what happened inside it.
            prop_assert_eq!(row.get(Feature::RvTick), None);
            row.set(Feature::RvTick, (0..8).map(|i| ticks[&(row.ts_open + config.bar.times(i))]).sum());
        }
        prop_assert_eq!(bits(&from_trades), bits(&from_bars));
        prop_assert!(from_trades.iter().any(|r| r.get(Feature::Imbalance).is_none()), "no trade of unknown side");
    }

    #[test]
    fn ticks_change_no_row(seed in 0..1000u64, every in 1..500usize) {
        let config = RowConfig { bar: Span::MINUTE, row: Span::MINUTE.times(5), ..config(Span::HOUR) };
        // Trades known at once: a tick never overtakes one.
        let mut events = trades(seed, 20_000, Span::SECOND);
        for e in &mut events {
            e.ts_known = e.ts_event;
        }
        let ticked: Vec<Input> = events
            .iter()
            .enumerate()
            .flat_map(|(i, e)| [(i % every == 0).then(|| tick(e.ts_event)), Some(e.into())].into_iter().flatten())
            .collect();
        prop_assert_eq!(bits(&run_inputs(&config, &ticked)), bits(&run(&config, &events)));
    }

    #[test]
    fn bad_data_is_counted_and_changes_no_row(seed in 0..1000u64, at in prop::collection::vec((0..4_000usize, 0..7usize), 1..60)) {
        let config = config(Span::HOUR.times(6));
        let events = bars(seed, 4_000, config.bar);
        let mut builder = Builder::new(config.clone()).unwrap();
        let (mut rows, mut want) = (Vec::new(), BTreeMap::<Fault, u64>::new());
        for (i, event) in events.iter().enumerate() {
            rows.extend(builder.push(event));
            for (_, kind) in at.iter().filter(|(j, _)| *j == i) {
                let (bad, fault) = spoilt(event, *kind);
                prop_assert!(builder.push(&bad).is_none());
                *want.entry(fault).or_default() += 1;
            }
        }
        prop_assert_eq!(bits(&rows), bits(&run(&config, &events)));
        let mut counted = builder.faults().clone();
        counted.remove(&Fault::Incomplete);
        prop_assert_eq!(counted, want);
    }
}

/// The event again, spoilt in one way, and what it must count as.
fn spoilt(event: &Event, kind: usize) -> (Event, Fault) {
    let Body::Bar(bar) = event.body else { panic!("a bar") };
    let next = bar.ts_open + Span::HOUR.times(2);
    let moved = |bar: Bar| Event { ts_event: bar.ts_open + Span::HOUR.times(2), body: Body::Bar(bar), ..*event };
    match kind {
        0 => (*event, Fault::Duplicate),
        1 => (moved(Bar { ts_open: next, close: f64::NAN, ..bar }), Fault::NotANumber),
        2 => (moved(Bar { ts_open: next, low: -1.0, ..bar }), Fault::NotANumber),
        3 => (moved(Bar { ts_open: next, high: bar.low * 0.99, ..bar }), Fault::BadRange),
        4 => (moved(Bar { ts_open: next + Span::SECOND, ..bar }), Fault::OffGrid),
        5 => (moved(Bar { ts_open: bar.ts_open - Span::HOUR.times(2), ..bar }), Fault::OutOfOrder),
        _ => (Event { ts_known: event.ts_known - Span(1), ..moved(Bar { ts_open: next, ..bar }) }, Fault::OutOfOrder),
    }
}

/// Bars, and the variance of the trades inside each, made of trades in the plainest way.
fn bars_of(events: &[Event], width: Span) -> (Vec<Event>, BTreeMap<Ts, f64>) {
    let mut groups: BTreeMap<Ts, Vec<(Trade, Ts)>> = BTreeMap::new();
    for e in events {
        // As the builder: what becomes known after its bar has closed is too late.
        if let Body::Trade(t) = e.body
            && groups.last_key_value().is_none_or(|(open, _)| e.ts_event.floor(width) >= *open)
        {
            groups.entry(e.ts_event.floor(width)).or_default().push((t, e.ts_known));
        }
    }
    let total =
        |trades: &[(Trade, Ts)], f: &dyn Fn(&Trade) -> f64| trades.iter().map(|t| f(&t.0)).fold(0.0, |a, b| a + b);
    let mut ticks = BTreeMap::new();
    let mut out = Vec::new();
    for (seq, (ts_open, trades)) in groups.into_iter().enumerate() {
        let prices: Vec<f64> = trades.iter().map(|t| t.0.price).collect();
        let sided = trades.iter().all(|t| t.0.aggressor != 0);
        let bought = |t: &Trade| if t.aggressor > 0 { t.qty } else { 0.0 };
        let bar = Bar {
            ts_open,
            open: prices[0],
            high: prices.iter().copied().fold(0.0, f64::max),
            low: prices.iter().copied().fold(f64::INFINITY, f64::min),
            close: prices[prices.len() - 1],
            volume: Some(total(&trades, &|t| t.qty)),
            quote_volume: Some(total(&trades, &|t| t.price * t.qty)),
            trades: Some(total(&trades, &|t| f64::from(t.n_trades))),
            taker_buy_volume: sided.then(|| total(&trades, &bought)),
            taker_buy_quote_volume: sided.then(|| total(&trades, &|t| t.price * bought(t))),
            kind: BarKind::Trade,
        };
        ticks.insert(ts_open, prices.windows(2).map(|p| (p[1].ln() - p[0].ln()).powi(2)).fold(0.0, |a, b| a + b));
        let known = trades.iter().map(|t| t.1).max().unwrap().max(ts_open + width);
        out.push(Event {
            symbol: symbol(),
            ts_event: ts_open + width,
            ts_known: known,
            seq: seq as u64,
            body: Body::Bar(bar),
        });
    }
    // A bar is known when its last trade is; the stream is in order of that.
    let mut latest = START;
    for e in &mut out {
        latest = latest.max(e.ts_known);
        e.ts_known = latest;
    }
    (out, ticks)
}

#[test]
fn the_first_event_at_or_after_the_bars_end_closes_it() {
    let config = RowConfig { bar: Span::MINUTE, row: Span::MINUTE, ..config(Span::HOUR) };
    let trade = |at: i64, price: f64| {
        Input::from(Event {
            symbol: symbol(),
            ts_event: START + Span(at),
            ts_known: START + Span(at),
            seq: at as u64,
            body: Body::Trade(Trade { price, qty: 1.0, aggressor: 1, n_trades: 1 }),
        })
    };
    let end = Span::MINUTE.0;
    for closer in [tick(START + Span(end)), trade(end, 1.0)] {
        let mut builder = Builder::new(config.clone()).unwrap();
        for event in [trade(0, 100.0), trade(end - 1, 101.0), tick(START + Span(end - 1))] {
            assert!(push(&mut builder, &event).is_none());
        }
        let row = push(&mut builder, &closer).expect("the bar's end has come");
        assert_eq!((row.ts_open, row.ts, row.ts_known), (START, START + Span(end), START + Span(end)));
        assert_eq!((row.get(Feature::Close), row.get(Feature::Volume)), (Some(101.0), Some(2.0)));
        // One bar a row: what needs two bars is absent, as is the factor of slots not yet visited.
        for absent in [Feature::Bpv, Feature::RsNeg, Feature::Rq, Feature::Roll, Feature::Kyle, Feature::SeasonNext] {
            assert_eq!(row.get(absent), None, "{absent:?}");
        }
        assert_eq!(push(&mut builder, &trade(end - 1, 99.0)), None);
        assert_eq!(builder.faults().get(&Fault::OutOfOrder), Some(&1));
    }
}

#[test]
fn what_the_bars_lack_is_absent_and_never_zero() {
    let config = config(Span::DAY);
    let plain: Vec<Event> = bars(1, 600, config.bar)
        .into_iter()
        .map(|e| {
            let Body::Bar(bar) = e.body else { panic!("a bar") };
            let bar =
                Bar { quote_volume: None, trades: None, taker_buy_volume: None, taker_buy_quote_volume: None, ..bar };
            Event { body: Body::Bar(bar), ..e }
        })
        .collect();
    let rows = run(&config, &plain);
    let last = rows.last().unwrap();
    use Feature as F;
    for present in [F::Rv, F::Bpv, F::RsNeg, F::Volume, F::RvLong, F::RetLong, F::Tail4, F::Tail2] {
        assert!(last.get(present).is_some(), "{present:?}");
    }
    for absent in [
        F::QuoteVolume,
        F::Trades,
        F::MeanTrade,
        F::SignedVolume,
        F::AbsSignedVolume,
        F::Imbalance,
        F::AbsImbalance,
        F::Amihud,
        F::Kyle,
        F::KyleR2,
        F::QuoteVolumeLong,
        F::TradesLong,
        F::ImbalanceMid,
        F::AmihudLong,
        F::RvTick,
        F::Tail24,
        F::SeasonNow,
    ] {
        assert_eq!(last.get(absent), None, "{absent:?}");
    }
}

#[test]
fn a_window_that_stood_still_makes_no_row() {
    let config = config(Span::HOUR.times(6));
    let mut events = bars(2, 120, config.bar);
    for e in &mut events {
        if let Body::Bar(bar) = &mut e.body
            && bar.ts_open.floor(config.row) == START + config.row.times(7)
        {
            (bar.open, bar.high, bar.low, bar.close) = (100.0, 100.0, 100.0, 100.0);
        }
    }
    let mut builder = Builder::new(config.clone()).unwrap();
    let rows: Vec<Row> = events.iter().filter_map(|e| builder.push(e)).collect();
    assert!(rows.iter().all(|r| r.ts_open != START + config.row.times(7) && r.raw(Feature::Rv) > 0.0));
    assert_eq!(rows.len() as u64 + builder.faults()[&Fault::Incomplete], 40);
}

#[test]
fn configurations_that_cannot_be_built_are_refused_with_the_mend() {
    let good = config(Span::DAY);
    for (bad, word) in [
        (RowConfig { row: Span::HOUR.times(3), ..good.clone() }, "whole number of bars"),
        (RowConfig { bar: Span(0), ..good.clone() }, "whole number of bars"),
        (RowConfig { mid: 0, ..good.clone() }, "must rise"),
        (RowConfig { long: 5, ..good.clone() }, "must rise"),
        (RowConfig { far: usize::MAX, ..good.clone() }, "must rise"),
    ] {
        let error = Builder::new(bad).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
