//! The walk forward: at each origin the models of that origin are installed in the pipeline, and the
//! market goes on until the next.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::choice::Choice;
use super::fit::{self, Bench, Fits};
use super::plan::Plan;
use super::split::{self, Fold};
use super::{Error, Progress, Told};
use crate::base::{Digest, Horizon, Symbol, Ts};
use crate::event::{Event, Fault};
use crate::feature::{Builder, Row};
use crate::forecast::calibrated::Calibration;
use crate::forecast::{Entry, Forecast, History, Outcome, Settled, Track};
use crate::margin::Decision;
use crate::pipeline::{Bundle, Member, Pipeline};

/// Events of each instrument, in order of knowledge.
pub type Market = BTreeMap<Symbol, Vec<Event>>;

/// One forecast issued out of sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// Instance name.
    pub model: Arc<str>,
    /// Instrument.
    pub symbol: Symbol,
    /// What was said.
    pub forecast: Forecast,
    /// Which origin's models said it.
    pub fold: usize,
    /// Digest of the bundle that said it.
    pub digest: Digest,
}

/// All that a walk leaves.
pub struct Walk {
    /// Rows of every instrument.
    pub history: History,
    /// Digest of those rows.
    pub data: Digest,
    /// Every forecast issued in the out-of-sample span, in order of origin, symbol, time, model.
    pub forecasts: Vec<Issued>,
    /// Every decision made in that span, in order of symbol and time.
    pub decisions: Vec<Decision>,
    /// Models fitted on everything known at the end of the span.
    pub last: Bundle,
    /// Bad data seen, counted.
    pub faults: BTreeMap<(Symbol, Fault), u64>,
    /// Fits that failed, and why.
    pub failures: Vec<String>,
    /// Parameters chosen inside training windows, in order of model, horizon and origin.
    pub choices: Vec<Choice>,
}

/// Walks forward through `market`. Fits are kept in `keep` and taken from there when they are there.
///
/// # Errors
/// The plan names unknown models, rows cannot be built, or a checkpoint fails.
pub fn walk(
    plan: &Plan,
    market: &Market,
    config: Digest,
    keep: Option<&Path>,
    progress: Progress<'_>,
) -> Result<Walk, Error> {
    check(plan, market)?;
    let history = rows(plan, market)?;
    let bench =
        Bench { plan, history: &history, data: fit::digest(&history), keep, progress, choices: Default::default() };
    let mut folds = split::folds(&plan.study);
    // One more origin at the end: the models that would be promoted.
    folds.push(Fold { index: folds.len(), cut: plan.study.end, until: plan.study.end });
    let fits = bench.first_stage(&folds)?;
    let mut state = State::new(plan, market, config)?;
    for fold in &folds {
        let bundle = state.bundle(&bench, &folds, *fold, &fits)?;
        state.run(*fold, &bundle, plan)?;
        state.settle(&history, *fold);
        progress(Told::Stage("walk", fold.index as u64 + 1, folds.len() as u64));
        state.last = bundle;
    }
    let rehearsed = |i: &Issued| i.forecast.issued < plan.study.start;
    state.forecasts.retain(|i| !rehearsed(i));
    let faults = state.pipes.values().flat_map(|p| p.pipeline.faults()).collect();
    let State { forecasts, decisions, last, failures, .. } = state;
    let choices = bench.choices.into_inner().unwrap_or_default().into_values().collect();
    Ok(Walk { data: bench.data, choices, forecasts, decisions, last, faults, failures, history })
}

fn check(plan: &Plan, market: &Market) -> Result<(), Error> {
    for symbol in &plan.road.symbols {
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

/// Rows of every instrument, by the same builder that the pipeline uses.
///
/// # Errors
/// Rows cannot be built.
pub fn rows(plan: &Plan, market: &Market) -> Result<History, Error> {
    let build = |symbol: &Symbol| -> Result<(Symbol, Arc<Vec<Row>>), Error> {
        let mut builder = Builder::new(plan.road.rows.clone())?;
        let rows = market[symbol].iter().filter_map(|e| builder.push(e)).collect();
        Ok((*symbol, Arc::new(rows)))
    };
    plan.road.symbols.par_iter().map(build).collect()
}

/// One instrument on the road, and how far its events are pushed.
struct Pipe<'a> {
    events: &'a [Event],
    next: usize,
    pipeline: Pipeline,
}

struct State<'a> {
    plan: &'a Plan,
    pipes: BTreeMap<Symbol, Pipe<'a>>,
    /// Settled forecasts by horizon.
    tracks: BTreeMap<Horizon, Track>,
    /// From here on forecasts are not yet settled.
    unsettled: Vec<Issued>,
    forecasts: Vec<Issued>,
    decisions: Vec<Decision>,
    last: Bundle,
    failures: Vec<String>,
}

impl<'a> State<'a> {
    fn new(plan: &'a Plan, market: &'a Market, config: Digest) -> Result<State<'a>, Error> {
        let pipe = |symbol: &Symbol| -> Result<(Symbol, Pipe<'a>), Error> {
            let mut road = plan.road.clone();
            road.symbols = vec![*symbol];
            let nothing = Bundle::new(Vec::new(), Ts(i64::MAX));
            let pipeline = Pipeline::new(road, &nothing, config)?;
            Ok((*symbol, Pipe { events: &market[symbol], next: 0, pipeline }))
        };
        Ok(State {
            plan,
            pipes: plan.road.symbols.iter().map(pipe).collect::<Result<_, _>>()?,
            tracks: BTreeMap::new(),
            unsettled: Vec::new(),
            forecasts: Vec::new(),
            decisions: Vec::new(),
            last: Bundle::default(),
            failures: Vec::new(),
        })
    }

    /// The models of an origin: fits of the first stage, then those that combine them, then each
    /// one's calibration; all from what was known at the cut.
    fn bundle(&mut self, bench: &Bench<'_>, folds: &[Fold], fold: Fold, fits: &Fits) -> Result<Bundle, Error> {
        let plan = self.plan;
        let panel = split::panel(&plan.study, bench.history, plan.road.rows.row, fold.cut);
        let mut members = Vec::new();
        for (ahead, horizon) in plan.horizons() {
            let track = self.tracks.entry(horizon).or_default();
            let mut fitted = BTreeMap::new();
            for model in &plan.models {
                let entry = Entry::named(&model.kind)?;
                let fit = if entry.combines {
                    bench.fit(model, folds, fold, horizon, &fitted, track)?.map_err(|e| e.to_string())
                } else {
                    let from = fold.index - fold.index % model.every.max(1);
                    match fits.get(&(from, model.name.clone(), horizon)) {
                        Some(Ok(f)) => Ok(f.clone()),
                        Some(Err(e)) => Err(e.to_string()),
                        None => Err("it was not fitted".into()),
                    }
                };
                match fit {
                    Ok(fit) => {
                        let params = plan.study.calibration;
                        let learn = || Arc::new(Calibration::learn(params, &panel, &model.name, track, ahead));
                        let calibration = (!entry.own_tails).then(learn);
                        fitted.insert(model.name.clone(), fit.clone());
                        members.push(Member { name: model.name.clone(), horizon, fitted: fit, calibration });
                    }
                    Err(why) => self
                        .failures
                        .push(format!("origin {} ({}), {}, {horizon}: {why}", fold.index, fold.cut, model.name)),
                }
            }
        }
        Ok(Bundle::new(members, fold.cut))
    }

    /// Runs the market from an origin to the next, every instrument on its own road.
    fn run(&mut self, fold: Fold, bundle: &Bundle, plan: &Plan) -> Result<(), Error> {
        let digest = bundle.digest();
        let span = plan.study.start..plan.study.end;
        let walked = plan.study.start - plan.study.rehearsal..plan.study.end;
        let parts: Vec<_> = self
            .pipes
            .par_iter_mut()
            .map(|(symbol, pipe)| {
                let mut issued = Vec::new();
                let mut decided = Vec::new();
                // What was known before the cut is pushed before the models of the cut are installed.
                let mut installed = false;
                while let Some(event) = pipe.events.get(pipe.next).filter(|e| e.ts_known < fold.until) {
                    if !installed && event.ts_known >= fold.cut {
                        pipe.pipeline.install(bundle);
                        installed = true;
                    }
                    let decisions = pipe.pipeline.push(event);
                    pipe.next += 1;
                    decided.extend(decisions.into_iter().filter(|d| span.contains(&d.ts)));
                    for f in pipe.pipeline.fresh(*symbol).iter().filter(|f| walked.contains(&f.forecast.issued)) {
                        let (model, forecast) = (Arc::clone(&f.name), f.forecast.clone());
                        issued.push(Issued { model, symbol: *symbol, forecast, fold: fold.index, digest });
                    }
                }
                (issued, decided)
            })
            .collect();
        for (issued, decided) in parts {
            self.unsettled.extend(issued);
            self.decisions.extend(decided);
        }
        Ok(())
    }

    /// Moves forecasts whose outcome was known before the next origin to the track record.
    fn settle(&mut self, history: &History, fold: Fold) {
        let mut waiting = Vec::new();
        for issued in std::mem::take(&mut self.unsettled) {
            let f = &issued.forecast;
            let ahead = (f.horizon.0.0 / self.plan.road.rows.row.0) as usize;
            let rows = &history[&issued.symbol];
            let at = rows.partition_point(|r| r.ts < f.issued);
            let outcome = Outcome::after(rows, at, ahead).filter(|o| o.known <= fold.until);
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
            .partition(|i| i.forecast.issued.0 + 2 * longest < fold.until.0 || fold.cut == fold.until);
        self.forecasts.extend(old);
        self.unsettled = young;
    }
}
