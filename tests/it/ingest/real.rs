//! The market data beside the checkout, all of it: rows in are rows out, and reasons for the rest.

use margincast::base::Span;
use margincast::base::table::{Reader, Table};
use margincast::event::GaugeKind;
use margincast::event::lake::{BarRow, GaugeRow};

use super::*;
use crate::shared;

fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    found.sort();
    found
}

/// Ingests all files of a folder at once; gives the reports and how many rows were refused.
fn ingest_all(place: &Place, map: &str, files: &[PathBuf]) -> (Vec<Value>, u64) {
    let (lake, map) = (place.path("lake"), data(&format!("configs/maps/{map}.toml")));
    let mut arguments = vec!["ingest".into(), "--venue".into(), "generic".into(), "--json".into()];
    for (flag, path) in [("--map", &map), ("--lake", &lake)] {
        arguments.extend([flag.to_string(), path.to_string_lossy().into_owned()]);
    }
    arguments.extend(files.iter().map(|f| f.to_string_lossy().into_owned()));
    let said = place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(said.code, 0, "{}", said.err);
    let reports: Vec<Value> = serde_json::from_str(&said.out).expect("JSON");
    let mut refused_in_all = 0;
    for (report, file) in reports.iter().zip(files) {
        let rows = Reader::open(file).expect("Parquet").rows() as u64;
        let refused: u64 = report["refused"]
            .as_object()
            .expect("reasons")
            .values()
            .map(|r| r["count"].as_u64().expect("a count"))
            .sum();
        assert_eq!(report["rows_in"], rows, "{}", file.display());
        assert_eq!(report["added"].as_u64().expect("a count") + refused, rows, "{report}");
        assert_eq!(report["inversions"], 0);
        refused_in_all += refused;
    }
    assert_eq!(reports.len(), files.len());
    (reports, refused_in_all)
}

#[test]
fn every_bar_file_is_taken_whole() {
    let Some(bars) = shared::path("data/bars") else { return };
    let spot = Place::new();
    for (folder, length, files) in [("1h", "1h", 5), ("15m", "15m", 5), ("30m", "30m", 5), ("2h", "2h", 3)] {
        let paths = parquet_files(&bars.join("binance_spot").join(folder));
        let (reports, refused) = ingest_all(&spot, "binance_spot", &paths);
        assert_eq!((reports.len(), refused), (files, 0), "{folder}");
        assert!(reports.iter().all(|r| r["bar"] == length));
    }
    assert_btc_is_equal(&spot, &bars);
    for (folder, map, files) in [
        ("binance_perp/1h", "binance_perp", 9),
        ("binance_perp/5m", "binance_perp", 2),
        ("binance_perp/1h_trades", "binance_perp_trades", 9),
    ] {
        let place = Place::new();
        let (reports, refused) = ingest_all(&place, map, &parquet_files(&bars.join(folder)));
        assert_eq!((reports.len(), refused), (files, 0), "{folder}");
    }
    let place = Place::new();
    ingest_all(&place, "btc_perp_1m", &[bars.join("btc_perp_1m_202201.parquet")]);
    let (reports, refused) = ingest_all(&place, "binance_spot_mit", &parquet_files(&bars.join("binance_spot_mit")));
    assert_eq!(refused, 43, "bars stamped 28:14 past the hour");
    assert_eq!(reports[0]["refused"]["off_grid"]["count"], 43);
}

/// The lake holds the numbers of the file, bar by bar.
fn assert_btc_is_equal(place: &Place, bars: &Path) {
    let file = Table::read(&bars.join("binance_spot/1h/BTCUSDT.parquet")).expect("readable");
    let rows: Vec<BarRow> = place.lake().rows(&listing("binance", "spot", "BTCUSDT"), None, None).expect("readable");
    let rows: Vec<BarRow> = rows.into_iter().filter(|r| r.span() == Span::HOUR).collect();
    assert_eq!(file.times("open_time").expect("times"), rows.iter().map(|r| r.bar.ts_open).collect::<Vec<_>>());
    assert!(rows.iter().all(|r| r.ts_close == r.bar.ts_open + Span::HOUR && r.ts_known == r.ts_close));
    let equal = |name: &str, get: fn(&BarRow) -> Option<f64>| {
        let values: Vec<f64> = rows.iter().filter_map(get).collect();
        assert_eq!(file.floats(name).expect("floats").as_ref(), values, "{name}");
    };
    equal("open", |r| Some(r.bar.open));
    equal("high", |r| Some(r.bar.high));
    equal("low", |r| Some(r.bar.low));
    equal("close", |r| Some(r.bar.close));
    equal("volume_base", |r| r.bar.volume);
    equal("volume_quote", |r| r.bar.quote_volume);
    equal("n_trades", |r| r.bar.trades);
    equal("taker_buy_base", |r| r.bar.taker_buy_volume);
    equal("taker_buy_quote", |r| r.bar.taker_buy_quote_volume);
}

#[test]
fn the_archives_csv_and_the_rest_copy_say_the_same() {
    let Some(folder) = shared::path("data/vendor_samples/binance_vision") else { return };
    let Some(copy) = shared::path("data/bars/binance_spot/1h/BTCUSDT.parquet") else { return };
    let place = Place::new();
    for (month, rows) in [("01", 744), ("02", 672), ("03", 743), ("04", 720), ("05", 744)] {
        let report = place.binance(&folder.join(format!("BTCUSDT-1h-2023-{month}.csv")), &[]).report();
        assert_eq!((&report["added"], &report["bar"], &report["header"]), (&rows.into(), &"1h".into(), &true.into()));
    }
    // The same bars again from another source: all are there already, and not one differs.
    let (until, before) = ("2023-06-01".parse().expect("a time"), "2023-01-01".parse().expect("a time"));
    let rows: Vec<BarRow> = place.lake().rows(&listing("binance", "spot", "BTCUSDT"), None, None).expect("rows");
    let other = Place::new();
    ingest_all(&other, "binance_spot", &[copy]);
    let theirs: Vec<BarRow> = other.lake().rows(&listing("binance", "spot", "BTCUSDT"), None, None).expect("rows");
    let theirs: Vec<_> =
        theirs.iter().filter(|r| r.bar.ts_open >= before && r.bar.ts_open < until).map(|r| r.bar).collect();
    assert_eq!(rows.iter().map(|r| r.bar).collect::<Vec<_>>(), theirs);
}

#[test]
fn metrics_become_open_interest() {
    let Some(file) = shared::path("data/vendor_samples/binance_vision/BTCUSDT-metrics-2023-11-14_first_5h.csv") else {
        return;
    };
    let place = Place::new();
    let report = place.binance(&file, &[]).report();
    assert_eq!((&report["table"], &report["added"]), (&"open_interest".into(), &60.into()));
    let rows: Vec<GaugeRow> =
        place.lake().rows_of(GaugeKind::OpenInterest, &listing("binance", "um", "BTCUSDT"), None, None).expect("rows");
    let expected = [80424.539, 2934227437.9054494, 1.09433416, 1.37975481, 1.09030379, 0.56294739];
    assert_eq!((rows[0].ts_event, rows[0].values), ("2023-11-14".parse().expect("a time"), expected));
    assert_eq!(rows[1].ts_event - rows[0].ts_event, Span::MINUTE.times(5));
}
