//! `margincast margin`: the requirement of portfolios, explained.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::positions::{self, PositionRow};
use super::verdict::Verdict;
use super::{statement, table};
use crate::base::{Span, Symbol, Ts};
use crate::event::lake::{Feed, Lake, Listing};
use crate::event::{Body, GaugeKind};
use crate::loss::baseline::var::LossScaling;
use crate::loss::portfolio::haircut::Haircut;
use crate::loss::portfolio::implied::Shock;
use crate::loss::portfolio::liquidation::Fee;
use crate::loss::portfolio::scenario::{PriceHistory, ScenarioLabel, Scenarios};
use crate::loss::portfolio::stress::{self, Episode};
use crate::loss::portfolio::{Params, Portfolio};
use crate::margin::account::collateral::{Asset, Holdings};
use crate::margin::account::requirement::{AccountRequirement, AccountSettings, MarketTerms};
use crate::margin::account::statement::{Statement, StressLines};

/// What portfolios must have, explained to the cent
///
/// Every account must have what its positions may lose together in scenarios that they share, and what
/// closing them costs. Scenarios are what all underlyings did over one horizon of the lake's past,
/// scaled to today's volatility, or a CSV file with a name and a column of relative moves per underlying
/// (and SYMBOL.iv for its implied volatility). Amounts are in the quote currency. Exit code 1: an account
/// with collateral has less than its initial margin.
#[derive(clap::Args)]
#[command(after_help = "Columns of the positions, one row each, in any order:
  position     its name                       underlying   whose price it follows
  quantity     units, negative is short       account      whose it is; one account without it
  kind         linear (default), call, put, greeks
  price        of the underlying; without it the last of the lake
  strike, expiry_days, iv                     of calls and puts; iv is annual, 0.6 is 60 %
  delta, gamma, vega                          of greeks, of one unit; vega per 1.00 of iv

Settings of --config, each with what it means: data/margin/settings.toml

Example:
  margincast margin --positions data/margin/positions.csv \\
    --config data/margin/settings.toml --lake data/sample")]
pub struct Args {
    /// Positions: .csv, .json or .parquet
    #[arg(long, value_name = "FILE")]
    positions: PathBuf,
    /// Folder of canonical tables with the underlyings' bars
    #[arg(long, value_name = "DIR", conflicts_with = "scenarios", required_unless_present = "scenarios")]
    lake: Option<PathBuf>,
    /// Scenarios instead of history
    #[arg(long, value_name = "FILE")]
    scenarios: Option<PathBuf>,
    /// Markets, collateral and settings; defaults without it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Nothing known at or after this time is used
    #[arg(long, value_name = "TIME")]
    as_of: Option<Ts>,
    /// Multiplier of underlyings that name none, 1 to 3
    #[arg(long, value_name = "M")]
    multiplier: Option<f64>,
    /// Options by their sensitivities instead of full revaluation in each scenario
    #[arg(long)]
    greeks: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// How past returns are brought to today's volatility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Filter {
    None,
    Full,
    Mid,
}

/// Where an underlying's history lies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    venue: String,
    market: String,
}

/// The settings file; every key has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    horizon: Span,
    step: Span,
    scenarios: usize,
    filter: Filter,
    lambda_per_day: f64,
    bar: Span,
    multiplier: f64,
    /// Beside collateral, what a reverse stress has to use up.
    fund: f64,
    listings: BTreeMap<Symbol, Source>,
    portfolio: Params,
    shock: Shock,
    fee: Fee,
    markets: BTreeMap<Symbol, MarketTerms>,
    haircut: Haircut,
    collateral: BTreeMap<String, Vec<Asset>>,
    episodes: Vec<Episode>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            horizon: Span::DAY,
            step: Span::DAY,
            scenarios: 2500,
            filter: Filter::Full,
            lambda_per_day: 0.97,
            bar: Span::HOUR,
            multiplier: 1.0,
            fund: 0.0,
            listings: BTreeMap::new(),
            portfolio: Params::default(),
            shock: Shock::default(),
            fee: Fee::default(),
            markets: BTreeMap::new(),
            haircut: Haircut::default(),
            collateral: BTreeMap::new(),
            episodes: stress::episodes(),
        }
    }
}

impl Config {
    fn read(path: &Path) -> Result<Config> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let config: Config = toml::from_str(&text).with_context(|| path.display().to_string())?;
        if !(config.lambda_per_day > 0.0 && config.lambda_per_day < 1.0) {
            bail!("{}: `lambda_per_day` is {}; want above 0, below 1", path.display(), config.lambda_per_day);
        }
        if !(config.fund >= 0.0 && config.fund.is_finite()) {
            bail!("{}: `fund` is {}; want 0 or more", path.display(), config.fund);
        }
        if config.scenarios == 0 {
            bail!("{}: `scenarios` is 0; want 1 or more", path.display());
        }
        if let Some(e) = config.episodes.iter().find(|e| e.from >= e.until) {
            bail!("{}: episode `{}` ends at {}; want later than {}", path.display(), e.name, e.until, e.from);
        }
        config
            .settings(None)
            .check()
            .and_then(|()| Ok(config.haircut.check()?))
            .with_context(|| path.display().to_string())?;
        Ok(config)
    }

    fn settings(&self, multiplier: Option<f64>) -> AccountSettings {
        AccountSettings {
            portfolio: self.portfolio,
            shock: self.shock,
            fee: self.fee,
            markets: self.markets.clone(),
            multiplier: multiplier.unwrap_or(self.multiplier),
        }
    }
}

/// What the underlyings did.
struct Past {
    prices: PriceHistory,
    vols: PriceHistory,
    scenarios: Scenarios,
    scaling: Option<LossScaling>,
}

/// Runs the command.
///
/// # Errors
/// A file cannot be used, or an underlying has no history.
pub fn run(args: Args) -> Result<Verdict> {
    let config = args.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
    let rows = positions::read(&args.positions)?;
    if rows.is_empty() {
        bail!("{}: there are no positions; want a row for each", args.positions.display());
    }
    let past = past(&args, &config, &rows)?;
    let last = past.prices.iter().filter_map(|(s, p)| Some((*s, p.last()?.1))).collect();
    let mut accounts: BTreeMap<&str, Vec<&PositionRow>> = BTreeMap::new();
    for row in &rows {
        accounts.entry(row.account.as_deref().unwrap_or("all")).or_default().push(row);
    }
    if let Some(unknown) = config.collateral.keys().find(|a| !accounts.contains_key(a.as_str())) {
        bail!("[collateral]: there is no account `{unknown}` in {}", args.positions.display());
    }
    let settings = config.settings(args.multiplier);
    let mut statements = Vec::new();
    for (account, rows) in accounts {
        let positions = rows.iter().map(|r| r.position(&last)).collect::<Result<Vec<_>>>();
        let mut positions = positions.with_context(|| args.positions.display().to_string())?;
        if args.greeks {
            positions = positions.iter().map(|p| p.by_greeks()).collect();
        }
        let portfolio = Portfolio::new(positions).with_context(|| args.positions.display().to_string())?;
        statements.push(state(account, &portfolio, &past, &config, &settings)?);
    }
    if args.json {
        table::print(&(serde_json::to_string_pretty(&statements)? + "\n"));
    } else {
        statements.iter().for_each(|s| table::print(&statement::render(s)));
    }
    let short = statements.iter().any(|s| s.collateral.as_ref().is_some_and(|c| c.excess_cents < 0));
    Ok(if short { Verdict::No } else { Verdict::Yes })
}

fn state(
    account: &str,
    portfolio: &Portfolio,
    past: &Past,
    config: &Config,
    settings: &AccountSettings,
) -> Result<Statement> {
    let requirement = AccountRequirement::of(portfolio, &past.scenarios, settings)?;
    let mut statement = Statement::of(account, &requirement, &past.scenarios, &config.portfolio);
    statement.scaling = past.scaling;
    statement = statement.with_delta_gamma(&portfolio.quadratic(&past.scenarios)?, config.portfolio.alpha);
    let mut resources = config.fund;
    if let Some(assets) = config.collateral.get(account) {
        let held = Holdings::of(assets, &requirement.net, &past.scenarios, &config.haircut)?;
        resources += held.counted();
        statement = statement.with_holdings(&held);
    }
    statement.stress = StressLines {
        episodes: stress::replay(portfolio, &past.prices, &past.vols, &config.episodes, config.horizon, config.step)?,
        shocks: stress::shocks(portfolio, &stress::SHOCKS),
        reverse: (resources > 0.0).then(|| stress::reverse(portfolio, resources)).flatten(),
    };
    Ok(statement)
}

fn past(args: &Args, config: &Config, rows: &[PositionRow]) -> Result<Past> {
    if let Some(file) = &args.scenarios {
        let scenarios = given(file, config.horizon).with_context(|| file.display().to_string())?;
        return Ok(Past { prices: PriceHistory::new(), vols: PriceHistory::new(), scenarios, scaling: None });
    }
    let lake = Lake::at(args.lake.as_deref().context("want --lake or --scenarios")?);
    let (mut prices, mut vols) = (PriceHistory::new(), PriceHistory::new());
    let named = config.collateral.values().flatten().map(|a| a.asset);
    let held: Vec<Symbol> = named.filter(|a| config.listings.contains_key(a)).collect();
    for symbol in rows.iter().map(|r| r.underlying).chain(held) {
        if prices.contains_key(&symbol) {
            continue;
        }
        let listing = listing(&lake, config, symbol)?;
        let events = lake.bars(&listing, config.bar, None, args.as_of)?;
        let close =
            |e: &crate::event::Event| if let Body::Bar(b) = e.body { Some((e.ts_event, b.close)) } else { None };
        prices.insert(symbol, events.iter().filter_map(close).collect());
        if lake.listings(Feed::Gauge(GaugeKind::ImpliedVol).table())?.contains(&listing) {
            let readings = lake.load(&Feed::Gauge(GaugeKind::ImpliedVol).of(&[listing]), None, args.as_of)?;
            let vol =
                |e: &crate::event::Event| if let Body::Gauge(g) = e.body { Some((e.ts_event, g.value)) } else { None };
            vols.insert(symbol, readings.iter().filter_map(vol).collect());
        }
    }
    let plain = Scenarios::from_prices(&prices, &vols, config.horizon, config.step, config.scenarios)?;
    let scaling = match config.filter {
        Filter::None => None,
        Filter::Full => Some(LossScaling::Full),
        Filter::Mid => Some(LossScaling::Mid),
    };
    let scenarios = scaling.map(|s| plain.filtered(config.lambda_per_day, s)).unwrap_or(plain);
    Ok(Past { prices, vols, scenarios, scaling })
}

/// The configured listing of an underlying, or the only one of its name.
fn listing(lake: &Lake, config: &Config, symbol: Symbol) -> Result<Listing> {
    if let Some(source) = config.listings.get(&symbol) {
        return Ok(Listing::new(&source.venue, &source.market, symbol)?);
    }
    let all = lake.listings("bars")?;
    let mut found = all.iter().filter(|l| l.symbol == symbol);
    let one = found.next().with_context(|| {
        let has: Vec<String> = all.iter().map(Listing::to_string).collect();
        let has = if has.is_empty() { "none; `margincast ingest` adds some".into() } else { has.join(", ") };
        format!("{}: no bars of {symbol}; there are: {has}", lake.root().display())
    })?;
    if let Some(other) = found.next() {
        bail!("{symbol} is {one} and {other}; say which with [listings.{symbol}] venue and market");
    }
    Ok(one.clone())
}

/// Scenarios from a CSV file: a name or a time, then a relative move per column.
fn given(file: &Path, horizon: Span) -> Result<Scenarios> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_path(file)?;
    let head = reader.headers()?.clone();
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); head.len().saturating_sub(1)];
    let mut labels = Vec::new();
    for record in reader.records() {
        let record = record?;
        let name = record.get(0).unwrap_or_default();
        labels.push(name.parse().map_or_else(|_| ScenarioLabel::Named(name.into()), ScenarioLabel::At));
        for ((column, text), name) in columns.iter_mut().zip(record.iter().skip(1)).zip(head.iter().skip(1)) {
            let line = labels.len() + 1;
            column.push(text.parse().with_context(|| format!("line {line}: {name} is `{text}`, want a number"))?);
        }
    }
    let (mut moves, mut vols) = (BTreeMap::new(), BTreeMap::new());
    for (name, column) in head.iter().skip(1).zip(columns) {
        let twice = match name.strip_suffix(".iv") {
            Some(symbol) => vols.insert(symbol.parse()?, column),
            None => moves.insert(name.parse()?, column),
        };
        if twice.is_some() {
            bail!("there are two columns `{name}`; want one of each name");
        }
    }
    Ok(Scenarios::new(labels, horizon, moves, vols)?)
}
