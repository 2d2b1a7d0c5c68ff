//! `margincast demo`: everything on the sample data, offline.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::study::{self, StudySource, Trained};
use super::{Answer, market, register, serve, table, verify};
use crate::event::lake::Lake;
use crate::record::registry::ChangedBy;
use crate::record::{Registry, VersionRef, promotion};
use crate::serve::engine::source;
use crate::serve::{ClockMode, clock, start};
use crate::study::output;

/// How long the replay of the served month may take.
const REPLAY_LIMIT: Duration = Duration::from_secs(300);

/// Everything on the sample data, offline, without configuration
///
/// Trains regime and volatility forecasters on Bitcoin order flow, walks them forward out of
/// sample, turns them into guarded margin multipliers, scores both honestly, registers and promotes
/// the models, serves the month after training from a replay with every publication in the ledger,
/// and makes each recorded decision again from ledger, models and data.
#[derive(clap::Args)]
#[command(after_help = "Example:
  margincast demo --out out/quick --set study.start=2023-10-01 --set horizons=[1]")]
pub struct Args {
    /// Where everything is written
    #[arg(long, value_name = "DIR", default_value = "out/demo")]
    out: PathBuf,
    /// The sample's folder
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Keep the service and its page up until stopped
    #[arg(long)]
    serve: bool,
    /// Override one setting, section.key=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// The sample is not there, or the output folder cannot be written.
pub fn run(args: Args) -> Result<Answer> {
    let (models, ledger) = (args.out.join("models"), args.out.join("ledger"));
    for folder in [&models, &ledger] {
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("clearing {}", folder.display()))?;
        }
    }
    let mut set = vec![format!("serve.models='{}'", models.display()), format!("serve.ledger='{}'", ledger.display())];
    if !args.serve {
        set.push("serve.listen='127.0.0.1:0'".into());
    }
    set.extend(args.set.iter().cloned());
    let source = StudySource { config: args.data.join("configs/sample.toml"), lake: args.data.join("sample"), set };
    if !source.lake.is_dir() {
        bail!("{}: no sample data; run from the checkout, or give its data folder with --data", source.lake.display());
    }
    let trained =
        study::run(source.read()?, &source.lake, Some(&args.out.join("fits")), &source.title(), "margincast demo")?;
    output::write(&trained.studied, &args.out)?;
    promote(&models, &trained, &source.lake)?;
    let studied = &trained.studied;
    let published = replay(&trained, &source.lake, args.serve)?;
    let verified = verify::check(&ledger, &models, Some(&source.lake))?;
    table::print(&table::scores(&studied.judged.scores));
    table::print(&format!(
        "\nserved    {published} publications of the month after training, each in the ledger before it was shown\n\
         verified  {}\nreport    {}\n",
        if verified.is_empty() {
            "every one made again from ledger, models and data, equal in every field".to_string()
        } else {
            verified.join("; ")
        },
        args.out.join("report.html").display()
    ));
    let good = verified.is_empty() && studied.walk.failures.is_empty();
    Ok(if good { Answer::Yes } else { Answer::No })
}

fn promote(models: &Path, trained: &Trained, lake: &Path) -> Result<()> {
    let registry = Registry::open(models);
    let made = register::register(&registry, trained, lake, "demo", "margincast demo")?;
    let (alias, which) = (&trained.config.serve.alias, VersionRef::Version(made.version));
    let by = ChangedBy { who: "demo".into(), when: clock::now(), reason: String::new() };
    let gates = registry.gates(&made.name, alias, &which, &by)?;
    // A demonstration goes on whatever its gates say; the history keeps what they said.
    let reason = promotion::reason(&gates, "first models");
    registry.promote(&made.name, alias, &which, &ChangedBy { reason, ..by })?;
    Ok(())
}

/// Serves the time after training from a replay; gives how many publications were made.
#[allow(clippy::disallowed_methods)] // Only how long to wait depends on it.
fn replay(trained: &Trained, lake: &Path, keep: bool) -> Result<u64> {
    let config = &trained.config;
    let options = serve::options(config, ClockMode::Replay(None), None)?;
    let lake = Lake::at(lake);
    let events = source::replay(&lake, &market::subscriptions(config, &lake)?, config.universe.from)?;
    let running = start(options, serve::engine(config), events)?;
    let (begun, mut seen) = (Instant::now(), (0, Instant::now()));
    // The replay has ended when nothing new has come for a while.
    while !running.hub.is_caught_up() || seen.1.elapsed() < Duration::from_millis(700) {
        std::thread::sleep(Duration::from_millis(20));
        let newest = running.hub.newest();
        if newest != seen.0 || newest == 0 {
            seen = (newest, Instant::now());
        }
        if begun.elapsed() > REPLAY_LIMIT {
            bail!("the replay did not end within {REPLAY_LIMIT:?}");
        }
    }
    let published = running.hub.newest();
    if keep {
        eprintln!("serving on http://{}, stop with ctrl-c", running.address);
        running.until_told()?;
    } else {
        running.stop()?;
    }
    Ok(published)
}
