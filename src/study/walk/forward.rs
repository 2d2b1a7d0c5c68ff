//! The walk forward: at each origin the models of that origin are installed in the pipeline, and the
//! market goes on until the next.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::fit::Before;
use super::fits::{Fits, Fitting};
use super::issued::{Issued, Walk};
use super::market::{MarketEvents, Replay};
use super::origins::{self, Origin};
use super::policy_choice;
use super::rows::StudyRows;
use crate::base::{Digest, Horizon, Span, Ts};
use crate::forecast::combine::calibration::Calibration;
use crate::forecast::{Entry, History, Outcome, Settled, Track};
use crate::margin::Decision;
use crate::pipeline::{Input, Member, ModelSet, NamedDecision, Pipeline, Settings};
use crate::study::config::Plan;
use crate::study::{Error, OnProgress, Progress};

/// Walks forward through `market`. Fits are kept in `keep` and taken from there when they are there.
///
/// # Errors
/// The plan names unknown models, rows cannot be built, or a checkpoint fails.
pub fn walk(
    plan: &Plan,
    market: &MarketEvents,
    config: Digest,
    keep: Option<&Path>,
    progress: OnProgress<'_>,
) -> Result<Walk, Error> {
    check(plan, market)?;
    let rows = StudyRows::of(plan, market)?;
    let mut origins = origins::origins(&plan.study, &rows.history);
    // One more origin at the end: the models that would be promoted.
    origins.push(Origin { index: origins.len(), cut: plan.study.end, until: plan.study.end });
    let fitting = Fitting::new(plan, &rows, keep, progress, &origins);
    let fits = fitting.first_stage()?;
    let walk = forward(plan, market, &fitting, &fits, config)?;
    Ok(Walk { history: rows.history, ..walk })
}

/// Runs the market through the origins of `fitting` with these fits of models that stand alone. Where margin policies
/// are chosen, they are chosen on what the configured one decided, and the market runs once more under them. The walk's
/// history is left empty.
pub(super) fn forward(
    plan: &Plan,
    market: &MarketEvents,
    fitting: &Fitting<'_>,
    fits: &Fits,
    config: Digest,
) -> Result<Walk, Error> {
    let choosing = plan.pipeline.margin.calibrate.as_ref();
    let mut state = State::new(plan, market, config, choosing.is_some())?;
    let mut bundles = Vec::new();
    for origin in fitting.origins {
        let bundle = state.bundle(fitting, *origin, fits)?;
        state.run(*origin, &bundle, &[])?;
        state.settle(fitting.history, *origin);
        (fitting.progress)(Progress::Stage("walk", origin.index as u64 + 1, fitting.origins.len() as u64));
        bundles.push(bundle);
    }
    let mut calibrated = Vec::new();
    if let Some(settings) = choosing {
        let made = (state.decisions.as_slice(), fitting.history);
        let at = (fitting.keep, fitting.progress);
        calibrated = policy_choice::choose(plan, settings, made, fitting.origins, at)?;
        // Where nothing is charged of it, every decision is as if nothing had been chosen.
        let orders = if settings.apply { policy_choice::orders(&calibrated) } else { Vec::new() };
        if !settings.apply || !orders.is_empty() {
            let mut again = State::new(plan, market, config, settings.apply)?;
            for (origin, bundle) in fitting.origins.iter().zip(&bundles) {
                again.run(*origin, bundle, &orders)?;
                (fitting.progress)(Progress::Stage("margin", origin.index as u64 + 1, fitting.origins.len() as u64));
            }
            state.decisions = again.decisions;
        }
    }
    // What no origin settled was issued all the same.
    state.forecasts.append(&mut state.unsettled);
    state.forecasts.retain(|i| i.forecast.issued >= plan.study.start);
    state.decisions.retain(|d| d.ts >= plan.study.start);
    state.ruled.retain(|n| n.decision.ts >= plan.study.start);
    let faults = state.pipeline.faults();
    let State { forecasts, decisions, ruled, failures, .. } = state;
    let (choices, last) = (fitting.made().into_values().collect(), bundles.pop().unwrap_or_default());
    let history = History::new();
    Ok(Walk { data: fitting.data, choices, forecasts, decisions, ruled, calibrated, last, faults, failures, history })
}

fn check(plan: &Plan, market: &MarketEvents) -> Result<(), Error> {
    for symbol in &plan.pipeline.symbols {
        if market.get(symbol).is_none_or(Vec::is_empty) {
            return Err(Error::Plan(format!(
                "{symbol}: no events in the lake; ingest its files or take it out of [universe] symbols"
            )));
        }
    }
    for (i, model) in plan.models.iter().enumerate() {
        Entry::named(&model.kind)?;
        if plan.models[..i].iter().any(|m| m.name == model.name) {
            return Err(Error::Plan(format!("two models are named `{}`; give one another name", model.name)));
        }
    }
    Ok(())
}

struct State<'a> {
    plan: &'a Plan,
    replay: Replay<'a>,
    pipeline: Pipeline,
    /// Settled forecasts by horizon.
    tracks: BTreeMap<Horizon, Track>,
    /// From here on forecasts are not yet settled.
    unsettled: Vec<Issued>,
    forecasts: Vec<Issued>,
    decisions: Vec<Decision>,
    ruled: Vec<NamedDecision>,
    failures: Vec<String>,
}

impl<'a> State<'a> {
    /// Before the first origin; `rehearsed`: what is decided in the rehearsal is what the first policy is chosen on.
    fn new(plan: &'a Plan, market: &'a MarketEvents, config: Digest, rehearsed: bool) -> Result<State<'a>, Error> {
        let nothing = ModelSet::new(Vec::new(), Ts(i64::MAX));
        // Margin rules are decided beside the pipeline's own margin, from the same forecasts.
        let side = plan.pipeline.margin.baseline.side;
        let margins = plan.study.margins.iter().map(|rule| rule.named(side)).collect();
        let rehearsal = if rehearsed { plan.study.rehearsal } else { Span(0) };
        let publish_from = plan.pipeline.publish_from.min(plan.study.start - rehearsal);
        let settings = Settings { margins, publish_from, ..plan.pipeline.clone() };
        Ok(State {
            plan,
            replay: Replay::of(&plan.pipeline.symbols, market),
            pipeline: Pipeline::new(settings, &nothing, config)?,
            tracks: BTreeMap::new(),
            unsettled: Vec::new(),
            forecasts: Vec::new(),
            decisions: Vec::new(),
            ruled: Vec::new(),
            failures: Vec::new(),
        })
    }

    /// The models of an origin: fits of the first stage, then those that combine them, then each
    /// one's calibration; all from what was known at the cut.
    fn bundle(&mut self, fitting: &Fitting<'_>, origin: Origin, fits: &Fits) -> Result<ModelSet, Error> {
        let plan = self.plan;
        let shared = OnceLock::new();
        let panel = shared.get_or_init(|| fitting.panel(origin));
        let mut members = Vec::new();
        for (ahead, horizon) in plan.horizons() {
            let track = &*self.tracks.entry(horizon).or_default();
            let mut fitted = BTreeMap::new();
            for model in &plan.models {
                let entry = Entry::named(&model.kind)?;
                let fit = if entry.combines {
                    let before = Before { members: &fitted, track };
                    fitting.fit(model, origin, horizon, before, &shared)?.map_err(|e| e.to_string())
                } else {
                    let from = origin.index - origin.index % model.every.max(1);
                    match fits.get(&(from, model.name.clone(), horizon)) {
                        Some(Ok(f)) => Ok(f.clone()),
                        Some(Err(e)) => Err(e.to_string()),
                        None => Err("it was not fitted".into()),
                    }
                };
                match fit {
                    Ok(fit) => {
                        let params = plan.study.calibration;
                        let learn = || Arc::new(Calibration::learn(params, panel, &model.name, track, ahead));
                        let calibration = (!entry.own_tails).then(learn);
                        fitted.insert(model.name.clone(), fit.clone());
                        members.push(Member { name: model.name.clone(), horizon, fitted: fit, calibration });
                    }
                    Err(why) => self
                        .failures
                        .push(format!("origin {} ({}), {}, {horizon}: {why}", origin.index, origin.cut, model.name)),
                }
            }
        }
        Ok(ModelSet::new(members, origin.cut))
    }

    /// Runs the market from an origin to the next, under what is ordered at the origin.
    fn run(&mut self, origin: Origin, bundle: &ModelSet, orders: &[(Ts, Input)]) -> Result<(), Error> {
        let digest = bundle.digest();
        let study = &self.plan.study;
        let walked = study.start - study.rehearsal..study.end;
        let (first, made) = (self.unsettled.len(), self.decisions.len());
        let State { replay, pipeline, unsettled, decisions, ruled, .. } = self;
        let mut keep = |made: Vec<Decision>, pipeline: &Pipeline| {
            decisions.extend(made.into_iter().filter(|d| walked.contains(&d.ts)));
            ruled.extend(pipeline.named().iter().filter(|n| walked.contains(&n.decision.ts)).cloned());
            for f in pipeline.fresh().iter().filter(|f| walked.contains(&f.forecast.issued)) {
                let (model, forecast) = (Arc::clone(&f.name), f.forecast.clone());
                unsettled.push(Issued { model, symbol: f.symbol, forecast, fold: origin.index, digest });
            }
        };
        // What was known before the cut is pushed before the models of the cut are installed.
        replay.push_before(origin.cut.min(origin.until), pipeline, &mut keep)?;
        if replay.next_known().is_some_and(|known| known < origin.until) {
            pipeline.push(Input::Install(Arc::new(bundle.clone())))?;
        }
        for (_, order) in orders.iter().filter(|o| o.0 == origin.cut) {
            pipeline.push(order.clone())?;
        }
        replay.push_before(origin.until, pipeline, &mut keep)?;
        self.unsettled[first..].sort_by_key(|i| i.symbol);
        self.decisions[made..].sort_by_key(|d| d.symbol);
        Ok(())
    }

    /// Moves forecasts whose outcome was known before the next origin to the track record.
    fn settle(&mut self, history: &History, origin: Origin) {
        let mut waiting = Vec::new();
        for issued in std::mem::take(&mut self.unsettled) {
            let f = &issued.forecast;
            let ahead = (f.horizon.0.0 / self.plan.pipeline.rows.row.0) as usize;
            let rows = &history[&issued.symbol];
            let at = rows.partition_point(|r| r.ts < f.issued);
            let outcome = Outcome::after(rows, at, ahead).filter(|o| o.known <= origin.until);
            let Some(outcome) = outcome else {
                waiting.push(issued);
                continue;
            };
            let settled =
                Settled { ts: f.issued, forecast_rv: f.dist.rv, q01_q99: (f.dist.q[1], f.dist.q[7]), outcome };
            let track = self.tracks.entry(f.horizon).or_default();
            track.settled.entry((issued.model.to_string(), issued.symbol)).or_default().push(settled);
            self.forecasts.push(issued);
        }
        // What is older than the longest horizon will never be settled: its rows do not follow.
        let longest = self.plan.horizons().iter().map(|h| h.1.0.0).max().unwrap_or(0);
        let (old, young): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|i| i.forecast.issued.0 + 2 * longest < origin.until.0 || origin.cut == origin.until);
        self.forecasts.extend(old);
        self.unsettled = young;
    }
}
