//! `margincast models`.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Answer, table};
use crate::base::Ts;
use crate::record::promotion::Gate;
use crate::record::registry::{AliasMove, ChangedBy};
use crate::record::{Registry, VersionRef, promotion};
use crate::serve::clock;

/// The model registry: list, show, promote, rollback, verify, whois
#[derive(clap::Args)]
#[command(after_help = "Example:
  margincast models --models out/quick/models list")]
pub struct Args {
    /// The registry
    #[arg(long, value_name = "DIR", default_value = "models", global = true)]
    pub models: PathBuf,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub task: RegistryTask,
}

/// What may be asked of the registry.
#[derive(clap::Subcommand)]
pub enum RegistryTask {
    /// Every name, version and alias
    List,
    /// What a version consists of and what was measured
    Show {
        /// Registered name
        name: String,
        /// Version or alias
        which: VersionRef,
    },
    /// Make an alias stand for a version that passes every gate; exit code 1 when one is shut
    ///
    /// The gates are worked out from the version's stored evidence: leak test, replay, no worse than
    /// what the alias stands for and better over some horizon (Diebold-Mariano), model confidence
    /// set, coverage of both tails, drift; of the guarded margin: coverage, traffic light, expected
    /// shortfall, better than a constant of equal cost, overshoot, stress library; 14 days in the
    /// shadow of what is in force, and a card whose author is not who promotes. A gate that cannot
    /// run (the closed loop) is shown as not run and named in the history. `challenger` and `shadow`
    /// have none.
    Promote {
        /// Registered name
        name: String,
        /// Version or alias
        which: VersionRef,
        /// The alias
        #[arg(long, default_value = "champion")]
        alias: String,
        /// Promote although gates are shut; who and why go into the history with their names
        #[arg(long = "override", num_args = 2, value_names = ["WHO", "REASON"])]
        overridden: Option<Vec<String>>,
        /// Why; kept in the history
        #[arg(long, required_unless_present = "overridden")]
        reason: Option<String>,
        /// Who; the user's name when absent
        #[arg(long)]
        who: Option<String>,
    },
    /// Make an alias stand for what it stood for before
    Rollback {
        /// Registered name
        name: String,
        /// The alias
        #[arg(long, default_value = "champion")]
        alias: String,
        /// Who and why
        #[command(flatten)]
        by: ByArgs,
    },
    /// Check every digest, golden row, alias and history; exit code 1 when something differs
    Verify {
        /// Registered name; all when absent
        name: Option<String>,
    },
    /// What an alias stood for at an instant, who made it so and why; exit code 1 when nothing
    Whois {
        /// Registered name
        name: String,
        /// The alias
        #[arg(long, default_value = "champion")]
        alias: String,
        /// The instant; now when absent
        #[arg(long, value_name = "TIME")]
        at: Option<Ts>,
    },
}

/// Who moves an alias, and why.
#[derive(clap::Args)]
pub struct ByArgs {
    /// Why; kept in the history
    #[arg(long)]
    pub reason: String,
    /// Who; the user's name when absent
    #[arg(long)]
    pub who: Option<String>,
}

impl From<ByArgs> for ChangedBy {
    fn from(args: ByArgs) -> ChangedBy {
        ChangedBy { who: args.who.unwrap_or_else(user), when: clock::now(), reason: args.reason }
    }
}

/// The user's name.
pub(super) fn user() -> String {
    std::env::var("USER").ok().filter(|u| !u.is_empty()).unwrap_or_else(|| "unknown".into())
}

/// Runs the command.
///
/// # Errors
/// It could not run.
pub fn run(args: Args) -> Result<Answer> {
    let registry = Registry::open(&args.models);
    let (answer, value, text) = match args.task {
        RegistryTask::List => list(&registry)?,
        RegistryTask::Show { name, which } => show(&registry, &name, &which)?,
        RegistryTask::Promote { name, which, alias, overridden, reason, who } => {
            let (who, reason, forced) = match overridden.as_deref() {
                Some([who, reason]) => (Some(who.clone()), reason.clone(), true),
                _ => (who, reason.unwrap_or_default(), false),
            };
            promote(&registry, &name, &alias, &which, ByArgs { reason, who }, forced)?
        }
        RegistryTask::Rollback { name, alias, by } => moved(&registry.rollback(&name, &alias, &by.into())?),
        RegistryTask::Verify { name } => verify(&registry, name)?,
        RegistryTask::Whois { name, alias, at } => whois(&registry, &name, &alias, at.unwrap_or_else(clock::now))?,
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        text.iter().for_each(|line| println!("{line}"));
    }
    Ok(answer)
}

type Said = (Answer, Value, Vec<String>);

fn list(registry: &Registry) -> Result<Said> {
    let (mut rows, mut text) =
        (Vec::new(), vec![format!("{:<20} {:<8} {:<14} {:<22} aliases", "name", "version", "digest", "registered")]);
    for name in registry.names()? {
        let aliases = registry.aliases(&name)?.list()?;
        for version in registry.versions(&name)? {
            let (manifest, digest) = registry.show(&name, &VersionRef::Version(version.clone()))?;
            let here: Vec<&str> = aliases.iter().filter(|a| a.1.version == version).map(|a| a.0.as_str()).collect();
            text.push(format!(
                "{name:<20} {version:<8} {:<14} {:<22} {}",
                digest.short(),
                manifest.created_at.to_string(),
                here.join(" ")
            ));
            rows.push(json!({"name": name, "version": version, "digest": digest, "created_at": manifest.created_at, "aliases": here}));
        }
    }
    if rows.is_empty() {
        text.push("nothing is registered; `margincast train` registers".into());
    }
    Ok((Answer::Yes, json!(rows), text))
}

fn show(registry: &Registry, name: &str, which: &VersionRef) -> Result<Said> {
    let (manifest, digest) = registry.show(name, which)?;
    let read = |file: &str| -> Result<Value> { Ok(serde_json::from_slice(&registry.file(&manifest, file)?)?) };
    let (metrics, env) = (read("metrics.json")?, read("env.json")?);
    let card = String::from_utf8_lossy(&registry.file(&manifest, "card.md")?).into_owned();
    let mut text = vec![
        format!("{name} {}  sha256:{digest}", manifest.version),
        format!("registered {} by run {}", manifest.created_at, manifest.run_id),
    ];
    text.extend(manifest.files.iter().map(|f| format!("  {:>10}  {}  {}", f.size, f.sha256.short(), f.path)));
    text.extend(card.lines().map(String::from));
    let value = json!({"manifest": manifest, "digest": digest, "metrics": metrics, "env": env, "card": card});
    Ok((Answer::Yes, value, text))
}

fn promote(registry: &Registry, name: &str, alias: &str, which: &VersionRef, by: ByArgs, forced: bool) -> Result<Said> {
    let by = ChangedBy::from(by);
    let gates = registry.gates(name, alias, which, &by)?;
    let open = !gates.iter().any(Gate::shut);
    let rows: Vec<Vec<String>> =
        gates.iter().map(|g| vec![g.name.clone(), g.verdict().into(), g.want.clone(), g.got.clone()]).collect();
    let mut text: Vec<String> = match gates.is_empty() {
        true => vec![],
        false => table::render(&["gate", "", "wanted", "found"], &rows).lines().map(String::from).collect(),
    };
    if !open && !forced {
        text.push(format!("{alias} stays; --override WHO REASON promotes all the same, and says so in the history"));
        return Ok((Answer::No, json!({"promoted": false, "gates": gates}), text));
    }
    let by = ChangedBy { reason: promotion::reason(&gates, &by.reason), ..by };
    let (answer, value, line) = moved(&registry.promote(name, alias, which, &by)?);
    text.extend(line);
    Ok((answer, json!({"promoted": true, "gates": gates, "move": value}), text))
}

fn moved(m: &AliasMove) -> Said {
    let from = m.from.as_ref().map_or("nothing", |t| t.version.as_str());
    let text = format!("{}: {from} -> {} since {} by {}: {}", m.alias, m.to.version, m.when, m.who, m.reason);
    let value = json!({"alias": m.alias, "from": m.from, "to": m.to, "when": m.when, "who": m.who, "reason": m.reason});
    (Answer::Yes, value, vec![text])
}

fn verify(registry: &Registry, name: Option<String>) -> Result<Said> {
    let names = name.map_or_else(|| registry.names(), |n| Ok(vec![n]))?;
    let mut wrong = Vec::new();
    for name in &names {
        wrong.extend(registry.verify(name)?);
    }
    let answer = if wrong.is_empty() { Answer::Yes } else { Answer::No };
    let mut text = wrong.clone();
    if wrong.is_empty() {
        text.push(format!(
            "{} registered names: every digest, golden row, alias and history is as it was",
            names.len()
        ));
    }
    Ok((answer, json!({"ok": wrong.is_empty(), "names": names, "wrong": wrong}), text))
}

fn whois(registry: &Registry, name: &str, alias: &str, at: Ts) -> Result<Said> {
    Ok(match registry.whois(name, alias, at)? {
        Some(m) => moved(&m),
        None => (Answer::No, Value::Null, vec![format!("{name}: alias `{alias}` stood for nothing at {at}")]),
    })
}
