//! Nothing that is known later changes what was known before.

use margincast::base::{Span, Ts};
use margincast::event::{Body, Event};
use margincast::feature::{Row, RowConfig};
use proptest::prelude::*;

use crate::law_stream::{bars, bits, config, gauges, run, run_inputs, trades, with_tick, woven};

/// Prices and volumes of everything known after `t`, times nine.
fn poisoned(events: &[Event], t: Ts) -> Vec<Event> {
    let mut out = events.to_vec();
    for event in out.iter_mut().filter(|e| e.ts_known > t) {
        match &mut event.body {
            Body::Trade(trade) => {
                trade.price *= 9.0;
                trade.qty *= 9.0;
            }
            Body::Bar(bar) => {
                for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                    *price *= 9.0;
                }
                for flow in [&mut bar.volume, &mut bar.quote_volume, &mut bar.trades].into_iter().flatten() {
                    *flow *= 9.0;
                }
            }
            Body::Gauge(gauge) => gauge.value *= 9.0,
        }
    }
    out
}

fn known_by(rows: &[Row], t: Ts) -> Vec<Row> {
    rows.iter().filter(|r| r.ts_known <= t).copied().collect()
}

fn check(config: &RowConfig, events: &[Event], at: f64) -> Result<(), TestCaseError> {
    let (first, last) = (events[0].ts_known, events[events.len() - 1].ts_known);
    let t = first + Span(((last - first).0 as f64 * at) as i64);
    let whole = run(config, events);
    let want = bits(&known_by(&whole, t));
    prop_assert!(!want.is_empty());
    let other = run(config, &poisoned(events, t));
    prop_assert_eq!(&bits(&known_by(&other, t)), &want, "the future multiplied by nine changes the past");
    prop_assert_ne!(bits(&other), bits(&whole), "the poison did nothing");
    // Stronger: without any future, and a tick at `t` alone, the same rows are there at `t`. (A row
    // more may be there if a trade of before `t` came to be known after it.)
    let past: Vec<Event> = events.iter().filter(|e| e.ts_known <= t).copied().collect();
    let alone = bits(&run_inputs(config, &with_tick(&past, t)));
    prop_assert_eq!(&alone[..want.len().min(alone.len())], &want[..], "rows of the past need the future");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn rows_from_bars_are_blind_to_the_future(seed in 0..1000u64, at in 0.3..0.97f64) {
        let bars = bars(seed, 12 * 300, Span::HOUR.times(2));
        let gauges = gauges(seed, &bars);
        check(&config(Span::HOUR.times(6)), &woven(bars, &gauges), at)?;
    }

    #[test]
    fn gauges_alone_are_no_look_ahead(seed in 0..1000u64, at in 0.3..0.97f64) {
        // Only readings are poisoned, so that nothing else can hide what they change.
        let (config, bars) = (config(Span::DAY), bars(seed, 12 * 200, Span::HOUR.times(2)));
        let gauges = gauges(seed, &bars);
        let t = bars[(bars.len() as f64 * at) as usize].ts_known;
        let whole = run(&config, &woven(bars.clone(), &gauges));
        let other = run(&config, &woven(bars, &poisoned(&gauges, t)));
        prop_assert_eq!(bits(&known_by(&other, t)), bits(&known_by(&whole, t)));
        prop_assert_ne!(bits(&other), bits(&whole), "the poison did nothing");
    }

    #[test]
    fn rows_from_trades_are_blind_to_the_future(seed in 0..1000u64, at in 0.3..0.97f64) {
        let config = RowConfig { bar: Span::MINUTE, row: Span::MINUTE.times(4), ..config(Span::HOUR) };
        let trades = trades(seed, 20_000, Span::SECOND);
        let gauges = gauges(seed, &trades);
        check(&config, &woven(trades, &gauges), at)?;
    }
}

#[test]
fn a_reading_told_before_it_is_known_is_caught() {
    let (config, bars) = (config(Span::DAY), bars(7, 12 * 200, Span::HOUR.times(2)));
    let readings = gauges(7, &bars);
    let t = bars[bars.len() / 2].ts_known;
    // Planted: readings come a day before they are known.
    let early = |readings: &[Event]| -> Vec<Event> {
        let early = |e: &Event| Event { ts_event: e.ts_event - Span::DAY, ts_known: e.ts_known - Span::DAY, ..*e };
        readings.iter().map(early).collect()
    };
    let whole = run(&config, &woven(bars.clone(), &early(&readings)));
    let other = run(&config, &woven(bars, &early(&poisoned(&readings, t))));
    assert!(bits(&known_by(&other, t)) != bits(&known_by(&whole, t)));
}
