//! Parameters chosen inside the training window only: candidates are fitted on its beginning and
//! judged on its end, before anything that the model is later judged on.
//!
//! ```text
//!   start of window ........ learnt until | embargo | judged from ........ cut - embargo | judged out of sample
//!   [------- candidates are fitted -------]         [----- candidates are judged -----]
//! ```
//!
//! Both panels end before the cut, so nothing known later can be reached. An outcome that is not
//! known in full at the end of either is not in it: purging needs no rule of its own. Forecasts of a
//! variance are judged by QLIKE, those whose point is their tails by the pinball loss of the 1 % and
//! 99 % quantiles over the standard deviation of returns; each instrument counts by its rows.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::origins;
use crate::base::{Digest, Horizon, Seed, Span, Ts, stats};
use crate::forecast::{self, Entry, FitContext, Fitted, History, Panel, Track};
use crate::loss::score;
use crate::study::Error;
use crate::study::config::{Choose, ModelPlan, Plan};

/// Fewest judged rows whose mean loss counts.
const ROWS_MIN: usize = 30;

/// One candidate, and how it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its parameters, where they are not the defaults.
    pub params: Value,
    /// Mean loss on the rows judged; absent where it had no fit or too few forecasts.
    pub loss: Option<f64>,
    /// Rows judged.
    pub n: usize,
    /// Digest of its fit.
    pub fit: Option<Digest>,
    /// Why it had no fit.
    pub why: Option<String>,
}

/// What was chosen, and from what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Number of the origin.
    pub origin: usize,
    /// Its time; nothing known after it was used.
    pub cut: Ts,
    /// Candidates learnt from nothing known after this.
    pub learnt_until: Ts,
    /// They were judged on rows that closed after this.
    pub judged_from: Ts,
    /// And on outcomes known by this.
    pub judged_until: Ts,
    /// All that were tried, the parameters as given first.
    pub candidates: Vec<Candidate>,
    /// The parameters chosen: those of the smallest loss, the first of equals; as given where no
    /// candidate could be judged.
    pub params: Value,
}

/// What a choice is made from.
pub struct Search<'a> {
    /// The study.
    pub plan: &'a Plan,
    /// Rows of every instrument.
    pub history: &'a History,
    /// What earlier models forecast out of sample.
    pub track: &'a Track,
    /// Parameters in force for the models that stand before this one.
    pub params: &'a (dyn Fn(&ModelPlan) -> Result<Value, Error> + Sync),
}

impl Search<'_> {
    /// Chooses the parameters of a model as of an origin.
    ///
    /// # Errors
    /// A parameter is unknown or out of range. A candidate without a fit is a value, not an error.
    pub fn choose(
        &self,
        model: &ModelPlan,
        choose: &Choose,
        (origin, cut): (usize, Ts),
        horizon: Horizon,
    ) -> Result<Choice, Error> {
        let (study, step) = (&self.plan.study, self.plan.pipeline.rows.row);
        let whole = origins::panel(study, self.history, step, cut);
        let judged_from = whole.end() - choose.validation;
        let learnt_until = judged_from - step.times(study.embargo as i64);
        let panel = Panel::until(self.history, whole.start(), learnt_until).after_warmup(study.warmup);
        let seed = study.seed.named(&format!("choose|{}|{horizon}|{cut}", model.name));
        let trial = Trial { step, horizon, seed, panel: &panel, whole: &whole, judged_from };
        let entry = Entry::named(&model.kind)?;
        let track = known_by(self.track, learnt_until);
        let members = if entry.combines { self.members(model, &trial, &track)? } else { BTreeMap::new() };
        let candidates = candidates(&model.params, choose, seed.named("candidates"))
            .into_par_iter()
            .map(|params| trial.run(entry, params, &members, &track))
            .collect::<Result<Vec<_>, Error>>()?;
        let judged = candidates.iter().filter_map(|c| Some((c.loss?, &c.params)));
        let best = judged.reduce(|a, b| if b.0 < a.0 { b } else { a });
        let params = best.map_or_else(|| model.params.clone(), |b| b.1.clone());
        Ok(Choice {
            model: model.name.clone(),
            horizon,
            origin,
            cut,
            learnt_until,
            judged_from,
            judged_until: whole.end(),
            candidates,
            params,
        })
    }

    /// The models before this one, fitted on the beginning of the window like the candidates.
    fn members(&self, model: &ModelPlan, trial: &Trial<'_>, track: &Track) -> Result<BTreeMap<String, Fitted>, Error> {
        let mut members = BTreeMap::new();
        for before in self.plan.models.iter().take_while(|m| m.name != model.name) {
            let fitted = trial.fit(Entry::named(&before.kind)?, &(self.params)(before)?, &members, track);
            members.extend(fitted.ok().map(|f| (before.name.clone(), f)));
        }
        Ok(members)
    }
}

/// Forecasts whose outcome was known by then.
fn known_by(track: &Track, until: Ts) -> Track {
    let early = |v: &Vec<forecast::Settled>| v.iter().filter(|s| s.outcome.known <= until).copied().collect();
    Track { settled: track.settled.iter().map(|(k, v)| (k.clone(), early(v))).collect() }
}

/// The parameters as given, then the grid in order of its keys; a sample of it where the budget
/// does not reach.
fn candidates(given: &Value, choose: &Choose, seed: Seed) -> Vec<Value> {
    let sizes: Vec<usize> = choose.grid.values().map(Vec::len).collect();
    let all = sizes.iter().fold(1usize, |n, s| n.saturating_mul(*s));
    let at = |mut place: usize| {
        let mut params = given.clone();
        for (key, values) in &choose.grid {
            if let (Some(object), Some(value)) = (params.as_object_mut(), values.get(place % values.len().max(1))) {
                object.insert(key.clone(), value.clone());
            }
            place /= values.len().max(1);
        }
        params
    };
    let tries = choose.budget.saturating_sub(1);
    let places: BTreeSet<usize> = if choose.grid.is_empty() {
        BTreeSet::new()
    } else if all <= tries {
        (0..all).collect()
    } else {
        let mut rng = seed.rng();
        let mut places = BTreeSet::new();
        while places.len() < tries {
            places.insert(rng.random_range(0..all));
        }
        places
    };
    let grid = places.into_iter().map(at).filter(|p| p != given);
    std::iter::once(given.clone()).chain(grid).collect()
}

/// Where candidates are fitted and judged.
struct Trial<'a> {
    step: Span,
    horizon: Horizon,
    seed: Seed,
    panel: &'a Panel,
    whole: &'a Panel,
    judged_from: Ts,
}

impl Trial<'_> {
    fn fit(
        &self,
        entry: &Entry,
        params: &Value,
        members: &BTreeMap<String, Fitted>,
        track: &Track,
    ) -> Result<Fitted, forecast::Error> {
        let (horizon, step, seed) = (self.horizon, self.step, self.seed);
        let ctx = FitContext { horizon, step, seed, members, track, progress: &|_| {} };
        (entry.fit)(params, self.panel, &ctx)
    }
    fn run(
        &self,
        entry: &Entry,
        params: Value,
        members: &BTreeMap<String, Fitted>,
        track: &Track,
    ) -> Result<Candidate, Error> {
        let fitted = match self.fit(entry, &params, members, track) {
            Ok(fitted) => fitted,
            Err(e @ forecast::Error::Params { .. }) => return Err(e.into()),
            Err(e) => return Ok(Candidate { params, loss: None, n: 0, fit: None, why: Some(e.to_string()) }),
        };
        let losses: Vec<f64> = self.whole.symbols().flat_map(|s| self.losses(s, entry, &fitted)).collect();
        let loss = (losses.len() >= ROWS_MIN).then(|| stats::mean(&losses)).filter(|l| l.is_finite());
        Ok(Candidate { params, loss, n: losses.len(), fit: Some(fitted.digest()), why: None })
    }
    /// Losses on one instrument's rows that closed after `judged_from`.
    fn losses(&self, symbol: crate::base::Symbol, entry: &Entry, fitted: &Fitted) -> Vec<f64> {
        let rows = self.whole.rows(symbol);
        let ahead = ((self.horizon.0.0 / self.step.0).max(1)) as usize;
        let mut forecaster = fitted.start();
        let mut judged = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            forecaster.update(row);
            if row.ts <= self.judged_from {
                continue;
            }
            let outcome = forecast::Outcome::after(rows, i, ahead);
            judged.extend(outcome.and_then(|o| Some((forecaster.forecast()?.dist, o))));
        }
        let sd = stats::mean(&judged.iter().map(|(_, o)| o.ret * o.ret).collect::<Vec<_>>()).sqrt();
        let loss = |(d, o): &(forecast::Dist, forecast::Outcome)| {
            if entry.own_tails {
                (score::pinball(o.ret, d.q[1], 0.01) + score::pinball(o.ret, d.q[7], 0.99)) / sd
            } else {
                score::qlike(o.rv, d.rv)
            }
        };
        judged.iter().map(loss).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn choose(budget: usize) -> Choose {
        let grid = [("a", json!([1, 2, 3])), ("b", json!([true, false]))];
        let grid = grid.map(|(k, v)| (k.to_string(), v.as_array().unwrap().clone())).into();
        Choose { grid, budget, validation: Span::DAY, every: 4 }
    }

    #[test]
    fn the_whole_grid_is_tried_where_the_budget_reaches_and_a_sample_where_not() {
        let given = json!({"a": 2, "b": true, "c": 0});
        let all = candidates(&given, &choose(16), Seed(1));
        assert_eq!(all.len(), 6, "six points, one of them as given");
        assert_eq!(all[0], given);
        assert!(all.iter().all(|p| p["c"] == json!(0)));
        let some = candidates(&given, &choose(4), Seed(1));
        assert!((3..=4).contains(&some.len()) && some[0] == given, "{some:?}");
        assert!(some.iter().all(|p| all.contains(p)));
        assert_eq!(some, candidates(&given, &choose(4), Seed(1)));
    }

    #[test]
    fn a_choice_holds_until_the_next() {
        assert_eq!([0, 3, 4, 9].map(|i| choose(1).origin(i)), [0, 0, 4, 8]);
        assert_eq!(Choose { every: 0, ..choose(1) }.origin(9), 0);
    }
}
