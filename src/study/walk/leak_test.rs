//! The leak test: everything known after a cut is put in another order and multiplied, and models are fitted
//! and run again. Nothing issued, decided or learnt by the cut may change in a single bit.
//!
//! Cuts are inner origins of the study, up to [`CUTS`] of them spread evenly, so that much of the market lies
//! behind each. Before a cut the models of an earlier origin run over the last rows, where forecasts
//! and decisions are compared; a second time with what combines and calibrates them learnt from how they did.
//! At the cut all models are fitted again, and compared too. Fits of the earlier origin are those of
//! the true market on both sides: what a fit takes from behind the cut shows in the fits at the cut.
//!
//! A test that changed next to nothing shows nothing: see [`LEAST`] and `LEAST_SHARE`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::fits::{Choices, Fits, Fitting};
use super::forward::forward;
use super::issued::Walk;
use super::market::MarketEvents;
use super::origins::{Origin, origins};
use super::permuted::{Changed, permuted};
use super::rows::{self, StudyRows};
use crate::base::{Digest, Horizon, Span, Ts};
use crate::feature::Row;
use crate::study::config::{Plan, Study};
use crate::study::{Error, OnProgress};

/// Cuts at most.
pub const CUTS: usize = 3;
/// Rows before a cut over which models run, and again so many with what learns from them.
pub const ROWS: i64 = 300;
/// Of every instrument at least so many events must be changed behind one cut at least.
pub const LEAST: u64 = 50;
/// And at least this share of its events there.
const LEAST_SHARE: f64 = 0.5;

/// What a permuted future left as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeakTest {
    /// The last cut: nothing known after it was as it was.
    pub cut: Ts,
    /// Events that were changed, over all cuts.
    pub changed: u64,
    /// One line per model and horizon, over all cuts.
    pub models: Vec<Untouched>,
    /// Decisions compared.
    pub decisions: u64,
    /// Whether every decision is the same in every field.
    pub decisions_same: bool,
    /// Whether every row known by a cut is the same, bit for bit.
    pub rows_same: bool,
    /// Whether every choice of parameters is the same, with all that it was judged by.
    #[serde(default)]
    pub choices_same: bool,
    /// What was changed, of each instrument behind each cut.
    #[serde(default)]
    pub changes: Vec<Changed>,
    /// Whether that is enough to show anything: of every instrument [`LEAST`] events and `LEAST_SHARE` of them.
    #[serde(default)]
    pub enough: bool,
    /// Whether enough was changed and all that could not know of it is the same.
    pub passed: bool,
}

/// One model before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Untouched {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Forecasts compared, issued before the cuts by models fitted before them.
    pub forecasts: u64,
    /// Whether every forecast is the same, bit for bit.
    pub forecasts_same: bool,
    /// Whether the models fitted at the cuts and their calibration are the same.
    pub fit_same: bool,
}

/// Runs a study's models before inner origins and fits them there, as the market was and with another future, and
/// compares. Fits on the true future are taken from `keep` when they are there.
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
    let truth = StudyRows::of(plan, market)?;
    let mut found: Option<LeakTest> = None;
    for stretch in stretches(plan, &truth) {
        let short = stretch.plan(plan);
        #[cfg(test)]
        super::planted::tell(market);
        let early = stretch.fits_before(&short, &truth, keep, progress)?;
        let walked = |market: &MarketEvents, as_it_was: bool| -> Result<Walk, Error> {
            let own = if as_it_was { None } else { Some(StudyRows::of(&short, market)?) };
            let keep = keep.filter(|_| as_it_was);
            stretch.walk(&short, market, own.as_ref().unwrap_or(&truth), &early, (config, keep, progress))
        };
        let one = compare(plan, stretch.cut, market, &walked)?;
        found = Some(match found {
            None => one,
            Some(before) => before.and(one),
        });
    }
    found.map(|f| f.judged(plan)).ok_or_else(|| Error::Plan("the study has no row to cut at".into()))
}

/// What is walked for one cut.
struct Stretch {
    /// The origin whose models run before the cut.
    fitted: Ts,
    /// Where they begin.
    from: Ts,
    /// Where what combines and calibrates them is learnt anew.
    middle: Ts,
    cut: Ts,
}

/// The cuts of a study, each with what runs before it.
fn stretches(plan: &Plan, truth: &StudyRows) -> Vec<Stretch> {
    let (study, row) = (&plan.study, plan.pipeline.rows.row);
    // Where every model is fitted in the study itself, as far as there are two such origins.
    let fitted = |o: &&Origin| plan.models.iter().all(|m| o.index.is_multiple_of(m.every.max(1)));
    let every = origins(study, &truth.history);
    let some: Vec<Ts> = every.iter().filter(fitted).map(|o| o.cut).collect();
    let all: Vec<Ts> = if some.len() > 1 { some } else { every.iter().map(|o| o.cut).collect() };
    let Some(first) = all.first().copied() else { return Vec::new() };
    let inner = &all[1..];
    let cuts: Vec<Ts> = match inner.len() {
        // One origin: half way through what it forecasts.
        0 => vec![first + Span((study.end - first).0 / row.0 / 2 * row.0)],
        n if n <= CUTS => inner.to_vec(),
        n => (1..=CUTS).map(|k| inner[k * n / (CUTS + 1)]).collect(),
    };
    let stretch = |cut: Ts| {
        let wanted = cut - row.times(2 * ROWS);
        let fitted = all.iter().rev().copied().find(|o| *o <= wanted).unwrap_or(first);
        let from = wanted.max(fitted);
        Stretch { fitted, from, middle: from + Span((cut - from).0 / row.0 / 2 * row.0), cut }
    };
    cuts.into_iter().map(stretch).collect()
}

/// Fits of models that stand alone at the origin before a cut, under the numbers of the two origins that use them,
/// and the choices of parameters there.
struct Early {
    fits: Fits,
    choices: Choices,
}

impl Stretch {
    /// The study of this stretch: every model fitted and every choice made at the cut.
    fn plan(&self, plan: &Plan) -> Plan {
        let mut short = plan.clone();
        short.study =
            Study { start: self.from, end: self.end(), rehearsal: Span(0), margins: Vec::new(), ..plan.study.clone() };
        short.pipeline.publish_from = self.from;
        // Policies are chosen at every origin of the stretch that has decisions before it.
        let row = plan.pipeline.rows.row;
        short.pipeline.margin.calibrate.iter_mut().for_each(|c| (c.every, c.least) = (row, row));
        for model in &mut short.models {
            model.every = 1;
            model.choose.iter_mut().for_each(|c| c.every = 1);
        }
        short
    }
    /// What is known at the cut itself is still run.
    fn end(&self) -> Ts {
        self.cut + Span(1)
    }
    fn fits_before(
        &self,
        short: &Plan,
        truth: &StudyRows,
        keep: Option<&Path>,
        progress: OnProgress<'_>,
    ) -> Result<Early, Error> {
        let origin = [Origin { index: 0, cut: self.fitted, until: self.cut }];
        let fitting = Fitting::new(short, truth, keep, progress, &origin);
        let mut fits = Fits::new();
        for ((_, name, horizon), fit) in fitting.first_stage()? {
            // One that has no fit has none at either origin.
            if let Ok(fit) = fit {
                fits.insert((1, name.clone(), horizon), Ok(fit.clone()));
                fits.insert((0, name, horizon), Ok(fit));
            }
        }
        let mut choices = Choices::new();
        for ((name, horizon, _), choice) in fitting.made() {
            choices.insert((name.clone(), horizon, 1), choice.clone());
            choices.insert((name, horizon, 0), choice);
        }
        Ok(Early { fits, choices })
    }
    fn walk(
        &self,
        short: &Plan,
        market: &MarketEvents,
        rows: &StudyRows,
        early: &Early,
        (config, keep, progress): (Digest, Option<&Path>, OnProgress<'_>),
    ) -> Result<Walk, Error> {
        #[cfg(test)]
        super::planted::tell(market);
        let at = |index: usize, cut: Ts, until: Ts| Origin { index, cut, until };
        let origins = [at(0, self.from, self.middle), at(1, self.middle, self.cut), at(2, self.cut, self.end())];
        let mut fitting = Fitting::new(short, rows, keep, progress, &origins);
        fitting.choices = Mutex::new(early.choices.clone());
        let mut fits = fitting.first_stage_at(&origins[2..])?;
        fits.extend(early.fits.iter().filter_map(|(key, fit)| Some((key.clone(), Ok(fit.as_ref().ok()?.clone())))));
        let walk = forward(short, market, &fitting, &fits, config)?;
        Ok(Walk { history: rows.history.clone(), ..walk })
    }
}

/// Compares what `walked` makes of a market as it was (`true`) and of one with another future: forecasts issued
/// and decisions made by the cut, models fitted there, choices, and rows known.
///
/// # Errors
/// The models cannot be fitted or run.
pub fn compare(
    plan: &Plan,
    cut: Ts,
    market: &MarketEvents,
    walked: &dyn Fn(&MarketEvents, bool) -> Result<Walk, Error>,
) -> Result<LeakTest, Error> {
    let (other, changes) = permuted(market, cut, plan.study.seed.named("future"));
    let (was, is) = (walked(market, true)?, walked(&other, false)?);
    let mut models = Vec::new();
    for (i, member) in was.last.members.iter().enumerate() {
        let own = |walk: &Walk| {
            let own = |f: &&super::Issued| *f.model == *member.name && f.forecast.horizon == member.horizon;
            let by_cut = walk.forecasts.iter().filter(own).filter(|f| f.forecast.issued <= cut);
            by_cut.map(|f| (f.symbol, f.forecast.clone())).collect::<Vec<_>>()
        };
        let (own_was, own_is) = (own(&was), own(&is));
        let twin = is.last.members.get(i).filter(|t| t.name == member.name && t.horizon == member.horizon);
        models.push(Untouched {
            model: member.name.clone(),
            horizon: member.horizon,
            forecasts: own_was.len() as u64,
            forecasts_same: own_was == own_is,
            fit_same: twin
                .is_some_and(|t| t.fitted.digest() == member.fitted.digest() && t.calibration == member.calibration),
        });
    }
    let known = |walk: &Walk| {
        let known = |rows: &Vec<Row>| rows.iter().filter(|r| r.ts_known <= cut).copied().collect::<Vec<_>>();
        rows::digest(&walk.history.iter().map(|(s, rows)| (*s, Arc::new(known(rows)))).collect(), &[])
    };
    // As text, which has every number to its last bit, and in which two that are none are alike.
    let text = |d: &dyn std::fmt::Debug| format!("{d:?}");
    let decided = |walk: &Walk| walk.decisions.iter().filter(|d| d.ts <= cut).map(|d| text(d)).collect::<Vec<_>>();
    let (decided_was, decided_is) = (decided(&was), decided(&is));
    let ruled = |walk: &Walk| walk.ruled.iter().filter(|n| n.decision.ts <= cut).map(|d| text(d)).collect::<Vec<_>>();
    // A model that is there on one side only is not the same.
    let whole = was.last.members.len() == is.last.members.len();
    models.iter_mut().for_each(|m| m.fit_same &= whole);
    let found = LeakTest {
        cut,
        changed: changes.iter().map(|c| c.changed).sum(),
        models,
        decisions: decided_was.len() as u64,
        decisions_same: decided_was == decided_is && ruled(&was) == ruled(&is),
        rows_same: known(&was) == known(&is),
        choices_same: was.choices == is.choices,
        changes,
        enough: false,
        passed: false,
    };
    Ok(found.judged(plan))
}

impl LeakTest {
    /// With what another cut found.
    fn and(mut self, other: LeakTest) -> LeakTest {
        for one in other.models {
            match self.models.iter_mut().find(|m| m.model == one.model && m.horizon == one.horizon) {
                Some(m) => {
                    m.forecasts += one.forecasts;
                    m.forecasts_same &= one.forecasts_same;
                    m.fit_same &= one.fit_same;
                }
                None => self.models.push(one),
            }
        }
        self.changes.extend(other.changes);
        LeakTest {
            cut: other.cut,
            changed: self.changed + other.changed,
            decisions: self.decisions + other.decisions,
            decisions_same: self.decisions_same && other.decisions_same,
            rows_same: self.rows_same && other.rows_same,
            choices_same: self.choices_same && other.choices_same,
            ..self
        }
    }
    /// With its verdict.
    fn judged(mut self, plan: &Plan) -> LeakTest {
        let enough = |c: &Changed| c.changed >= LEAST && c.changed as f64 >= LEAST_SHARE * c.after as f64;
        self.enough = plan.pipeline.symbols.iter().all(|s| self.changes.iter().any(|c| c.symbol == *s && enough(c)));
        let same = self.models.iter().all(|m| m.forecasts_same && m.fit_same) && !self.models.is_empty();
        self.passed = self.enough && same && self.rows_same && self.choices_same && self.decisions_same;
        self
    }
}

#[cfg(test)]
mod tests;
