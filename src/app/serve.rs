//! `margincast serve`.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Answer;
use super::config::Config;
use super::market;
use crate::base::{Horizon, Ts};
use crate::event::lake::Lake;
use crate::event::snapshot::VenueTable;
use crate::record::Registry;
use crate::record::ledger::VenueFiles;
use crate::serve::engine::{Engine, Models, pace, source};
use crate::serve::{ClockMode, Options, start};

/// Publish multipliers live from a lake or from a replay
#[derive(clap::Args)]
#[command(after_help = "\
The models are those that the alias `serve.alias` of `serve.model` stands for; a promotion or rollback
takes effect while the service runs. Every publication is in the ledger `serve.ledger`, synced, before
it is shown; a service killed at any point goes on where it was.

Kill switch: make the file <serve.ledger>/KILL and every multiplier is frozen, then glides to its
baseline; remove the file to release. Lines in it freeze parts: product:BTCUSDT, field:initial,
field:maintenance, model:HMM. All are entries of the ledger. What `margincast guard` approved takes
effect when it is due, and is one too.

Where serve.accounts names a file (CSV: symbol,equity,notional), a rise of maintenance margin goes only as
far as it liquidates few; serve.books (symbol,depth_50bp,depth_100bp,spread_bp,open_interest,
stressed_depth) gives caps on open interest and finds a thin book. Both are read again when they change
(replace them whole, by rename); what was read is kept in <serve.ledger>/inputs and recorded.

Each [[serve.sinks]] is sent every set of publications, in order and at least once, once it is in the ledger:
kind = \"file\" drops a file a set into folder = \"DIR\". name tells two of a kind apart; a service is not ready
while a sink does not do well, unless it says required = false. <serve.ledger>/sinks keeps how far each is.

Addresses: / (page), /v1/multipliers, /v1/multipliers/stream, /v1/multipliers/SYMBOL/explain,
/v1/multipliers/SYMBOL/ahead (where it may be in 1, 8 and 24 hours, and what would move it), /v1/forecasts,
/readyz?verbose, /metrics, /openapi.json. Loopback only, unless serve.listen says otherwise. SIGTERM stops
in good order.

Example:
  margincast serve --config data/configs/sample.toml --lake data/sample --replay --speed 3600 \\
    --set horizons=[1] --set serve.models=out/quick/models --set serve.ledger=out/served \\
    --set serve.listen=127.0.0.1:0")]
pub struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The lake that is followed, or replayed
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Replay the lake instead of following it; time is then that of the events
    #[arg(long)]
    pub replay: bool,
    /// How many times faster than it happened, or `max`
    #[arg(long, value_name = "N|max", default_value = "max", requires = "replay", value_parser = |t: &str| pace::speed(t).map(Speed))]
    pub speed: Speed,
    /// Publish from here on; earlier windows only warm up
    #[arg(long, value_name = "TIME")]
    pub from: Option<Ts>,
    /// Override one setting, such as serve.listen=127.0.0.1:9000
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// A replay's speed; `None` is as fast as it goes.
#[derive(Clone, Copy, Debug)]
pub struct Speed(pub Option<f64>);

/// Runs the command.
///
/// # Errors
/// It could not run.
pub fn run(args: Args) -> Result<Answer> {
    let config = Config::read(&args.config, &args.set)?;
    log();
    let mode = if args.replay { ClockMode::Replay(args.speed.0) } else { ClockMode::Live };
    let options = options(&config, mode, args.from)?;
    let lake = Lake::at(&args.lake);
    let wanted = market::subscriptions(&config, &lake)?;
    let events = match mode {
        ClockMode::Live => source::follow(lake, wanted, config.universe.from),
        ClockMode::Replay(_) => source::replay(&lake, &wanted, config.universe.from),
    };
    let running = start(options, engine(&config), events?)?;
    eprintln!("serving on http://{}", running.address);
    running.until_told()?;
    Ok(Answer::Yes)
}

/// The engine of a configuration, before it has models.
pub fn engine(config: &Config) -> Engine {
    let serve = &config.serve;
    let models = Models::new(Registry::open(&serve.models), &serve.model, &serve.alias);
    Engine::new(models, config.plan().pipeline, config.digest(), VenueFiles::of(&serve.ledger))
}

/// How a configuration is served.
///
/// # Errors
/// The configuration has no stored form.
pub fn options(config: &Config, mode: ClockMode, from: Option<Ts>) -> Result<Options> {
    let row = config.rows.row;
    let serve = &config.serve;
    let files = [(VenueTable::Accounts, &serve.accounts), (VenueTable::Books, &serve.books)];
    Ok(Options {
        listen: serve.listen.clone(),
        ledger: serve.ledger.clone(),
        models: serve.models.clone(),
        model: serve.model.clone(),
        alias: serve.alias.clone(),
        venue: config.universe.venue.clone(),
        symbols: config.universe.symbols.clone(),
        horizons: config.horizons.iter().map(|h| Horizon(row.times(*h as i64))).collect(),
        config: serde_json::to_string(config).context("the configuration")?,
        config_digest: config.digest(),
        venue_files: files.into_iter().filter_map(|(subject, path)| Some((subject, path.clone()?))).collect(),
        sinks: serve.sinks.clone(),
        from: from.or(serve.from),
        mode,
        poll: serve.poll,
        tick: TICK,
        row,
    })
}

/// How often a followed market is told that time has passed. The staleness ladder has steps of many
/// minutes, and each tick is an entry of the ledger.
const TICK: crate::base::Span = crate::base::Span::MINUTE;

/// JSON lines on stderr; `MARGINCAST_LOG` chooses, `info` by default.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("MARGINCAST_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // Only the first in a process counts; a second is no error.
    let _ = tracing_subscriber::fmt().json().with_writer(std::io::stderr).with_env_filter(filter).try_init();
}
