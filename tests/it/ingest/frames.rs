//! Frames of live feeds: the same trades, as a file and as frames, are the same events to the bit.

use std::io::Read as _;

use margincast::base::{Span, Symbol, Ts};
use margincast::event::check::{RowOrigin, admit};
use margincast::event::venue::binance;

use super::*;
use crate::shared;

/// The events that one frame of a market is, received at no noted time.
fn events(market: &str, frame: &str) -> Vec<Event> {
    let decode = binance::VENUE.frame.expect("decoded");
    let origin = RowOrigin { delay: Span(0), received: None, src: 0 };
    let rows = decode(market, frame.as_bytes()).expect("a frame").rows;
    let one = |(symbol, row): (Symbol, _)| admit(row, &origin).expect("sound").event(symbol, 0);
    rows.into_iter().filter_map(one).collect()
}

fn fault(market: &str, frame: &str) -> String {
    binance::VENUE.frame.expect("decoded")(market, frame.as_bytes()).expect_err("a fault")
}

/// Events with every number as its bits.
fn bits(events: &[Event]) -> Vec<String> {
    let bits = |v: f64| v.to_bits();
    let one = |e: &Event| {
        let said = match e.body {
            margincast::event::Body::Trade(t) => {
                format!("{} {} {} {}", bits(t.price), bits(t.qty), t.aggressor, t.n_trades)
            }
            margincast::event::Body::Bar(b) => {
                let flow = [b.volume, b.quote_volume, b.trades, b.taker_buy_volume, b.taker_buy_quote_volume];
                let prices = [b.open, b.high, b.low, b.close].map(bits);
                format!("{:?} {prices:?} {:?} {:?}", b.ts_open, flow.map(|v| v.map(bits)), b.kind)
            }
            ref other => format!("{other:?}"),
        };
        format!("{} {:?} {:?} {} {said}", e.symbol, e.ts_event, e.ts_known, e.seq)
    };
    events.iter().map(one).collect()
}

#[test]
fn trades_as_a_file_and_as_frames_are_the_same_events() {
    let place = Place::new();
    let trades: Vec<(i64, &str, &str, i64, bool)> = vec![
        (7, "61837.63000000", "0.02000000", ms(0), true),
        (8, "61837.64000000", "0.00017000", ms(0), false),
        (9, "61837.1", "1.6052", ms(1) + 7, true),
    ];
    let spot = |t: &(i64, &str, &str, i64, bool)| {
        let (id, p, q, at, m) = t;
        let quote: f64 = p.parse::<f64>().expect("a number") * q.parse::<f64>().expect("a number");
        let row = format!("{id},{p},{q},{quote},{at},{m},True\n");
        let frame = format!(
            r#"{{"stream":"btcusdt@trade","data":{{"e":"trade","E":{},"s":"BTCUSDT","t":{id},"p":"{p}","q":"{q}","T":{at},"m":{m},"M":true}}}}"#,
            at + 1
        );
        (row, frame)
    };
    let (rows, frames): (Vec<String>, Vec<String>) = trades.iter().map(spot).unzip();
    let file = place.write("BTCUSDT-trades-2024-03-01.csv", rows.concat());
    assert_eq!(place.binance(&file, &[]).report()["added"], 3);
    let of_frames: Vec<Event> = frames.iter().flat_map(|f| events("spot", f)).collect();
    assert_eq!(bits(&place.trades("spot", "BTCUSDT")), bits(&of_frames));

    let place = Place::new();
    let um = |t: &(i64, &str, &str, i64, bool)| {
        let (id, p, q, at, m) = t;
        let row = format!("{id},{p},{q},{},{},{at},{m}\n", id * 10, id * 10 + 4);
        let frame = format!(
            r#"{{"e":"aggTrade","E":{at},"a":{id},"s":"BTCUSDT","p":"{p}","q":"{q}","f":{},"l":{},"T":{at},"m":{m}}}"#,
            id * 10,
            id * 10 + 4
        );
        (row, frame)
    };
    let (rows, frames): (Vec<String>, Vec<String>) = trades.iter().map(um).unzip();
    let file = place.write(NAME, rows.concat());
    assert_eq!(place.binance(&file, &[]).report()["added"], 3);
    let of_frames: Vec<Event> = frames.iter().flat_map(|f| events("um", f)).collect();
    let of_file = place.trades("um", "BTCUSDT");
    assert_eq!(bits(&of_file), bits(&of_frames));
    assert!(of_file.iter().all(|e| matches!(e.body, margincast::event::Body::Trade(t) if t.n_trades == 5)));
}

const NAME: &str = "BTCUSDT-aggTrades-2024-03-01.csv";

#[test]
fn a_closed_kline_is_the_bar_of_the_archive_and_an_open_one_is_nothing() {
    let place = Place::new();
    let (open, last) = (ms(0), ms(60) - 1);
    let row = format!("{open},1.0101,1.012,1.01,1.011,3917.5,{last},3957.899,48,1729.25,1748.019,0\n");
    let file = place.write("CTKUSDT-1m-2024-03-01.csv", row);
    assert_eq!(place.binance(&file, &["--market", "um"]).report()["added"], 1);
    let of_file = place.lake().bars(&listing("binance", "um", "CTKUSDT"), Span::MINUTE, None, None).expect("bars");
    let frame = |closed: bool| {
        format!(
            r#"{{"stream":"ctkusdt@kline_1m","data":{{"e":"kline","E":{last},"s":"CTKUSDT","k":{{"t":{open},"T":{last},"s":"CTKUSDT","i":"1m","f":1,"L":48,"o":"1.0101","c":"1.011","h":"1.012","l":"1.01","v":"3917.5","n":48,"x":{closed},"q":"3957.899","V":"1729.25","Q":"1748.019","B":"0"}}}}}}"#
        )
    };
    assert_eq!(bits(&of_file), bits(&events("um", &frame(true))));
    assert_eq!(events("um", &frame(false)), []);
}

#[test]
fn frames_that_cannot_be_say_why_and_others_say_nothing() {
    let trade = r#"{"e":"trade","E":1,"s":"BTCUSDT","t":7,"p":"1.5","q":"2","T":1709251200000,"m":true,"M":true}"#;
    assert!(fault("um", trade).contains("is of market spot"));
    assert!(fault("spot", &trade.replace(r#","M":true"#, "")).contains("is of market um"));
    assert!(fault("spot", &trade.replace("\"1.5\"", "\"abc\"")).contains("field p: `abc` is not a number"));
    assert!(fault("spot", &trade.replace("1709251200000", "12")).contains("is no time"));
    assert!(fault("spot", &trade[..40]).contains("no frame"));
    let coin = r#"{"stream":"btcusd_perp@trade","data":{"e":"trade","s":"BTCUSD_PERP","ps":"BTCUSD","t":1}}"#;
    assert!(fault("um", coin).contains("coin-margined"));
    for other in [
        r#"{"result":null,"id":1}"#,
        r#"{"stream":"btcusdt@bookTicker","data":{"u":5,"s":"BTCUSDT","b":"1","B":"3","a":"2","A":"1"}}"#,
        r#"{"lastUpdateId":1,"bids":[["1","2"]],"asks":[]}"#,
    ] {
        assert_eq!(events("spot", other), []);
    }
    let insurance = trade.replace(r#""M":true"#, r#""X":"INSURANCE_FUND""#);
    assert_eq!(events("um", &insurance), []);
    // Expected rates are kept and are no reading: the rate that is paid is another number.
    let expected =
        r#"{"e":"markPriceUpdate","E":1709251200000,"s":"BTCUSDT","p":"9.5","P":"9","i":"9","r":"0.0001","T":1}"#;
    assert_eq!(events("um", expected), []);
}

/// How many frames of each channel a capture holds, counted without the program.
fn channels(path: &Path) -> std::collections::BTreeMap<String, u64> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).expect("a file")).read_to_string(&mut text).expect("text");
    let mut counts = std::collections::BTreeMap::new();
    for line in text.lines() {
        let Some(frame) = line.find('{').and_then(|i| serde_json::from_str::<Value>(&line[i..]).ok()) else { continue };
        if let Some(kind) = frame["data"]["e"].as_str() {
            *counts.entry(kind.to_string()).or_insert(0) += 1;
        }
    }
    counts
}

#[test]
fn captures_of_real_feeds_are_taken_whole() {
    let Some(folder) = shared::path("data/ticks/binance_ws") else { return };
    for (name, market) in [
        ("spot_btcusdt_20240808.gz", "spot"),
        ("usdm_btcusdt_20230404.dat.gz", "um"),
        ("usdm_btcusdt_20240808.gz", "um"),
    ] {
        let (place, file) = (Place::new(), folder.join(name));
        let report = place.binance(&file, &["--market", market]).report();
        let counts = channels(&file);
        let of = |kind: &str| counts.get(kind).copied().unwrap_or(0);
        assert_eq!(report["added"], of("trade") + of("markPriceUpdate"), "{report}");
        assert!(report["passed_over"].as_u64() > Some(1000), "{report}");
        let trades = place.trades(market, "BTCUSDT");
        assert_eq!(trades.len() as u64, of("trade"), "{name}");
        assert!(trades.iter().all(|e| e.ts_known >= e.ts_event && e.ts_known - e.ts_event < Span::MINUTE));
        assert!(trades.windows(2).all(|w| w[0].ts_known <= w[1].ts_known));
        assert_eq!(place.binance(&file, &["--market", market]).report()["already"], report["added"], "twice is once");
        let other = if market == "um" { "spot" } else { "um" };
        place.binance(&file, &["--market", other]).refused(&[&format!("is of market {market}")]);
    }
    let coin = folder.join("cm_btcusd_perp_20240809.gz");
    Place::new().binance(&coin, &["--market", "um"]).refused(&["coin-margined"]);
}

#[test]
fn a_capture_names_its_venue_and_holds_each_trade_once() {
    let Some(file) = shared::path("data/ticks/cryptofeed_raw/BINANCE_FUTURES.ws.1.0.gz") else { return };
    let place = Place::new();
    let report = place.ingest(&[], &file, &["--market", "um"]).report();
    let counts = channels(&file);
    assert_eq!(report["layout"], "binance frames");
    assert_eq!(report["inversions"], 0);
    let trades: usize = ["SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"].iter().map(|s| place.count("um", s)).sum();
    assert_eq!(trades as u64, counts["aggTrade"]);
    assert!(report["added"].as_u64() > Some(counts["aggTrade"]), "closed klines too: {report}");

    let trade = |e: &str, id: &str| {
        let head = format!(r#"1709251200.5: {{"e":"{e}","E":1709251200000,"s":"BTCUSDT","{id}":7,"f":7,"l":7,"#);
        format!("{head}\"p\":\"1.5\",\"q\":\"2\",\"T\":1709251200000,\"m\":true,\"M\":true}}\n")
    };
    let both = place.write("both.txt", trade("trade", "t") + &trade("aggTrade", "a"));
    place.binance(&both, &[]).refused(&["row 2", "`aggTrade` tells of BTCUSDT what `trade` told before"]);
    let known = Ts(1_709_251_200_500_000_000);
    let one = place.write("one.txt", trade("trade", "t"));
    assert_eq!(place.binance(&one, &[]).report()["added"], 1);
    assert_eq!(place.trades("spot", "BTCUSDT")[0].ts_known, known, "known when it was received");
}
