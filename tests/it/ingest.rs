//! Vendor files through the program into the lake: what goes in comes out, and bad files are told
//! what is wrong with them.

mod bad;
mod frames;
mod kraken;
mod map;
mod real;
mod sample;

use std::path::{Path, PathBuf};
use std::process::Command;

use margincast::event::Event;
use margincast::event::lake::{Feed, Lake, Listing};
use serde_json::Value;

/// A folder with vendor files and a lake.
struct Place(tempfile::TempDir);

/// What the program said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn report(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.err);
        let reports: Value = serde_json::from_str(&self.out).expect("JSON");
        reports[0].clone()
    }
    /// Exit code 2 and a message that holds all of these.
    fn refused(&self, words: &[&str]) {
        assert_eq!(self.code, 2, "{}{}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in: {}", self.err);
        }
    }
}

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().expect("a folder"))
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), content).expect("writable");
        self.path(name)
    }
    fn lake(&self) -> Lake {
        Lake::at(self.path("lake"))
    }
    fn run(&self, arguments: &[&str]) -> Said {
        let out = Command::new(env!("CARGO_BIN_EXE_margincast")).args(arguments).output().expect("starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said { code: out.status.code().expect("a code"), out: text(out.stdout), err: text(out.stderr) }
    }
    /// `ingest --venue binance --json`.
    fn binance(&self, file: &Path, more: &[&str]) -> Said {
        self.ingest(&["--venue", "binance"], file, more)
    }
    /// `ingest --venue generic --json` with a map of this text.
    fn generic(&self, map: &str, file: &Path, more: &[&str]) -> Said {
        let map = self.write("map.toml", map);
        self.ingest(&["--venue", "generic", "--map", &map.to_string_lossy()], file, more)
    }
    fn ingest(&self, venue: &[&str], file: &Path, more: &[&str]) -> Said {
        let (lake, file) = (self.path("lake"), file.to_string_lossy());
        let mut arguments = vec!["ingest", "--json", "--lake"];
        let lake = lake.to_string_lossy();
        arguments.push(&lake);
        arguments.extend(venue.iter().chain(more));
        arguments.push(&file);
        self.run(&arguments)
    }
    /// How many trades the lake holds, 0 where it has no such instrument.
    fn count(&self, market: &str, symbol: &str) -> usize {
        let rows =
            self.lake().rows::<margincast::event::lake::TradeRow>(&listing("binance", market, symbol), None, None);
        rows.expect("readable").len()
    }
    fn trades(&self, market: &str, symbol: &str) -> Vec<Event> {
        self.lake().load(&Feed::Trades.of(&[listing("binance", market, symbol)]), None, None).expect("trades")
    }
}

fn listing(venue: &str, market: &str, symbol: &str) -> Listing {
    Listing::new(venue, market, symbol.parse().expect("a symbol")).expect("a listing")
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// A spot aggTrades file of so many sound rows, one a second from 2024-03-01 on.
fn trades_csv(count: i64) -> String {
    let row = |i: i64| format!("{i},{}.5,0.25,{i},{},{},{},True\n", 100 + i % 7, i + 1, ms(i), side(i));
    (0..count).map(row).collect()
}

fn ms(second: i64) -> i64 {
    1_709_251_200_000 + second * 1_000
}

fn side(i: i64) -> &'static str {
    if i % 3 == 0 { "True" } else { "False" }
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in members {
        writer.start_file(*name, options).expect("a member");
        writer.write_all(content).expect("written");
    }
    writer.finish().expect("a zip").into_inner()
}
