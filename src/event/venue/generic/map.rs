//! The mapping file: which column of a vendor's file is what.
//!
//! ```toml
//! table = "bars"                  # bars, trades, funding, open_interest or implied_vol
//! venue = "binance"
//! market = "spot"
//! symbol_from_file = "{symbol}_*" # or symbol = "BTCUSDT", or a column
//! bar = "1h"                      # absent: the commonest step between rows
//! [columns]
//! time = "open_time"
//! open = "open"
//! high = "high"
//! low = "low"
//! close = "close"
//! volume = "volume_base"
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::base::{Span, Symbol};
use crate::event::check::Stamp;
use crate::event::venue::clock::Dates;
use crate::event::{BarKind, Error, GAUGES, GaugeKind};

/// A mapping, as its file has it. Unknown keys are errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Table of the lake.
    pub table: MapTable,
    /// Venue, as the lake names it.
    pub venue: String,
    /// Market, as the lake names it.
    pub market: String,
    /// The instrument of the whole file.
    pub symbol: Option<Symbol>,
    /// The instrument out of the file's name: `{symbol}` stands for it, `*` at the end for anything.
    pub symbol_from_file: Option<String>,
    /// Column names of a CSV that has none.
    pub header: Option<Vec<String>>,
    /// What parts the fields of a CSV.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// Lines of a CSV that begin with this are skipped.
    pub comment: Option<char>,
    /// Zone of times that are text: `UTC` or an offset such as `+08:00`.
    #[serde(default = "utc")]
    pub zone: String,
    /// How dates that are text are written: `year-month-day`, `month-day-year` or `day-month-year`.
    #[serde(default)]
    pub dates: Dates,
    /// Known this much later than it happened.
    #[serde(default)]
    pub delay: Span,
    /// Length of bars. With a gauge: of its candles, whose close is the value; absent where a time is an
    /// instant.
    pub bar: Option<Span>,
    /// Which instant of a bar or candle its time is.
    #[serde(default)]
    pub stamp: Stamp,
    /// What the prices of bars are prices of.
    #[serde(default)]
    pub kind: BarKind,
    /// What the column `side` says.
    pub side: Option<SideRule>,
    /// Base units of one contract; quantities are multiplied by it. With `inverse`, quote units.
    pub contract_size: Option<f64>,
    /// Contracts are worth quote units: a quantity is contracts × size ÷ price.
    #[serde(default)]
    pub inverse: bool,
    /// Readings of a gauge that is no size are multiplied by it: 0.01 where they are percent points.
    pub scale: Option<f64>,
    /// From our names to the file's.
    pub columns: BTreeMap<String, String>,
    /// Rows are taken only where these columns of the file say this.
    #[serde(default)]
    pub only: BTreeMap<String, String>,
}

fn comma() -> char {
    ','
}
fn utc() -> String {
    "UTC".into()
}

/// Tables that a mapping can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapTable {
    /// Bars.
    Bars,
    /// Trades.
    Trades,
    /// Readings of a gauge.
    Gauge(GaugeKind),
}

/// What a trade's side says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SideRule {
    /// The side of the aggressor: buy or sell.
    Taker,
    /// The side of the resting order: buy or sell.
    Maker,
    /// Whether the buyer's order was the resting one.
    BuyerMaker,
    /// A number above zero for a buying aggressor, below for a selling one.
    Sign,
}

/// What every symbol-bearing table may have beside its own columns.
const COMMON: [&str; 1] = ["symbol"];

impl MapTable {
    /// Every table.
    pub fn all() -> impl Iterator<Item = MapTable> {
        [MapTable::Bars, MapTable::Trades].into_iter().chain(GAUGES.iter().map(|g| MapTable::Gauge(g.kind)))
    }
    /// Name of the table.
    pub fn name(self) -> &'static str {
        match self {
            MapTable::Bars => "bars",
            MapTable::Trades => "trades",
            MapTable::Gauge(kind) => kind.entry().name,
        }
    }
    /// Columns that a mapping must name.
    pub fn needed(self) -> Vec<&'static str> {
        match self {
            MapTable::Bars => vec!["time", "open", "high", "low", "close"],
            MapTable::Trades => vec!["time", "price", "qty"],
            MapTable::Gauge(_) => vec!["time"],
        }
    }
    /// Columns of which a mapping must name one at least; empty where there is no such choice.
    pub fn keys(self) -> Vec<&'static str> {
        match self {
            MapTable::Bars | MapTable::Trades => vec![],
            MapTable::Gauge(kind) => kind.entry().keys.iter().map(|k| kind.entry().columns[*k].0).collect(),
        }
    }
    /// Columns that it may name.
    pub fn optional(self) -> Vec<&'static str> {
        match self {
            MapTable::Bars => vec!["volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume"],
            MapTable::Trades => vec!["id", "side", "quote_qty", "n_trades"],
            MapTable::Gauge(kind) => kind.entry().names().collect(),
        }
    }
}

impl<'de> Deserialize<'de> for MapTable {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        let names = || MapTable::all().map(MapTable::name).collect::<Vec<_>>().join(", ");
        MapTable::all()
            .find(|t| t.name() == name)
            .ok_or_else(|| D::Error::custom(format!("`{name}` is no table; there are {}", names())))
    }
}

impl Map {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// The file cannot be read, a key is unknown, or settings contradict each other.
    pub fn read(path: &Path) -> Result<Map, Error> {
        let file = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|e| Error::Unreadable { file: file.clone(), why: e.to_string() })?;
        Map::parse(&text).map_err(|why| Error::Layout { file, why })
    }
    /// From the text of a mapping file.
    ///
    /// # Errors
    /// As [`Map::read`].
    pub fn parse(text: &str) -> Result<Map, String> {
        let map: Map = toml::from_str(text).map_err(|e| e.to_string())?;
        map.check()?;
        Ok(map)
    }
    /// Columns of the file that are read.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let more = self.only.keys().filter(|k| self.columns.values().all(|c| c != *k));
        self.columns.values().chain(more).map(String::as_str)
    }
    fn check(&self) -> Result<(), String> {
        let (needed, optional, table) = (self.table.needed(), self.table.optional(), self.table.name());
        if let Some(name) = needed.iter().find(|n| !self.columns.contains_key(**n)) {
            return Err(format!("[columns] lacks `{name}`, which table {table} needs"));
        }
        let known = |n: &str| needed.contains(&n) || optional.contains(&n) || COMMON.contains(&n);
        if let Some(name) = self.columns.keys().find(|n| !known(n)) {
            let all = [&needed[..], &optional, &COMMON].concat().join(", ");
            return Err(format!("[columns] has `{name}`; table {table} has {all}"));
        }
        if self.columns.contains_key("side") != self.side.is_some() {
            return Err("a column `side` and a key `side = \"taker\"` (maker, buyer_maker, sign) go together".into());
        }
        if self.inverse && (self.table != MapTable::Trades || self.contract_size.is_none()) {
            return Err("`inverse` needs table trades and a `contract_size`: without a price of each trade contracts \
                        cannot be turned into base units"
                .into());
        }
        if [self.contract_size, self.scale].iter().flatten().any(|s| !(s.is_finite() && *s > 0.0)) {
            return Err("`contract_size` and `scale` must be positive".into());
        }
        if self.scale.is_some() && !matches!(self.table, MapTable::Gauge(kind) if !kind.entry().sizes) {
            return Err(format!("`scale` does not go with table {table}; sizes have `contract_size`"));
        }
        let keys = self.table.keys();
        if !keys.is_empty() && !keys.iter().any(|k| self.columns.contains_key(*k)) {
            return Err(format!("[columns] lacks {}, of which table {table} needs one at least", quoted(&keys)));
        }
        let named = [self.symbol.is_some(), self.symbol_from_file.is_some(), self.columns.contains_key("symbol")];
        if named.iter().filter(|n| **n).count() > 1 {
            return Err("`symbol`, `symbol_from_file` and a column `symbol`: one of them at most".into());
        }
        if self.symbol_from_file.as_ref().is_some_and(|p| !p.contains("{symbol}")) {
            return Err("`symbol_from_file` needs the word {symbol}, as in \"{symbol}_1h_*\"".into());
        }
        if !self.delimiter.is_ascii() || self.comment.is_some_and(|c| !c.is_ascii()) {
            return Err("`delimiter` and `comment` are single ASCII characters".into());
        }
        self.offset_s().map(|_| ())
    }
    /// Seconds east of UTC.
    ///
    /// # Errors
    /// The zone is neither UTC nor an offset.
    pub fn offset_s(&self) -> Result<i32, String> {
        let bad = || format!("zone `{}`: want UTC or an offset such as +08:00", self.zone);
        if self.zone == "UTC" {
            return Ok(0);
        }
        let (sign, rest) = match self.zone.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(bad()),
        };
        let (hours, minutes) = rest.split_once(':').ok_or_else(bad)?;
        let hours: i32 = hours.parse().map_err(|_| bad())?;
        let minutes: i32 = minutes.parse().map_err(|_| bad())?;
        if (0..=14).contains(&hours) && (0..60).contains(&minutes) {
            Ok(sign * (hours * 3600 + minutes * 60))
        } else {
            Err(bad())
        }
    }
    /// The instrument that the file's name tells.
    ///
    /// # Errors
    /// The name is not of the pattern.
    pub fn symbol_of(&self, stem: &str) -> Result<Option<Symbol>, String> {
        let Some(pattern) = &self.symbol_from_file else { return Ok(None) };
        let bad = || format!("its name `{stem}` is not of the pattern `{pattern}`; say --symbol");
        let (before, after) = pattern.split_once("{symbol}").unwrap_or(("", ""));
        let rest = stem.strip_prefix(before).ok_or_else(bad)?;
        let literal = after.strip_suffix('*').unwrap_or(after);
        let name = match (literal, after.ends_with('*')) {
            ("", true) => rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or(""),
            (_, true) => rest.split_once(literal).map(|r| r.0).ok_or_else(bad)?,
            (_, false) => rest.strip_suffix(literal).ok_or_else(bad)?,
        };
        name.parse().map(Some).map_err(|_| bad())
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "table='trades'\nvenue='v'\nmarket='spot'\nside='taker'\n[columns]\ntime='t'\nprice='p'\nqty='q'\nside='s'\n";

    #[test]
    fn unknown_or_contradicting_settings_are_errors() {
        assert!(Map::parse(GOOD).is_ok());
        let bad = |from: &str, to: &str| Map::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
        assert!(bad("venue", "vendor").contains("vendor"));
        assert!(bad("qty='q'", "size='q'").contains("lacks `qty`"));
        assert!(bad("qty='q'", "qty='q'\nopen='o'").contains("`open`"));
        assert!(bad("side='taker'\n", "").contains("go together"));
        assert!(bad("side='taker'", "side='both'").contains("both"));
        assert!(bad("market", "zone='Mars'\nmarket").contains("Mars"));
        assert!(bad("market", "inverse=true\nmarket").contains("contract_size"));
    }

    #[test]
    fn symbols_come_out_of_file_names() {
        let of = |pattern: &str, stem: &str| {
            let map = Map::parse(&format!("symbol_from_file='{pattern}'\n{GOOD}")).unwrap();
            map.symbol_of(stem).map(|s| s.unwrap().to_string())
        };
        assert_eq!(of("{symbol}", "BTCUSDT").unwrap(), "BTCUSDT");
        assert_eq!(of("{symbol}_*", "BTCUSDT_1h_2017").unwrap(), "BTCUSDT");
        assert_eq!(of("{symbol}*", "BTCUSDT-1h").unwrap(), "BTCUSDT");
        assert_eq!(of("trades_{symbol}_x", "trades_BTC-PERP_x").unwrap(), "BTC-PERP");
        assert!(of("{symbol}_*", "BTCUSDT").is_err());
    }
}
