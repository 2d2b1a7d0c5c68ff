//! The trade history of Kraken.

use margincast::base::Ts;
use margincast::event::Body;

use super::*;
use crate::shared;

fn trades(place: &Place, symbol: &str) -> Vec<Event> {
    place.lake().load(&Feed::Trades.of(&[listing("kraken", "spot", symbol)]), None, None).expect("trades")
}

#[test]
fn a_history_is_told_by_its_name_and_first_line_and_equal_lines_are_so_many_trades() {
    let place = Place::new();
    let file = place.write("XBTUSD.csv", "1672531436,90.5,1.25\n1672531471.5,90.25,1\n1672531471.5,90.25,1\n");
    let report = place.ingest(&[], &file, &[]).report();
    assert_eq!((&report["layout"], &report["added"]), (&"kraken trades".into(), &3.into()));
    let all = trades(&place, "XBTUSD");
    assert_eq!(all[1].ts_event, Ts(1_672_531_471_500_000_000));
    assert!(matches!(all[0].body, Body::Trade(t) if (t.price, t.qty, t.aggressor) == (90.5, 1.25, 0)));
    assert_eq!(place.ingest(&[], &file, &[]).report()["already"], 3, "twice is once");
}

#[test]
fn what_is_no_history_is_told_why() {
    let place = Place::new();
    let file = place.write("prices.csv", "1672531436,90.5,1.25\n");
    place.ingest(&[], &file, &[]).refused(&["of no layout that is known (binance, generic, kraken)"]);
    place.ingest(&["--venue", "kraken"], &file, &[]).refused(&["does not begin with a pair", "--symbol"]);
    let file = place.write("XBTUSD.csv", "1672531436,90.5,1.25\n1672531437,abc,1\n");
    place.ingest(&["--venue", "kraken"], &file, &[]).refused(&["row 2", "column price: `abc` is not a number"]);
    let file = place.write("XBTUSD.csv", "1672531436,90.5,1.25,b\n");
    place.ingest(&["--venue", "kraken"], &file, &[]).refused(&["row 1", "has 4 fields"]);
}

#[test]
fn a_real_history_is_taken_whole() {
    let Some(file) = shared::path("data/vendor_samples/kraken/BCHEUR_trades.csv") else { return };
    let place = Place::new();
    let text = std::fs::read_to_string(&file).expect("readable");
    let report = place.ingest(&[], &file, &[]).report();
    assert_eq!(report["added"], text.lines().count());
    let sum = |text: &str, k: usize| {
        text.lines().map(|l| l.split(',').nth(k).expect("a cell").parse::<f64>().expect("a number")).sum::<f64>()
    };
    let volume: f64 =
        trades(&place, "BCHEUR").iter().map(|e| if let Body::Trade(t) = e.body { t.qty } else { 0.0 }).sum();
    assert!((volume - sum(&text, 2)).abs() < 1e-9 * volume, "{volume}");
}
