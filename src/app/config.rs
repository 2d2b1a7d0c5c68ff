//! One TOML file describes a run. Nothing else in the program reads settings from files.
//!
//! Unknown keys are errors; `--set section.key=value` overrides one setting; the effective
//! configuration's digest goes into every report, decision and ledger.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Digest, Problems, Span, Symbol, Ts, settings};
use crate::event::GaugeKind;
use crate::event::lake::Feed;
use crate::feature;
use crate::margin::guardrail::former;
use crate::pipeline::{Margin, Settings};
use crate::serve::{SinkConfig, sink};
use crate::study::config::{Ablation, ModelPlan, Plan, Study};

/// Settings that were there once, and what to write instead.
const RETIRED: [(&str, &str, &str); 2] = [
    (
        "margin",
        "credibility",
        "is retired: what is known against a forecast decides whether it is heard; write how much it counts as `weight` of \
         [margin.blend], and from which evidence on it does not as `silent_at` of [margin.evidence]",
    ),
    (
        "margin",
        "challengers",
        "is retired: models that disagree with the baseline do not lower a forecast's weight any more; leave it out, and \
         write how much the forecast counts as `weight` of [margin.blend]",
    ),
];

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

impl Universe {
    /// Says what is wrong.
    fn problems(&self, p: &mut Problems) {
        p.want("venue", !self.venue.is_empty(), "empty", "a venue, as the lake names it");
        p.want("market", !self.market.is_empty(), "empty", "a market, as the lake names it");
        p.want("symbols", !self.symbols.is_empty(), "empty", "at least one instrument");
        for (i, symbol) in self.symbols.iter().enumerate() {
            p.want("symbols", !self.symbols[..i].contains(symbol), format_args!("{symbol} twice"), "each once");
        }
        let known: Vec<&str> = self.symbols.iter().map(Symbol::as_str).collect();
        for (i, input) in self.inputs.iter().enumerate() {
            let reads = |input: &InputTable, s: &Symbol| input.readers.as_ref().is_none_or(|r| r.contains(s));
            for reader in input.readers.iter().flatten() {
                p.one_of(&format!("inputs[{i}].for"), reader.as_str(), &known);
            }
            // One reading of a kind for each instrument: two could not be told apart.
            let twice = |s: &&Symbol| {
                reads(input, s) && self.inputs[..i].iter().any(|other| other.table == input.table && reads(other, s))
            };
            if let Some(symbol) = self.symbols.iter().find(twice) {
                let table = Feed::Gauge(input.table);
                p.say("inputs", format_args!("{symbol} reads {table} twice; say `for` which instruments"));
            }
        }
    }
}

impl Serve {
    /// Says what is wrong.
    fn problems(&self, p: &mut Problems) {
        let address =
            self.listen.rsplit_once(':').is_some_and(|(h, port)| !h.is_empty() && port.parse::<u16>().is_ok());
        p.want("listen", address, format_args!("`{}`", self.listen), "an address and a port, 127.0.0.1:8080");
        for (key, text) in [("model", &self.model), ("alias", &self.alias)] {
            p.want(key, !text.trim().is_empty(), "empty", "a name");
        }
        p.want("poll", self.poll > Span(0), self.poll, "above 0s");
        if let Err(e) = sink::config::open(&self.sinks) {
            e.to_string().lines().for_each(|line| p.say("sinks", line.trim().trim_start_matches("serve.")));
        }
    }
}

impl Config {
    /// Reads a file and applies `section.key=value` overrides.
    ///
    /// # Errors
    /// The file cannot be read, or anything in it is wrong: all of it is told at once, each with its key.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Config> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("reading configuration {}", path.display()))?;
        let mut table: toml::Table = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
        for o in overrides {
            set(&mut table, o)?;
        }
        let mut table = plain(toml::Value::Table(table));
        let mut problems = Problems::default();
        for (section, key, instead) in RETIRED {
            if table.get_mut(section).and_then(Value::as_object_mut).and_then(|s| s.remove(key)).is_some() {
                problems.say(&format!("{section}.{key}"), instead);
            }
        }
        guardrails(&mut table, |key, settings| problems.under(key, |p| former::refuse(settings, p)));
        let config: Option<Config> = settings::read(&table, &mut problems);
        if let Some(config) = &config {
            config.problems(&|section, key| table.get(section).is_some_and(|s| s.get(key).is_some()), &mut problems);
        }
        problems.done().with_context(|| format!("{}", path.display()))?;
        config.with_context(|| format!("{}: no configuration", path.display()))
    }
    /// Reads a configuration that was stored, as it was in effect.
    ///
    /// # Errors
    /// It is not one of this program.
    pub fn stored(text: &str) -> Result<Config> {
        let mut whole: Value = serde_json::from_str(text)?;
        let mut retired = Problems::default();
        guardrails(&mut whole, |key, settings| retired.under(key, |p| former::refuse(settings, p)));
        retired
            .done()
            .context("it is that of an earlier version of the program, which alone makes the same from it")?;
        Ok(serde_json::from_value(whole)?)
    }
    /// Says all that is wrong, each with its key and what is accepted. A name of a model is looked up where it
    /// was written, by section and key.
    pub fn problems(&self, written: &dyn Fn(&str, &str) -> bool, p: &mut Problems) {
        let names: Vec<&str> = self.models.iter().map(|m| m.name.as_str()).collect();
        p.under("universe", |p| self.universe.problems(p));
        p.under("rows", |p| self.rows.problems(p));
        p.want("horizons", !self.horizons.is_empty(), "empty", "at least one, 1 to 10000 rows");
        for (i, horizon) in self.horizons.iter().enumerate() {
            p.want("horizons", (1..=10_000).contains(horizon), horizon, "1 to 10000 rows");
            p.want("horizons", !self.horizons[..i].contains(horizon), format_args!("{horizon} twice"), "each once");
        }
        p.under("study", |p| self.study.problems(&self.rows, &names, &|key| written("study", key), p));
        p.want("replay_rows", (1..=1_000_000).contains(&self.replay_rows), self.replay_rows, "1 to 1000000");
        p.want("models", !self.models.is_empty(), "empty", "at least one forecaster");
        for (i, model) in self.models.iter().enumerate() {
            p.under(&format!("models.{}", model.name), |p| {
                if names[..i].contains(&model.name.as_str()) {
                    p.say("name", "two instances have this name; give one another");
                }
                model.problems(&names[..i], p);
            });
        }
        for (i, ablation) in self.ablations.iter().enumerate() {
            p.under(&format!("ablations.{}", ablation.name), |p| {
                if self.ablations[..i].iter().any(|other| other.name == ablation.name) {
                    p.say("name", "two ablations have this name; give one another");
                }
                ablation.problems(p);
            });
        }
        p.under("margin", |p| self.margin.problems(&names, self.rows.row, &|key| written("margin", key), p));
        p.under("serve", |p| self.serve.problems(p));
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
            margins: Vec::new(),
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

/// Shows each of the guardrails' settings in a configuration, with its key.
fn guardrails(config: &mut Value, mut show: impl FnMut(&str, &mut Value)) {
    if let Some(own) = config.pointer_mut("/margin/guardrail") {
        show("margin.guardrail", own);
    }
    let rules = config.pointer_mut("/study/margins").and_then(Value::as_array_mut);
    for (i, rule) in rules.into_iter().flatten().enumerate() {
        if let Some(guard) = rule.get_mut("guard") {
            show(&format!("study.margins[{i}].guard"), guard);
        }
    }
}

/// As JSON. A number that is none, which JSON cannot say, becomes a text, and no text is read as a number.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(n) => n.into(),
        toml::Value::Float(x) if x.is_finite() => x.into(),
        toml::Value::Float(x) => x.to_string().into(),
        toml::Value::Boolean(b) => b.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(list) => list.into_iter().map(plain).collect(),
        toml::Value::Table(table) => Value::Object(table.into_iter().map(|(k, v)| (k, plain(v))).collect()),
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
