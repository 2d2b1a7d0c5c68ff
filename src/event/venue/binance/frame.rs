//! Frames of the market streams, alone or in the wrapper of a combined stream.
//!
//! | channel | gives | fields |
//! |---|---|---|
//! | `trade` | a trade | `t` id, `p` price, `q` quantity, `T` trade time in ms, `m` whether the buyer was the maker |
//! | `aggTrade` | an aggregate of trades | `a` id, `f` and `l` first and last trade id, the rest as `trade` |
//! | `kline` | a bar, once `x` says that it is closed | `k`: `t` and `T` first and last ms, `i` length, `o h l c`, `v q n V Q` |
//! | `markPriceUpdate` | a rate of funding that is expected, and the mark price | `r`, `p`, `E` time in ms |
//!
//! `r` is the rate as it would be paid at the next funding time; the rate that was paid is in the archives, and only
//! that one is a reading of the gauge. Everything else says nothing for the lake: order books, best prices, answers to
//! subscriptions.
//!
//! Source: the exchange's documents of its spot and USD-margined market streams, and captures of both from 2021 to
//! 2024. A spot frame has the field `M`, a USD-margined trade the field `X`; a coin-margined frame has `ps`.

use std::borrow::Cow;

use serde::Deserialize;

use super::fields::{Amounts, aggregated, kline, trade};
use super::symbol::length;
use crate::base::{Span, Symbol, Ts};
use crate::event::check::VendorRow;
use crate::event::venue::clock::Clock;
use crate::event::venue::field::float;
use crate::event::venue::vendor::Frame;
use crate::event::{BarKind, GaugeKind};

/// Times of frames are in milliseconds.
const UNIT: Span = Span(1_000_000);

/// The wrapper of a combined stream.
#[derive(Deserialize)]
struct Combined<T> {
    data: T,
}

/// What every event of a stream has; an answer to a subscription has none of it.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default)]
    e: Option<Cow<'a, str>>,
    /// The pair of a coin-margined contract.
    #[serde(borrow, default)]
    ps: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    /// Id of a trade.
    t: Option<i64>,
    /// Id of an aggregate, and its first and last trade.
    a: Option<i64>,
    f: Option<i64>,
    l: Option<i64>,
    #[serde(borrow)]
    p: Cow<'a, str>,
    #[serde(borrow)]
    q: Cow<'a, str>,
    #[serde(rename = "T")]
    time: i64,
    m: bool,
    /// Always there on spot, never elsewhere.
    #[serde(rename = "M")]
    best_match: Option<bool>,
    /// What sort of trade it was; absent on spot and in aggregates.
    #[serde(borrow, rename = "X", default)]
    sort: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct KlineEvent<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(borrow)]
    k: Kline<'a>,
}

#[derive(Deserialize)]
struct Kline<'a> {
    t: i64,
    #[serde(rename = "T")]
    last: i64,
    #[serde(borrow)]
    i: Cow<'a, str>,
    #[serde(borrow)]
    o: Cow<'a, str>,
    #[serde(borrow)]
    h: Cow<'a, str>,
    #[serde(borrow)]
    l: Cow<'a, str>,
    #[serde(borrow)]
    c: Cow<'a, str>,
    #[serde(borrow)]
    v: Cow<'a, str>,
    #[serde(borrow)]
    q: Cow<'a, str>,
    n: i64,
    #[serde(borrow, rename = "V")]
    taker: Cow<'a, str>,
    #[serde(borrow, rename = "Q")]
    taker_quote: Cow<'a, str>,
    x: bool,
}

#[derive(Deserialize)]
struct MarkPrice<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(rename = "E")]
    time: i64,
    #[serde(borrow)]
    p: Cow<'a, str>,
    /// Empty for contracts that expire.
    #[serde(borrow)]
    r: Cow<'a, str>,
}

/// Decodes one frame of a market.
pub fn decode(market: &str, frame: &[u8]) -> Result<Frame, String> {
    let (wrapped, kind) = match serde_json::from_slice::<Combined<Kind<'_>>>(frame) {
        Ok(combined) => (true, combined.data),
        Err(_) => (false, part::<Kind<'_>>(frame, false)?),
    };
    if kind.ps.is_some() {
        return Err("is coin-margined: its quantities are contracts, not coins".into());
    }
    let (channel, row) = match kind.e.as_deref() {
        Some("trade") => ("trade", traded(market, part(frame, wrapped)?)?),
        Some("aggTrade") => ("aggTrade", traded(market, part(frame, wrapped)?)?),
        Some("kline") => ("kline", closed(part(frame, wrapped)?)?),
        Some("markPriceUpdate") => ("markPriceUpdate", expected(&part(frame, wrapped)?)?),
        _ => return Ok(Frame::NOTHING),
    };
    Ok(Frame { channel, rows: row.into_iter().collect() })
}

fn part<'a, T: Deserialize<'a>>(frame: &'a [u8], wrapped: bool) -> Result<T, String> {
    let part = match wrapped {
        true => serde_json::from_slice::<Combined<T>>(frame).map(|c| c.data),
        false => serde_json::from_slice::<T>(frame),
    };
    part.map_err(|e| format!("is no frame of a market stream: {e}"))
}

fn symbol(name: &str) -> Result<Symbol, String> {
    name.parse().map_err(|e| format!("field s: {e}"))
}

fn number(name: &str, text: &str) -> Result<f64, String> {
    float(text.as_bytes()).map_err(|e| format!("field {name}: {e}"))
}

fn ms(count: i64) -> Result<Ts, String> {
    Clock::default().count(count)
}

fn traded(market: &str, fields: Trade<'_>) -> Result<Option<(Symbol, VendorRow)>, String> {
    let spot = fields.best_match.is_some();
    if spot != (market == "spot") {
        let is = if spot { "spot" } else { "um" };
        return Err(format!("is of market {is}, and the market was stated as {market}"));
    }
    // Payments of the insurance fund and the like come as trades, some without a price; they are none of the market.
    if fields.sort.as_deref().is_some_and(|sort| sort != "MARKET") {
        return Ok(None);
    }
    let (price, qty) = (number("p", &fields.p)?, number("q", &fields.q)?);
    let amounts = Amounts { price, qty, quote_qty: price * qty };
    let (id, n_trades) = match (fields.t, fields.a, fields.f.zip(fields.l)) {
        (_, Some(id), Some((first, last))) => (id, aggregated(first, last)),
        (Some(id), ..) => (id, 1),
        _ => return Err("has no id of a trade".into()),
    };
    Ok(Some((symbol(&fields.s)?, trade(id, ms(fields.time)?, amounts, n_trades, fields.m)?)))
}

fn closed(fields: KlineEvent<'_>) -> Result<Option<(Symbol, VendorRow)>, String> {
    let k = fields.k;
    if !k.x {
        return Ok(None);
    }
    let span = length(&k.i)?.ok_or_else(|| format!("field i: `{}` is no length of klines", k.i))?;
    let prices = [number("o", &k.o)?, number("h", &k.h)?, number("l", &k.l)?, number("c", &k.c)?];
    let taker = [number("V", &k.taker)?, number("Q", &k.taker_quote)?];
    let flow = [number("v", &k.v)?, number("q", &k.q)?, k.n as f64, taker[0], taker[1]];
    let bar = kline((ms(k.t)?, ms(k.last)?), UNIT, prices, flow, BarKind::Trade, Some(span));
    Ok(Some((symbol(&fields.s)?, bar)))
}

fn expected(fields: &MarkPrice<'_>) -> Result<Option<(Symbol, VendorRow)>, String> {
    let (rate, mark) = (number("r", &fields.r)?, number("p", &fields.p)?);
    let row = VendorRow::gauge(GaugeKind::Funding, ms(fields.time)?, &[f64::NAN, f64::NAN, rate, mark]);
    Ok(rate.is_finite().then_some((symbol(&fields.s)?, row)))
}
