//! The permutation of the future: everything known after a cut is put in another order and
//! multiplied, and models are fitted and run again. Nothing issued, decided or learnt by the cut may
//! change in a single bit.
//!
//! The cut is the end of the study where the market goes on after it, so that the models compared
//! are those that would be promoted; else the last origin.

use std::path::Path;
use std::sync::Arc;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::forward::walk;
use super::issued::Walk;
use super::market::{MarketEvents, Replay};
use super::{origins, rows};
use crate::base::{Digest, Horizon, Seed, Span, Ts};
use crate::event::{Body, Event};
use crate::feature::Row;
use crate::margin::Decision;
use crate::pipeline::{ModelSet, NamedForecast, Pipeline};
use crate::study::config::{Plan, Study};
use crate::study::{Error, OnProgress};

/// Prices and amounts of the permuted future are multiplied by this.
const FACTOR: f64 = 9.0;
/// Rows before the cut on which the models are run, of each instrument.
const ROWS: i64 = 300;

/// What a permuted future left as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeakTest {
    /// Nothing known after this is as it was.
    pub cut: Ts,
    /// Events that were changed.
    pub changed: u64,
    /// One line per model and horizon.
    pub models: Vec<Untouched>,
    /// Decisions compared.
    pub decisions: u64,
    /// Whether every decision is the same in every field.
    pub decisions_same: bool,
    /// Whether every row known by the cut is the same, bit for bit.
    pub rows_same: bool,
    /// Whether something was changed and all that could not know of it is the same.
    pub passed: bool,
}

/// One model before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Untouched {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Forecasts compared, made by the models fitted at the cut on the last rows before it.
    pub forecasts: u64,
    /// Whether every forecast is the same, bit for bit.
    pub forecasts_same: bool,
    /// Whether the model fitted at the cut, its parameters and its calibration are the same.
    pub fit_same: bool,
}

/// Fits a study's models at the cut and runs them on the rows before it, as it was and with another
/// future, and compares. Fits on the true future are taken from `keep` when they are there.
///
/// # Errors
/// The models cannot be fitted or run.
pub fn check(
    plan: &Plan,
    market: &MarketEvents,
    config: Digest,
    keep: Option<&Path>,
    progress: OnProgress<'_>,
) -> Result<LeakTest, Error> {
    let goes_on = |ts: Ts| market.values().all(|events| events.last().is_some_and(|e| e.ts_known > ts));
    let last = origins::origins(&plan.study, &rows::rows(plan, market)?).last().map_or(plan.study.start, |o| o.cut);
    let cut = if goes_on(plan.study.end) { plan.study.end } else { last };
    let mut short = plan.clone();
    // One origin and nothing after it: what is fitted there.
    short.study = Study { start: cut, end: cut, rehearsal: Span(0), ..plan.study.clone() };
    compare(plan, cut, market, &|market, as_it_was| walk(&short, market, config, keep.filter(|_| as_it_was), progress))
}

/// Compares what `fitted` makes of a market as it was (`true`) and of one with another future, and what
/// the models fitted forecast and decide on the rows before the cut.
///
/// # Errors
/// The models cannot be fitted or run.
pub fn compare(
    plan: &Plan,
    cut: Ts,
    market: &MarketEvents,
    fitted: &dyn Fn(&MarketEvents, bool) -> Result<Walk, Error>,
) -> Result<LeakTest, Error> {
    let (other, changed) = permuted(market, cut, plan.study.seed.named("future"));
    let (a, b) = (fitted(market, true)?, fitted(&other, false)?);
    let (was, is) = (AtCut::of(plan, cut, market, &a.last)?, AtCut::of(plan, cut, &other, &b.last)?);
    let mut models = Vec::new();
    for (i, member) in a.last.members.iter().enumerate() {
        let own = |at: &AtCut| -> Vec<NamedForecast> {
            let own = at.forecasts.iter().filter(|f| *f.name == *member.name && f.forecast.horizon == member.horizon);
            own.cloned().collect()
        };
        let (own_was, own_is) = (own(&was), own(&is));
        let twin = b.last.members.get(i).filter(|t| t.name == member.name && t.horizon == member.horizon);
        models.push(Untouched {
            model: member.name.clone(),
            horizon: member.horizon,
            forecasts: own_was.len() as u64,
            forecasts_same: own_was == own_is,
            fit_same: twin
                .is_some_and(|t| t.fitted.digest() == member.fitted.digest() && t.calibration == member.calibration),
        });
    }
    let early = |w: &Walk| {
        let known = |rows: &Vec<Row>| rows.iter().filter(|r| r.ts_known <= cut).copied().collect::<Vec<_>>();
        rows::digest(&w.history.iter().map(|(s, rows)| (*s, Arc::new(known(rows)))).collect(), &[])
    };
    let rows_same = early(&a) == early(&b);
    let decisions_same = was.decisions == is.decisions;
    let whole = a.last.members.len() == b.last.members.len() && !models.is_empty();
    let same = models.iter().all(|m| m.forecasts_same && m.fit_same);
    let passed = changed > 0 && whole && same && rows_same && decisions_same && a.choices == b.choices;
    let decisions = was.decisions.len() as u64;
    Ok(LeakTest { cut, changed, models, decisions, decisions_same, rows_same, passed })
}

/// What models forecast, and what was decided, on the last rows before the cut.
struct AtCut {
    forecasts: Vec<NamedForecast>,
    decisions: Vec<Decision>,
}

impl AtCut {
    fn of(plan: &Plan, cut: Ts, market: &MarketEvents, bundle: &ModelSet) -> Result<AtCut, Error> {
        let from = cut - plan.pipeline.rows.row.times(ROWS);
        let mut settings = plan.pipeline.clone();
        settings.publish_from = from;
        let mut pipeline = Pipeline::new(settings, &ModelSet::new(bundle.members.clone(), from), Digest::default())?;
        let mut issued = AtCut { forecasts: Vec::new(), decisions: Vec::new() };
        Replay::of(&plan.pipeline.symbols, market).push_before(
            Ts(cut.0 + 1),
            &mut pipeline,
            |decisions, pipeline| {
                issued.decisions.extend(decisions);
                issued.forecasts.extend(pipeline.fresh().iter().cloned());
            },
        )?;
        Ok(issued)
    }
}

/// Everything known after the cut in another order, prices and amounts multiplied; and how many
/// events that changed. Times stay, so that the market still makes the same windows.
fn permuted(market: &MarketEvents, cut: Ts, seed: Seed) -> (MarketEvents, u64) {
    let (mut other, mut changed) = (market.clone(), 0);
    for (symbol, events) in &mut other {
        let from = events.partition_point(|e| e.ts_known <= cut);
        let late = &mut events[from..];
        for kind in 0..3 {
            let places: Vec<usize> = (0..late.len()).filter(|i| place(&late[*i].body) == kind).collect();
            let mut order = places.clone();
            order.shuffle(&mut seed.named(&format!("{symbol}|{kind}")).rng());
            let bodies: Vec<Body> = order.iter().map(|i| late[*i].body).collect();
            for (i, body) in places.into_iter().zip(bodies) {
                let was: Event = late[i];
                late[i].body = multiplied(body, &was.body);
                changed += u64::from(late[i].body != was.body);
            }
        }
    }
    (other, changed)
}

/// Bodies that may stand in each other's place.
fn place(body: &Body) -> u8 {
    match body {
        Body::Trade(_) => 0,
        Body::Bar(_) => 1,
        Body::Gauge(_) => 2,
    }
}

/// The numbers of one body, multiplied, in the place of another, which keeps its times and kind.
fn multiplied(body: Body, place: &Body) -> Body {
    let more = |v: Option<f64>| v.map(|v| v * FACTOR);
    match (body, place) {
        (Body::Trade(mut t), _) => {
            (t.price, t.qty) = (t.price * FACTOR, t.qty * FACTOR);
            Body::Trade(t)
        }
        (Body::Bar(mut b), Body::Bar(at)) => {
            (b.ts_open, b.kind) = (at.ts_open, at.kind);
            for price in [&mut b.open, &mut b.high, &mut b.low, &mut b.close] {
                *price *= FACTOR;
            }
            for amount in [
                &mut b.volume,
                &mut b.quote_volume,
                &mut b.trades,
                &mut b.taker_buy_volume,
                &mut b.taker_buy_quote_volume,
            ] {
                *amount = more(*amount);
            }
            Body::Bar(b)
        }
        (Body::Gauge(mut g), Body::Gauge(at)) => {
            (g.kind, g.value) = (at.kind, g.value * FACTOR);
            Body::Gauge(g)
        }
        (body, _) => body,
    }
}
