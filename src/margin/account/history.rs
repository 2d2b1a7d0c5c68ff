//! What underlyings did: their prices in the lake, and the scenarios that follow; or scenarios that are given.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::base::{Span, Symbol, Ts};
use crate::event::lake::{Feed, Lake, Listing};
use crate::event::{Body, Event, GaugeKind};
use crate::loss::baseline::var::Scaling;
use crate::loss::portfolio::scenario::{PriceHistory, ScenarioLabel, Scenarios};
use crate::margin::Error;

/// How past returns are brought to today's volatility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// Not at all.
    None,
    /// Wholly.
    Full,
    /// Half way.
    Mid,
}

/// Where an underlying's history lies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingPlace {
    /// Venue as the lake names it.
    pub venue: String,
    /// Market as the lake names it.
    pub market: String,
}

/// How scenarios are made from prices.
#[derive(Clone, Debug)]
pub struct HistorySettings<'a> {
    /// Over which positions are held.
    pub horizon: Span,
    /// Between the starts of two scenarios.
    pub step: Span,
    /// At most so many, the newest.
    pub scenarios: usize,
    /// How they are brought to today's volatility.
    pub filter: Filter,
    /// Decay of that volatility, above 0, below 1.
    pub lambda_per_day: f64,
    /// Length of the bars that are read.
    pub bar: Span,
    /// Where an underlying's history lies, where its name alone does not say.
    pub listings: &'a BTreeMap<Symbol, ListingPlace>,
}

/// What the underlyings did.
#[derive(Clone, Debug)]
pub struct MarketHistory {
    /// Closes.
    pub prices: PriceHistory,
    /// Implied volatilities, where the lake has them.
    pub vols: PriceHistory,
    /// Moves over the horizon.
    pub scenarios: Scenarios,
    /// How they were brought to today's volatility; absent: not at all.
    pub scaling: Option<Scaling>,
}

impl MarketHistory {
    /// Scenarios that are given; there are no prices behind them.
    pub fn given(scenarios: Scenarios) -> MarketHistory {
        MarketHistory { prices: PriceHistory::new(), vols: PriceHistory::new(), scenarios, scaling: None }
    }
    /// From the lake, without what is known at or after `until`.
    ///
    /// # Errors
    /// An underlying has no bars there, or those of several listings and none is named.
    pub fn read(
        lake: &Lake,
        underlyings: impl Iterator<Item = Symbol>,
        settings: &HistorySettings<'_>,
        until: Option<Ts>,
    ) -> Result<MarketHistory, Error> {
        let (mut prices, mut vols) = (PriceHistory::new(), PriceHistory::new());
        for symbol in underlyings {
            if prices.contains_key(&symbol) {
                continue;
            }
            let listing = listing(lake, settings.listings, symbol)?;
            let events = lake.bars(&listing, settings.bar, None, until)?;
            let close = |e: &Event| if let Body::Bar(b) = e.body { Some((e.ts_event, b.close)) } else { None };
            prices.insert(symbol, events.iter().filter_map(close).collect());
            if lake.listings(Feed::Gauge(GaugeKind::ImpliedVol).table())?.contains(&listing) {
                let readings = lake.load(&Feed::Gauge(GaugeKind::ImpliedVol).of(&[listing]), None, until)?;
                let vol = |e: &Event| if let Body::Gauge(g) = e.body { Some((e.ts_event, g.value)) } else { None };
                vols.insert(symbol, readings.iter().filter_map(vol).collect());
            }
        }
        let plain = Scenarios::from_prices(&prices, &vols, settings.horizon, settings.step, settings.scenarios)?;
        let scaling = match settings.filter {
            Filter::None => None,
            Filter::Full => Some(Scaling::Full),
            Filter::Mid => Some(Scaling::Mid),
        };
        let scenarios = scaling.map(|s| plain.filtered(settings.lambda_per_day, s)).unwrap_or(plain);
        Ok(MarketHistory { prices, vols, scenarios, scaling })
    }
    /// The last price of each underlying.
    pub fn last(&self) -> BTreeMap<Symbol, f64> {
        self.prices.iter().filter_map(|(s, p)| Some((*s, p.last()?.1))).collect()
    }
}

/// The named listing of an underlying, or the only one of its name.
fn listing(lake: &Lake, named: &BTreeMap<Symbol, ListingPlace>, symbol: Symbol) -> Result<Listing, Error> {
    if let Some(place) = named.get(&symbol) {
        return Ok(Listing::new(&place.venue, &place.market, symbol)?);
    }
    let all = lake.listings("bars")?;
    let mut found = all.iter().filter(|l| l.symbol == symbol);
    let one = found.next().ok_or_else(|| {
        let has: Vec<String> = all.iter().map(Listing::to_string).collect();
        let has = if has.is_empty() { "none; `margincast ingest` adds some".into() } else { has.join(", ") };
        Error::Given(format!("{}: no bars of {symbol}; there are: {has}", lake.root().display()))
    })?;
    if let Some(other) = found.next() {
        let mend = format!("say which with [listings.{symbol}] venue and market");
        return Err(Error::Given(format!("{symbol} is {one} and {other}; {mend}")));
    }
    Ok(one.clone())
}

/// Scenarios from a CSV file: a name or a time, then a relative move per column; a column that ends in `.iv` is of
/// an implied volatility.
///
/// # Errors
/// The file cannot be read, or a field is no number.
pub fn scenarios(file: &Path, horizon: Span) -> Result<Scenarios, Error> {
    let at = |why: &dyn std::fmt::Display| Error::Given(format!("{}: {why}", file.display()));
    let reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_path(file);
    let mut reader = reader.map_err(|e| at(&e))?;
    let head = reader.headers().map_err(|e| at(&e))?.clone();
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); head.len().saturating_sub(1)];
    let mut labels = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| at(&e))?;
        let name = record.get(0).unwrap_or_default();
        labels.push(name.parse().map_or_else(|_| ScenarioLabel::Named(name.into()), ScenarioLabel::At));
        for ((column, text), name) in columns.iter_mut().zip(record.iter().skip(1)).zip(head.iter().skip(1)) {
            let line = labels.len() + 1;
            let bad = |_| at(&format!("line {line}: {name} is `{text}`, want a number"));
            column.push(text.parse::<f64>().map_err(bad)?);
        }
    }
    let (mut moves, mut vols) = (BTreeMap::new(), BTreeMap::new());
    for (name, column) in head.iter().skip(1).zip(columns) {
        let symbol = |text: &str| text.parse::<Symbol>().map_err(|e| at(&e));
        let twice = match name.strip_suffix(".iv") {
            Some(of) => vols.insert(symbol(of)?, column),
            None => moves.insert(symbol(name)?, column),
        };
        if twice.is_some() {
            return Err(at(&format!("there are two columns `{name}`; want one of each name")));
        }
    }
    Scenarios::new(labels, horizon, moves, vols).map_err(|e| at(&e))
}
