//! What names of files, of folders and of intervals say: instrument, market, day or month, length of klines.

use super::layout::ArchiveLayout::{
    self, FundingRate, Klines, Metrics, SpotAggTrades, SpotTrades, UmAggTrades, UmTrades,
};
use crate::base::{Span, Symbol, Ts};
use crate::event::BarKind;
use crate::event::venue::field::integer;
use crate::event::venue::file::VendorFile;

/// The venue, as the lake names it.
pub const NAME: &str = "binance";

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
            word => length(word)?,
        };
        Ok(Name { symbol: symbol.parse().ok(), bar, period })
    }
}

/// The market of a layout; klines are alike in all, and the archive's folders or the caller tell.
pub fn market<'a>(layout: ArchiveLayout, source: &VendorFile, stated: Option<&'a str>) -> Result<&'a str, String> {
    let own = match layout {
        UmAggTrades | UmTrades | Metrics | FundingRate => Some("um"),
        SpotAggTrades | SpotTrades => Some("spot"),
        Klines => None,
    };
    let folder = ["um", "cm", "spot"].into_iter().find(|m| source.path.iter().any(|part| part == *m));
    match (own.or(folder), stated) {
        (_, Some("cm")) | (Some("cm"), _) => {
            Err("is coin-margined: its quantities are contracts; use --venue generic \
                                                  with `contract_size` and `inverse`"
                .into())
        }
        (Some(own), Some(stated)) if own != stated => Err(format!("is of market {own}, and --market says {stated}")),
        (Some(own), _) => Ok(own),
        (None, stated) => Ok(stated.unwrap_or("spot")),
    }
}

/// The archive keeps klines of other prices in folders of their own; the files are named alike.
pub fn kind(source: &VendorFile) -> BarKind {
    let in_folder = |name: &str| source.path.iter().any(|part| part == name);
    match () {
        () if in_folder("markPriceKlines") => BarKind::Mark,
        () if in_folder("indexPriceKlines") => BarKind::Index,
        () if in_folder("premiumIndexKlines") => BarKind::Premium,
        () => BarKind::Trade,
    }
}

/// The length of klines that a word such as `1h` names; `None` where it names none.
pub fn length(word: &str) -> Result<Option<Span>, String> {
    match word {
        "1mo" | "1M" => Err("months differ in length; take klines of 1d or less".into()),
        "1w" => Ok(Some(Span::DAY.times(7))),
        other => Ok(other.parse().ok()),
    }
}
