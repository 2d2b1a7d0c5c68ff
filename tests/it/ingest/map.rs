//! Maps: what vendors mean by time, side and quantity.

use margincast::base::Span;
use margincast::base::table::{Column, Table};
use margincast::event::{Bar, Body, Trade};

use super::*;
use crate::shared;

fn trades_of(events: &[Event]) -> Vec<Trade> {
    let one = |e: &Event| match e.body {
        Body::Trade(t) => t,
        other => panic!("{other:?}"),
    };
    events.iter().map(one).collect()
}

fn bars_of(events: &[Event]) -> Vec<(Event, Bar)> {
    let one = |e: &Event| match e.body {
        Body::Bar(b) => (*e, b),
        other => panic!("{other:?}"),
    };
    events.iter().map(one).collect()
}

#[test]
fn archives_of_both_markets_mean_the_same() {
    let place = Place::new();
    let um = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n";
    let spot = place.write(
        "AUSDT-aggTrades-2024-03.csv",
        format!("5,2.5,4,10,12,{},True,True\r\n6,2.5,1,13,13,{}000,False,True\r\n", ms(0) * 1000, ms(1)),
    );
    let named = place.write(
        "BUSDT-aggTrades-2024-03.csv",
        format!("\u{feff}{um}5,2.5,4,10,12,{},true\n6,2.5,1,13,13,{},false\n", ms(0), ms(1)),
    );
    let bare = place
        .write("CUSDT-aggTrades-2024-03.csv", format!("5,2.5,4,10,12,{},true\n6,2.5,1,13,13,{},false\n", ms(0), ms(1)));
    let trades = place.write(
        "DUSDT-trades-2024-03.csv",
        format!("5,2.5,4,10.0,{},True,True\n6,2.5,1,2.5,{},False,True\n", ms(0), ms(1)),
    );
    let umtrades =
        place.write("EUSDT-trades-2024-03.csv", format!("5,2.5,4,10.0,{},true\n6,2.5,1,2.5,{},false\n", ms(0), ms(1)));
    for (file, market, symbol, unit, n) in [
        (spot, "spot", "AUSDT", "us", 3),
        (named, "um", "BUSDT", "ms", 3),
        (bare, "um", "CUSDT", "ms", 3),
        (trades, "spot", "DUSDT", "ms", 1),
        (umtrades, "um", "EUSDT", "ms", 1),
    ] {
        let report = place.binance(&file, &[]).report();
        assert_eq!(report["time_unit"], unit, "{symbol}");
        let events = place.trades(market, symbol);
        assert_eq!(events[0].ts_event.ms(), ms(0));
        assert_eq!((events[1].ts_event - events[0].ts_event, events[1].seq), (Span::SECOND, 6));
        let expected = Trade { price: 2.5, qty: 4.0, aggressor: -1, n_trades: n };
        assert_eq!(trades_of(&events), [expected, Trade { qty: 1.0, aggressor: 1, n_trades: 1, ..expected }]);
    }
    let text = format!("5,2.5,4,10,12,{},true\n", ms(0));
    place
        .binance(&place.write("FUSDT-aggTrades-2024-03.csv", text), &["--market", "spot"])
        .refused(&["is of market um"]);
}

const BARS: &str = "table='bars'\nvenue='v'\nmarket='spot'\nsymbol='X'\n[columns]\ntime='t'\nopen='o'\nhigh='h'\nlow='l'\nclose='c'\nvolume='v'\n";

#[test]
fn bars_are_known_at_their_exclusive_end_however_stamped() {
    let at = |stamp: &str, times: [&str; 3]| {
        let place = Place::new();
        let rows: String = times.iter().enumerate().map(|(i, t)| format!("{t},{0},{0},{0},{0},2\n", i + 1)).collect();
        let file = place.write("x.csv", format!("t,o,h,l,c,v\n{rows}"));
        place.generic(&format!("stamp='{stamp}'\n{BARS}"), &file, &[]).report();
        bars_of(&place.lake().bars(&listing("v", "spot", "X"), Span::HOUR, None, None).expect("bars"))
    };
    let open = at("open", ["2024-03-01 00:00:00", "2024-03-01 01:00:00", "2024-03-01 02:00:00"]);
    assert_eq!(open[0].0.ts_known, "2024-03-01T01:00:00Z".parse().expect("a time"));
    assert_eq!(open[0].1.ts_open, "2024-03-01T00:00:00Z".parse().expect("a time"));
    let close = at("close", ["2024-03-01T01:00:00Z", "2024-03-01T02:00:00Z", "2024-03-01T03:00:00Z"]);
    let last = at("last", ["1709254799999", "1709258399999", "1709261999999"]);
    assert_eq!(open, close);
    assert_eq!(open, last);
}

#[test]
fn bars_off_the_grid_are_counted_and_kept_out() {
    let place = Place::new();
    let row = |i: i64| format!("{},1,1,1,1,2\n", ms(3600 * i + if i == 150 { 1694 } else { 0 }));
    let file = place.write("x.csv", format!("t,o,h,l,c,v\n{}", (0..200).map(row).collect::<String>()));
    let report = place.generic(BARS, &file, &[]).report();
    assert_eq!((&report["added"], &report["refused"]["off_grid"]["count"]), (&199.into(), &1.into()));
    assert_eq!((&report["bar"], &report["time_gaps"]["count"]), (&"1h".into(), &1.into()));
    let said = place.generic(BARS, &file, &["--bar", "7m", "--dry-run"]);
    said.refused(&["OffGrid", "more than 1 %"]);
}

#[test]
fn sides_and_contracts_are_what_the_map_says() {
    let of = |setting: &str, side: &str| {
        let place = Place::new();
        let file = place.write("x.csv", format!("t;p;q;s\n{};50;200;{side}\n", ms(0)));
        let map = format!(
            "table='trades'\nvenue='binance'\nmarket='cm'\nsymbol='X'\ndelimiter=';'\n{setting}\n[columns]\ntime='t'\nprice='p'\nqty='q'\nside='s'\n"
        );
        place.generic(&map, &file, &[]).report();
        trades_of(&place.trades("cm", "X"))[0]
    };
    assert_eq!(of("side='taker'", "Buy").aggressor, 1);
    assert_eq!(of("side='taker'", "unknown").aggressor, 0);
    assert_eq!(of("side='maker'", "buy").aggressor, -1);
    assert_eq!(of("side='buyer_maker'", "true").aggressor, -1);
    assert_eq!(of("side='sign'", "-3").aggressor, -1);
    assert_eq!(of("side='taker'\ncontract_size=0.5", "s").qty, 100.0);
    assert_eq!(of("side='taker'\ncontract_size=100.0\ninverse=true", "s").qty, 400.0);
}

#[test]
fn symbols_of_a_column_go_to_their_own_folders_and_zones_are_obeyed() {
    let place = Place::new();
    let file =
        place.write("x.csv", "# comment\nt,coin,r\n2024-03-01 08:00:00,AA,0.0001\n2024-03-01 08:00:00,BB,-0.0002\n");
    let map = "table='funding'\nvenue='okx'\nmarket='swap'\nzone='+08:00'\ncomment='#'\n[columns]\ntime='t'\nsymbol='coin'\nrate='r'\n";
    let report = place.generic(map, &file, &[]).report();
    assert_eq!(report["listings"], serde_json::json!(["okx/swap/AA", "okx/swap/BB"]));
    let rows = place
        .lake()
        .rows_of::<margincast::event::lake::GaugeRow>(
            margincast::event::GaugeKind::Funding,
            &listing("okx", "swap", "BB"),
            None,
            None,
        )
        .expect("rows");
    assert_eq!((rows[0].ts_event, rows[0].values[0]), ("2024-03-01".parse().expect("a time"), -0.0002));
}

#[test]
fn a_sniffed_map_needs_only_the_venue() {
    let place = Place::new();
    let csv = format!(
        "timestamp,symbol,side,size,price,trdMatchID\n{0}.1234,BTCUSDT,Buy,0.5,100,9f3c\n{0}.2,BTCUSDT,Sell,1,101,9f3d\n",
        ms(0) / 1000
    );
    let file = place.write("BTCUSDT2024-03-01.csv", csv);
    let said = place.run(&["ingest", "sniff", &file.to_string_lossy()]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("is s by its size") && said.out.contains("[\"Buy\", \"Sell\"]"), "{}", said.out);
    let report = place.generic(&said.out.replace("CHANGE-ME", "bybit"), &file, &[]).report();
    assert_eq!(report["listings"], serde_json::json!(["bybit/spot/BTCUSDT"]));
    let events =
        place.lake().load(&Feed::Trades.of(&[listing("bybit", "spot", "BTCUSDT")]), None, None).expect("trades");
    assert_eq!(events[0].ts_event.0, ms(0) * 1_000_000 + 123_400_000);
    assert_eq!(trades_of(&events).iter().map(|t| t.aggressor).collect::<Vec<_>>(), [1, -1]);
    let table = Table::new([("a", Column::Int(vec![Some(1)]))]);
    table.write(&place.path("no.parquet")).expect("written");
    place
        .run(&["ingest", "sniff", &place.path("no.parquet").to_string_lossy()])
        .refused(&["looks like no table", "a;"]);
}

#[test]
fn shipped_maps_read_what_they_are_for() {
    for (map, file, rows, listing) in [
        ("kraken_trades", "vendor_samples/kraken/BCHEUR_trades.csv", 148, "kraken/spot/BCHEUR"),
        ("binance_perp_mark", "mark/binance_perp/1h/HYPEUSDT.parquet", 0, "binance/um/HYPEUSDT"),
        ("binance_perp_funding", "funding/binance_perp/HYPEUSDT.parquet", 0, "binance/um/HYPEUSDT"),
        ("binance_open_interest", "open_interest/binance_perp_4h_2026q1.parquet", 0, "binance/um/AAVEUSDT"),
        ("binance_funding_by_symbol", "funding/binance_perp_2026q1.parquet", 0, "binance/um/AAVEUSDT"),
    ] {
        let Some(file) = shared::path(&format!("data/{file}")) else { return };
        let place = Place::new();
        let map = data(&format!("configs/maps/{map}.toml"));
        let report = place.ingest(&["--venue", "generic", "--map", &map.to_string_lossy()], &file, &[]).report();
        assert_eq!(report["listings"][0], listing);
        assert!(report["added"] == report["rows_in"] && (rows == 0 || report["added"] == rows), "{report}");
    }
}
