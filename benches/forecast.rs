//! Fitting GARCH, and feeding each classical forecaster its rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use margincast::base::{Digest, Horizon, Seed, Span, Ts};
use margincast::event::synth;
use margincast::feature::{Builder, Config, Feature, Measure, Row};
use margincast::forecast::garch::Spec;
use margincast::forecast::{Entry, FitContext, Fitted, Panel, Track};

const START: Ts = Ts::from_ms(1_704_067_200_000);
const ROWS: usize = 2000;

/// Digest of each forecaster's last forecast, to nine digits: a logarithm's last digit may differ
/// between machines.
const DIGESTS: [(&str, &str); 5] = [
    ("historical", "1bcd1fb6439b"),
    ("fhs", "b9f203edf82f"),
    ("ewma", "1d5437c231f6"),
    ("har", "c23b39799ee7"),
    ("garch", "fc2131ca76f6"),
];

fn rows() -> Vec<Row> {
    let (bar, row) = (Span::MINUTE.times(15), Span::HOUR);
    let config = Config { bar, row, measure: Measure::Parkinson, mid: 24, long: 168, far: 720, closure: Span(0) };
    let mut builder = Builder::new(config).expect("a good configuration");
    let events = synth::bars(Seed(1), "BENCH".parse().expect("a symbol"), START, bar, 4 * ROWS);
    events.iter().filter_map(|e| builder.push(e)).collect()
}

fn fitted(name: &str, rows: &[Row]) -> Fitted {
    let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.to_vec()))]);
    let panel = Panel::until(&history, Ts(i64::MIN), rows[rows.len() - 1].ts_known);
    let (members, track) = (BTreeMap::new(), Track::default());
    let ctx = FitContext {
        horizon: Horizon(Span::HOUR),
        step: Span::HOUR,
        seed: Seed(1),
        members: &members,
        track: &track,
        progress: &|_| (),
    };
    let entry = Entry::named(name).expect("in the catalog");
    (entry.fit)(&(entry.defaults)(), &panel, &ctx).expect("a fit")
}

/// Nine digits of each number.
fn digest(numbers: &[f64]) -> String {
    let mut text = String::new();
    numbers.iter().for_each(|v| write!(text, "{v:.8e} ").expect("room"));
    Digest::of(text.as_bytes()).short()
}

/// Two thousand returns, Student's t, five coefficients from four starts.
#[divan::bench]
fn garch_fit(bencher: Bencher<'_, '_>) {
    let returns: Vec<f64> = rows().iter().filter_map(|row| row.get(Feature::Ret)).collect();
    let fit = Spec::default().fit(&returns).expect("a fit");
    assert_eq!(digest(&[fit.loglik]), "9bf2175e5315");
    bencher.bench(|| Spec::default().fit(black_box(&returns)));
}

/// Two thousand rows into a fresh filter, and a forecast after each.
#[divan::bench(args = DIGESTS.map(|d| d.0))]
fn update(bencher: Bencher<'_, '_>, name: &str) {
    let rows = rows();
    let model = fitted(name, &rows);
    let run = || {
        let mut filter = model.start();
        let mut last = None;
        for row in &rows {
            filter.update(row);
            last = filter.forecast();
        }
        last
    };
    let dist = run().expect("a forecast").dist;
    let want = DIGESTS.iter().find(|d| d.0 == name).expect("listed").1;
    assert_eq!(digest(&[dist.rv, dist.sd, dist.q[1], dist.q[7], dist.es01]), want, "{name}");
    bencher.counter(ItemsCount::new(rows.len())).bench(run);
}
