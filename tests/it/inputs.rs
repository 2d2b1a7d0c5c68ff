//! Funding, open interest and implied volatility: from vendors' files to features.

use std::path::Path;

use margincast::app::config::Config;
use margincast::app::market;
use margincast::base::table::Table;
use margincast::base::{Span, Symbol, Ts};
use margincast::event::lake::{BarRow, Feed, GaugeRow, Lake, Listing};
use margincast::event::venue::{ReadOptions, VendorFile, Writing, generic, import};
use margincast::event::{Body, Event, Fault, Gauge, GaugeKind, synth};
use margincast::feature::{Builder, Feature, Row};

use crate::law_stream::{bars, bits, config, gauges, run, symbol, woven};
use crate::shared;

fn reading(kind: GaugeKind, at: Ts, value: f64) -> Event {
    Event { symbol: symbol(), ts_event: at, ts_known: at, seq: kind as u64, body: Body::Gauge(Gauge { kind, value }) }
}

/// Readings of one kind known by `t`, newest last.
fn known(gauges: &[Event], kind: GaugeKind, t: Ts) -> Vec<(Ts, f64)> {
    let one = |e: &Event| match e.body {
        Body::Gauge(g) if g.kind == kind && e.ts_known <= t => Some((e.ts_known, g.value)),
        _ => None,
    };
    gauges.iter().filter_map(one).collect()
}

/// The formulas of the catalog in the plainest way, over everything at once.
fn plainly(rows: &[Row], gauges: &[Event], i: usize, (mid, long): (usize, usize)) -> Vec<(Feature, Option<f64>)> {
    use Feature as F;
    let last = |kind, t: Ts| known(gauges, kind, t).last().filter(|r| t - r.0 <= Span::DAY).map(|r| r.1);
    let at = |kind, back: usize| i.checked_sub(back).and_then(|j| last(kind, rows[j].ts));
    let change = |kind, k| Some((at(kind, 0)? / at(kind, k)?).ln());
    let t = rows[i].ts;
    let funding = last(GaugeKind::Funding, t);
    let rates = known(gauges, GaugeKind::Funding, t);
    let month: Vec<f64> = rates.iter().filter(|r| t - r.0 < Span::DAY.times(21)).map(|r| r.1).collect();
    let mean = (month.len() >= 21).then(|| month.iter().sum::<f64>() / month.len() as f64);
    let interest = at(GaugeKind::OpenInterest, 0);
    let volumes: Option<f64> = (i + 1 >= mid).then(|| (0..mid).map(|k| rows[i - k].raw(F::Volume)).sum());
    let years = (rows[i].ts - rows[i].ts_open).days() / 365.0;
    let variance = at(GaugeKind::ImpliedVol, 0).map(|iv| iv.powi(2) * years);
    vec![
        (F::Funding, funding),
        (F::FundingAbs, funding.map(f64::abs)),
        (F::FundingExcess, funding.zip(mean).map(|(f, m)| f - m)),
        (F::OpenInterest, interest),
        (F::OpenInterestChangeMid, change(GaugeKind::OpenInterest, mid)),
        (F::OpenInterestChangeLong, change(GaugeKind::OpenInterest, long)),
        (F::OpenInterestTurnover, interest.zip(volumes).map(|(o, v)| o / (v / mid as f64))),
        (F::ImpliedVariance, variance),
        (F::ImpliedPremium, variance.zip(rows[i].get(F::RvLong)).map(|(v, rv)| (v / rv).ln())),
        (F::ImpliedChangeMid, change(GaugeKind::ImpliedVol, mid)),
    ]
}

#[test]
fn a_row_sees_the_gauges_as_known_at_its_close() {
    for row in [Span::HOUR.times(6), Span::DAY] {
        let config = config(row);
        let bars = bars(3, 12 * 120, config.bar);
        let gauges = gauges(3, &bars);
        let rows = run(&config, &woven(bars, &gauges));
        let (mut present, mut absent) = ([0; 10], 0);
        for i in 0..rows.len() {
            for (k, (feature, want)) in plainly(&rows, &gauges, i, (config.mid, config.long)).into_iter().enumerate() {
                let got = rows[i].get(feature);
                assert_eq!(got.is_some(), want.is_some(), "{feature:?} of row {i}: {got:?}, want {want:?}");
                present[k] += u32::from(got.is_some());
                absent += u32::from(got.is_none());
                let near = |(a, b): (f64, f64)| (a - b).abs() <= 1e-12 * b.abs().max(1e-9);
                assert!(got.zip(want).is_none_or(near), "{feature:?} of row {i}: {got:?}, want {want:?}");
            }
        }
        assert!(present.iter().all(|n| *n > 20) && absent > 20, "{present:?} {absent}");
    }
}

#[test]
fn without_gauges_their_features_are_absent_and_nothing_else_changes() {
    let config = config(Span::HOUR.times(6));
    let bars = bars(5, 12 * 100, config.bar);
    let gauges = gauges(5, &bars);
    let (without, with) = (run(&config, &bars), run(&config, &woven(bars, &gauges)));
    let own = Feature::Funding as usize;
    assert!(without.iter().all(|r| r.values()[own..own + 10].iter().all(|v| v.is_nan())));
    let others = |rows: &[Row]| -> Vec<_> {
        bits(rows).into_iter().map(|(a, b, c, v)| (a, b, c, [&v[..own], &v[own + 10..]].concat())).collect()
    };
    assert_eq!(others(&without), others(&with));
}

#[test]
fn bad_readings_are_counted_and_change_nothing() {
    use GaugeKind::{Funding, ImpliedVol, OpenInterest};
    let config = config(Span::HOUR.times(6));
    let bars = bars(7, 12 * 60, config.bar);
    let events = woven(bars.clone(), &gauges(7, &bars));
    let clean = run(&config, &events);
    let mut builder = Builder::new(config).unwrap();
    let mut rows = Vec::new();
    for event in &events {
        rows.extend(builder.push(event));
        let next = event.ts_known + Span::SECOND;
        let bad =
            |kind, value| Event { ts_known: event.ts_known, ts_event: event.ts_known, ..reading(kind, next, value) };
        let mut tried = vec![
            (bad(Funding, f64::NAN), Fault::NotANumber),
            (bad(OpenInterest, f64::INFINITY), Fault::NotANumber),
            (bad(OpenInterest, -1.0), Fault::BadRange),
            (bad(ImpliedVol, 0.0), Fault::BadRange),
            (Event { ts_event: next, ..bad(Funding, 1.0) }, Fault::BadRange),
            (Event { ts_known: event.ts_known - Span(1), ..bad(Funding, 1.0) }, Fault::OutOfOrder),
        ];
        if let Body::Gauge(gauge) = event.body {
            tried.push((*event, Fault::Duplicate));
            let earlier = Event { ts_known: event.ts_known, ..reading(gauge.kind, event.ts_event - Span(1), 1.0) };
            tried.push((earlier, Fault::OutOfOrder));
        }
        for (event, fault) in tried {
            let before = builder.faults().get(&fault).copied().unwrap_or(0);
            assert!(builder.push(&event).is_none());
            assert_eq!(builder.faults()[&fault], before + 1, "{event:?}");
        }
    }
    assert_eq!(bits(&rows), bits(&clean));
}

/// A lake with a month of bars of two coins, funding of one perpetual and one coin's implied volatility.
fn lake(folder: &Path) -> Lake {
    let lake = Lake::at(folder);
    let start: Ts = "2024-01-01".parse().unwrap();
    for name in ["AAA", "BBB"] {
        let events = synth::bars(margincast::base::Seed(1), sym(name), start, Span::HOUR, 24 * 30);
        let row = |e: &Event| match e.body {
            Body::Bar(bar) => BarRow { ts_close: e.ts_event, ts_known: e.ts_known, bar, src: 0 },
            _ => panic!("a bar"),
        };
        lake.write(&listing("binance", "spot", name), &events.iter().map(row).collect::<Vec<_>>()).unwrap();
    }
    let at = |hours: i64| start + Span::HOUR.times(hours);
    let nan = f64::NAN;
    let rates: Vec<_> =
        (0..90).map(|i| GaugeRow::new(GaugeKind::Funding, at(8 * i), at(8 * i), &[1e-4 * i as f64, 4.0], 0)).collect();
    lake.write(&listing("binance", "um", "AAA"), &rates).unwrap();
    let ivs: Vec<_> =
        (0..700).map(|i| GaugeRow::new(GaugeKind::ImpliedVol, at(i), at(i), &[0.5 + 1e-4 * i as f64], 0)).collect();
    lake.write(&listing("deribit", "option", "COIN"), &ivs).unwrap();
    let sizes: Vec<_> = (0..90)
        .map(|i| {
            GaugeRow::new(
                GaugeKind::OpenInterest,
                at(8 * i),
                at(8 * i),
                &[if i % 2 == 0 { 100.0 } else { nan }, 1e6],
                0,
            )
        })
        .collect();
    lake.write(&listing("binance", "um", "BBB"), &sizes).unwrap();
    lake
}

fn sym(name: &str) -> Symbol {
    name.parse().unwrap()
}

fn listing(venue: &str, market: &str, name: &str) -> Listing {
    Listing::new(venue, market, sym(name)).unwrap()
}

fn configured(folder: &Path, inputs: &str) -> anyhow::Result<Config> {
    let text = format!(
        r#"
horizons = [1]
[universe]
venue = "binance"
market = "spot"
symbols = ["AAA", "BBB"]
{inputs}
[rows]
bar = "1h"
row = "1h"
mid = 6
long = 24
far = 48
[study]
start = "2024-01-10"
end = "2024-01-30"
refit = "10d"
[[models]]
name = "EWMA"
kind = "ewma"
"#
    );
    let path = folder.join("config.toml");
    std::fs::write(&path, text).unwrap();
    Config::read(&path, &[])
}

const INPUTS: &str = r#"
[[universe.inputs]]
table = "funding"
venue = "binance"
market = "um"
for = ["AAA"]
[[universe.inputs]]
table = "open_interest"
venue = "binance"
market = "um"
for = ["BBB"]
[[universe.inputs]]
table = "implied_vol"
venue = "deribit"
market = "option"
symbol = "COIN"
"#;

#[test]
fn configured_inputs_come_merged_with_the_bars_of_their_readers() {
    let folder = tempfile::tempdir().unwrap();
    let _lake = lake(&folder.path().join("lake"));
    let config = configured(folder.path(), INPUTS).unwrap();
    let market = market::load(&config, &folder.path().join("lake")).unwrap();
    let count = |name: &str, kind: GaugeKind| {
        market[&sym(name)].iter().filter(|e| matches!(e.body, Body::Gauge(g) if g.kind == kind)).count()
    };
    use GaugeKind::{Funding, ImpliedVol, OpenInterest};
    // Half of the rows of open interest lack it, and are no readings.
    assert_eq!((count("AAA", Funding), count("AAA", OpenInterest), count("AAA", ImpliedVol)), (88, 0, 698));
    assert_eq!((count("BBB", Funding), count("BBB", OpenInterest), count("BBB", ImpliedVol)), (0, 44, 698));
    for (name, events) in &market {
        assert!(events.windows(2).all(|w| (w[0].ts_known, w[0].seq) < (w[1].ts_known, w[1].seq)));
        assert!(events.iter().all(|e| e.symbol == *name));
        let rows = run(&config.rows, events);
        let last = rows.last().unwrap();
        assert_eq!(last.get(Feature::Funding).is_some(), *name == sym("AAA"));
        assert_eq!(last.get(Feature::OpenInterest).is_some(), *name == sym("BBB"));
        assert!(last.get(Feature::ImpliedPremium).is_some());
        // The reading of the very close is in the row: a rate per 4 hours, brought to 8.
        let eight = rows.iter().find(|r| r.ts.hour() == 8).unwrap();
        assert_eq!(eight.get(Feature::Funding), (*name == sym("AAA")).then_some(2e-4));
    }
    // What a service follows is the same, and in the same order within each instrument.
    let lake = Lake::at(folder.path().join("lake"));
    let all =
        lake.load(&market::subscriptions(&config, &lake).unwrap(), None, Some("2024-01-30T02:00:00Z".parse().unwrap()));
    let all = all.unwrap();
    for (name, events) in &market {
        assert_eq!(&all.iter().filter(|e| e.symbol == *name).copied().collect::<Vec<_>>(), events);
    }
}

#[test]
fn an_input_that_is_not_there_is_an_error_with_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lake");
    lake(&path);
    let load = |inputs: &str| market::load(&configured(folder.path(), inputs).unwrap(), &path).unwrap_err().to_string();
    let text = load(&INPUTS.replace("for = [\"AAA\"]", ""));
    assert!(
        text.contains("no funding of binance/um/BBB") && text.contains("this table holds binance/um/AAA"),
        "{text}"
    );
    assert!(text.contains("margincast ingest"), "{text}");
    // What is there, but not in the time asked for, is told too.
    let text = load(&INPUTS.replace(
        "\n[[universe.inputs]]\ntable = \"funding\"",
        "from = \"2024-01-30T00:00:00Z\"\n[[universe.inputs]]\ntable = \"funding\"",
    ));
    assert!(text.contains("between 2024-01-30"), "{text}");
    let wrong = |inputs: &str| format!("{:#}", configured(folder.path(), inputs).unwrap_err());
    let text = wrong(&INPUTS.replace("for = [\"AAA\"]", "for = [\"CCC\"]"));
    assert!(text.contains("there is no `CCC`"), "{text}");
    let text =
        wrong(&format!("{INPUTS}[[universe.inputs]]\ntable = \"funding\"\nvenue = \"okx\"\nmarket = \"swap\"\n"));
    assert!(text.contains("AAA reads funding twice"), "{text}");
    // A configuration without inputs says what it always said.
    let plain = configured(folder.path(), "").unwrap();
    assert!(!serde_json::to_string(&plain).unwrap().contains("inputs"));
}

/// Imports a file by a shipped map.
fn shipped(lake: &Lake, map: &str, file: &Path) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/configs/maps/{map}.toml"));
    let options = ReadOptions { market: None, symbol: None, bar: None, map: Some(&path), progress: &|_: u64| {} };
    import(&generic::VENUE, &VendorFile::open(file).unwrap(), lake, &options, Writing::default()).unwrap();
}

fn values(lake: &Lake, feed: Feed, listing: Listing) -> Vec<(Ts, f64)> {
    let events = lake.load(&feed.of(&[listing]), None, None).unwrap();
    let one = |e: &Event| match e.body {
        Body::Gauge(g) => (e.ts_known, g.value),
        _ => panic!("a reading"),
    };
    events.iter().map(one).collect()
}

#[test]
fn vendors_files_become_readings_in_common_units() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::at(folder.path());
    let funding = Feed::Gauge(GaugeKind::Funding);
    let Some(dvol) = shared::path("data/iv/deribit_btc_dvol_1h.parquet") else { return };
    shipped(&lake, "deribit_dvol", &dvol);
    let table = Table::read(&dvol).unwrap();
    let got = values(&lake, Feed::Gauge(GaugeKind::ImpliedVol), listing("deribit", "option", "BTC"));
    let (times, closes) = (table.times("time").unwrap(), table.floats("dvol_close").unwrap());
    assert_eq!(got.len(), times.len());
    for ((known, iv), (open, close)) in got.iter().zip(times.iter().zip(closes.iter())) {
        assert_eq!(*known, *open + Span::HOUR, "a candle is known at its close");
        assert!((iv - close / 100.0).abs() < 1e-12);
    }
    // Paid every 8 hours; the file does not say it.
    let file = shared::path("data/funding/binance_perp/BTCUSDT.parquet").unwrap();
    shipped(&lake, "binance_perp_funding", &file);
    let table = Table::read(&file).unwrap();
    let got = values(&lake, funding, listing("binance", "um", "BTCUSDT"));
    assert_eq!(got.iter().map(|g| g.1).collect::<Vec<_>>(), table.floats("funding_rate").unwrap().to_vec());
    // Paid every 4 hours: brought to 8.
    let file = shared::path("data/funding/binance_perp/HYPEUSDT.parquet").unwrap();
    shipped(&lake, "binance_perp_funding", &file);
    let got = values(&lake, funding, listing("binance", "um", "HYPEUSDT"));
    let rates = Table::read(&file).unwrap().floats("funding_rate").unwrap().to_vec();
    assert!(got.iter().zip(&rates).all(|(g, r)| (g.1 - 2.0 * r).abs() < 1e-15));
    // Hourly rates of one venue among seven of one file.
    let file = shared::path("data/multi_venue/funding.parquet").unwrap();
    shipped(&lake, "hyperliquid_funding", &file);
    let table = Table::read(&file).unwrap();
    let venues = table.texts("venue").unwrap();
    let rates: Vec<f64> = (0..table.rows())
        .filter(|i| venues[*i].as_deref() == Some("hyperliquid"))
        .map(|i| table.floats("funding_rate").unwrap()[i])
        .collect();
    let mut got = values(&lake, funding, listing("hyperliquid", "swap", "HYPE"));
    assert_eq!(got.len(), rates.len());
    got.sort_by(|a, b| a.1.total_cmp(&b.1));
    let median = got[got.len() / 2].1;
    assert!((0.8e-4..1.2e-4).contains(&median), "one basis point per 8 hours, got {median}");
}
