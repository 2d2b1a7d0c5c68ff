//! Which file of the archive has which columns, and what names of files and folders say.

use csv::ByteRecord;

use crate::event::venue::field::integer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveLayout {
    SpotAggTrades,
    UmAggTrades,
    SpotTrades,
    UmTrades,
    Klines,
    Metrics,
    FundingRate,
}

use ArchiveLayout::{FundingRate, Klines, Metrics, SpotAggTrades, SpotTrades, UmAggTrades, UmTrades};

impl ArchiveLayout {
    pub const ALL: [ArchiveLayout; 7] =
        [SpotAggTrades, UmAggTrades, SpotTrades, UmTrades, Klines, Metrics, FundingRate];

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
    pub fn of(first: &ByteRecord) -> Result<(ArchiveLayout, bool), String> {
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
        if let Some(layout) = ArchiveLayout::ALL.into_iter().find(|l| l.columns() == cells) {
            return Ok((layout, true));
        }
        let shared = |l: &ArchiveLayout| l.columns().iter().filter(|c| cells.iter().any(|x| x == *c)).count();
        let fit = |l: &ArchiveLayout| (shared(l), std::cmp::Reverse(l.columns().len().abs_diff(cells.len())));
        let nearest = ArchiveLayout::ALL.into_iter().max_by_key(fit).unwrap_or(Klines);
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
