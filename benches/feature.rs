//! From events to rows.

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::ItemsCount;
use margincast::base::{Digest, Seed, Span, Ts};
use margincast::event::{Event, synth};
use margincast::feature::{Builder, Row, RowConfig, VarianceMeasure};

const START: Ts = Ts::from_ms(1_704_067_200_000);

fn config(bar: Span, row: Span, lags: [usize; 3]) -> RowConfig {
    RowConfig {
        bar,
        row,
        measure: VarianceMeasure::Parkinson,
        mid: lags[0],
        long: lags[1],
        far: lags[2],
        closure: Span(0),
    }
}
fn bars(span: Span, count: usize) -> Vec<Event> {
    synth::bars(Seed(1), "BENCH".parse().expect("a symbol"), START, span, count)
}
/// Times the pushes of `events` into a builder that has taken `warm`. `want` is the digest of the
/// rows, to nine digits: a logarithm's last digit may differ between machines.
fn run(bencher: Bencher<'_, '_>, config: RowConfig, warm: &[Event], events: &[Event], want: &str) {
    let mut builder = Builder::new(config).expect("a good configuration");
    warm.iter().for_each(|e| {
        builder.push(e);
    });
    let rows = |mut b: Builder| -> Vec<Row> { events.iter().filter_map(|e| b.push(e)).collect() };
    let mut text = String::new();
    for row in rows(builder.clone()) {
        row.values().iter().for_each(|v| write!(text, "{v:.8e} ").expect("room"));
    }
    assert_eq!(Digest::of(text.as_bytes()).short(), want);
    bencher.counter(ItemsCount::new(events.len())).with_inputs(|| builder.clone()).bench_values(rows);
}

/// One trade, a trade each 170 ms, bars of a minute.
#[divan::bench(sample_count = 20)]
fn push_trade(bencher: Bencher<'_, '_>) {
    let symbol = "BENCH".parse().expect("a symbol");
    let events = synth::trades(Seed(1), symbol, START, 200_000, Span(170_000_000));
    run(bencher, config(Span::MINUTE, Span::HOUR, [24, 168, 720]), &[], &events, "028b0e322d2e");
}

/// One bar of a minute, of which 1440 make a row.
#[divan::bench(sample_count = 20)]
fn push_bar(bencher: Bencher<'_, '_>) {
    let events = bars(Span::MINUTE, 1440 * 20);
    run(bencher, config(Span::MINUTE, Span::DAY, [7, 28, 90]), &[], &events, "beeb5ac873b1");
}

/// One bar that completes an hour's row with full memory: every feature, the diurnal factor too.
#[divan::bench(sample_count = 20)]
fn row_1h(bencher: Bencher<'_, '_>) {
    let events = bars(Span::HOUR, 13_000);
    let (warm, new) = events.split_at(12_000);
    run(bencher, config(Span::HOUR, Span::HOUR, [24, 168, 720]), warm, new, "8510c22b2c42");
}

/// One bar of an hour, of which 24 make a row, with full memory.
#[divan::bench(sample_count = 20)]
fn row_1d(bencher: Bencher<'_, '_>) {
    let events = bars(Span::HOUR, 24 * 1100);
    let (warm, new) = events.split_at(24 * 100);
    run(bencher, config(Span::HOUR, Span::DAY, [7, 28, 90]), warm, new, "fd1221f80ba3");
}
