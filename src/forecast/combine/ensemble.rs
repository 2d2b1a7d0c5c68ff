//! Weighted geometric mean of member forecasts, weights stacked on past losses only.
//!
//! `ln f = a + sum_i w_i ln f_i`, `w >= 0`, `sum w = 1`, per horizon, pooled over instruments or for each
//! on its own; `w` minimises QLIKE over the members' settled out-of-sample forecasts with a pull to
//! equal weights (see `super::stack`). Variances in fraction squared over the horizon. Source: Bates,
//! Granger (1969); Wolpert (1992). The loss is that of the reference scorer.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `members` | empty | instance names | each fitted before; empty means all of those |
//! | `prior` | 200 | settled forecasts | >= 0; how many it takes to trust the past half way |
//! | `half_life` | 0 | days | >= 0; after which a settled forecast counts half; 0 counts all alike |
//! | `own_prior` | 0 | settled forecasts | >= 0; pull of an instrument's own weights to the pooled ones; 0 has no own |
//! | `level` | false | | whether `a` is learnt, so that realised over forecast was one on average |
//!
//! Warm-up: that of its fastest member. Members that are silent, on a young instrument say, leave their
//! weight to those that speak, in proportion, and [`Forecaster::silent_share`] says how much that is.
//! Without any settled forecast the weights are equal.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::combine::ensemble::{Ensemble, Params};
//! use margincast::forecast::smoothing::ewma::{self, Ewma};
//! use margincast::forecast::{FitContext, Fitted, Model, Panel, Track};
//!
//! # let rows: Vec<Row> = (0..400).map(|i| {
//! #     let open = Ts(0) + Span::DAY.times(i);
//! #     let mut row = Row::empty("BTC".parse().unwrap(), open, open + Span::DAY, open + Span::DAY);
//! #     row.set(Feature::Ret, 0.02 * (1.7 * i as f64).sin());
//! #     row.set(Feature::Rv, 4e-4 * (1.0 + 0.5 * (0.1 * i as f64).sin()));
//! #     row
//! # }).collect();
//! # let history = BTreeMap::from([("BTC".parse().unwrap(), Arc::new(rows.clone()))]);
//! let panel = Panel::until(&history, Ts(0), rows[399].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(Span::DAY), step: Span::DAY, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! // A quick and a slow average; without settled forecasts they weigh alike.
//! let of = |lambda| Fitted::of(&Ewma::fit(&ewma::Params { lambda, ..ewma::Params::default() }, &panel, &ctx)?);
//! let members = BTreeMap::from([("quick".to_string(), of(0.8)?), ("slow".to_string(), of(0.98)?)]);
//! let model = Ensemble::fit(&Params::default(), &panel, &FitContext { members: &members, ..ctx })?;
//! let last = |mut filter: Box<dyn margincast::forecast::Forecaster>| {
//!     rows.iter().for_each(|row| filter.update(row));
//!     filter.forecast().unwrap().dist.rv
//! };
//! let mean = (last(members["quick"].start()) * last(members["slow"].start())).sqrt();
//! assert!((last(model.start()) / mean - 1.0).abs() < 1e-12);
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stack::{PastForecasts, level, stacked};
use crate::base::{Horizon, Problems, Span, Symbol, Ts};
use crate::feature::Row;
use crate::forecast::{BySymbol, Dist, Dwell, Error, FitContext, Fitted, Forecast, Forecaster, Model, Panel, Track};

/// Less weight than this among those that speak says nothing of how to share the rest.
const SPEAKING_MIN: f64 = 1e-9;

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Instance names of the members; empty means every model fitted before.
    pub members: Vec<String>,
    /// Strength of the pull to equal weights, in settled forecasts.
    pub prior: f64,
    /// Days after which a settled forecast counts half; 0 counts all alike.
    pub half_life: f64,
    /// Strength of the pull of an instrument's own weights to the pooled ones; 0 has no own weights.
    pub own_prior: f64,
    /// Whether the level of the mean is learnt.
    pub level: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params { members: Vec::new(), prior: 200.0, half_life: 0.0, own_prior: 0.0, level: false }
    }
}

impl Params {
    /// How much a forecast that was settled at `known` counts at `end`.
    fn counts(&self, known: Ts, end: Ts) -> f64 {
        let days = (end - known).0 as f64 / Span::DAY.0 as f64;
        if self.half_life > 0.0 { (-days / self.half_life).exp2() } else { 1.0 }
    }
}

/// The members and their weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ensemble {
    horizon: Horizon,
    members: Vec<Member>,
    /// Weights of instruments that have their own, in the order of the members.
    #[serde(default, skip_serializing_if = "BySymbol::is_empty")]
    own: BySymbol<Vec<f64>>,
    /// Added to the log of the mean.
    #[serde(default, skip_serializing_if = "is_zero")]
    level: f64,
}

fn is_zero(v: &f64) -> bool {
    *v == 0.0
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Member {
    name: String,
    weight: f64,
    #[serde(flatten)]
    model: Fitted,
}

impl Model for Ensemble {
    const NAME: &'static str = "ensemble";
    type Params = Params;

    fn check(params: &Params, before: &[&str], problems: &mut Problems) {
        if params.members.is_empty() && before.is_empty() {
            problems.say("members", "there is no model before; name `members` or put it after them");
        }
        for (i, member) in params.members.iter().enumerate() {
            problems.one_of("members", member, before);
            if params.members[..i].contains(member) {
                problems.say("members", format_args!("`{member}` is named twice"));
            }
        }
        problems.range("prior", params.prior, 0.0, 1e9);
        problems.range("half_life", params.half_life, 0.0, 1e9);
        problems.range("own_prior", params.own_prior, 0.0, 1e9);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Ensemble, Error> {
        Self::sound(params, ctx)?;
        let all = || ctx.members.keys().cloned().collect();
        let names: Vec<String> = if params.members.is_empty() { all() } else { params.members.clone() };
        let past: BySymbol<Vec<PastForecasts>> =
            panel.symbols().map(|symbol| (symbol, aligned(&names, symbol, params, panel.end(), ctx.track))).collect();
        let all: Vec<PastForecasts> = past.values().flatten().cloned().collect();
        let weights = match stacked(&all, None, params.prior) {
            none if none.is_empty() => vec![1.0 / names.len() as f64; names.len()],
            weights => weights,
        };
        #[cfg(test)]
        let weights = match panel.symbols().find_map(|s| crate::base::planted::ahead("ENSEMBLE", s, panel.end())) {
            Some(leak) => weights.into_iter().map(|w| w + leak).collect(),
            None => weights,
        };
        let mut own = BySymbol::new();
        for (symbol, past) in past.into_iter().filter(|(_, past)| params.own_prior > 0.0 && !past.is_empty()) {
            own.insert(symbol, stacked(&past, Some(&weights), params.own_prior));
        }
        let level = if params.level { level(&all, &weights, params.prior) } else { 0.0 };
        let mut members = Vec::new();
        for (name, weight) in names.iter().zip(weights) {
            members.push(Member { name: name.clone(), weight, model: ctx.member(name)?.clone() });
        }
        Ok(Ensemble { horizon: ctx.horizon, members, own, level })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        let members = self.members.iter().map(|m| (m.weight, m.model.start())).collect();
        let (own, level) = (Some(self.own.clone()), self.level);
        Box::new(State { horizon: self.horizon, members, own, level, now: OnceCell::new() })
    }
}

/// Settled forecasts of one instrument that every member made, in order of time.
fn aligned(names: &[String], symbol: Symbol, params: &Params, end: Ts, track: &Track) -> Vec<PastForecasts> {
    let mut by_ts: BTreeMap<Ts, PastForecasts> = BTreeMap::new();
    for (i, name) in names.iter().enumerate() {
        for s in track.of(name, symbol) {
            let (rv, counts) = (s.outcome.rv, params.counts(s.outcome.known, end));
            let row = by_ts.entry(s.ts).or_insert_with(|| PastForecasts { forecasts: Vec::new(), rv, counts });
            if row.forecasts.len() == i {
                row.forecasts.push(s.forecast_rv);
            }
        }
    }
    by_ts.into_values().filter(|s| s.forecasts.len() == names.len()).collect()
}

struct State {
    horizon: Horizon,
    members: Vec<(f64, Box<dyn Forecaster>)>,
    /// Own weights of instruments, until the first row says which it is.
    own: Option<BySymbol<Vec<f64>>>,
    level: f64,
    /// The forecast of the last row and the weight of those that are silent, once somebody asked.
    now: OnceCell<Option<(Forecast, f64)>>,
}

impl State {
    fn mean(&self) -> Option<(Forecast, f64)> {
        let spoken = self.members.iter().filter_map(|(weight, member)| Some((*weight, member.forecast()?)));
        let spoken: Vec<(f64, Forecast)> = spoken.collect();
        if spoken.is_empty() {
            return None;
        }
        let total: f64 = spoken.iter().map(|s| s.0).sum();
        let all = spoken.len() == self.members.len();
        let (mut log_rv, mut log_sd) = (self.level, 0.5 * self.level);
        for (weight, f) in &spoken {
            let share = match total {
                _ if all => *weight,
                total if total > SPEAKING_MIN => weight / total,
                _ => 1.0 / spoken.len() as f64,
            };
            log_rv += share * f.dist.rv.ln();
            log_sd += share * f.dist.sd.ln();
        }
        let dist = Dist::normal(log_rv.exp(), log_sd.exp());
        let issued = spoken.last()?.1.issued;
        let regime = spoken.iter().find_map(|(_, f)| f.regime);
        let silent = if all { 0.0 } else { (1.0 - total).clamp(0.0, 1.0) };
        Some((Forecast { issued, horizon: self.horizon, dist, regime, spike: None }, silent))
    }
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        if let Some(own) = self.own.take().and_then(|mut own| own.remove(&row.symbol)) {
            self.members.iter_mut().zip(own).for_each(|(member, weight)| member.0 = weight);
        }
        self.members.iter_mut().for_each(|m| m.1.update(row));
        self.now = OnceCell::new();
    }
    fn forecast(&self) -> Option<Forecast> {
        self.now.get_or_init(|| self.mean()).as_ref().map(|(forecast, _)| forecast.clone())
    }
    fn dwell(&self) -> Option<Dwell> {
        self.members.iter().find_map(|(_, member)| member.dwell())
    }
    fn silent_share(&self) -> f64 {
        self.now.get_or_init(|| self.mean()).as_ref().map_or(0.0, |(_, silent)| *silent)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Seed;
    use crate::feature::Feature;
    use crate::forecast::garch::Garch;
    use crate::forecast::pooled::net;
    use crate::forecast::pooled::net::Net;
    use crate::forecast::training::fixture;
    use crate::forecast::{History, Outcome, Settled, garch};

    fn rows(n: usize) -> Vec<Row> {
        let mut rows =
            fixture::rows(n, |i| (0.01 * ((i * 7919 % 97) as f64 / 48.0 - 1.0), 1e-4 * (1.0 + (i % 5) as f64)));
        rows.iter_mut().for_each(|row| row.set(Feature::RvLong, 3e-4));
        rows
    }

    /// Two members: one is pooled, the other silent on instruments that it never saw.
    fn fitted(params: &Params, track: &Track) -> Ensemble {
        let rows = rows(600);
        let quick = net::Params { nets: 0, regimes: 0, ..net::Params::default() };
        let quick = Fitted::of(&fixture::fit::<Net>(&quick, &rows, 1).unwrap()).unwrap();
        let slow = Fitted::of(&fixture::fit::<Garch>(&garch::Params::default(), &rows, 1).unwrap()).unwrap();
        let members = [("quick".to_string(), quick), ("slow".to_string(), slow)].into();
        let history = History::from([(rows[0].symbol, Arc::new(rows.clone()))]);
        let panel = Panel::until(&history, Ts(i64::MIN), rows[599].ts_known);
        let (horizon, step) = (Horizon(Span::DAY), Span::DAY);
        let ctx = FitContext { horizon, step, seed: Seed(1), members: &members, track, progress: &|_| () };
        Ensemble::fit(params, &panel, &ctx).unwrap()
    }

    /// The first member right, the second twice too high, on the last 100 days.
    fn track() -> Track {
        let rows = rows(600);
        let settled = |factor: f64| {
            let one = |i: usize| {
                let outcome = Outcome::after(&rows, i, 1)?;
                let forecast_rv = factor * outcome.rv;
                Some(Settled { ts: rows[i].ts, forecast_rv, q01_q99: (-0.1, 0.1), outcome })
            };
            (499..599).filter_map(one).collect()
        };
        let by = [("quick", 1.0), ("slow", 2.0)].map(|(name, f)| ((name.to_string(), rows[0].symbol), settled(f)));
        Track { settled: by.into() }
    }

    #[test]
    fn where_a_member_is_silent_the_others_speak_for_it_and_say_so() {
        let model = fitted(&Params::default(), &Track::default());
        let stranger = |row: &Row| {
            let mut row = *row;
            row.symbol = "YOUNG".parse().unwrap();
            row
        };
        let (mut both, mut alone) = (model.start(), model.start());
        let mut quick = model.members[0].model.start();
        for row in &rows(200) {
            both.update(row);
            alone.update(&stranger(row));
            quick.update(&stranger(row));
        }
        assert_eq!((both.silent_share(), alone.silent_share()), (0.0, 0.5));
        let (alone, quick) = (alone.forecast().unwrap().dist, quick.forecast().unwrap().dist);
        assert!((alone.rv / quick.rv - 1.0).abs() < 1e-12 && (alone.sd / quick.sd - 1.0).abs() < 1e-12);
        assert!(both.forecast().unwrap().dist.rv != alone.rv);
    }

    #[test]
    fn stacked_weights_are_a_share_of_each_member_and_own_ones_lie_between() {
        let plain = fitted(&Params { prior: 20.0, ..Params::default() }, &track());
        assert!(
            plain.own.is_empty() && plain.level == 0.0 && plain.members[0].weight > 0.6,
            "{:?}",
            plain.members[0].weight
        );
        // Without a pull of its own an instrument that is the whole pool would go further the same way.
        let own = fitted(
            &Params { prior: 200.0, own_prior: 20.0, level: true, half_life: 50.0, ..Params::default() },
            &track(),
        );
        let weights = &own.own[&rows(1)[0].symbol];
        assert!(weights[0] > own.members[0].weight && (weights.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{weights:?}");
        assert!(own.level < 0.0, "forecasts above what came are brought down");
        let mut filter = own.start();
        rows(50).iter().for_each(|row| filter.update(row));
        assert!(filter.forecast().unwrap().dist.is_sound());
        // What was stored before there were own weights still reads.
        let stored = serde_json::to_value(&plain).unwrap();
        assert!(stored.get("own").is_none() && stored.get("level").is_none());
        assert_eq!(serde_json::from_value::<Ensemble>(stored).unwrap(), plain);
    }

    #[test]
    fn a_member_that_cannot_be_read_fails_when_its_owner_loads() {
        let stored = serde_json::to_value(fitted(&Params::default(), &Track::default())).unwrap();
        assert!(Fitted::load::<Ensemble>(stored.clone()).is_ok());
        for (key, value, word) in [("kind", "ghost".into(), "ghost"), ("body", serde_json::json!({}), "missing field")]
        {
            let mut broken = stored.clone();
            broken["members"][0][key] = value;
            let why = Fitted::load::<Ensemble>(broken).map(|_| ()).expect_err("refused").to_string();
            assert!(why.contains("ensemble") && why.contains(word), "{why}");
        }
    }

    #[test]
    fn nonsense_settings_are_refused_by_name() {
        let none = BTreeMap::new();
        let history = History::from([(rows(1)[0].symbol, Arc::new(rows(60)))]);
        let panel = Panel::until(&history, Ts(i64::MIN), rows(60)[59].ts_known);
        let (horizon, step) = (Horizon(Span::DAY), Span::DAY);
        let track = Track::default();
        let ctx = FitContext { horizon, step, seed: Seed(1), members: &none, track: &track, progress: &|_| () };
        let members = vec!["a".to_string()];
        for (params, word) in [
            (Params::default(), "members"),
            (Params { members: members.clone(), prior: f64::NAN, ..Params::default() }, "prior"),
            (Params { members: members.clone(), half_life: -1.0, ..Params::default() }, "half_life"),
            (Params { members, own_prior: f64::INFINITY, ..Params::default() }, "own_prior"),
        ] {
            let error = Ensemble::fit(&params, &panel, &ctx).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
