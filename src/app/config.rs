//! One TOML file describes a run. Nothing else in the program reads settings from files.
//!
//! Unknown keys are errors; `--set section.key=value` overrides one setting; the effective
//! configuration's digest goes into every report, decision and ledger.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Digest, Span, Symbol, Ts};
use crate::event::GaugeKind;
use crate::event::lake::Feed;
use crate::feature;
use crate::forecast::Entry;
use crate::pipeline::{Margin, Settings};
use crate::serve::sink::{self, SinkConfig};
use crate::study::config::{Ablation, ModelPlan, Plan, Study};

/// Rows kept of each instrument where the configuration does not say.
const REPLAY_ROWS: usize = 2500;

fn replay_rows() -> usize {
    REPLAY_ROWS
}
fn usual_replay(rows: &usize) -> bool {
    *rows == REPLAY_ROWS
}

/// Everything a run needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is looked at.
    pub universe: Universe,
    /// How rows are built.
    pub rows: feature::RowConfig,
    /// Horizons, in rows.
    pub horizons: Vec<usize>,
    /// How models are trained and judged.
    pub study: Study,
    /// Rows kept of each instrument, from which running state is derived: at least the longest window of
    /// a model.
    #[serde(default = "replay_rows", skip_serializing_if = "usual_replay")]
    pub replay_rows: usize,
    /// The forecasters, in order; those that combine others come last.
    pub models: Vec<ModelPlan>,
    /// Inputs to leave out, to see what they are worth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ablations: Vec<Ablation>,
    /// How requirements are made.
    #[serde(default)]
    pub margin: Margin,
    /// How to serve.
    #[serde(default)]
    pub serve: Serve,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Universe {
    /// Venue as the lake names it.
    pub venue: String,
    /// Market as the lake names it: spot, um, cm, swap, option, equity, future.
    pub market: String,
    /// Instruments.
    pub symbols: Vec<Symbol>,
    /// Nothing known before this is read; absent means all.
    #[serde(default)]
    pub from: Option<Ts>,
    /// Bars are made from trades, not read.
    #[serde(default)]
    pub trades: bool,
    /// What else instruments read, beside their own bars or trades.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputTable>,
}

/// A table whose rows are features of some instruments: funding, open interest or implied volatility.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputTable {
    /// Table of the lake: `funding`, `open_interest` or `implied_vol`.
    pub table: GaugeKind,
    /// Venue as the lake names it.
    pub venue: String,
    /// Market as the lake names it.
    pub market: String,
    /// Whose rows; absent: those of the same name as the instrument that reads them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// Which instruments read them; absent: all.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub readers: Option<Vec<Symbol>>,
    /// Where the lake does not have it, its features are absent, instead of an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// Address of the public API.
    pub listen: String,
    /// The registry.
    pub models: PathBuf,
    /// Registered name.
    pub model: String,
    /// Which alias of it to serve.
    pub alias: String,
    /// The ledger's folder.
    pub ledger: PathBuf,
    /// Decisions are published for rows that close after this; earlier rows warm up.
    pub from: Option<Ts>,
    /// Accounts, columns `symbol,equity,notional`; read again when the file changes. Absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<PathBuf>,
    /// Books, columns `symbol,depth_50bp,depth_100bp,spread_bp,open_interest,stressed_depth`; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub books: Option<PathBuf>,
    /// Where publications go by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sinks: Vec<SinkConfig>,
    /// How often a followed lake is looked at.
    pub poll: Span,
}

impl Default for Serve {
    fn default() -> Serve {
        Serve {
            listen: "127.0.0.1:8080".into(),
            models: "models".into(),
            model: "sample".into(),
            alias: "champion".into(),
            ledger: "ledger".into(),
            from: None,
            accounts: None,
            books: None,
            sinks: Vec::new(),
            poll: Span::SECOND,
        }
    }
}

impl Config {
    /// Reads a file and applies `section.key=value` overrides.
    ///
    /// # Errors
    /// The file cannot be read, a key is unknown, or a value is out of range; every message names
    /// the file and the key.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Config> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("reading configuration {}", path.display()))?;
        let mut table: toml::Table = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
        for o in overrides {
            set(&mut table, o)?;
        }
        let config: Config = table.try_into().with_context(|| format!("{}", path.display()))?;
        config.check()?;
        Ok(config)
    }
    /// All problems at once, each with its key and the accepted range.
    ///
    /// # Errors
    /// Any value out of range.
    pub fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        let mut want = |ok: bool, text: &str| {
            if !ok {
                wrong.push(text.to_string());
            }
        };
        want(!self.universe.symbols.is_empty(), "universe.symbols: name at least one instrument");
        want(
            !self.horizons.is_empty() && self.horizons.iter().all(|h| (1..=10_000).contains(h)),
            "horizons: 1 to 10000 rows each",
        );
        want(self.study.start < self.study.end, "study.start: must lie before study.end");
        want(self.study.refit.0 >= self.rows.row.0, "study.refit: at least one row");
        want(!self.models.is_empty(), "models: name at least one forecaster");
        self.check_inputs(&mut want);
        for m in &self.models {
            want(m.every >= 1, &format!("models.{}.every: 1 or more", m.name));
            if let Some(c) = &m.choose {
                let full = !c.grid.is_empty() && c.grid.values().all(|v| !v.is_empty());
                want(full, &format!("models.{}.choose.grid: at least one parameter, each with a value", m.name));
                want(c.budget >= 1, &format!("models.{}.choose.budget: 1 or more", m.name));
                want(c.validation.0 > 0, &format!("models.{}.choose.validation: a length of time above 0", m.name));
            }
            if let Err(e) = Entry::named(&m.kind) {
                want(false, &format!("models.{}.kind: {e}", m.name));
            }
        }
        for d in &self.study.crash_days {
            want(d.from < d.to, &format!("study.crash_days: `{}`: from must lie before to", d.name));
        }
        for r in &self.study.margins {
            if let Err(e) = r.check(&|name| self.models.iter().any(|m| m.name == name)) {
                want(false, &format!("study.margins: `{}`: {e}", r.name));
            }
            let twice = self.study.margins.iter().filter(|o| o.name == r.name).count() > 1;
            want(!twice, &format!("study.margins: two rules are named `{}`; give one another name", r.name));
        }
        want(self.study.refit_rows != Some(0), "study.refit_rows: 1 or more");
        want((1..=1_000_000).contains(&self.replay_rows), "replay_rows: 1 to 1000000");
        for a in &self.ablations {
            if let Err(e) = a.inputs() {
                want(false, &e.to_string());
            }
        }
        if let Err(e) = sink::config::open(&self.serve.sinks) {
            want(false, &e.to_string());
        }
        if let Err(e) = feature::Builder::new(self.rows.clone()) {
            want(false, &format!("rows: {e}"));
        }
        if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("\n  ")) }
    }
    /// One reading of a kind for each instrument: two could not be told apart.
    fn check_inputs(&self, want: &mut dyn FnMut(bool, &str)) {
        let u = &self.universe;
        for (i, input) in u.inputs.iter().enumerate() {
            let reads = |input: &InputTable, s: &Symbol| input.readers.as_ref().is_none_or(|r| r.contains(s));
            for reader in input.readers.iter().flatten() {
                let text = format!("universe.inputs.for: {reader} is not among universe.symbols");
                want(u.symbols.contains(reader), &text);
            }
            let twice = |s: &&Symbol| {
                reads(input, s) && u.inputs[..i].iter().any(|other| other.table == input.table && reads(other, s))
            };
            if let Some(symbol) = u.symbols.iter().find(twice) {
                let table = Feed::Gauge(input.table);
                want(false, &format!("universe.inputs: {symbol} reads {table} twice; say `for` which instruments"));
            }
        }
    }
    /// The study that this describes.
    pub fn plan(&self) -> Plan {
        let pipeline = Settings {
            symbols: self.universe.symbols.clone(),
            rows: self.rows.clone(),
            horizons: self.horizons.clone(),
            publish_from: self.study.start,
            replay_rows: self.replay_rows,
            margin: self.margin.clone(),
        };
        Plan { pipeline, study: self.study.clone(), models: self.models.clone() }
    }
    /// Digest of the effective configuration. How it is served changes no decision and is left out,
    /// so that a backtest and every service of one configuration have one digest.
    pub fn digest(&self) -> Digest {
        let deciding = Config { serve: Serve::default(), ..self.clone() };
        Digest::of_json(&serde_json::to_value(deciding).unwrap_or(Value::Null))
    }
}

fn set(table: &mut toml::Table, text: &str) -> Result<()> {
    let Some((key, value)) = text.split_once('=') else {
        bail!("--set {text}: want section.key=value");
    };
    let parsed: toml::Value = toml::from_str::<toml::Table>(&format!("v = {value}"))
        .ok()
        .and_then(|t| t.get("v").cloned())
        .unwrap_or_else(|| toml::Value::String(value.to_string()));
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut at = table;
    for part in parts {
        let next = at.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = next.as_table_mut().with_context(|| format!("--set {text}: `{part}` is not a section"))?;
    }
    at.insert(last.to_string(), parsed);
    Ok(())
}
