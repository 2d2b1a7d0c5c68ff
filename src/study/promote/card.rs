//! The card of a trained set of models: what to know before use.

use serde::Serialize;
use serde_json::{Value, json};

use crate::base::{Digest, Symbol, Ts};
use crate::feature::{CATALOG, schema_id};
use crate::forecast::Panel;
use crate::loss::ModelScore;
use crate::record::promotion::Evidence;
use crate::study::config::ModelPlan;
use crate::study::measure::Scores;
use crate::study::report::text;
use crate::study::run::Studied;
use crate::study::walk::search::Choice;

/// What to know before use: `card.json`, and in words `card.md`.
#[derive(Serialize)]
pub struct Card {
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
    /// What the models are not for.
    pub limits: Vec<String>,
    /// Who answers for the models.
    pub author: String,
    /// When it is to be looked at again.
    pub expires: Ts,
}

impl Card {
    /// Of a study; nobody has answered for it yet.
    pub fn of(studied: &Studied, panel: &Panel, evidence: &Evidence) -> Card {
        let (scores, plan) = (&studied.judged.scores, &studied.plan);
        let closes = || panel.symbols().flat_map(|s| panel.rows(s).iter().map(|r| r.ts));
        let pooled = |lines: &[ModelScore]| lines.iter().filter(|m| m.symbol.is_none()).cloned().collect::<Vec<_>>();
        let model = |m: &ModelPlan| json!({"name": m.name, "kind": m.kind, "params": m.params});
        let chosen = |c: &Choice| json!({"model": c.model, "horizon": c.horizon, "cut": c.cut, "params": c.params, "tried": c.candidates.len()});
        let worst = evidence.drift.iter().max_by(|a, b| a.1.total_cmp(b.1));
        let mut crashes: Vec<String> = plan.study.crash_days.iter().map(|d| d.name.clone()).collect();
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
            models: plan.models.iter().map(model).collect(),
            chosen: scores.evidence.choices.iter().map(chosen).collect(),
            scores: pooled(&scores.scoreboard),
            without_crashes: pooled(&scores.evidence.without_crashes),
            crashes,
            leak_test_passed: evidence.leak_test.passed,
            largest_drift: worst.map(|(name, index)| (name.clone(), *index)),
            limits: vec![
                "Made for the instruments above; of others only pooled models say anything.".into(),
                "Scores are of the span above and of the measure of variance that the configuration names.".into(),
                format!("Nothing known after {} was learnt from; refit every {}.", scores.meta.end, plan.study.refit),
                "Probabilities of spikes are of variances above their own trailing 95 % quantile.".into(),
                "Tails are calibrated on past errors: a loss larger than any seen is not foreseen.".into(),
                "How a market answers a margin call is not simulated.".into(),
            ],
            author: String::new(),
            expires: Ts(0),
        }
    }

    /// In words.
    pub fn text(&self, scores: &Scores) -> String {
        let list = |items: &[String]| items.iter().map(|i| format!("- {i}\n")).collect::<String>();
        let plain = |v: &Value| {
            format!("{} over {}: {} of {} tried, as of {}", v["model"], v["horizon"], v["params"], v["tried"], v["cut"])
        };
        let symbols: Vec<String> = self.instruments.iter().map(ToString::to_string).collect();
        let when = |t: Option<Ts>| t.map_or_else(|| "nothing".into(), |t| t.to_string());
        let board = |lines: &[ModelScore]| -> String {
            scores.meta.horizons.iter().map(|h| text::scoreboard(lines, *h, &scores.meta.base)).collect()
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
        out += &format!("\n## Scores, out of sample\n```\n{}```\n", text::scores(scores));
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
