//! Which file of the archive has which columns, and what names of files and folders say.

use csv::ByteRecord;

use crate::base::{Span, Symbol, Ts};
use crate::event::BarKind;
use crate::event::venue::field::integer;
use crate::event::venue::source::Source;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    SpotAggTrades,
    UmAggTrades,
    SpotTrades,
    UmTrades,
    Klines,
    Metrics,
    FundingRate,
}

use Layout::{FundingRate, Klines, Metrics, SpotAggTrades, SpotTrades, UmAggTrades, UmTrades};

impl Layout {
    pub const ALL: [Layout; 7] = [SpotAggTrades, UmAggTrades, SpotTrades, UmTrades, Klines, Metrics, FundingRate];

    pub fn name(self) -> &'static str {
        match self {
            SpotAggTrades => "binance spot aggTrades",
            UmAggTrades => "binance um aggTrades",
            SpotTrades => "binance spot trades",
            UmTrades => "binance um trades",
            Klines => "binance klines",
            Metrics => "binance metrics",
            FundingRate => "binance fundingRate",
        }
    }
    pub fn table(self) -> &'static str {
        match self {
            Klines => "bars",
            Metrics => "open_interest",
            FundingRate => "funding",
            _ => "trades",
        }
    }
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            SpotAggTrades => &[
                "agg_trade_id",
                "price",
                "quantity",
                "first_trade_id",
                "last_trade_id",
                "transact_time",
                "is_buyer_maker",
                "is_best_match",
            ],
            UmAggTrades => &[
                "agg_trade_id",
                "price",
                "quantity",
                "first_trade_id",
                "last_trade_id",
                "transact_time",
                "is_buyer_maker",
            ],
            SpotTrades => &["id", "price", "qty", "quote_qty", "time", "is_buyer_maker", "is_best_match"],
            UmTrades => &["id", "price", "qty", "quote_qty", "time", "is_buyer_maker"],
            Klines => &[
                "open_time",
                "open",
                "high",
                "low",
                "close",
                "volume",
                "close_time",
                "quote_volume",
                "count",
                "taker_buy_volume",
                "taker_buy_quote_volume",
                "ignore",
            ],
            Metrics => &[
                "create_time",
                "symbol",
                "sum_open_interest",
                "sum_open_interest_value",
                "count_toptrader_long_short_ratio",
                "sum_toptrader_long_short_ratio",
                "count_long_short_ratio",
                "sum_taker_long_short_vol_ratio",
            ],
            FundingRate => &["calc_time", "funding_interval_hours", "last_funding_rate"],
        }
    }
    /// From the first row: exact names, or, where it has none, the number and sort of its fields.
    pub fn of(first: &ByteRecord) -> Result<(Layout, bool), String> {
        let cells: Vec<String> = first.iter().map(|c| String::from_utf8_lossy(c).trim().to_string()).collect();
        if first.get(0).and_then(integer).is_some() {
            let sixth_is_time = first.get(5).and_then(integer).is_some_and(|v| v > 1);
            return match first.len() {
                12 => Ok((Klines, false)),
                8 => Ok((SpotAggTrades, false)),
                7 if sixth_is_time => Ok((UmAggTrades, false)),
                7 => Ok((SpotTrades, false)),
                6 => Ok((UmTrades, false)),
                n => Err(format!("{n} columns without names; want 6 or 7 (trades), 7 or 8 (aggTrades) or 12 (klines)")),
            };
        }
        if let Some(layout) = Layout::ALL.into_iter().find(|l| l.columns() == cells) {
            return Ok((layout, true));
        }
        let shared = |l: &Layout| l.columns().iter().filter(|c| cells.iter().any(|x| x == *c)).count();
        let fit = |l: &Layout| (shared(l), std::cmp::Reverse(l.columns().len().abs_diff(cells.len())));
        let nearest = Layout::ALL.into_iter().max_by_key(fit).unwrap_or(Klines);
        let missing: Vec<&str> = nearest.columns().iter().copied().filter(|c| !cells.iter().any(|x| x == c)).collect();
        let extra: Vec<&str> = cells.iter().map(String::as_str).filter(|c| !nearest.columns().contains(c)).collect();
        let order = if missing.is_empty() && extra.is_empty() { ", only in another order" } else { "" };
        Err(format!(
            "unknown column names; the nearest layout is {}{order}: missing [{}], not known [{}]; \
             for a layout of your own use --venue generic with a map",
            nearest.name(),
            missing.join(", "),
            extra.join(", ")
        ))
    }
}

/// What the name `SYMBOL-<what>-YYYY-MM[-DD]…` says.
#[derive(Debug, Default)]
pub struct Name {
    /// Instrument.
    pub symbol: Option<Symbol>,
    /// Length of klines.
    pub bar: Option<Span>,
    /// The day or month, half open.
    pub period: Option<(Ts, Ts)>,
}

impl Name {
    pub fn of(stem: &str) -> Result<Name, String> {
        let parts: Vec<&str> = stem.split('-').collect();
        let (Some(symbol), Some(what), true) = (parts.first(), parts.get(1), parts.len() >= 4) else {
            return Ok(Name::default());
        };
        let number = |i: usize, digits: usize| -> Option<i64> {
            parts.get(i).and_then(|p| p.get(..digits)).and_then(|p| integer(p.as_bytes()))
        };
        let (Some(year), Some(month)) = (number(2, 4), number(3, 2)) else { return Ok(Name::default()) };
        let day = number(4, 2);
        let at = |y: i64, m: i64, d: i64| format!("{y:04}-{m:02}-{d:02}").parse::<Ts>().ok();
        let period = match (day, at(year, month, day.unwrap_or(1))) {
            (Some(_), Some(start)) => Some((start, start + Span::DAY)),
            (None, Some(start)) => at(year + month / 12, month % 12 + 1, 1).map(|end| (start, end)),
            (_, None) => None,
        };
        let bar = match *what {
            "aggTrades" | "trades" | "metrics" | "fundingRate" => None,
            "1mo" | "1M" => return Err("months differ in length; take klines of 1d or less".into()),
            "1w" => Some(Span::DAY.times(7)),
            other => other.parse().ok(),
        };
        Ok(Name { symbol: symbol.parse().ok(), bar, period })
    }
}

/// The market of a layout; klines are alike in all, and the archive's folders or the caller tell.
pub fn market<'a>(layout: Layout, source: &Source, said: Option<&'a str>) -> Result<&'a str, String> {
    let own = match layout {
        UmAggTrades | UmTrades | Metrics | FundingRate => Some("um"),
        SpotAggTrades | SpotTrades => Some("spot"),
        Klines => None,
    };
    let folder = ["um", "cm", "spot"].into_iter().find(|m| source.path.iter().any(|part| part == *m));
    match (own.or(folder), said) {
        (_, Some("cm")) | (Some("cm"), _) => {
            Err("is coin-margined: its quantities are contracts; use --venue generic \
                                                  with `contract_size` and `inverse`"
                .into())
        }
        (Some(own), Some(said)) if own != said => Err(format!("is of market {own}, and --market says {said}")),
        (Some(own), _) => Ok(own),
        (None, said) => Ok(said.unwrap_or("spot")),
    }
}

/// The archive keeps klines of other prices in folders of their own; the files are named alike.
pub fn kind(source: &Source) -> BarKind {
    let in_folder = |name: &str| source.path.iter().any(|part| part == name);
    match () {
        () if in_folder("markPriceKlines") => BarKind::Mark,
        () if in_folder("indexPriceKlines") => BarKind::Index,
        () if in_folder("premiumIndexKlines") => BarKind::Premium,
        () => BarKind::Trade,
    }
}
