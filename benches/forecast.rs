//! Fitting GARCH, feeding each classical forecaster its rows, and all models' forecast of one bar.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use margincast::base::{Digest, Horizon, Seed, Span, Ts};
use margincast::event::synth;
use margincast::feature::{Builder, Feature, Row, RowConfig, VarianceMeasure};
use margincast::forecast::combine::calibration::{self, Calibration};
use margincast::forecast::garch::Spec;
use margincast::forecast::{Entry, FitContext, Fitted, Forecaster, Panel, Track};
use serde_json::Value;

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
    rows_of(ROWS)
}

fn rows_of(count: usize) -> Vec<Row> {
    let (bar, row) = (Span::MINUTE.times(15), Span::HOUR);
    let config =
        RowConfig { bar, row, measure: VarianceMeasure::Parkinson, mid: 24, long: 168, far: 720, closure: Span(0) };
    let mut builder = Builder::new(config).expect("a good configuration");
    let events = synth::bars(Seed(1), "BENCH".parse().expect("a symbol"), START, bar, 4 * count);
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

/// A model of a configuration.
#[derive(serde::Deserialize)]
struct Instance {
    name: String,
    kind: String,
    #[serde(default)]
    params: BTreeMap<String, Value>,
}

/// The line-up of a study as it runs: each model behind its calibration, where its tails are not its
/// point.
struct LineUp(Vec<(Fitted, Option<Arc<Calibration>>)>);

impl LineUp {
    /// Every model of the hourly coins, fitted on one instrument.
    fn fit(rows: &[Row]) -> LineUp {
        #[derive(serde::Deserialize)]
        struct Study {
            models: Vec<Instance>,
        }
        let study: Study = toml::from_str(include_str!("../data/configs/crypto-1h.toml")).expect("a configuration");
        let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.to_vec()))]);
        let panel = Panel::until(&history, Ts(i64::MIN), rows[rows.len() - 1].ts_known);
        let (mut members, track) = (BTreeMap::new(), Track::default());
        let calibration = calibration::Params { window: 4000, spike_window: 720, ..Default::default() };
        let mut all = Vec::new();
        for mut model in study.models {
            // How long a net was trained does not change how long it takes to ask.
            if model.kind == "net" {
                model.params.insert("epochs".into(), 2.into());
            }
            let ctx = FitContext {
                horizon: Horizon(Span::HOUR),
                step: Span::HOUR,
                seed: Seed(1),
                members: &members,
                track: &track,
                progress: &|_| (),
            };
            let entry = Entry::named(&model.kind).expect("in the catalog");
            let fitted = (entry.fit)(&serde_json::json!(model.params), &panel, &ctx).expect("a fit");
            let learn = || Arc::new(Calibration::learn(calibration, &panel, &model.name, &track, 1));
            all.push((fitted.clone(), (!entry.own_tails).then(learn)));
            members.insert(model.name, fitted);
        }
        LineUp(all)
    }
    fn start(&self, rows: &[Row]) -> Vec<Box<dyn Forecaster>> {
        let one = |(fitted, calibration): &(Fitted, Option<Arc<Calibration>>)| {
            let mut filter = calibration.as_ref().map_or_else(|| fitted.start(), |c| c.start(fitted));
            rows.iter().for_each(|row| filter.update(row));
            filter
        };
        self.0.iter().map(one).collect()
    }
}

/// A bar into every model of the hourly line-up, one instrument: twelve rows taken and twelve
/// calibrated forecasts made, one after the other on one core; per item, a bar.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn all_models_one_bar(bencher: Bencher<'_, '_>) {
    const TRAINED: usize = 6000;
    let rows = rows_of(TRAINED + 300);
    let (past, next) = rows.split_at(TRAINED);
    let models = LineUp::fit(past);
    let run = |filters: &mut Vec<Box<dyn Forecaster>>| {
        let mut last = Vec::new();
        for row in next {
            last = filters
                .iter_mut()
                .map(|filter| {
                    filter.update(row);
                    filter.forecast()
                })
                .collect();
        }
        last
    };
    // No digest of numbers: nets are trained in single precision, whose sums differ between machines.
    let said = run(&mut models.start(past));
    assert_eq!(said.len(), 12);
    assert!(said.iter().all(|f| f.as_ref().is_some_and(|f| f.dist.is_sound())));
    assert_eq!(said, run(&mut models.start(past)), "a replay says the same to the last bit");
    bencher.counter(ItemsCount::new(next.len())).with_inputs(|| models.start(past)).bench_refs(run);
}
