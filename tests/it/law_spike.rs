//! Spikes forecast directly keep the laws of every forecast: blind to the future, the same after a replay,
//! a probability whatever comes; and they rank no worse than without.

use std::sync::{Arc, LazyLock};

use margincast::base::{Seed, Span, Ts};
use margincast::event::{Body, Event, synth};
use margincast::feature::{Builder, Feature, Row};
use margincast::forecast::combine::calibration::{Calibration, Params};
use margincast::forecast::{Entry, FitContext, Fitted, History, Outcome, Panel, Settled, Track};

use crate::law_forecaster::{config, symbol};

const HOURS: usize = 3_200;
const TRAINED: usize = 2_600;

fn events() -> Vec<Event> {
    synth::bars(Seed(21), symbol(), "2023-01-02".parse().unwrap(), Span::MINUTE.times(15), 4 * HOURS)
}

fn rows(events: &[Event]) -> Vec<Row> {
    let mut builder = Builder::new(config()).unwrap();
    events.iter().filter_map(|e| builder.push(e)).collect()
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| rows(&events()));

fn params(direct_spike: bool) -> Params {
    Params { window: 400, spike_window: 250, direct_spike, ..Params::default() }
}

/// A fit of one kind, and what is learnt of its errors from the answers known at `until`.
fn learnt(rows: &[Row], until: Ts, direct_spike: bool) -> (Fitted, Calibration) {
    let history: History = [(symbol(), Arc::new(rows.to_vec()))].into();
    let panel = Panel::until(&history, Ts(i64::MIN), until);
    let horizon = margincast::base::Horizon(Span::HOUR);
    let ctx = FitContext {
        horizon,
        step: Span::HOUR,
        seed: Seed(1),
        members: &Default::default(),
        track: &Track::default(),
        progress: &|_| {},
    };
    let fitted = (Entry::named("ewma").unwrap().fit)(&serde_json::json!({}), &panel, &ctx).unwrap();
    let settled = (200..rows.len()).filter_map(|i| {
        let outcome = Outcome::after(rows, i, 1).filter(|o| o.known <= until)?;
        let forecast_rv = rows[i].get(Feature::Rv)?;
        Some(Settled { ts: rows[i].ts, forecast_rv, q01_q99: (-0.1, 0.1), outcome })
    });
    let track = Track { settled: [(("own".to_string(), symbol()), settled.collect())].into() };
    (fitted, Calibration::learn(params(direct_spike), &panel, "own", &track, 1))
}

fn spikes(rows: &[Row], (fitted, calibration): &(Fitted, Calibration)) -> Vec<Option<f64>> {
    let mut filter = Arc::new(calibration.clone()).start(fitted);
    let one = |row: &Row| {
        filter.update(row);
        filter.forecast().and_then(|f| f.spike).map(|p| p.get())
    };
    rows.iter().map(one).collect()
}

#[test]
fn direct_spikes_are_blind_to_the_future_and_a_planted_leak_is_caught() {
    let cut = ROWS[TRAINED].ts_known;
    let mut other = events();
    for event in other.iter_mut().filter(|e| e.ts_known > cut) {
        if let Body::Bar(bar) = &mut event.body {
            bar.high *= 1.5;
        }
    }
    let other = rows(&other);
    let (a, b) = (learnt(&ROWS, cut, true), learnt(&other, cut, true));
    let head = |l: &(Fitted, Calibration)| serde_json::to_value(&l.1).unwrap()["head"].clone();
    assert!(head(&a).is_object(), "nothing was learnt");
    assert!(a.1 == b.1 && head(&a) == head(&b));
    let (x, y) = (spikes(&ROWS, &a), spikes(&other, &b));
    assert!(x[..=TRAINED] == y[..=TRAINED] && x[TRAINED + 1..] != y[TRAINED + 1..]);
    // Planted: answers of a day after the cut are learnt from.
    let late = cut + Span::DAY;
    assert_ne!(head(&learnt(&ROWS, late, true)), head(&learnt(&other, late, true)));
}

#[test]
fn direct_spikes_survive_storage_replay_and_strange_rows_and_are_off_by_default() {
    let (fitted, calibration) = learnt(&ROWS, ROWS[TRAINED].ts_known, true);
    let stored = serde_json::to_string(&calibration).unwrap();
    let back = (fitted.clone(), serde_json::from_str::<Calibration>(&stored).unwrap());
    let live = spikes(&ROWS, &(fitted.clone(), calibration.clone()));
    assert!(live == spikes(&ROWS, &back));
    assert!(live[..2_900] == spikes(&ROWS[..2_900], &back)[..]);
    let strange: Vec<Row> = ROWS
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let mut row = *row;
            row.set(Feature::MarketLevel, [f64::NAN, 1e9, -1e9][i % 3]);
            row.set(Feature::RvMid, [0.0, f64::NAN, 1e12][i % 3]);
            row
        })
        .collect();
    let wild = spikes(&strange, &(fitted, calibration));
    assert!(wild.iter().flatten().count() > 500 && wild.iter().flatten().all(|p| (0.0..=1.0).contains(p)));
    let plain = learnt(&ROWS, ROWS[TRAINED].ts_known, false);
    assert!(spikes(&ROWS, &plain) != live);
    let plain = serde_json::to_value(&plain.1).unwrap();
    assert!(plain.get("head").is_none() && plain["params"].get("direct_spike").is_none(), "stored as it always was");
    assert!(!Params::default().direct_spike);
}
