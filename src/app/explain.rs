//! `margincast explain`.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Answer;
use crate::base::{Symbol, Ts};
use crate::margin::Policy;
use crate::record::explain::attribution::Holding;
use crate::record::explain::{Explanation, RequirementChange, RunningGuidance, guidance};
use crate::record::stored::from_value;
use crate::record::{EntryKind, FileStore, Publication, Seq, Store, ledger};

/// Why a decision is what it is
#[derive(clap::Args)]
#[command(after_help = "Examples:
  margincast explain --ledger out/quick/ledger BTCUSDT@2023-12-15T12:00:00Z
  margincast explain --ledger out/quick/ledger \\
    BTCUSDT@2023-12-15T12:00:00Z BTCUSDT@2023-12-16T12:00:00Z")]
pub struct Args {
    /// Publication number, or SYMBOL@TIME: the newest publications of the symbol at that time
    #[arg(value_name = "REF")]
    pub reference: Reference,
    /// Another of the same instrument: what changed from REF to it, split into volatility, forecast,
    /// regime, liquidity and guardrails, each replaced after the one before it; terms sum exactly
    #[arg(value_name = "TO")]
    pub to: Option<Reference>,
    /// Units held at REF and at TO: amounts in quote units, with positions and prices as terms
    #[arg(long, num_args = 2, value_names = ["REF", "TO"], requires = "prices", requires = "to", allow_negative_numbers = true)]
    pub units: Option<Vec<f64>>,
    /// Price of a unit at REF and at TO
    #[arg(long, num_args = 2, value_names = ["REF", "TO"], requires = "units")]
    pub prices: Option<Vec<f64>>,
    /// Where the multiplier may be in 1, 8 and 24 hours, by past changes in the same situation, and how
    /// far off the things are that would move it
    #[arg(long, conflicts_with = "to")]
    pub ahead: bool,
    /// The ledger
    #[arg(long, value_name = "DIR", default_value = "ledger")]
    pub ledger: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which publications.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// By number.
    Number(u64),
    /// In force for an instrument at an instant.
    At(Symbol, Ts),
}

impl FromStr for Reference {
    type Err = String;
    fn from_str(text: &str) -> Result<Reference, String> {
        if let Ok(number) = text.parse() {
            return Ok(Reference::Number(number));
        }
        let (symbol, at) = text.rsplit_once('@').ok_or("want a publication number, or SYMBOL@TIME")?;
        Ok(Reference::At(symbol.parse().map_err(|e| format!("{e}"))?, at.parse().map_err(|e| format!("{e}"))?))
    }
}

impl Reference {
    /// The publications it names, one per horizon, with their ledger entries.
    ///
    /// # Errors
    /// There is none, or the ledger is damaged.
    pub fn find(&self, store: &FileStore) -> Result<Vec<(Seq, Publication)>> {
        let mut found: Vec<(Seq, Publication)> = Vec::new();
        let mut newest = 0;
        for record in store.scan(Seq(0))? {
            let record = record?;
            if record.kind != EntryKind::Publish {
                continue;
            }
            let place = format!("ledger entry {}", record.seq);
            let publication: Publication = from_value(&place, record.body)?;
            newest = publication.seq;
            match self {
                Reference::Number(number) if *number == publication.seq => return Ok(vec![(record.seq, publication)]),
                Reference::At(symbol, at) if *symbol == publication.symbol && publication.published_at <= *at => {
                    found.retain(|(_, p)| p.horizon != publication.horizon);
                    found.push((record.seq, publication));
                }
                _ => {}
            }
        }
        match self {
            Reference::Number(number) if found.is_empty() => bail!("no publication {number}; the newest is {newest}"),
            Reference::At(symbol, at) if found.is_empty() => bail!("nothing was published for {symbol} by {at}"),
            _ => Ok(found),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// It could not run.
pub fn run(args: Args) -> Result<Answer> {
    let store = FileStore::read(&args.ledger).with_context(|| format!("ledger {}", args.ledger.display()))?;
    let found = args.reference.find(&store)?;
    if args.ahead {
        return ahead(&args, &store, &found);
    }
    if let Some(to) = &args.to {
        return changed(&args, &found, &to.find(&store)?);
    }
    let explained: Vec<Explanation> = found.iter().map(|(_, p)| Explanation::of(p)).collect();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&explained)?);
    } else {
        let texts: Vec<String> = explained.iter().map(|e| e.lines().join("\n")).collect();
        println!("{}", texts.join("\n\n"));
    }
    Ok(Answer::Yes)
}

/// What changed between publications, horizon by horizon.
fn changed(args: &Args, from: &[(Seq, Publication)], to: &[(Seq, Publication)]) -> Result<Answer> {
    let pair = |v: &Option<Vec<f64>>| v.as_deref().and_then(|v| Some([*v.first()?, *v.get(1)?]));
    let holding = pair(&args.units).zip(pair(&args.prices)).map(|(units, prices)| Holding { units, prices });
    let mut changes = Vec::new();
    for (_, new) in to {
        let named = |p: &&Publication| p.horizon == new.horizon || from.len() == 1 && to.len() == 1;
        if let Some(old) = from.iter().map(|f| &f.1).find(named) {
            changes.push(RequirementChange::between(old, new, holding)?);
        }
    }
    if changes.is_empty() {
        bail!("the two have no horizon in common");
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&changes)?);
    } else {
        let texts: Vec<String> = changes.iter().map(|c| c.lines().join("\n")).collect();
        println!("{}", texts.join("\n\n"));
    }
    Ok(Answer::Yes)
}

/// Forward guidance at publications, from everything published before them.
fn ahead(args: &Args, store: &FileStore, found: &[(Seq, Publication)]) -> Result<Answer> {
    let mut decisions = Vec::new();
    let epochs = ledger::epochs(store, |seq, p| decisions.push((seq, p)))?;
    let config = epochs.last().map(|e| serde_json::from_str::<Value>(&e.start.config)).transpose()?.unwrap_or_default();
    let policy: Policy = serde_json::from_value(config["margin"]["guardrail"].clone()).unwrap_or_default();
    let mut told = Vec::new();
    for (seq, p) in found {
        let mut guide = RunningGuidance::new(policy);
        let own = decisions.iter().filter(|(s, d)| s <= seq && (d.symbol, &d.horizon) == (p.symbol, &p.horizon));
        let mut last = Vec::new();
        for (_, d) in own {
            last = guide.push(&d.decision()?);
        }
        let triggers = guidance::triggers(&p.decision()?, &policy);
        let mut lines = vec![format!("{} over {}: {} as of {}", p.symbol, p.horizon, p.multiplier, p.as_of)];
        if last.is_empty() {
            lines.push("  too few publications in this situation to say where it may be".into());
        }
        lines.extend(last.iter().map(|a| {
            format!("  in {:<4} {:.3} to {:.3}, median {:.3} ({} past changes)", a.over, a.low, a.high, a.median, a.n)
        }));
        lines.extend(triggers.iter().map(|t| format!("  {}", t.text)));
        let value = json!({"seq": p.seq, "symbol": p.symbol, "horizon": p.horizon, "as_of": p.as_of,
            "multiplier": p.multiplier, "ahead": last, "triggers": triggers});
        told.push((value, lines));
    }
    if args.json {
        let values: Vec<&Value> = told.iter().map(|t| &t.0).collect();
        println!("{}", serde_json::to_string_pretty(&values)?);
    } else {
        let texts: Vec<String> = told.iter().map(|t| t.1.join("\n")).collect();
        println!("{}", texts.join("\n\n"));
    }
    Ok(Answer::Yes)
}
