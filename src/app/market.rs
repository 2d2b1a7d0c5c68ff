//! The events that a configuration asks for, from the lake.

use std::path::Path;

use anyhow::{Context, Result};

use super::config::Config;
use crate::event::lake::{Feed, Lake, Listing};
use crate::study::walk::Market;

/// The listings of the configured universe.
///
/// # Errors
/// Venue or market cannot be folder names.
pub fn listings(config: &Config) -> Result<Vec<Listing>> {
    let u = &config.universe;
    let one = |s| Listing::new(&u.venue, &u.market, s).context("section [universe]");
    u.symbols.iter().map(|s| one(*s)).collect()
}

/// Which rows of the lake the configuration reads.
pub fn feed(config: &Config) -> Feed {
    if config.universe.trades { Feed::Trades } else { Feed::Bars(config.rows.bar) }
}

/// Every configured instrument's events known before the end of the study.
///
/// # Errors
/// A listing is not in the lake, or a file cannot be read.
pub fn load(config: &Config, lake: &Path) -> Result<Market> {
    let lake = Lake::at(lake);
    let mut market = Market::new();
    for listing in listings(config)? {
        // The row that closes at the end of the study settles the last forecasts.
        let until = config.study.end + config.rows.row.times(1 + longest(config) as i64);
        let events = lake.load(std::slice::from_ref(&listing), feed(config), config.universe.from, Some(until))?;
        market.insert(listing.symbol, events);
    }
    Ok(market)
}

fn longest(config: &Config) -> usize {
    config.horizons.iter().copied().max().unwrap_or(1)
}
