//! Looks at a file and proposes a mapping, with the evidence for every line of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::cell::{instant, number, text};
use super::map::MapTable;
use crate::base::table::{Column, Reader, Table};
use crate::event::venue::clock::{Clock, TimeUnit};
use crate::event::venue::field::{float, integer};
use crate::event::venue::file::VendorFile;
use crate::event::{Error, GAUGES};

/// Rows looked at.
const ROWS: usize = 1_000;

/// Names that vendors give to our columns of bars and trades, the likeliest first; those of gauges are in their entries.
const NAMES: [(&str, &[&str]); 16] = [
    (
        "time",
        &[
            "open_time",
            "time",
            "timestamp",
            "date",
            "datetime",
            "ts",
            "ts_event",
            "transact_time",
            "created_time",
            "funding_time",
            "calc_time",
            "create_time",
            "time_local",
            "t",
        ],
    ),
    ("symbol", &["symbol", "instrument_name", "coin", "ticker", "instrument"]),
    ("open", &["open", "o"]),
    ("high", &["high", "h"]),
    ("low", &["low", "l"]),
    ("close", &["close", "c"]),
    ("volume", &["volume", "volume_base", "vol", "v", "base_volume"]),
    ("quote_volume", &["quote_volume", "volume_quote", "quote_asset_volume", "turnover"]),
    ("trades", &["n_trades", "count", "number_of_trades", "trades"]),
    ("taker_buy_volume", &["taker_buy_volume", "taker_buy_base", "taker_buy_base_asset_volume"]),
    ("taker_buy_quote_volume", &["taker_buy_quote_volume", "taker_buy_quote", "taker_buy_quote_asset_volume"]),
    ("price", &["price", "p", "px"]),
    ("qty", &["qty", "quantity", "size", "amount", "volume", "sz", "q"]),
    ("quote_qty", &["quote_qty", "foreignnotional", "cost"]),
    ("id", &["id", "trade_id", "agg_trade_id", "trdmatchid", "tid"]),
    ("side", &["side", "is_buyer_maker", "aggressor", "direction"]),
];

/// Proposes a mapping for a CSV or Parquet file, as the text of a map file.
///
/// # Errors
/// The file cannot be read, or looks like no table of ours.
pub fn sniff(source: &VendorFile) -> Result<String, Error> {
    let (table, header) = head(source)?;
    let (table, named) = match header {
        true => (table, None),
        false => name_by_content(table),
    };
    let all: Vec<(&str, &[&str])> =
        NAMES.into_iter().chain(GAUGES.iter().flat_map(|g| g.columns.iter().copied())).collect();
    let find = |ours: &str| {
        let theirs = all.iter().find(|n| n.0 == ours).map(|n| n.1)?;
        theirs.iter().find_map(|t| table.columns.iter().find(|c| c.0.to_lowercase() == **t)).map(|c| c.0.clone())
    };
    let has = |t: &MapTable| {
        let keys = t.keys();
        (keys.is_empty() || keys.iter().any(|n| find(n).is_some())) && t.needed().iter().all(|n| find(n).is_some())
    };
    let Some(kind) = MapTable::all().find(has) else {
        let names: Vec<&str> = table.columns.iter().map(|c| c.0.as_str()).collect();
        let why = format!(
            "looks like no table that can be imported: its columns are {}; bars need a time and open, high, low, close; \
             trades a time, a price and a quantity",
            names.join(", ")
        );
        return Err(Error::Layout { file: source.path.display().to_string(), why });
    };
    let columns: Vec<(&str, String)> =
        all.iter().map(|n| n.0).filter(|n| belongs(kind, n)).filter_map(|n| Some((n, find(n)?))).collect();
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_map(&mut out, source, &table, kind, &columns, named);
    Ok(out)
}

fn belongs(kind: MapTable, name: &str) -> bool {
    name == "symbol" || kind.needed().contains(&name) || kind.optional().contains(&name)
}

fn write_map(
    out: &mut String,
    source: &VendorFile,
    table: &Table,
    kind: MapTable,
    columns: &[(&str, String)],
    named: Option<Vec<String>>,
) -> std::fmt::Result {
    let rows = table.rows();
    let column = |ours: &str| columns.iter().find(|c| c.0 == ours).and_then(|c| table.find(&c.1));
    writeln!(out, "# proposed from the first {rows} rows of {}; read every line before use", source.name())?;
    writeln!(out, "table = \"{}\"", kind.name())?;
    writeln!(out, "venue = \"CHANGE-ME\"  # nothing in a file says it")?;
    writeln!(out, "market = \"spot\"  # spot, um, cm, swap, option, equity or future: nothing in a file says it")?;
    if column("symbol").is_none() {
        let stem = source.stem();
        let start: String = stem.chars().take_while(char::is_ascii_alphanumeric).collect();
        let pattern = if start == stem { "{symbol}" } else { "{symbol}*" };
        writeln!(out, "symbol_from_file = \"{pattern}\"  # gives {start}; or symbol = \"…\"")?;
    }
    if let Some(names) = named {
        writeln!(
            out,
            "# no column names: told by content (time by size, price as the steadier number); check with care"
        )?;
        writeln!(out, "header = {names:?}")?;
    }
    if let Some(time) = column("time") {
        writeln!(out, "zone = \"UTC\"  # times: {}", describe_times(time))?;
    }
    if kind == MapTable::Bars {
        let (step, last) = steps(column("time"));
        writeln!(out, "bar = \"{step}\"  # the commonest step between rows")?;
        match last {
            true => writeln!(out, "stamp = \"last\"  # times end in …9: the last unit inside the bar")?,
            false => writeln!(out, "stamp = \"open\"  # or \"close\": times alone do not tell")?,
        }
        if let (Some(h), Some(l)) = (column("high"), column("low")) {
            let sound = (0..rows).filter(|i| number(h, *i).ok() >= number(l, *i).ok()).count();
            writeln!(out, "# high >= low in {sound} of {rows} rows")?;
        }
        bar_evidence(out, &column, rows)?;
    }
    if let (MapTable::Trades, Some(side)) = (kind, column("side")) {
        let values: BTreeSet<String> = (0..rows).map(|i| text(side, i).into_owned()).collect();
        let values: Vec<String> = values.into_iter().take(6).collect();
        let boolean = values.iter().all(|v| ["true", "false"].contains(&v.to_lowercase().as_str()));
        let says = if boolean { "buyer_maker" } else { "taker" };
        writeln!(
            out,
            "side = \"{says}\"  # its values are {values:?}; check whether it is the taker's or the maker's"
        )?;
    }
    writeln!(out, "\n[columns]")?;
    for (ours, theirs) in columns {
        writeln!(out, "{ours} = {theirs:?}")?;
    }
    let unused: Vec<&str> =
        table.columns.iter().map(|c| c.0.as_str()).filter(|n| columns.iter().all(|c| c.1 != *n)).collect();
    if !unused.is_empty() {
        writeln!(out, "# not used: {}", unused.join(", "))?;
    }
    Ok(())
}

/// Whether volumes are what their names say.
fn bar_evidence<'t>(out: &mut String, column: &dyn Fn(&str) -> Option<&'t Column>, rows: usize) -> std::fmt::Result {
    let value = |name: &str, i: usize| column(name).and_then(|c| number(c, i).ok()).unwrap_or(f64::NAN);
    if column("volume").is_some() && column("quote_volume").is_some() {
        let inside = |i: &usize| {
            let mean = value("quote_volume", *i) / value("volume", *i);
            mean.is_nan() || (value("low", *i) * 0.999..=value("high", *i) * 1.001).contains(&mean)
        };
        let sound = (0..rows).filter(inside).count();
        writeln!(
            out,
            "# quote volume / volume lies between low and high in {sound} of {rows} rows: base units if all"
        )?;
    }
    if column("volume").is_some() && column("taker_buy_volume").is_some() {
        let sound = (0..rows).filter(|i| value("taker_buy_volume", *i) <= value("volume", *i)).count();
        writeln!(out, "# taker buys <= volume in {sound} of {rows} rows")?;
    }
    Ok(())
}

fn describe_times(column: &Column) -> String {
    let first = match column {
        Column::Time(_) => return "timestamps of the file itself".into(),
        Column::Int(v) => v.iter().flatten().next().map(|n| n.to_string()),
        other => Some(text(other, 0).into_owned()),
    };
    let first = first.unwrap_or_default();
    match integer(first.split('.').next().unwrap_or("").as_bytes()).and_then(TimeUnit::of) {
        Some(unit) => format!("`{first}` is {unit} by its size"),
        None => format!("text such as `{first}`; if it is not UTC, say an offset such as \"+08:00\""),
    }
}

/// The commonest step between rows, and whether times are a bar's last unit.
fn steps(column: Option<&Column>) -> (crate::base::Span, bool) {
    let mut clock = Clock::default();
    let times: Vec<i64> = match column {
        Some(c) => (0..c.len()).filter_map(|i| instant(c, i, &mut clock).ok()).map(|t| t.0).collect(),
        None => vec![],
    };
    let mut counts = std::collections::BTreeMap::new();
    for pair in times.windows(2) {
        *counts.entry(pair[1] - pair[0]).or_insert(0) += 1;
    }
    let step = counts.into_iter().max_by_key(|c| c.1).map_or(0, |c| c.0);
    let ends = |t: &i64| {
        t % 1_000_000_000 == 999_000_000 || t % 1_000_000_000 == 999_999_000 || (t / 1_000_000_000) % 60 == 59
    };
    (crate::base::Span(step), !times.is_empty() && times.iter().all(ends))
}

/// The first rows, and whether they have names.
fn head(source: &VendorFile) -> Result<(Table, bool), Error> {
    if source.is_parquet() {
        let first = Reader::open(&source.path)?.next_batch()?.unwrap_or_default();
        let columns = first.columns.into_iter().map(|(n, c)| (n, cut(c))).collect();
        return Ok((Table { columns, source: first.source }, true));
    }
    let file = source.path.display().to_string();
    source.text(|text| {
        let damaged = |e: csv::Error| Error::Unreadable { file: file.clone(), why: e.to_string() };
        let mut rows =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_reader(text);
        let mut records = rows.records();
        let first = records.next().transpose().map_err(damaged)?.unwrap_or_default();
        let header = first.iter().all(|c| float(c.as_bytes()).is_err());
        let name = |i: usize, c: &str| if header { c.trim().to_string() } else { format!("c{}", i + 1) };
        let names: Vec<String> = first.iter().enumerate().map(|(i, c)| name(i, c)).collect();
        let mut cells: Vec<Vec<Option<String>>> = vec![vec![]; names.len()];
        let rest = (!header).then_some(Ok(first)).into_iter().chain(records).take(ROWS);
        for record in rest {
            let record = record.map_err(damaged)?;
            cells.iter_mut().enumerate().for_each(|(i, c)| c.push(record.get(i).map(str::to_string)));
        }
        let columns = names.into_iter().zip(cells.into_iter().map(Column::Text)).collect();
        Ok((Table { columns, source: file.clone() }, header))
    })
}

fn cut(column: Column) -> Column {
    match column {
        Column::Time(mut v) => {
            v.truncate(ROWS);
            Column::Time(v)
        }
        Column::Int(mut v) => {
            v.truncate(ROWS);
            Column::Int(v)
        }
        Column::Float(mut v) => {
            v.truncate(ROWS);
            Column::Float(v)
        }
        Column::Text(mut v) => {
            v.truncate(ROWS);
            Column::Text(v)
        }
        Column::TextList(mut v) => {
            v.truncate(ROWS);
            Column::TextList(v)
        }
        Column::Bool(mut v) => {
            v.truncate(ROWS);
            Column::Bool(v)
        }
    }
}

/// Names the columns of trades without names: the time by its size, the price as the number that
/// varies least about its mean, the quantity as the next.
fn name_by_content(mut table: Table) -> (Table, Option<Vec<String>>) {
    let mut spread: Vec<(f64, usize)> = vec![];
    let mut time = None;
    for (k, (_, column)) in table.columns.iter().enumerate() {
        let values: Vec<f64> = (0..column.len()).filter_map(|i| number(column, i).ok()).collect();
        if values.len() < column.len() || values.is_empty() {
            continue;
        }
        let whole = text(column, 0).split('.').next().and_then(|t| integer(t.as_bytes()));
        if time.is_none() && whole.and_then(TimeUnit::of).is_some() {
            time = Some(k);
        } else {
            let mean = crate::base::stats::mean(&values);
            spread.push((crate::base::stats::variance(&values).sqrt() / mean.abs(), k));
        }
    }
    spread.sort_by(|a, b| a.0.total_cmp(&b.0));
    let named = [("time", time), ("price", spread.first().map(|s| s.1)), ("qty", spread.get(1).map(|s| s.1))];
    for (name, at) in named {
        if let Some(at) = at {
            table.columns[at].0 = name.to_string();
        }
    }
    let names = table.columns.iter().map(|c| c.0.clone()).collect();
    (table, Some(names))
}
