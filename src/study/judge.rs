//! Judgement: outcomes joined to forecasts and decisions, as [`Scores`] and lines to draw.

use std::collections::BTreeMap;

use super::asked::POLICIES;
use super::evidence::Evidence;
use super::output::Forecasted;
use super::plan::Plan;
use super::rule::Said;
use super::scores::{
    Coverage, FaultCount, GuardrailHit, MarginScore, Meta, POOLED, Pane, RegimeShare, SCHEMA, Scores, Series,
};
use super::truth::{Truth, truths};
use super::{Error, Walk};
use crate::base::{Digest, Horizon, Prob, Symbol, Ts};
use crate::forecast::dist::LEVELS;
use crate::forecast::regime::Label;
use crate::loss::score::outcome::{self, Compared};
use crate::loss::{ForecastRow, ModelScore, OutcomeRow, scoreboard};
use crate::margin::{Decision, Reason};

/// What a study found.
pub struct Judged {
    /// As numbers.
    pub scores: Scores,
    /// As lines.
    pub series: Series,
}

/// Judges a walk.
///
/// # Errors
/// A model forecast the same thing twice.
pub fn judge(plan: &Plan, walk: &Walk, title: &str, command: &str, config: Digest) -> Result<Judged, Error> {
    let truth = truths(&walk.history, plan);
    let forecasts = walk.forecasted();
    let board = Board { walk, plan, truth: &truth, forecasts: &forecasts, decisions: &walk.decisions };
    let faults =
        walk.faults.iter().map(|((symbol, fault), count)| FaultCount { symbol: *symbol, fault: *fault, count: *count });
    let folds = walk.forecasts.iter().map(|f| f.fold + 1).max().unwrap_or(0) as u64;
    let meta = Meta {
        title: title.into(),
        command: command.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        config_digest: config,
        data_digest: walk.data,
        model_digest: walk.last.digest(),
        result_digest: result_digest(walk),
        start: plan.study.start,
        end: plan.study.end,
        seed: plan.study.seed,
        symbols: plan.road.symbols.clone(),
        horizons: plan.horizons().iter().map(|h| h.1).collect(),
        base: plan.study.base.clone(),
        champion: plan.road.margin.forecast.clone(),
        folds,
        forecasts: walk.forecasts.len() as u64,
        decisions: walk.decisions.len() as u64,
    };
    let scores = Scores {
        schema: SCHEMA.into(),
        meta,
        models: models(plan, &truth, &forecasts, &|_, _| true)?,
        coverage: board.coverage(),
        margins: board.margins(),
        guardrails: board.guardrails(),
        regimes: board.regimes(),
        faults: faults.collect(),
        failures: walk.failures.clone(),
        evidence: Evidence::of(plan, walk, &truth, &forecasts)?,
    };
    Ok(Judged { scores, series: board.series() })
}

/// The scoreboard of any forecasts, per horizon, over the outcomes that `keep` keeps by issue time.
///
/// # Errors
/// A model forecast the same thing twice.
pub fn models(
    plan: &Plan,
    truth: &[Truth],
    forecasts: &[Forecasted],
    keep: &dyn Fn(Ts, Horizon) -> bool,
) -> Result<Vec<ModelScore>, Error> {
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let outcomes: Vec<OutcomeRow> = truth
            .iter()
            .filter(|t| t.horizon == horizon)
            .flat_map(|t| t.rows(&plan.study))
            .filter(|r| keep(r.ts, horizon))
            .collect();
        let rows: Vec<ForecastRow> = forecasts
            .iter()
            .filter(|f| f.forecast.horizon == horizon)
            .map(|f| ForecastRow {
                model: f.model.clone(),
                symbol: f.symbol,
                ts: f.forecast.issued,
                rv: f.forecast.dist.rv,
                q01: f.forecast.dist.q[1],
                q99: f.forecast.dist.q[7],
                p_spike: f.forecast.spike.map_or(f64::NAN, Prob::get),
            })
            .collect();
        lines.extend(scoreboard(horizon, &outcomes, &rows, &plan.study.base)?);
    }
    Ok(lines)
}

/// Digest of every forecast and decision, bit for bit.
fn result_digest(walk: &Walk) -> Digest {
    let mut bytes = Vec::new();
    for i in &walk.forecasts {
        let d = &i.forecast.dist;
        bytes.extend_from_slice(i.model.as_bytes());
        bytes.extend_from_slice(&i.forecast.issued.0.to_le_bytes());
        for v in [d.rv, d.sd, d.es01, d.es99].iter().chain(&d.q) {
            bytes.extend_from_slice(&v.to_bits().to_le_bytes());
        }
    }
    for d in &walk.decisions {
        bytes.extend_from_slice(serde_json::to_string(d).unwrap_or_default().as_bytes());
    }
    Digest::of(&bytes)
}

struct Board<'a> {
    walk: &'a Walk,
    plan: &'a Plan,
    truth: &'a [Truth],
    forecasts: &'a [Forecasted],
    decisions: &'a [Decision],
}

impl Board<'_> {
    fn loss(&self, ret: f64) -> f64 {
        self.plan.road.margin.baseline.side.loss(ret)
    }

    fn coverage(&self) -> Vec<Coverage> {
        let mut hits: BTreeMap<(Horizon, String, String), ([u64; 9], u64)> = BTreeMap::new();
        let champion = &self.plan.road.margin.forecast;
        for f in self.forecasts {
            let Some(o) = self.outcome(f.symbol, f.forecast.horizon, f.forecast.issued) else { continue };
            let mut count = |symbol: String| {
                let (below, n) = hits.entry((f.forecast.horizon, f.model.to_string(), symbol)).or_default();
                *n += 1;
                below.iter_mut().zip(&f.forecast.dist.q).for_each(|(b, q)| *b += u64::from(o.ret < *q));
            };
            count(POOLED.into());
            if *f.model == **champion {
                count(f.symbol.to_string());
            }
        }
        let line = |((horizon, model, symbol), (below, n)): (&(Horizon, String, String), &([u64; 9], u64))| {
            LEVELS.iter().zip(below).map(|(p, x)| Coverage::of(model, *horizon, symbol, *p, *x, *n)).collect::<Vec<_>>()
        };
        hits.iter().flat_map(line).collect()
    }

    fn outcome(&self, symbol: Symbol, horizon: Horizon, ts: Ts) -> Option<OutcomeRow> {
        self.truth.iter().find(|t| t.symbol == symbol && t.horizon == horizon)?.at(ts)
    }

    /// Decisions with the loss that followed, in order of time.
    fn judged(&self, symbol: Symbol, horizon: Horizon) -> Vec<(&Decision, f64)> {
        let own = self.decisions.iter().filter(|d| d.symbol == symbol && d.horizon == horizon);
        own.filter_map(|d| Some((d, self.loss(self.outcome(symbol, horizon, d.ts)?.ret)))).collect()
    }

    fn margins(&self) -> Vec<MarginScore> {
        let mut lines = Vec::new();
        for (_, horizon) in self.plan.horizons() {
            let mut all: BTreeMap<String, Vec<Compared>> = BTreeMap::new();
            let mut own = Vec::new();
            for symbol in &self.plan.road.symbols {
                for (policy, compared) in self.compared(*symbol, horizon) {
                    own.push(MarginScore::of(horizon, symbol.as_str(), &policy, &compared));
                    all.entry(policy).or_default().push(compared);
                }
            }
            let rules = self.plan.study.margins.iter().map(|r| r.name.as_str());
            let names = POLICIES.iter().map(|(policy, _)| *policy).chain(rules);
            let pooled = names.filter_map(|policy| Some((policy, Compared::pooled(all.get(policy)?)?)));
            lines.extend(pooled.map(|(policy, c)| MarginScore::of(horizon, POOLED, policy, &c)));
            lines.extend(own);
        }
        lines
    }

    /// The pipeline's policies and the study's margin rules on one instrument, each beside its control.
    fn compared(&self, symbol: Symbol, horizon: Horizon) -> Vec<(String, Compared)> {
        let rows = self.judged(symbol, horizon);
        let baseline: Vec<f64> = rows.iter().map(|r| r.0.baseline).collect();
        let losses: Vec<f64> = rows.iter().map(|r| r.1).collect();
        let decided = POLICIES.iter().map(|(policy, ask)| {
            let asked: Vec<f64> = rows.iter().map(|r| ask(r.0)).collect();
            (policy.to_string(), outcome::compare(&asked, &baseline, &losses))
        });
        let said = Said::of(self.plan, self.walk, symbol, horizon);
        let ruled = self.plan.study.margins.iter().map(|rule| {
            let (mut c, mut b, mut losses) = (Vec::new(), Vec::new(), Vec::new());
            for asked in said.asks(rule) {
                let Some(o) = self.outcome(symbol, horizon, asked.ts) else { continue };
                c.push(asked.c);
                b.push(asked.baseline);
                losses.push(self.loss(o.ret));
            }
            (rule.name.clone(), outcome::compare(&c, &b, &losses))
        });
        decided.chain(ruled).filter_map(|(name, compared)| Some((name, compared?))).collect()
    }

    fn guardrails(&self) -> Vec<GuardrailHit> {
        let mut counts: BTreeMap<(Horizon, String, Reason), u64> = BTreeMap::new();
        let mut totals: BTreeMap<(Horizon, String), u64> = BTreeMap::new();
        for d in self.decisions {
            for symbol in [POOLED.to_string(), d.symbol.to_string()] {
                *totals.entry((d.horizon, symbol.clone())).or_default() += 1;
                for reason in &d.reasons {
                    *counts.entry((d.horizon, symbol.clone(), *reason)).or_default() += 1;
                }
            }
        }
        let line = |((horizon, symbol, reason), count): ((Horizon, String, Reason), u64)| {
            let total = totals.get(&(horizon, symbol.clone())).copied().unwrap_or(1);
            GuardrailHit { horizon, symbol, reason, count, share: count as f64 / total as f64 }
        };
        counts.into_iter().map(line).collect()
    }

    fn regimes(&self) -> Vec<RegimeShare> {
        let model = &self.plan.road.margin.regime;
        let mut sums: BTreeMap<Told, Sums> = BTreeMap::new();
        let mut totals: BTreeMap<(Horizon, String), u64> = BTreeMap::new();
        for f in self.forecasts.iter().filter(|f| *f.model == **model) {
            let Some(regime) = f.forecast.regime else { continue };
            let Some(o) = self.outcome(f.symbol, f.forecast.horizon, f.forecast.issued) else { continue };
            let label = regime.label() as usize;
            for symbol in [POOLED.to_string(), f.symbol.to_string()] {
                *totals.entry((f.forecast.horizon, symbol.clone())).or_default() += 1;
                let at = sums.entry((f.forecast.horizon, symbol, label)).or_default();
                at.n += 1;
                at.realised += o.rv;
                at.forecast += f.forecast.dist.rv;
                at.probability += regime.probs()[label];
            }
        }
        const LABELS: [Label; 4] = [Label::Calm, Label::Normal, Label::Elevated, Label::Stress];
        let line = |((horizon, symbol, label), sums): (Told, Sums)| {
            let total = totals.get(&(horizon, symbol.clone())).copied().unwrap_or(1);
            let n = sums.n as f64;
            RegimeShare {
                model: model.clone(),
                horizon,
                symbol,
                regime: LABELS[label],
                n: sums.n,
                share: n / total as f64,
                realised_sd: (sums.realised / n).sqrt(),
                forecast_sd: (sums.forecast / n).sqrt(),
                confidence: sums.probability / n,
            }
        };
        sums.into_iter().map(line).collect()
    }

    fn series(&self) -> Series {
        let horizons = self.plan.horizons();
        let pane = |symbol: &Symbol| horizons.iter().map(|(_, h)| self.pane(*symbol, *h)).collect::<Vec<_>>();
        Series { panes: self.plan.road.symbols.iter().flat_map(pane).collect() }
    }

    fn pane(&self, symbol: Symbol, horizon: Horizon) -> Pane {
        let rows = self.judged(symbol, horizon);
        let ts: Vec<Ts> = rows.iter().map(|r| r.0.ts).collect();
        let own = self.forecasts.iter().filter(|f| f.symbol == symbol && f.forecast.horizon == horizon);
        let mut by_model: BTreeMap<&str, BTreeMap<Ts, &Forecasted>> = BTreeMap::new();
        for f in own {
            by_model.entry(&f.model).or_default().insert(f.forecast.issued, f);
        }
        let along = |model: &str, value: &dyn Fn(&Forecasted) -> f64| -> Vec<f64> {
            let series = by_model.get(model);
            ts.iter().map(|t| series.and_then(|s| s.get(t)).map_or(f64::NAN, |f| value(f))).collect()
        };
        let outcome = |value: &dyn Fn(&OutcomeRow) -> f64| -> Vec<f64> {
            ts.iter().map(|t| self.outcome(symbol, horizon, *t).map_or(f64::NAN, |o| value(&o))).collect()
        };
        let champion = self.plan.road.margin.forecast.as_str();
        let regime = self.plan.road.margin.regime.as_str();
        let probs =
            |t: &Ts| by_model.get(regime).and_then(|s| s.get(t)).and_then(|f| f.forecast.regime).map(|r| r.probs());
        Pane {
            symbol,
            horizon,
            realised_rv: outcome(&|o| o.rv),
            forecasts: by_model.keys().map(|m| (m.to_string(), along(m, &|f| f.forecast.dist.rv))).collect(),
            ret: outcome(&|o| o.ret),
            q01: along(champion, &|f| f.forecast.dist.q[1]),
            q99: along(champion, &|f| f.forecast.dist.q[7]),
            regimes: if by_model.contains_key(regime) {
                ts.iter().map(|t| probs(t).unwrap_or([f64::NAN; 4])).collect()
            } else {
                Vec::new()
            },
            loss: rows.iter().map(|r| r.1).collect(),
            margins: POLICIES
                .iter()
                .map(|(name, ask)| (name.to_string(), rows.iter().map(|r| ask(r.0)).collect()))
                .collect(),
            ts,
        }
    }
}

/// Horizon, symbol and place of the regime that was told.
type Told = (Horizon, String, usize);

/// What followed the forecasts of one regime.
#[derive(Default)]
struct Sums {
    n: u64,
    realised: f64,
    forecast: f64,
    probability: f64,
}
