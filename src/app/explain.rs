//! `margincast explain`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;

use super::Answer;
use crate::record::explain::attribution::HeldPosition;
use crate::record::explain::{Explanation, Outlook, changes, outlooks};
use crate::record::ledger::Reference;
use crate::record::{FileStore, Publication, Seq};

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
    /// Where the multiplier may be in 1, 8 and 24 hours, by past changes in the same situation, how far
    /// steps and budgets let initial margin rise, and how far off the things are that would move it
    #[arg(long, conflicts_with = "to")]
    pub ahead: bool,
    /// The ledger
    #[arg(long, value_name = "DIR", default_value = "ledger")]
    pub ledger: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
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
    let holding = pair(&args.units).zip(pair(&args.prices)).map(|(units, prices)| HeldPosition { units, prices });
    let changes = changes(from, to, holding)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&changes)?);
    } else {
        let texts: Vec<String> = changes.iter().map(|c| c.lines().join("\n")).collect();
        println!("{}", texts.join("\n\n"));
    }
    Ok(Answer::Yes)
}

/// Forward guidance at publications.
fn ahead(args: &Args, store: &FileStore, found: &[(Seq, Publication)]) -> Result<Answer> {
    let outlooks = outlooks(store, found)?;
    if args.json {
        let value = |o: &Outlook| {
            let p = &o.publication;
            json!({"seq": p.seq, "symbol": p.symbol, "horizon": p.horizon, "as_of": p.as_of,
                "multiplier": p.multiplier, "ahead": o.ahead, "limits": o.limits, "triggers": o.triggers})
        };
        println!("{}", serde_json::to_string_pretty(&outlooks.iter().map(value).collect::<Vec<_>>())?);
    } else {
        let texts: Vec<String> = outlooks.iter().map(|o| lines(o).join("\n")).collect();
        println!("{}", texts.join("\n\n"));
    }
    Ok(Answer::Yes)
}

fn lines(o: &Outlook) -> Vec<String> {
    let p = &o.publication;
    let mut lines = vec![format!("{} over {}: {} as of {}", p.symbol, p.horizon, p.multiplier, p.as_of)];
    if o.ahead.is_empty() {
        lines.push("  too few publications in this situation to say where it may be".into());
    }
    lines.extend(o.ahead.iter().map(|a| {
        format!("  in {:<4} {:.3} to {:.3}, median {:.3} ({} past changes)", a.over, a.low, a.high, a.median, a.n)
    }));
    lines.extend(o.limits.iter().map(|l| {
        format!(
            "  in {:<4} initial margin rises by {:.1} % at most, but for what its baseline asks",
            l.over,
            100.0 * l.rise
        )
    }));
    lines.extend(o.triggers.iter().map(|t| format!("  {}", t.text)));
    lines
}
