//! Minute bars and feature rows from a lake of trades, timed; `rows_from_trades.py` runs it beside
//! polars and duckdb.
//!
//! `rows_from_trades make DIR TRADES` writes made-up trades as the lake lays them out;
//! `rows_from_trades bars DIR` and `rows_from_trades rows DIR` read them, best of three, and print
//! JSON.
//!
//! Files are read side by side, one day of one symbol each; inside a file sums run in order, so the
//! bars are those of the row builder to the last bit, on any number of threads.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use margincast::base::table::{self, TradeColumns, TradeFile, TradeId, TradeNames};
use margincast::base::{Seed, Span, Symbol, Ts};
use margincast::event::{Body, Event, Trade, synth};
use margincast::feature::{BarMaker, Builder, RowConfig, TradeBar, VarianceMeasure};
use rayon::prelude::*;
use serde_json::json;

const SYMBOLS: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];
const FILE_TRADES: usize = 500_000;
const START: Ts = Ts::from_ms(1_704_067_200_000);
const ROUNDS: usize = 3;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Fallible<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", dir, trades] => make(Path::new(dir), trades.parse()?),
        ["bars", dir] => time_bars(&files(Path::new(dir))?),
        ["rows", dir] => time_rows(&files(Path::new(dir))?),
        _ => Err("usage: rows_from_trades make DIR TRADES | bars DIR | rows DIR".into()),
    }
}

/// One file per symbol and day; the days are as busy as the number of trades asks for.
fn make(dir: &Path, trades: usize) -> Fallible<()> {
    let count = trades.div_ceil(FILE_TRADES).max(1);
    (0..count).into_par_iter().try_for_each(|i| {
        let day = START + Span::DAY.times((i / SYMBOLS.len()) as i64);
        let name = SYMBOLS[i % SYMBOLS.len()];
        let path = dir.join(format!("symbol={name}/date={}/trades.parquet", day.date()));
        Ok(one_day(name, day, FILE_TRADES.min(trades - i * FILE_TRADES))?.write(&path)?)
    })
}

fn one_day(name: &str, day: Ts, trades: usize) -> Fallible<TradeColumns> {
    let symbol: Symbol = name.parse()?;
    // A little less than the even gap: the day must hold them all.
    let gap = Span(Span::DAY.0 * 9 / 10 / trades as i64);
    let mut out = TradeColumns::default();
    let mut last = day.0;
    for (i, event) in synth::trades(Seed(1).named(&day.date()), symbol, day, trades, gap).iter().enumerate() {
        let Body::Trade(trade) = event.body else { continue };
        // No two trades share a microsecond, so that every tool agrees on the first and the last.
        last = event.ts_event.0.max(last + 1_000).min((day + Span::DAY).0 - (trades - i) as i64 * 1_000);
        out.ts_event.push(last);
        out.ts_known.push(last);
        out.trade_id.push(TradeId::Number(event.seq));
        out.price.push(trade.price);
        out.qty.push(trade.qty);
        out.quote_qty.push(trade.price * trade.qty);
        out.aggressor.push(trade.aggressor);
        out.n_trades.push(trade.n_trades);
        out.flags.push(0);
        out.src.push(0);
    }
    Ok(out)
}

fn files(dir: &Path) -> Fallible<Vec<(Symbol, PathBuf)>> {
    let mut files = Vec::new();
    for symbol in std::fs::read_dir(dir)? {
        let symbol = symbol?.path();
        let name = symbol.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_prefix("symbol="));
        for date in std::fs::read_dir(&symbol)? {
            files.push((name.ok_or("folders are named symbol=…")?.parse()?, date?.path().join("trades.parquet")));
        }
    }
    files.sort();
    Ok(files)
}

fn time_bars(files: &[(Symbol, PathBuf)]) -> Fallible<()> {
    let (seconds, made) = best(|| files.par_iter().map(|f| bars(&f.1)).collect::<Result<Vec<_>, _>>())?;
    let names = ["open", "high", "low", "close", "volume", "signed_volume", "trades", "rv"];
    let mut sums = [0.0; 8];
    for made in made.iter().flatten() {
        let bar = made.bar();
        let known = |x: Option<f64>| x.unwrap_or(f64::NAN);
        let (volume, bought) = (known(bar.volume), known(bar.taker_buy_volume));
        let flow = [volume, 2.0 * bought - volume, known(bar.trades), made.rv_tick()];
        for (sum, x) in sums.iter_mut().zip([bar.open, bar.high, bar.low, bar.close].into_iter().chain(flow)) {
            *sum += x;
        }
    }
    let sums: serde_json::Map<String, _> = names.iter().zip(sums).map(|(n, s)| (n.to_string(), json!(s))).collect();
    println!("{}", json!({"seconds": seconds, "bars": made.iter().map(Vec::len).sum::<usize>(), "sums": sums}));
    Ok(())
}

fn time_rows(files: &[(Symbol, PathBuf)]) -> Fallible<()> {
    let (seconds, made) = best(|| {
        let symbols: Vec<_> = files.chunk_by(|a, b| a.0 == b.0).collect();
        symbols.into_par_iter().map(rows).collect::<Fallible<Vec<_>>>()
    })?;
    println!("{}", json!({"seconds": seconds, "rows": made.iter().sum::<usize>()}));
    Ok(())
}

/// Seconds of the fastest of three rounds, and the last result.
#[allow(clippy::disallowed_methods, reason = "a stopwatch outside the road")]
fn best<T, E>(mut work: impl FnMut() -> Result<T, E>) -> Result<(f64, T), E> {
    let mut seconds = f64::INFINITY;
    let mut round = || {
        let start = Instant::now();
        let result = work()?;
        seconds = seconds.min(start.elapsed().as_secs_f64());
        Ok(result)
    };
    for _ in 1..ROUNDS {
        round()?;
    }
    let result = round()?;
    Ok((seconds, result))
}

/// The minute bars of one file.
fn bars(path: &Path) -> Result<Vec<TradeBar>, table::Error> {
    let mut maker = BarMaker::new(Span::MINUTE);
    let mut out = Vec::with_capacity(1440);
    each(path, |ts, trade| {
        if !maker.add(ts, ts, &trade) {
            out.extend(maker.close(ts));
            maker.open(ts, ts, &trade);
        }
    })?;
    out.extend(maker.close(Ts(i64::MAX)));
    Ok(out)
}

/// How many hourly rows of every feature the builder makes of one symbol's files.
fn rows(files: &[(Symbol, PathBuf)]) -> Fallible<usize> {
    let config = RowConfig {
        bar: Span::MINUTE,
        row: Span::HOUR,
        measure: VarianceMeasure::Parkinson,
        mid: 24,
        long: 168,
        far: 720,
        closure: Span(0),
    };
    let mut builder = Builder::new(config)?;
    let (mut count, mut seq) = (0, 0);
    for (symbol, path) in files {
        each(path, |ts, trade| {
            seq += 1;
            let event = Event { symbol: *symbol, ts_event: ts, ts_known: ts, seq, body: Body::Trade(trade) };
            count += usize::from(builder.push(&event).is_some());
        })?;
    }
    Ok(count)
}

fn each(path: &Path, mut take: impl FnMut(Ts, Trade)) -> Result<(), table::Error> {
    let file = TradeFile::open(path, TradeNames::default())?;
    for i in 0..file.groups() {
        let group = file.group(i)?;
        let sides = group.qty().iter().zip(group.aggressor());
        for ((ts, price), (qty, aggressor)) in group.ts().iter().zip(group.price()).zip(sides) {
            take(Ts(*ts), Trade { price: *price, qty: *qty, aggressor: *aggressor, n_trades: 1 });
        }
    }
    Ok(())
}
