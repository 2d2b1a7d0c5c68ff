//! Hidden Markov and neural fits, and the net's forward pass.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use margincast::base::{Digest, Horizon, Seed, Span, Ts};
use margincast::event::synth;
use margincast::feature::{Builder, Row, RowConfig, VarianceMeasure};
use margincast::forecast::hmm::{Covariance, Em, Gaussian};
use margincast::forecast::pooled::net::{Net, Params};
use margincast::forecast::{FitContext, Model, Panel, Track};
use ndarray::Array2;

/// Digest of numbers to four digits: how a matrix product sums may differ between machines.
fn digest(numbers: impl IntoIterator<Item = f64>) -> String {
    let mut text = String::new();
    numbers.into_iter().for_each(|v| write!(text, "{v:.3e} ").expect("room"));
    Digest::of(text.as_bytes()).short()
}

/// Twenty EM steps, 3 states, 5 columns with full covariances, 100,000 rows: the case that
/// hmmlearn 0.3.3 takes 46 (scaling) to 88 (log) ms per step for on a two-core machine, not timed in this run.
#[divan::bench(sample_count = 3)]
fn hmm_em(bencher: Bencher<'_, '_>) {
    const ROWS: usize = 100_000;
    // Waves of unequal length stand for regimes; sines of large numbers for noise.
    let noise = |t: usize, j: usize| (12.9898 * t as f64 + 78.233 * j as f64).sin() * 43_758.545_3 % 1.0;
    let level = |t: usize| (t / 500 % 3) as f64;
    let x = Array2::from_shape_fn((ROWS, 5), |(t, j)| level(t) * (1.0 + 0.2 * j as f64) + 2.0 * noise(t, j));
    let unit: Vec<Vec<f64>> = (0..5).map(|i| (0..5).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let start = Gaussian {
        start: vec![1.0 / 3.0; 3],
        trans: (0..3).map(|i| (0..3).map(|j| if i == j { 0.9 } else { 0.05 }).collect()).collect(),
        means: vec![vec![-0.5; 5], vec![1.2; 5], vec![2.5; 5]],
        covariance: Covariance::Full(vec![unit; 3]),
    };
    let em = Em { iterations: 20, tolerance: 0.0, ..Em::default() };
    let fit = || start.fit(&x, &em).expect("a fit");
    let first = fit();
    assert_eq!(first.iterations, 20);
    assert_eq!(digest(first.model.means.iter().flatten().copied().chain(first.loglik.last().copied())), "1fa7c0e2adcc");
    bencher.counter(ItemsCount::new(ROWS * 20)).bench(fit);
}

/// Hourly rows of one instrument with full memory.
fn rows() -> Vec<Row> {
    let symbol = "BENCH".parse().expect("a symbol");
    let config = RowConfig {
        bar: Span::HOUR,
        row: Span::HOUR,
        measure: VarianceMeasure::Parkinson,
        mid: 24,
        long: 168,
        far: 720,
        closure: Span(0),
    };
    let mut builder = Builder::new(config).expect("a good configuration");
    let events = synth::bars(Seed(1), symbol, Ts::from_ms(1_704_067_200_000), Span::HOUR, 6_000);
    events.iter().filter_map(|e| builder.push(e)).collect()
}

fn fit(rows: &[Row], params: &Params) -> Net {
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
    Net::fit(params, &panel, &ctx).expect("a fit")
}

/// Forecast variances of the last hundred rows.
fn forecasts(net: &Net, rows: &[Row]) -> Vec<f64> {
    let mut filter = net.start();
    let step = |row: &Row| {
        filter.update(row);
        filter.forecast().expect("warm").dist.rv
    };
    rows[rows.len() - 100..].iter().map(step).collect()
}

/// Training of one net for four passes, with its linear start: items are steps of 256 rows.
#[divan::bench(sample_count = 5)]
fn net_step(bencher: Bencher<'_, '_>) {
    let rows = rows();
    let params = Params { nets: 1, epochs: 4, patience: 4, ..Params::default() };
    assert_eq!(digest(forecasts(&fit(&rows, &params), &rows)), "346f0925a06c");
    let steps = 4 * ((rows.len() - 168) * 9 / 10 / params.batch);
    bencher.counter(ItemsCount::new(steps)).bench(|| fit(&rows, &params));
}

/// Rows in, forecasts of three averaged nets out.
#[divan::bench]
fn net_forward(bencher: Bencher<'_, '_>) {
    let rows = rows();
    let net = fit(&rows, &Params { epochs: 1, ..Params::default() });
    assert_eq!(digest(forecasts(&net, &rows)), "ae298ee81b94");
    bencher.counter(ItemsCount::new(100_usize)).bench(|| forecasts(&net, &rows));
}
