//! The events that a configuration asks for, from the lake.

use std::path::Path;

use anyhow::{Context, Result};

use super::config::Config;
use crate::base::Symbol;
use crate::event::lake::{Feed, Lake, Listing, Subscription};
use crate::study::walk::MarketEvents;

/// What the configuration reads: of each instrument its bars or trades, then its gauges. An optional
/// input that the lake does not have is left out, and said.
///
/// # Errors
/// Venue or market cannot be folder names.
pub fn subscriptions(config: &Config, lake: &Lake) -> Result<Vec<Subscription>> {
    let of = |symbol: &Symbol| subscriptions_of(config, lake, *symbol);
    Ok(config.universe.symbols.iter().map(of).collect::<Result<Vec<_>>>()?.concat())
}

fn subscriptions_of(config: &Config, lake: &Lake, symbol: Symbol) -> Result<Vec<Subscription>> {
    let u = &config.universe;
    let feed = if u.trades { Feed::Trades } else { Feed::Bars(config.rows.bar) };
    let own = Listing::new(&u.venue, &u.market, symbol).context("section [universe]")?;
    let mut wanted = vec![Subscription { listing: own, feed, symbol }];
    for input in u.inputs.iter().filter(|i| i.readers.as_ref().is_none_or(|r| r.contains(&symbol))) {
        let listing = Listing::new(&input.venue, &input.market, input.symbol.unwrap_or(symbol));
        let listing = listing.context("section [[universe.inputs]]")?;
        let feed = Feed::Gauge(input.table);
        if input.optional && !lake.listings(feed.table())?.contains(&listing) {
            tracing::warn!(%symbol, table = %feed, "an optional input is not in the lake; its features are absent");
            continue;
        }
        wanted.push(Subscription { listing, feed, symbol });
    }
    Ok(wanted)
}

/// Every configured instrument's events known before the end of the study.
///
/// # Errors
/// A listing or a configured input is not in the lake, or a file cannot be read.
pub fn load(config: &Config, lake: &Path) -> Result<MarketEvents> {
    let lake = Lake::at(lake);
    let mut market = MarketEvents::new();
    for symbol in &config.universe.symbols {
        // The row that closes at the end of the study settles the last forecasts.
        let until = config.study.end + config.rows.row.times(1 + longest(config) as i64);
        let events = lake.load(&subscriptions_of(config, &lake, *symbol)?, config.universe.from, Some(until))?;
        market.insert(*symbol, events);
    }
    Ok(market)
}

fn longest(config: &Config) -> usize {
    config.horizons.iter().copied().max().unwrap_or(1)
}
