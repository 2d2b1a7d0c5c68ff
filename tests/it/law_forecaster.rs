//! Every catalog entry x every law. There is no ignore list. The worked example of CONTRIBUTING
//! keeps the same laws.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use margincast::base::{Horizon, Seed, Span, Symbol, Ts};
use margincast::event::{Body, Event, synth};
use margincast::feature::{Builder, Row, RowConfig};
use margincast::forecast::{CATALOG, Entry, Error, FitContext, Fitted, Forecast, History, Panel, Track};

/// The catalog, and the line that CONTRIBUTING adds to it.
fn entries() -> impl Iterator<Item = &'static Entry> {
    static EXAMPLE: Entry = crate::worked_example::LINE;
    CATALOG.iter().chain([&EXAMPLE])
}

const HOURS: usize = 1_600;
const TRAINED: usize = 1_300;

pub fn symbol() -> Symbol {
    "MADEUP".parse().unwrap()
}

pub fn config() -> RowConfig {
    RowConfig {
        bar: Span::MINUTE.times(15),
        row: Span::HOUR,
        measure: Default::default(),
        mid: 24,
        long: 168,
        far: 720,
        closure: Span(0),
    }
}

pub fn events() -> Vec<Event> {
    synth::bars(Seed(11), symbol(), "2023-01-02".parse().unwrap(), Span::MINUTE.times(15), 4 * HOURS)
}

fn rows(events: &[Event]) -> Vec<Row> {
    let mut builder = Builder::new(config()).unwrap();
    events.iter().filter_map(|e| builder.push(e)).collect()
}

/// Fits every entry in catalog order; those that combine find the earlier ones as members.
fn fit_all(rows: &[Row], end: Ts, seed: Seed, ahead: i64) -> Vec<(&'static Entry, Fitted)> {
    let history: History = [(symbol(), Arc::new(rows.to_vec()))].into();
    let panel = Panel::until(&history, Ts(i64::MIN), end);
    let track = Track::default();
    let mut members = BTreeMap::new();
    let mut fits = Vec::new();
    for entry in entries() {
        let ctx = FitContext {
            horizon: Horizon(Span::HOUR.times(ahead)),
            step: Span::HOUR,
            seed: seed.named(entry.name),
            members: &members,
            track: &track,
            progress: &|_| {},
        };
        let fitted = (entry.fit)(&(entry.defaults)(), &panel, &ctx).unwrap_or_else(|e| panic!("{}: {e}", entry.name));
        members.insert(entry.name.to_string(), fitted.clone());
        fits.push((entry, fitted));
    }
    fits
}

pub static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| rows(&events()));
pub static FITS: LazyLock<Vec<(&'static Entry, Fitted)>> = LazyLock::new(|| fit_all(&ROWS, trained(&ROWS), Seed(3), 1));

pub fn trained(rows: &[Row]) -> Ts {
    rows[TRAINED].ts
}

/// Every forecast along the rows, `None` while silent.
fn run(fitted: &Fitted, rows: &[Row]) -> Vec<Option<Forecast>> {
    let mut forecaster = fitted.start();
    let step = |row: &Row| {
        forecaster.update(row);
        forecaster.forecast()
    };
    rows.iter().map(step).collect()
}

fn bits(f: &Option<Forecast>) -> Vec<u64> {
    let Some(f) = f else { return Vec::new() };
    let mut v = vec![f.issued.0 as u64, f.dist.rv.to_bits(), f.dist.sd.to_bits()];
    v.extend(f.dist.q.iter().map(|q| q.to_bits()));
    v.extend([f.dist.es01.to_bits(), f.dist.es99.to_bits()]);
    v.extend(f.regime.iter().flat_map(|r| r.probs()).map(f64::to_bits));
    v.extend(f.spike.iter().map(|p| p.get().to_bits()));
    v
}

fn first_difference(a: &[Option<Forecast>], b: &[Option<Forecast>]) -> Option<usize> {
    (0..a.len().max(b.len())).find(|i| a.get(*i).map(bits) != b.get(*i).map(bits))
}

fn warm(forecasts: &[Option<Forecast>]) -> usize {
    forecasts.iter().position(Option::is_some).unwrap_or(usize::MAX)
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_one_thread_or_many() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again = one.install(|| fit_all(&ROWS, trained(&ROWS), Seed(3), 1));
    for ((entry, a), (_, b)) in FITS.iter().zip(&again) {
        assert_eq!(a.digest(), b.digest(), "{}: another fit with the same seed has other bytes", entry.name);
    }
}

#[test]
fn a_model_survives_its_stored_form_bit_for_bit() {
    for (entry, fitted) in FITS.iter() {
        let text = fitted.body.to_string();
        let back = (entry.load)(serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(back.digest(), fitted.digest(), "{}", entry.name);
        let (a, b) = (run(fitted, &ROWS), run(&back, &ROWS));
        assert_eq!(first_difference(&a, &b), None, "{}: first difference at this row", entry.name);
    }
}

#[test]
fn a_fit_is_blind_to_the_future() {
    let end = trained(&ROWS);
    let mut poisoned = events();
    for event in poisoned.iter_mut().filter(|e| e.ts_known > end) {
        if let Body::Bar(bar) = &mut event.body {
            for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                *price *= 9.0;
            }
            bar.high *= 1.3;
            bar.quote_volume = bar.quote_volume.map(|v| v * 9.0);
        }
    }
    let other = rows(&poisoned);
    for ((entry, a), (_, b)) in FITS.iter().zip(&fit_all(&other, end, Seed(3), 1)) {
        assert_eq!(a.digest(), b.digest(), "{}: the future changed the fit", entry.name);
        let (a, b) = (run(a, &ROWS), run(b, &other));
        assert_eq!(
            first_difference(&a[..=TRAINED], &b[..=TRAINED]),
            None,
            "{}: the future changed a forecast",
            entry.name
        );
    }
}

#[test]
fn replay_equals_live_at_any_cut() {
    for (entry, fitted) in FITS.iter() {
        let live = run(fitted, &ROWS);
        for cut in [TRAINED - 7, TRAINED, HOURS - 9] {
            let mut replayed = fitted.start();
            ROWS[..cut].iter().for_each(|r| replayed.update(r));
            assert_eq!(bits(&replayed.forecast()), bits(&live[cut - 1]), "{} at {cut}", entry.name);
            // Asking changes nothing.
            assert_eq!(bits(&replayed.forecast()), bits(&replayed.forecast()), "{}", entry.name);
        }
    }
}

#[test]
fn a_model_is_silent_until_warm_and_never_after() {
    for (entry, fitted) in FITS.iter() {
        let forecasts = run(fitted, &ROWS);
        let warm = warm(&forecasts);
        assert!(warm < 1_000, "{}: silent for {warm} rows", entry.name);
        let silent = (warm..forecasts.len()).find(|i| forecasts[*i].is_none());
        assert_eq!(silent, None, "{}: silent again at this row", entry.name);
        let row = &ROWS[TRAINED];
        let f = forecasts[TRAINED].as_ref().unwrap();
        assert_eq!((f.issued, f.horizon), (row.ts, Horizon(Span::HOUR)), "{}", entry.name);
    }
}

#[test]
fn a_symbol_never_seen_gets_silence_and_no_panic() {
    let other: Symbol = "NEVERSEEN".parse().unwrap();
    for (entry, fitted) in FITS.iter() {
        let mut strangers = ROWS.clone();
        strangers.iter_mut().for_each(|r| r.symbol = other);
        for f in run(fitted, &strangers).iter().flatten() {
            assert!(f.dist.is_sound(), "{}", entry.name);
        }
    }
}

/// The rows that follow a stretch of bars changed by `twist` after training.
fn twisted(twist: impl Fn(usize, &mut margincast::event::Bar)) -> Vec<Row> {
    let mut all = events();
    let from = 4 * (TRAINED + 20);
    for (i, event) in all.iter_mut().enumerate().skip(from) {
        if let Body::Bar(bar) = &mut event.body {
            twist(i - from, bar);
        }
    }
    rows(&all)
}

fn all_sound(case: &str, rows: &[Row]) {
    for (entry, fitted) in FITS.iter() {
        for (i, f) in run(fitted, rows).iter().enumerate() {
            if let Some(f) = f {
                assert!(f.dist.is_sound(), "{} on {case}: row {i}: {:?}", entry.name, f.dist);
                let total = f.regime.map_or(1.0, |r| r.probs().iter().sum());
                assert!((total - 1.0).abs() < 1e-9, "{} on {case}: regimes sum to {total}", entry.name);
            }
        }
    }
}

#[test]
fn forecasts_are_finite_and_positive_on_constants_gaps_zero_volumes_and_huge_jumps() {
    all_sound(
        "nearly constant prices",
        &twisted(|_, b| {
            (b.open, b.high, b.low, b.close) = (100.0, 100.0 * (1.0 + 1e-9), 100.0, 100.0);
        }),
    );
    all_sound(
        "no volume",
        &twisted(|_, b| {
            (b.volume, b.quote_volume, b.trades) = (Some(0.0), Some(0.0), Some(0.0));
            (b.taker_buy_volume, b.taker_buy_quote_volume) = (Some(0.0), Some(0.0));
        }),
    );
    all_sound(
        "no flow columns",
        &twisted(|_, b| {
            (b.volume, b.quote_volume, b.trades) = (None, None, None);
            (b.taker_buy_volume, b.taker_buy_quote_volume) = (None, None);
        }),
    );
    all_sound(
        "a millionfold jump",
        &twisted(|i, b| {
            if i >= 100 {
                for p in [&mut b.open, &mut b.high, &mut b.low, &mut b.close] {
                    *p *= 1e6;
                }
            }
            if i == 100 {
                b.low /= 1e6;
            }
        }),
    );
    all_sound("gaps", &rows(&synth::with_gaps(&events(), Seed(5), 0.1)));
}

#[test]
fn doubling_log_returns_doubles_sd() {
    let squared: Vec<Event> = events()
        .into_iter()
        .map(|mut event| {
            if let Body::Bar(bar) = &mut event.body {
                for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                    *price = *price * *price / 100.0;
                }
            }
            event
        })
        .collect();
    let doubled = rows(&squared);
    for ((entry, a), (_, b)) in FITS.iter().zip(&fit_all(&doubled, trained(&doubled), Seed(3), 1)) {
        let (a, b) = (run(a, &ROWS), run(b, &doubled));
        for i in [TRAINED, HOURS - 1] {
            let ratio = b[i].as_ref().unwrap().dist.sd / a[i].as_ref().unwrap().dist.sd;
            // An optimiser stops at a point that depends on scale in its last digits, no more.
            assert!((ratio - 2.0).abs() < 2e-3, "{} at row {i}: sd grew {ratio} times", entry.name);
        }
    }
}

#[test]
fn horizons_beyond_one_row_are_forecast_too() {
    for (entry, fitted) in fit_all(&ROWS, trained(&ROWS), Seed(3), 8) {
        let f = run(&fitted, &ROWS)[HOURS - 1].clone().unwrap();
        assert_eq!(f.horizon, Horizon(Span::HOUR.times(8)), "{}", entry.name);
        let one = run(&FITS.iter().find(|e| e.0.name == entry.name).unwrap().1, &ROWS)[HOURS - 1].clone().unwrap();
        let ratio = f.dist.rv / one.dist.rv;
        assert!((2.0..40.0).contains(&ratio), "{}: 8 rows have {ratio} times the variance of one", entry.name);
    }
}

#[test]
fn too_little_data_is_an_error_that_says_so_and_no_panic() {
    let history: History = [(symbol(), Arc::new(ROWS[..12].to_vec()))].into();
    let panel = Panel::until(&history, Ts(i64::MIN), ROWS[11].ts_known);
    for entry in entries().filter(|e| !e.combines) {
        let ctx = FitContext {
            horizon: Horizon(Span::HOUR),
            step: Span::HOUR,
            seed: Seed(1),
            members: &BTreeMap::new(),
            track: &Track::default(),
            progress: &|_| {},
        };
        match (entry.fit)(&(entry.defaults)(), &panel, &ctx) {
            Err(Error::TooLittle { have, need, .. }) => assert!(have < need, "{}", entry.name),
            other => panic!("{}: {:?}", entry.name, other.map(|f| f.digest())),
        }
    }
}

#[test]
fn an_unknown_parameter_is_an_error_that_names_it() {
    let history: History = [(symbol(), Arc::new(ROWS.clone()))].into();
    let panel = Panel::until(&history, Ts(i64::MIN), trained(&ROWS));
    for entry in entries() {
        let ctx = FitContext {
            horizon: Horizon(Span::HOUR),
            step: Span::HOUR,
            seed: Seed(1),
            members: &BTreeMap::new(),
            track: &Track::default(),
            progress: &|_| {},
        };
        let error = (entry.fit)(&serde_json::json!({"lamda": 0.9}), &panel, &ctx).err().unwrap().to_string();
        assert!(error.contains("lamda") && error.contains(entry.name), "{error}");
    }
}
