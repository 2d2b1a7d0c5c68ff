//! `margincast guard`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{Answer, table};
use crate::base::{Span, Symbol, Ts};
use crate::margin::guardrail::policy_change::Changes;
use crate::record::FileStore;
use crate::record::ledger::{PolicyLog, PolicyProposal, PolicyState, ProposedChange};
use crate::serve::clock;

/// Guardrail settings and overrides: propose, approve, cancel, show
#[derive(clap::Args)]
#[command(after_help = "\
Settings want two approvers, different from each other and from whoever proposed. Then a change that only
tightens acts at once, one that loosens a limit after 24 hours, any other after 72. An override wants one
other person, acts when approved, and ends by itself. The service looks at the log beside its ledger,
<ledger>/guard/log.jsonl, and records what it applies; `margincast verify` holds one against the other.

The pace of a requirement is im.up and im.down, the largest rise and fall in one row, and im.budgets, the largest
rises over windows; mm.up, mm.down and mm.budgets likewise. Smaller steps, a smaller budget or one more tighten.
blend.weight, blend.level and blend.stress_link say how far margin follows the forecast. With horizon=8h a proposal
is for decisions over that horizon alone; without, it is for every one, those that had settings of their own too.

Example:
  margincast guard --ledger out/quick/ledger show
  margincast guard --ledger out/quick/ledger propose --who ann --why calmer im.up=0.015
  margincast guard --ledger out/quick/ledger propose --who ann --why calmer \\
    'im.budgets=[{ over = \"24h\", rise = 0.15 }, { over = \"5d\", rise = 0.5 }]'
  margincast guard --ledger out/quick/ledger approve 1 --who ben --why seen
  margincast guard --ledger out/quick/ledger override --who ann --why VENUE_OUTAGE --m 1.5 --for 12h")]
pub struct Args {
    /// The ledger whose service it concerns
    #[arg(long, value_name = "DIR", default_value = "ledger", global = true)]
    pub ledger: PathBuf,
    /// When it is said, on the ledger of a replay, whose time is that of the stream
    #[arg(long, value_name = "TIME", global = true)]
    pub at: Option<Ts>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub task: GuardTask,
}

/// What may be said.
#[derive(clap::Subcommand)]
pub enum GuardTask {
    /// The settings in force, and every proposal with what became of it
    Show,
    /// Propose other settings of blend and guardrails
    Propose {
        /// Settings as in margin.guardrail, such as im.up=0.015, or blend.weight=0.7; horizon=8h for one horizon alone
        #[arg(value_name = "KEY=VALUE", required_unless_present = "from")]
        changes: Vec<String>,
        /// Those of a file's section `changes`, as `margincast calibrate` writes it
        #[arg(long, value_name = "FILE", conflicts_with = "changes")]
        from: Option<PathBuf>,
        /// Who and why
        #[command(flatten)]
        by: By,
    },
    /// Propose a multiplier for a time, whatever the models say; within every limit of the guardrails
    Override {
        /// The multiplier, 1 to 3
        #[arg(long)]
        m: f64,
        /// How long, at most 72h
        #[arg(long = "for", value_name = "SPAN")]
        length: Span,
        /// Which instrument; all when absent
        #[arg(long)]
        symbol: Option<Symbol>,
        /// Who and why
        #[command(flatten)]
        by: By,
    },
    /// Approve a proposal of somebody else
    Approve {
        /// Its number
        id: u64,
        /// Who and why
        #[command(flatten)]
        by: By,
    },
    /// Cancel a proposal that does not act yet
    Cancel {
        /// Its number
        id: u64,
        /// Who and why
        #[command(flatten)]
        by: By,
    },
}

/// Who says it, and why.
#[derive(clap::Args)]
pub struct By {
    /// Who
    #[arg(long)]
    who: String,
    /// Why; a reason code or a sentence
    #[arg(long)]
    why: String,
}

/// Runs the command.
///
/// # Errors
/// It could not run, or what was said is refused.
pub fn run(args: Args) -> Result<Answer> {
    let store = FileStore::read(&args.ledger).with_context(|| format!("ledger {}", args.ledger.display()))?;
    let state = PolicyState::of(&store).with_context(|| args.ledger.display().to_string())?;
    let guard = PolicyLog::of(&args.ledger);
    if args.at.is_some() && !state.replay {
        bail!("--at: this is the ledger of a live service; what is said to it is said now");
    }
    let now = args.at.unwrap_or_else(clock::now);
    let said = |by: &By| (by.who.clone(), by.why.clone());
    match args.task {
        GuardTask::Show => return show(&guard, &state, args.json),
        GuardTask::Propose { changes, from, by } => {
            let (who, why) = said(&by);
            let changes = from.map_or_else(|| pairs(&changes), |file| proposed(&file))?;
            let what = ProposedChange::Settings(changes);
            let id = guard.propose(what, (&who, &why), now, &state.base)?;
            table::print(&format!("proposal {id}: two others must approve it\n"));
        }
        GuardTask::Override { m, length, symbol, by } => {
            let (who, why) = said(&by);
            let what = ProposedChange::Override { symbol, m_ppm: (m.max(0.0) * 1e6).ceil() as u64, length };
            let id = guard.propose(what, (&who, &why), now, &state.base)?;
            table::print(&format!("proposal {id}: one other must approve it\n"));
        }
        GuardTask::Approve { id, by } => {
            let (who, why) = said(&by);
            let proposal = guard.approve(id, (&who, &why), now)?;
            table::print(&line(&guard, &state, &proposal)?);
        }
        GuardTask::Cancel { id, by } => {
            let (who, why) = said(&by);
            let proposal = guard.cancel(id, (&who, &why), now)?;
            table::print(&line(&guard, &state, &proposal)?);
        }
    }
    Ok(Answer::Yes)
}

fn pairs(changes: &[String]) -> Result<Changes> {
    let pair = |text: &String| {
        let (key, value) = text.split_once('=').with_context(|| format!("{text}: want KEY=VALUE"))?;
        Ok((key.trim().to_string(), value.trim().to_string()))
    };
    changes.iter().map(pair).collect()
}

/// The settings that a file proposes.
fn proposed(file: &Path) -> Result<Changes> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let table: toml::Table = toml::from_str(&text).with_context(|| format!("{}", file.display()))?;
    let Some(changes) = table.get("changes").and_then(toml::Value::as_table) else {
        bail!("{}: no section [changes]; want a file that `margincast calibrate` wrote", file.display());
    };
    if changes.keys().all(|key| key == "horizon") {
        bail!("{}: nothing would change", file.display());
    }
    let text = |v: &toml::Value| v.as_str().map_or_else(|| v.to_string(), String::from);
    Ok(changes.iter().map(|(key, value)| (key.clone(), text(value))).collect())
}

fn show(guard: &PolicyLog, state: &PolicyState, as_json: bool) -> Result<Answer> {
    let proposals = guard.proposals()?;
    if as_json {
        let states: Result<Vec<_>> = proposals
            .iter()
            .map(|p| {
                let became = state.proposal(guard, p)?.to_string();
                Ok(json!({"id": p.id, "what": p.what, "who": p.names(), "why": p.why, "state": became}))
            })
            .collect();
        let own: Vec<_> =
            state.by_horizon.iter().map(|(over, own)| json!({"horizon": over, "settings": own})).collect();
        let (settings, blend) = (state.in_force.guardrail, state.in_force.blend);
        let all = json!({"settings": settings, "blend": blend, "horizons": own, "proposals": states?});
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(Answer::Yes);
    }
    table::print(&toml::to_string(&state.in_force)?);
    for (horizon, own) in &state.by_horizon {
        table::print(&format!("\n# over {horizon} alone\n{}", toml::to_string(own)?));
    }
    for proposal in &proposals {
        table::print(&line(guard, state, proposal)?);
    }
    Ok(Answer::Yes)
}

fn line(guard: &PolicyLog, state: &PolicyState, p: &PolicyProposal) -> Result<String> {
    let names = p.names().join(", ");
    Ok(format!("proposal {}: {} ({names}: {}); {}\n", p.id, p.what, p.why, state.proposal(guard, p)?))
}
