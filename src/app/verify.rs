//! `margincast verify`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::Answer;
use super::config::Config;
use super::{market, serve};
use crate::event::lake::Lake;
use crate::record::ledger::{Epoch, Reference, audit};
use crate::record::{Error, FileStore, Registry, Store};
use crate::serve::engine::audit::remake;

/// Re-derive what was recorded; check ledger, registry, data digests
#[derive(clap::Args)]
#[command(after_help = "\
Exit code 0: everything is as recorded. 1: something differs, and is named. 2: it could not be looked at.

Example:
  margincast verify --ledger out/quick/ledger --models out/quick/models --lake data/sample")]
pub struct Args {
    /// Publication number, or SYMBOL@TIME, to report on; all are made again either way
    #[arg(value_name = "REF")]
    pub reference: Option<Reference>,
    /// The ledger: chain, numbers, links
    #[arg(long, value_name = "DIR", default_value = "ledger")]
    pub ledger: PathBuf,
    /// The registry: digests, golden rows, aliases
    #[arg(long, value_name = "DIR", default_value = "models")]
    pub models: PathBuf,
    /// The lake: every recorded decision is made again from it and compared in every field
    #[arg(long, value_name = "DIR")]
    pub lake: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What was looked at, and what differs.
#[derive(Default)]
struct Findings {
    done: Vec<String>,
    wrong: Vec<String>,
}

impl Findings {
    fn note(&mut self, what: String, wrong: Vec<String>) {
        if wrong.is_empty() {
            self.done.push(what);
        }
        self.wrong.extend(wrong);
    }
}

/// What differs between ledger, registry and data; empty when everything is as recorded.
///
/// # Errors
/// Something is not there.
pub fn check(ledger: &Path, models: &Path, lake: Option<&Path>) -> Result<Vec<String>> {
    let lake = lake.map(Path::to_path_buf);
    let args = Args { reference: None, ledger: ledger.into(), models: models.into(), lake, json: false };
    Ok(find(&args)?.wrong)
}

/// Runs the command.
///
/// # Errors
/// It could not run: something is not there.
pub fn run(args: Args) -> Result<Answer> {
    let findings = find(&args)?;
    let ok = findings.wrong.is_empty();
    if args.json {
        let found = json!({"ok": ok, "done": findings.done, "wrong": findings.wrong});
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        findings.done.iter().for_each(|l| println!("ok     {l}"));
        findings.wrong.iter().for_each(|l| println!("differ {l}"));
    }
    Ok(if ok { Answer::Yes } else { Answer::No })
}

fn find(args: &Args) -> Result<Findings> {
    let mut findings = Findings::default();
    let store = match FileStore::read(&args.ledger) {
        Ok(store) => Some(store),
        Err(e @ Error::Damaged { .. }) => {
            findings.wrong.push(e.to_string());
            None
        }
        Err(e) => return Err(e.into()),
    };
    let registry = Registry::open(&args.models);
    for name in registry.names()? {
        findings.note(format!("models {name}: as registered"), registry.verify(&name)?);
    }
    if let Some(store) = store {
        let audited = audit(&store, &args.ledger)?;
        let (entries, count) = (store.next(), audited.publications);
        let what = format!("ledger: {entries} entries, {count} publications, chain and numbers hold");
        findings.note(what, audited.wrong_publications);
        if audited.orders > 0 {
            findings.note(format!("guard: {} orders, each approved and due", audited.orders), audited.wrong_orders);
        }
        if let Some(lake) = &args.lake {
            for epoch in &audited.epochs {
                again(args, lake, epoch, &mut findings)?;
            }
        }
        if let Some(reference) = &args.reference {
            for (seq, p) in reference.find(&store)? {
                findings.done.push(format!(
                    "publication {} is ledger entry {seq}: {} over {} {}",
                    p.seq, p.symbol, p.horizon, p.multiplier
                ));
            }
        }
    }
    Ok(findings)
}

/// Makes one epoch again from the lake, and compares.
fn again(args: &Args, lake: &Path, epoch: &Epoch, findings: &mut Findings) -> Result<()> {
    let mut config = Config::stored(&epoch.start.config).with_context(|| {
        format!(
            "the configuration of epoch {} in the ledger is that of another version of margincast: make its publications \
             again with the version that wrote them (`code` in each)",
            epoch.start.digest.short()
        )
    })?;
    config.serve.models = args.models.clone();
    config.serve.ledger = args.ledger.clone();
    if config.digest() != epoch.start.digest {
        let text = "the configuration in the ledger does not have the digest recorded with it";
        findings.wrong.push(text.into());
        return Ok(());
    }
    let folder = args.ledger.clone();
    let recall = Box::new(move |seq| FileStore::peek(&folder)?.publication(seq));
    let lake = Lake::at(lake);
    let events = lake.events(&market::subscriptions(&config, &lake)?, config.universe.from, None)?;
    let remade = remake(epoch, &config.universe.symbols, serve::engine(&config), recall, events)?;
    let what = format!(
        "epoch of configuration {}: {} publications made again, equal in every field",
        epoch.start.digest.short(),
        remade.publications
    );
    findings.note(what, remade.differs.into_iter().collect());
    Ok(())
}
