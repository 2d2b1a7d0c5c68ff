//! Bad files: each is told what is wrong, where, and what to do; nothing of it is taken.

use margincast::base::Ts;
use margincast::base::table::{Column, Table};
use margincast::event::Body;

use super::*;

const NAME: &str = "BTCUSDT-aggTrades-2024-03-01.csv";

#[test]
fn archives_must_be_whole_and_hold_one_file_within_limits() {
    let place = Place::new();
    let csv = trades_csv(2_000);
    let whole = zip_of(&[(NAME, csv.as_bytes())]);
    let file = |name: &str, bytes: &[u8]| place.write(&format!("BTCUSDT-aggTrades-2024-03-0{name}.zip"), bytes);
    place.binance(&file("1", &whole[..whole.len() / 2]), &[]).refused(&["cut short", "fetch it again"]);
    let two = zip_of(&[(NAME, csv.as_bytes()), ("other.csv", b"1")]);
    place.binance(&file("1", &two), &[]).refused(&["2 files", "other.csv", "exactly one"]);
    let mut damaged = whole.clone();
    // The CRC of the central directory.
    let directory = whole.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    damaged[directory + 16] ^= 0x55;
    place.binance(&file("1", &damaged), &[]).refused(&["fetch it again"]);
    let outside = zip_of(&[("../../etc/x.csv", csv.as_bytes())]);
    place.binance(&file("1", &outside), &[]).refused(&["no plain file inside"]);
    let bomb = zip_of(&[(NAME, &vec![b'7'; 20 << 20])]);
    place.binance(&file("1", &bomb), &[]).refused(&["unpacks to"]);
    assert!(!place.path("lake/trades").exists());
    assert_eq!(place.binance(&file("1", &whole), &[]).report()["added"], 2_000);
}

#[test]
fn a_checksum_beside_the_file_is_verified() {
    let place = Place::new();
    let file = place.write(NAME, trades_csv(10));
    let digest = margincast::base::Digest::of_file(&file).expect("readable");
    place.write(&format!("{NAME}.CHECKSUM"), format!("{digest}  {NAME}\n"));
    assert_eq!(place.binance(&file, &["--dry-run"]).report()["checksum_verified"], true);
    place.write(&format!("{NAME}.CHECKSUM"), format!("{}  {NAME}\n", "0".repeat(64)));
    place.binance(&file, &[]).refused(&["checksum file says", "fetch both again"]);
}

#[test]
fn unknown_column_names_are_told_by_their_difference() {
    let place = Place::new();
    let header = "agg_trade_id,price,size,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n";
    let file = place.write(NAME, format!("{header}1,100.5,1,1,1,{},true\n", ms(0)));
    place.binance(&file, &[]).refused(&[
        "binance um aggTrades",
        "missing [quantity]",
        "not known [size]",
        "--venue generic",
    ]);
    let file = place.write(NAME, "1,2,3,4,5\n");
    place.binance(&file, &[]).refused(&["5 columns without names"]);
    let file = place.write(NAME, format!("{}1,2,3\n", trades_csv(3)));
    place.binance(&file, &[]).refused(&["row 4", "has 3 fields; want 8"]);
}

#[test]
fn one_file_has_one_unit_of_time_and_lies_in_its_day() {
    let place = Place::new();
    let late = format!("7,100.5,1,7,7,{}000,True,True\n", ms(9));
    let file = place.write(NAME, trades_csv(3) + &late);
    place.binance(&file, &[]).refused(&["row 4", "is in us, and the times before are in ms", "split the file"]);
    let other = format!("7,100.5,1,7,7,{},True,True\n", ms(3 * 86_400));
    let file = place.write(NAME, trades_csv(3) + &other);
    place.binance(&file, &[]).refused(&["row 4", "2024-03-04T00:00:00Z lies outside", "rename"]);
}

#[test]
fn prices_that_are_no_numbers_are_counted_and_many_refuse_the_file() {
    let place = Place::new();
    let with = |count: i64, bad: i64| {
        let row = |i: i64| format!("{i},NaN,0.25,{i},{i},{},True,True\n", ms(i));
        place.write(NAME, trades_csv(count) + &(count..count + bad).map(row).collect::<String>())
    };
    let report = place.binance(&with(500, 2), &[]).report();
    assert_eq!((&report["rows_in"], &report["added"]), (&502.into(), &500.into()));
    assert_eq!(report["refused"]["not_a_number"]["rows"], serde_json::json!([501, 502]));
    let place = Place::new();
    let file = place.write(NAME, trades_csv(10) + &format!("10,,0.25,10,10,{},True,True\n", ms(10)));
    place.binance(&file, &[]).refused(&["1 of 11 rows cannot be used", "NotANumber", "rows 11"]);
    assert!(!place.path("lake/trades").exists());
    let file = place.write(NAME, format!("1,abc,0.25,1,1,{},True,True\n", ms(0)));
    place.binance(&file, &[]).refused(&["row 1", "column price", "`abc` is not a number"]);
}

#[test]
fn booleans_are_known_by_name_only() {
    let place = Place::new();
    let file = place.write(NAME, format!("1,100.5,0.25,1,1,{},yes,True\n", ms(0)));
    place.binance(&file, &[]).refused(&["row 1", "is_buyer_maker", "`yes` is no boolean"]);
}

#[test]
fn rows_out_of_order_are_counted_and_sorted() {
    let place = Place::new();
    let mut rows: Vec<String> = trades_csv(100).lines().map(str::to_string).collect();
    rows.swap(10, 11);
    rows.swap(50, 70);
    let file = place.write(NAME, rows.join("\n"));
    // After 70 stands at 50, rows 51 to 69 and 50 itself come too late.
    assert_eq!(place.binance(&file, &[]).report()["inversions"], 1 + 20);
    let events = place.trades("spot", "BTCUSDT");
    assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
    assert!(events.windows(2).all(|w| w[0].ts_known <= w[1].ts_known));
}

#[test]
fn one_id_is_one_trade() {
    let place = Place::new();
    let rows = trades_csv(5);
    let last = rows.lines().last().expect("a row");
    let twice = place.write(NAME, format!("{rows}{last}\n"));
    let report = place.binance(&twice, &[]).report();
    assert_eq!((&report["added"], &report["duplicates"]), (&5.into(), &1.into()));
    let place = Place::new();
    let file = place.write(NAME, format!("{rows}{}\n", last.replace("0.25", "0.75")));
    place.binance(&file, &[]).refused(&["one file says two things", "trade 4", "quantity 0.75", "mend the file"]);
    let file = place.write(NAME, format!("{rows}{}\n", last.replace(&ms(4).to_string(), &ms(9).to_string())));
    place.binance(&file, &[]).refused(&["1 trade ids stand at two times"]);
    assert!(!place.path("lake/trades").exists());
}

#[test]
fn gaps_are_reported_and_never_filled() {
    let place = Place::new();
    let rows: String = trades_csv(1000)
        .lines()
        .filter(|r| !r.starts_with("50") && !r.starts_with("7,"))
        .map(|r| format!("{r}\n"))
        .collect();
    let report = place.binance(&place.write(NAME, rows.clone()), &[]).report();
    // Gone: 7, 50, 500 to 509.
    assert_eq!((&report["added"], &report["id_gaps"]["count"]), (&988.into(), &3.into()));
    assert_eq!(report["id_gaps"]["largest"][0]["missing"], "10 ids");
    assert_eq!(report["time_gaps"]["count"], 0, "ten seconds are no gap");
    assert_eq!(place.binance(&place.path(NAME), &["--strict"]).code, 1);
    assert_eq!(place.binance(&place.write(NAME, trades_csv(50)), &["--strict", "--dry-run"]).code, 0);
}

#[test]
fn the_same_file_twice_is_once_and_another_story_is_an_error_until_replaced() {
    let place = Place::new();
    let file = place.write(NAME, trades_csv(100));
    assert_eq!(place.binance(&file, &["--dry-run"]).report()["added"], 100);
    assert!(!place.path("lake/trades").exists(), "a dry run leaves the lake as it is");
    assert_eq!(place.binance(&file, &[]).report()["added"], 100);
    let before = place.trades("spot", "BTCUSDT");
    let again = place.binance(&file, &[]).report();
    assert_eq!((&again["added"], &again["already"]), (&0.into(), &100.into()));
    let other = place.write("BTCUSDT-aggTrades-2024-03-01-v2.csv", trades_csv(100).replacen("100.5", "100.6", 1));
    place.binance(&other, &[]).refused(&[NAME, "BTCUSDT-aggTrades-2024-03-01-v2.csv", "100.6", "--replace"]);
    assert_eq!(place.trades("spot", "BTCUSDT"), before);
    assert_eq!(place.binance(&other, &["--replace"]).report()["replaced"], 1);
    let Body::Trade(first) = place.trades("spot", "BTCUSDT")[0].body else { panic!("a trade") };
    assert_eq!(first.price, 100.6);
}

#[test]
fn parquet_without_a_mapped_column_says_what_it_has() {
    let place = Place::new();
    let table = Table::new([
        ("when", Column::Time(vec![Some(Ts::from_ms(ms(0)).0)])),
        ("open", Column::Float(vec![1.0])),
        ("high", Column::Float(vec![1.0])),
        ("close", Column::Float(vec![1.0])),
    ]);
    table.write(&place.path("X.parquet")).expect("written");
    let map = "table='bars'\nvenue='v'\nmarket='spot'\nsymbol='X'\nbar='1h'\n[columns]\ntime='when'\nopen='open'\nhigh='high'\nlow='low'\nclose='close'\n";
    place.generic(map, &place.path("X.parquet"), &[]).refused(&["X.parquet", "`low`", "is missing", "close (Float64)"]);
    place.generic(&map.replace("low='low'", "low='when'"), &place.path("X.parquet"), &[]).refused(&[
        "row 1",
        "column low",
        "is time",
    ]);
    place.generic(&map.replace("bar=", "bars="), &place.path("X.parquet"), &[]).refused(&["map.toml", "bars"]);
    place.binance(&place.path("X.parquet"), &[]).refused(&["is Parquet", "--venue generic"]);
    place.binance(&place.path("absent.csv"), &[]).refused(&["absent.csv", "No such file"]);
}
