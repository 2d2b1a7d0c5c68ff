use super::*;
use crate::base::table::TradeId;
use crate::base::{Seed, Span, Ts};
use crate::event::{Body, Event, synth};

fn listing(symbol: &str) -> Listing {
    Listing::new("test", "spot", symbol.parse().unwrap()).unwrap()
}

fn bars(symbol: &str, span: Span, count: usize) -> (Vec<BarRow>, Vec<Event>) {
    let events = synth::bars(Seed(1), symbol.parse().unwrap(), "2023-01-30".parse().unwrap(), span, count);
    let row = |e: &Event| match e.body {
        Body::Bar(bar) => BarRow { ts_close: e.ts_event, ts_known: e.ts_known, bar, src: 1 },
        other => panic!("{other:?}"),
    };
    (events.iter().map(row).collect(), events)
}

fn without_seq(events: &[Event]) -> Vec<Event> {
    events.iter().map(|e| Event { seq: 0, ..*e }).collect()
}

#[test]
fn bars_of_several_lengths_come_back_as_they_were_and_twice_is_once() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::at(folder.path());
    let (hours, events) = bars("AUSDT", Span::HOUR, 24 * 70);
    let (quarters, _) = bars("AUSDT", Span::MINUTE.times(15), 1000);
    let a = listing("AUSDT");
    assert_eq!(lake.write(&a, &hours).unwrap(), Tally { added: 1680, ..Tally::default() });
    assert_eq!(lake.write(&a, &quarters).unwrap().added, 1000);
    assert_eq!(lake.write(&a, &hours).unwrap(), Tally { already: 1680, ..Tally::default() });
    let read = lake.bars(&a, Span::HOUR, None, None).unwrap();
    assert_eq!(without_seq(&read), without_seq(&events));
    assert!(read.windows(2).all(|w| w[0].seq < w[1].seq));
    // A part of the span, half open, across partitions.
    let (from, until) = (events[100].ts_known, events[1600].ts_known);
    let read = lake.bars(&a, Span::HOUR, Some(from), Some(until)).unwrap();
    assert_eq!(without_seq(&read), without_seq(&events[100..1600]));
    assert_eq!(lake.rows::<BarRow>(&a, None, None).unwrap().len(), 2680);
    let text = lake.bars(&a, Span::DAY, None, None).unwrap_err().to_string();
    assert!(text.contains("no 1d bars of test/spot/AUSDT") && text.contains("15m, 1h long"), "{text}");
    let text = lake.bars(&listing("B"), Span::DAY, None, None).unwrap_err().to_string();
    assert!(text.contains("this table holds test/spot/AUSDT"), "{text}");
}

#[test]
fn symbols_merge_by_time_then_name() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::at(folder.path());
    let mut expected = vec![];
    for symbol in ["ZUSDT", "AUSDT", "MUSDT"] {
        let (rows, events) = bars(symbol, Span::HOUR, 100);
        lake.write(&listing(symbol), &rows).unwrap();
        expected.extend(events);
    }
    expected.sort_by_key(|e| (e.ts_known, e.symbol));
    let listings = ["MUSDT", "ZUSDT", "AUSDT"].map(listing);
    let merged = lake.load(&Feed::Bars(Span::HOUR).of(&listings), None, None).unwrap();
    assert_eq!(without_seq(&merged), without_seq(&expected));
}

#[test]
fn contradiction_is_an_error_unless_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::at(folder.path());
    let (rows, _) = bars("AUSDT", Span::HOUR, 10);
    let a = listing("AUSDT");
    lake.write(&a, &rows).unwrap();
    let mut other = rows[4];
    (other.bar.volume, other.src) = (Some(1.0), 2);
    let text = lake.write(&a, &[other]).unwrap_err().to_string();
    assert!(text.contains("00000001") && text.contains("00000002") && text.contains("--replace"), "{text}");
    assert_eq!(lake.rows::<BarRow>(&a, None, None).unwrap(), rows, "a failed change changes nothing");
    let mut change = lake.change(true).unwrap();
    assert!(lake.change(true).unwrap_err().to_string().contains("another process"));
    assert_eq!(change.add(&a, vec![other]).unwrap().replaced, 1);
    change.commit().unwrap();
    assert_eq!(lake.rows::<BarRow>(&a, None, None).unwrap()[4], other);
}

fn trade(ts: i64, id: TradeId, qty: f64) -> TradeRow {
    let ts = Ts::from_ms(ts);
    let (price, quote_qty) = (10.0, 10.0 * qty);
    TradeRow { ts_event: ts, ts_known: ts, id, price, qty, quote_qty, aggressor: 1, n_trades: 1, flags: 0, src: 3 }
}

#[test]
fn trades_without_a_number_may_repeat_within_a_file_but_not_between_two_imports() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::at(folder.path());
    let a = listing("AUSDT");
    let rows = vec![trade(5, TradeId::NONE, 1.0), trade(5, TradeId::NONE, 1.0), trade(5, TradeId::NONE, 2.0)];
    assert_eq!(lake.write(&a, &rows).unwrap().added, 3);
    assert_eq!(lake.write(&a, &rows).unwrap(), Tally { already: 3, ..Tally::default() });
    let numbered = vec![trade(6, TradeId::Number(2), 1.0), trade(6, TradeId::Number(1), 1.0)];
    let twice: Vec<TradeRow> = numbered.iter().chain(&numbered).cloned().collect();
    assert_eq!(lake.write(&a, &twice).unwrap(), Tally { added: 2, duplicates: 2, ..Tally::default() });
    let events = lake.load(&Feed::Trades.of(&[a]), None, None).unwrap();
    assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), [0, 1, 2, 1, 2]);
}

#[test]
fn polling_gives_each_event_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::at(folder.path());
    let listings = ["AUSDT", "BUSDT"].map(listing);
    let wanted = Feed::Bars(Span::HOUR).of(&listings);
    let mut cursor = Cursor::from(None);
    assert_eq!(lake.poll(&wanted, &mut cursor).unwrap(), []);
    let made = [bars("AUSDT", Span::HOUR, 60), bars("BUSDT", Span::HOUR, 60)];
    let mut got = vec![];
    for piece in 0..6 {
        for (listing, (rows, _)) in listings.iter().zip(&made) {
            lake.write(listing, &rows[piece * 10..piece * 10 + 10]).unwrap();
        }
        let fresh = lake.poll(&wanted, &mut cursor).unwrap();
        assert_eq!(fresh.len(), 20);
        assert_eq!(lake.poll(&wanted, &mut cursor).unwrap(), []);
        got.extend(fresh);
    }
    assert_eq!(got, lake.load(&wanted, None, None).unwrap());
    let middle = got[60];
    let mut resumed = Cursor::from(Some(middle.ts_known));
    assert_eq!(lake.poll(&wanted, &mut resumed).unwrap(), got[60..]);
    let mut resumed = Cursor::from(None).after(&middle);
    let rest = lake.poll(&wanted[..1], &mut resumed).unwrap();
    assert_eq!(rest.len(), 29);
}
