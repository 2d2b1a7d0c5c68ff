//! The sample that ships: it is what its manifest says, and what its source says.

use std::collections::BTreeMap;

use margincast::base::table::Table;
use margincast::base::{Digest, Span, Ts};
use margincast::event::lake::BarRow;

use super::*;
use crate::shared;

fn manifest() -> toml::Table {
    toml::from_str(&std::fs::read_to_string(data("manifest.toml")).expect("a manifest")).expect("TOML")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn rows() -> Vec<BarRow> {
    Lake::at(data("sample")).rows(&listing("binance", "spot", "BTCUSDT"), None, None).expect("rows")
}

#[test]
fn each_file_has_the_digest_of_the_manifest() {
    let mut found = vec![];
    files(&data("sample"), &mut found);
    // A program that reads the sample may have left its lock.
    found.retain(|p| !p.ends_with("_lock"));
    let name = |p: &PathBuf| p.strip_prefix(data("")).expect("inside").to_string_lossy().into_owned();
    let have: BTreeMap<String, String> =
        found.iter().map(|p| (name(p), Digest::of_file(p).expect("readable").to_string())).collect();
    let said = manifest()["sha256"].as_table().expect("digests").clone();
    let said: BTreeMap<String, String> =
        said.iter().map(|(k, v)| (k.clone(), v.as_str().expect("text").to_string())).collect();
    assert_eq!(have, said);
}

#[test]
fn the_manifest_counts_the_rows_and_names_the_span() {
    let (manifest, rows) = (manifest(), rows());
    let number = |key: &str| manifest[key].as_integer().expect("a number") as usize;
    assert_eq!(number("rows"), rows.len());
    assert_eq!(number("rows_in_source"), rows.len() + number("refused_off_grid"));
    let time = |key: &str| manifest[key].as_str().and_then(|t| t.parse::<Ts>().ok()).expect("a time");
    assert_eq!((time("first_open"), time("last_open")), (rows[0].bar.ts_open, rows[rows.len() - 1].bar.ts_open));
    assert!(rows.iter().all(|r| r.span() == Span::HOUR && r.bar.taker_buy_volume.is_some()));
    assert!(rows.windows(2).all(|w| w[0].ts_close < w[1].ts_close));
}

#[test]
fn the_sample_is_what_its_source_says() {
    let Some(file) = shared::path("data/bars/binance_spot_mit/BTCUSDT_1h_2017_2023.parquet") else { return };
    let table = Table::read(&file).expect("readable");
    let times = table.times("open_time").expect("times");
    let column = |name: &str| table.floats(name).expect("floats").into_owned();
    let (open, high, low, close) = (column("open"), column("high"), column("low"), column("close"));
    let (volume, taker) = (column("volume_base"), column("taker_buy_base"));
    let theirs: BTreeMap<Ts, [f64; 6]> =
        (0..times.len()).map(|i| (times[i], [open[i], high[i], low[i], close[i], volume[i], taker[i]])).collect();
    let rows = rows();
    for r in &rows {
        let b = r.bar;
        let ours = [b.open, b.high, b.low, b.close, b.volume.unwrap_or(0.0), b.taker_buy_volume.unwrap_or(0.0)];
        assert_eq!(theirs.get(&b.ts_open), Some(&ours), "{}", b.ts_open);
    }
    let on_grid = times.iter().filter(|t| t.floor(Span::HOUR) == **t).count();
    assert_eq!(rows.len(), on_grid);
}
