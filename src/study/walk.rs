//! The walk forward: at each origin the models of that origin are installed in the pipeline, and the
//! market goes on until the next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::choice::Choice;
use super::fit::{self, Bench, Fits};
use super::output::Forecasted;
use super::plan::Plan;
use super::rule::Rule;
use super::split::{self, Fold};
use super::{Error, Progress, Told};
use crate::base::{Digest, Horizon, Span, Symbol, Ts};
use crate::event::{Event, Fault};
use crate::feature::{Builder, Room, Row};
use crate::forecast::calibrated::Calibration;
use crate::forecast::{Entry, Forecast, History, Outcome, Settled, Track};
use crate::margin::Decision;
use crate::pipeline::{Bundle, Input, Member, Pipeline};

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
    /// Forecasts of the rehearsal by the models that margin rules name, in the same order.
    pub before: Vec<Issued>,
    /// Every decision made in that span, in order of origin, symbol and time.
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

impl Walk {
    /// The forecasts in the layout of a forecast file.
    pub fn forecasted(&self) -> Vec<Forecasted> {
        let one = |i: &Issued| Forecasted { model: i.model.clone(), forecast: i.forecast.clone(), symbol: i.symbol };
        self.forecasts.iter().map(one).collect()
    }
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
    let shifted = shifted(plan, market)?;
    let data = fit::digest(&history, &shifted);
    let choices = Default::default();
    let bench = Bench { plan, history: &history, shifted: &shifted, data, keep, progress, choices };
    let mut folds = split::folds(&plan.study, &history);
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
    let named: BTreeSet<&str> = plan.study.margins.iter().flat_map(Rule::models).collect();
    let (mut before, forecasts): (Vec<_>, Vec<_>) = state.forecasts.into_iter().partition(rehearsed);
    before.retain(|i| named.contains(&*i.model));
    let faults = state.pipeline.faults();
    let State { decisions, last, failures, .. } = state;
    let choices = bench.choices.into_inner().unwrap_or_default().into_values().collect();
    Ok(Walk { data: bench.data, choices, forecasts, before, decisions, last, faults, failures, history })
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

/// Rows of every instrument, by the same builder and room that the pipeline uses.
///
/// # Errors
/// Rows cannot be built.
pub fn rows(plan: &Plan, market: &Market) -> Result<History, Error> {
    rows_at(plan, market, Span(0))
}

/// Rows of windows that open between those of [`rows`], `phases - 1` histories: only to learn from.
fn shifted(plan: &Plan, market: &Market) -> Result<Vec<History>, Error> {
    let phases = plan.study.phases as i64;
    (1..phases).map(|k| rows_at(plan, market, Span(plan.road.rows.row.0 / phases * k))).collect()
}

fn rows_at(plan: &Plan, market: &Market, shift: Span) -> Result<History, Error> {
    let build = |symbol: &Symbol| -> Result<Vec<(Ts, Row)>, Error> {
        let mut builder = Builder::shifted(plan.road.rows.clone(), shift)?;
        Ok(market[symbol].iter().filter_map(|e| builder.push(e).map(|row| (e.ts_known, row))).collect())
    };
    let built: Vec<Vec<(Ts, Row)>> = plan.road.symbols.par_iter().map(build).collect::<Result<_, _>>()?;
    let mut built: Vec<(Ts, Row)> = built.into_iter().flatten().collect();
    built.sort_by_key(|(known, row)| (*known, row.symbol));
    let mut room = Room::new(plan.road.symbols.len(), plan.road.rows.row);
    let mut history: BTreeMap<Symbol, Vec<Row>> = plan.road.symbols.iter().map(|s| (*s, Vec::new())).collect();
    let mut keep = |rows: Vec<Row>| rows.into_iter().for_each(|r| history.entry(r.symbol).or_default().push(r));
    for (known, row) in built {
        keep(room.advance(known));
        keep(room.push(known, row));
    }
    // Nothing follows the last windows.
    keep(room.advance(Ts(i64::MAX)));
    Ok(history.into_iter().map(|(s, rows)| (s, Arc::new(rows))).collect())
}

struct State<'a> {
    plan: &'a Plan,
    /// Every instrument's events, in order of knowledge.
    events: Vec<&'a Event>,
    next: usize,
    pipeline: Pipeline,
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
        let mut events: Vec<&Event> = plan.road.symbols.iter().flat_map(|s| &market[s]).collect();
        events.sort_by_key(|e| (e.ts_known, e.symbol, e.seq));
        let nothing = Bundle::new(Vec::new(), Ts(i64::MAX));
        Ok(State {
            plan,
            events,
            next: 0,
            pipeline: Pipeline::new(plan.road.clone(), &nothing, config)?,
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
        let panel = bench.panel(fold);
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

    /// Runs the market from an origin to the next.
    fn run(&mut self, fold: Fold, bundle: &Bundle, plan: &Plan) -> Result<(), Error> {
        let digest = bundle.digest();
        let span = plan.study.start..plan.study.end;
        let walked = plan.study.start - plan.study.rehearsal..plan.study.end;
        // What was known before the cut is pushed before the models of the cut are installed.
        let mut installed = false;
        let (first, made) = (self.unsettled.len(), self.decisions.len());
        while let Some(event) = self.events.get(self.next).filter(|e| e.ts_known < fold.until) {
            if !installed && event.ts_known >= fold.cut {
                self.pipeline.push(Input::Install(Arc::new(bundle.clone())))?;
                installed = true;
            }
            let decisions = self.pipeline.push(*event)?;
            self.next += 1;
            self.decisions.extend(decisions.into_iter().filter(|d| span.contains(&d.ts)));
            for f in self.pipeline.fresh().iter().filter(|f| walked.contains(&f.forecast.issued)) {
                let (model, forecast) = (Arc::clone(&f.name), f.forecast.clone());
                self.unsettled.push(Issued { model, symbol: f.symbol, forecast, fold: fold.index, digest });
            }
        }
        self.unsettled[first..].sort_by_key(|i| i.symbol);
        self.decisions[made..].sort_by_key(|d| d.symbol);
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
