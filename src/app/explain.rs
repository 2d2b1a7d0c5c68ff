//! `margincast explain`.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use super::Answer;
use crate::base::{Symbol, Ts};
use crate::record::explain::Explanation;
use crate::record::manifest::from_value;
use crate::record::{FileStore, Kind, Publication, Seq, Store};

/// Arguments.
#[derive(clap::Args)]
#[command(after_help = "Example:
  margincast explain --ledger out/quick/ledger BTCUSDT@2023-12-15T12:00:00Z")]
pub struct Args {
    /// Publication number, or SYMBOL@TIME: the newest publications of the symbol at that time
    #[arg(value_name = "REF")]
    pub reference: Reference,
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
            if record.kind != Kind::Publish {
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
    let explained: Vec<Explanation> = found.iter().map(|(_, p)| Explanation::of(p)).collect();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&explained)?);
    } else {
        let texts: Vec<String> = explained.iter().map(|e| e.lines().join("\n")).collect();
        println!("{}", texts.join("\n\n"));
    }
    Ok(Answer::Yes)
}
