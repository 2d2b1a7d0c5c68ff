//! How a trained bundle is registered: what goes with it, and the card that says what to know before use.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};

use super::config::Config;
use super::study::Studied;
use super::{market, table};
use crate::base::{Digest, Span, Symbol, Ts};
use crate::event::lake::{Lake, Listing};
use crate::feature::{CATALOG, Row, schema_id};
use crate::forecast::Panel;
use crate::forecast::profile::Profile;
use crate::loss::{MarginOutcome, ModelScore};
use crate::record::promotion::{
    Evidence, ForecastEvidence, Hits, LeakEvidence, MarginCost, MarginEvidence, Signature, StressEvidence,
};
use crate::record::registry::{DataLock, Env, Extras, Registered};
use crate::record::{Registry, VersionRef};
use crate::serve::clock;
use crate::study::calls::Calls;
use crate::study::choice::Choice;
use crate::study::evidence::{Breaches, Losses, breaches};
use crate::study::scores::{POOLED, Scores};
use crate::study::stress::Scenario;
use crate::study::truth::truths;
use crate::study::{ModelPlan, split};

/// Newest rows of each instrument that a registered version must answer at every load.
const GOLDEN_ROWS: usize = 200;

/// A card is to be looked at again after so long.
const EXPIRES_AFTER: Span = Span(365 * Span::DAY.0);

/// Registers the bundle that a study ends with; `author` answers for it.
///
/// # Errors
/// The lake or the registry cannot be used.
pub fn register(registry: &Registry, studied: &Studied, lake: &Path, run_id: &str, author: &str) -> Result<Registered> {
    let (walk, config) = (&studied.walk, &studied.config);
    let until = config.study.end;
    let golden: Vec<Row> = walk
        .history
        .values()
        .flat_map(|rows| {
            let known = rows.partition_point(|r| r.ts_known <= until);
            rows[known.saturating_sub(GOLDEN_ROWS)..known].iter().copied()
        })
        .collect();
    let parent = registry.show(&config.serve.model, &VersionRef::Alias(config.serve.alias.clone()));
    let panel = split::panel(&config.study, &walk.history, config.rows.row, until);
    let profile = Profile::of(&panel);
    let mut evidence = evidence(studied, &profile);
    let created_at = clock::now();
    let mut told = Card::of(studied, &panel, &evidence);
    (told.author, told.expires) = (author.into(), created_at + EXPIRES_AFTER);
    evidence.signed = Some(Signature { author: author.into(), limits: told.limits.len(), expires: told.expires });
    let extras = Extras {
        config: serde_json::to_value(config)?,
        metrics: serde_json::to_value(&studied.judged.scores.models)?,
        data: locks(config, lake)?,
        env: Env::here(rayon::current_num_threads(), Some(config.study.seed)),
        card: told.text(&studied.judged.scores),
        more: [
            ("card.json".to_string(), pretty(&told)?),
            ("profile.json".to_string(), pretty(&profile)?),
            ("evidence.json".to_string(), evidence.write()?),
        ]
        .into(),
        run_id: run_id.into(),
        parent: parent.ok().map(|(manifest, _)| manifest.version),
        created_at,
        golden,
    };
    Ok(registry.register(&config.serve.model, &walk.last, &extras)?)
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>> {
    Ok((serde_json::to_string_pretty(value)? + "\n").into_bytes())
}

/// What the promotion gate asks for.
fn evidence(studied: &Studied, profile: &Profile) -> Evidence {
    let (walk, config, plan) = (&studied.walk, &studied.config, studied.config.plan());
    let truth = truths(&walk.history, &plan);
    let forecasts = walk.forecasted();
    let served = &config.margin.forecast;
    let hits = |b: Breaches| Hits { n: b.n, breaches: b.breaches, transitions: b.transitions };
    let measured = |losses: Losses| {
        let [below, above] = breaches(served, losses.horizon, &truth, &forecasts).map(hits);
        ForecastEvidence { horizon: losses.horizon, ts: losses.ts, losses: losses.models, below, above }
    };
    let horizons = Losses::all(&plan, &truth, &forecasts).into_iter().map(measured).collect();
    let future = studied.judged.scores.evidence.future.as_ref();
    let leak = LeakEvidence {
        cut: future.map_or(config.study.end, |f| f.cut),
        models: future.map_or(0, |f| f.models.len()),
        changed: future.map_or(0, |f| f.changed),
        passed: future.is_some_and(|f| f.passed),
    };
    // As much as a version serves until the next refit, against everything it learnt from.
    let panel = split::panel(&config.study, &walk.history, config.rows.row, config.study.end);
    let drifts = profile.drift(&panel, config.study.refit);
    let drift = drifts.iter().map(|d| (d.input.clone(), d.index)).collect();
    let usual = drifts.into_iter().map(|d| (d.input, d.usual)).collect();
    Evidence {
        served: served.clone(),
        base: config.study.base.clone(),
        horizons,
        future: leak,
        drift,
        usual,
        margins: margins(&studied.judged.scores),
        signed: None,
    }
}

/// What the promotion gate asks of the guarded margin, pooled over instruments and sides.
fn margins(scores: &Scores) -> Vec<MarginEvidence> {
    let evidence = &scores.evidence;
    let mut all = Vec::new();
    for horizon in &scores.meta.horizons {
        let own = |policy: &str, symbol: &str| policy == "guarded" && symbol == POOLED;
        let score = scores.margins.iter().find(|m| m.horizon == *horizon && own(&m.policy, &m.symbol));
        let Some(score) = score else { continue };
        let mut hits = Hits { n: 0, breaches: 0, transitions: [[0; 2]; 2] };
        let mut beyond = 0.0;
        for b in evidence.backtests.iter().filter(|b| b.horizon == *horizon && own(&b.policy, &b.symbol)) {
            hits.n += b.n;
            hits.breaches += b.breaches;
            (0..2).for_each(|i| (0..2).for_each(|j| hits.transitions[i][j] += b.transitions[i][j]));
            beyond += b.n as f64 * b.z2.unwrap_or(f64::NAN);
        }
        let calls = |policy: &str| {
            let same = |c: &&Calls| c.horizon == *horizon && c.policy == policy && c.symbol == POOLED;
            evidence.calls.iter().filter(same).find(|c| c.call.over == Span::DAY.times(5)).map(|c| c.call.es99)
        };
        let cost = |o: &MarginOutcome, policy: &str| MarginCost {
            breaches: o.breaches,
            shortfall_sum: o.shortfall_sum,
            call_es99: calls(policy),
        };
        let left = |name: &str, policy: &str| {
            let same = |s: &&Scenario| s.horizon == *horizon && s.policy == policy && s.name == name;
            evidence.stress.iter().find(same).map(|s| s.shortfall_sum)
        };
        let scenarios = evidence.stress.iter().filter(|s| s.horizon == *horizon && s.policy == "guarded");
        let stress = scenarios.filter_map(|s| {
            Some(StressEvidence { name: s.name.clone(), own: s.shortfall_sum, baseline: left(&s.name, "baseline")? })
        });
        let response = evidence.responses.iter().find(|r| r.horizon == *horizon && r.requirement == "guarded");
        let z2 = Some(beyond / hits.n as f64).filter(|z| z.is_finite());
        all.push(MarginEvidence {
            horizon: *horizon,
            hits,
            z2,
            own: cost(&score.outcome, "guarded"),
            control: cost(&score.control, "control of guarded"),
            overshoot: response.map(|r| r.overshoot),
            stress: stress.collect(),
        });
    }
    all
}

/// Digests of the lake's files that a configuration reads, in order.
///
/// # Errors
/// A file cannot be read.
pub fn locks(config: &Config, lake: &Path) -> Result<Vec<DataLock>> {
    let mut locks = Vec::new();
    let listing = |l: &Listing| format!("/venue={}/market={}/symbol={}/", l.venue, l.market, l.symbol);
    let wanted: Vec<String> =
        market::subscriptions(config, &Lake::at(lake))?.iter().map(|s| listing(&s.listing)).collect();
    let mut folders = vec![Lake::at(lake).root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "parquet") {
                let inside = path.strip_prefix(lake).unwrap_or(&path);
                if !wanted.iter().any(|w| inside.display().to_string().contains(w)) {
                    continue;
                }
                let table = inside.iter().next().map_or_else(String::new, |t| t.to_string_lossy().into_owned());
                let sha256 = Digest::of_file(&path).with_context(|| format!("reading {}", path.display()))?;
                locks.push(DataLock { table, path: inside.display().to_string(), sha256 });
            }
        }
    }
    locks.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(locks)
}

/// What to know before use: `card.json`, and in words `card.md`.
#[derive(Serialize)]
struct Card {
    title: String,
    version: String,
    command: String,
    instruments: Vec<Symbol>,
    /// First and last close of the rows that were learnt from.
    learnt_from: (Option<Ts>, Option<Ts>),
    rows: usize,
    judged: (Ts, Ts),
    config_digest: Digest,
    data_digest: Digest,
    /// The rows' columns: name and unit.
    schema: Digest,
    columns: Vec<(&'static str, &'static str)>,
    models: Vec<Value>,
    /// Parameters that were chosen inside the training window, and when.
    chosen: Vec<Value>,
    scores: Vec<ModelScore>,
    without_crashes: Vec<ModelScore>,
    crashes: Vec<String>,
    leak_test_passed: bool,
    largest_drift: Option<(String, f64)>,
    limits: Vec<String>,
    author: String,
    expires: Ts,
}

impl Card {
    fn of(studied: &Studied, panel: &Panel, evidence: &Evidence) -> Card {
        let (scores, config) = (&studied.judged.scores, &studied.config);
        let closes = || panel.symbols().flat_map(|s| panel.rows(s).iter().map(|r| r.ts));
        let pooled = |lines: &[ModelScore]| lines.iter().filter(|m| m.symbol.is_none()).cloned().collect::<Vec<_>>();
        let model = |m: &ModelPlan| json!({"name": m.name, "kind": m.kind, "params": m.params});
        let chosen = |c: &Choice| json!({"model": c.model, "horizon": c.horizon, "cut": c.cut, "params": c.params, "tried": c.candidates.len()});
        let worst = evidence.drift.iter().max_by(|a, b| a.1.total_cmp(b.1));
        let mut crashes: Vec<String> = config.study.crash_days.iter().map(|d| d.name.clone()).collect();
        crashes.dedup();
        Card {
            title: scores.meta.title.clone(),
            version: scores.meta.version.clone(),
            command: scores.meta.command.clone(),
            instruments: scores.meta.symbols.clone(),
            learnt_from: (closes().min(), closes().max()),
            rows: closes().count(),
            judged: (scores.meta.start, scores.meta.end),
            config_digest: scores.meta.config_digest,
            data_digest: scores.meta.data_digest,
            schema: schema_id(),
            columns: CATALOG.iter().map(|s| (s.name, s.unit)).collect(),
            models: config.models.iter().map(model).collect(),
            chosen: scores.evidence.choices.iter().map(chosen).collect(),
            scores: pooled(&scores.models),
            without_crashes: pooled(&scores.evidence.without_crashes),
            crashes,
            leak_test_passed: evidence.future.passed,
            largest_drift: worst.map(|(name, index)| (name.clone(), *index)),
            limits: vec![
                "Made for the instruments above; of others only pooled models say anything.".into(),
                "Scores are of the span above and of the measure of variance that the configuration names.".into(),
                format!("Nothing known after {} was learnt from; refit every {}.", scores.meta.end, config.study.refit),
                "Probabilities of spikes are of variances above their own trailing 95 % quantile.".into(),
                "Tails are calibrated on past errors: a loss larger than any seen is not foreseen.".into(),
                "How a market answers a margin call is not simulated.".into(),
            ],
            author: String::new(),
            expires: Ts(0),
        }
    }

    fn text(&self, scores: &Scores) -> String {
        let list = |items: &[String]| items.iter().map(|i| format!("- {i}\n")).collect::<String>();
        let plain = |v: &Value| {
            format!("{} over {}: {} of {} tried, as of {}", v["model"], v["horizon"], v["params"], v["tried"], v["cut"])
        };
        let symbols: Vec<String> = self.instruments.iter().map(ToString::to_string).collect();
        let when = |t: Option<Ts>| t.map_or_else(|| "nothing".into(), |t| t.to_string());
        let board = |lines: &[ModelScore]| -> String {
            scores.meta.horizons.iter().map(|h| table::scoreboard(lines, *h, &scores.meta.base)).collect()
        };
        let mut out = format!(
            "---\nname: {}\nauthor: {}\nexpires: {}\nversion: {}\ninstruments: [{}]\nlearnt_from: {} to {}\nrows: {}\nout_of_sample: {} to {}\n\
             config: {}\ndata: {}\nfeature_schema: {}\n---\n\n# {}\n\nMade by `{}`.\n\n## Models\n{}",
            self.title,
            self.author,
            self.expires,
            self.version,
            symbols.join(", "),
            when(self.learnt_from.0),
            when(self.learnt_from.1),
            self.rows,
            self.judged.0,
            self.judged.1,
            self.config_digest,
            self.data_digest,
            self.schema,
            self.title,
            self.command,
            list(
                &self
                    .models
                    .iter()
                    .map(|m| format!("{} ({}): {}", m["name"], m["kind"], m["params"]))
                    .collect::<Vec<_>>()
            ),
        );
        if !self.chosen.is_empty() {
            out += &format!(
                "\n## Parameters chosen inside the training window\n{}",
                list(&self.chosen.iter().map(plain).collect::<Vec<_>>())
            );
        }
        out += &format!("\n## Scores, out of sample\n```\n{}```\n", table::scores(scores));
        if !self.crashes.is_empty() {
            out +=
                &format!("\n## Scores without {}\n```\n{}```\n", self.crashes.join(", "), board(&self.without_crashes));
        }
        out += &format!(
            "\n## Drift reference\n`profile.json` holds ten bins of every input in training. Newest rows against them: {}.\n\
             \n## Leak test\nA permuted future {} of what was learnt or said before it.\n\n## Limits\n{}",
            self.largest_drift.as_ref().map_or_else(
                || "too few to say".into(),
                |(name, index)| format!("largest stability index {index:.3}, of `{name}`")
            ),
            if self.leak_test_passed { "changed nothing" } else { "CHANGED some" },
            list(&self.limits),
        );
        out
    }
}
