//! What the models shared by all instruments have in common: the pool they learn from, in units of
//! each instrument's own long mean, and the place of one instrument when they run.
//!
//! An instrument that was not in training runs as well, from its first day: until its long mean is
//! there it is measured in the mean of the rows so far, and its returns have the pool's scale.

use serde::{Deserialize, Serialize};

use super::hmm::{self, Hmm};
use super::pooled_input::{INPUTS, inputs, unit};
use super::training::{Level, Training, each};
use super::{BySymbol, Error, FitContext, Forecaster, Model, Outcome, Panel};
use crate::base::{Span, Symbol, Ts, stats};
use crate::feature::{Feature, Row};

/// Least number of rows per instrument and in all.
pub(super) const NEED: (usize, usize) = (60, 200);
/// Standardised inputs and log variances over the long mean are cut off beyond this.
pub(super) const LIMIT: f64 = 6.0;
/// Targets are cut off below this and above this quantile.
const TARGET: (f64, f64) = (1e-3, 0.9995);

/// How one input is standardised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Scaler {
    pub name: String,
    mean: f64,
    sd: f64,
}

/// What a hidden Markov model of the same panel adds to the inputs of a row: filtered probabilities
/// of the next period's regimes, and for how many rows the present one has lasted.
const REGIME: [&str; 4] = ["regime_normal", "regime_elevated", "regime_stress", "regime_rows"];

/// Names of all inputs, in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    INPUTS.iter().map(|i| i.name).chain(REGIME)
}

/// Which inputs a model takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// States of the hidden Markov model; 0 for none.
    pub regimes: usize,
    /// Whether rows of windows between the grid's are learnt from as well.
    pub shifted: bool,
    /// Names of inputs to leave out.
    pub drop: &'a [String],
}

/// The inputs used, standardised by their training rows; those that were absent or constant
/// throughout are not among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Inputs {
    scalers: Vec<Scaler>,
    regimes: Option<Hmm>,
}

/// Sees the rows of one instrument in order, and what they say.
struct Eye(Option<Box<dyn Forecaster>>);

impl Eye {
    fn new(regimes: Option<&Hmm>) -> Eye {
        Eye(regimes.map(Hmm::start))
    }
    /// Raw inputs of the next row in units of `unit`, NaN for absence; none without a unit.
    fn see(&mut self, row: &Row, unit: Option<f64>) -> Option<Vec<f64>> {
        let mut regime = [f64::NAN; REGIME.len()];
        if let Some(filter) = &mut self.0 {
            filter.update(row);
            if let Some([_, p @ ..]) = filter.regime().map(|r| r.probs()) {
                let rows = filter.dwell().map_or(f64::NAN, |d| f64::from(d.rows).ln());
                regime = [p[0], p[1], p[2], rows];
            }
        }
        let mut x = inputs(row, unit?);
        x.extend(regime);
        Some(x)
    }
}

impl Inputs {
    /// From raw inputs of many rows, without those named in `drop`.
    fn fit(rows: &[Vec<f64>], regimes: Option<Hmm>, drop: &[String]) -> Inputs {
        let one = |(j, name): (usize, &'static str)| {
            if drop.iter().any(|d| d == name) {
                return None;
            }
            let seen: Vec<f64> = rows.iter().map(|x| x[j]).filter(|v| !v.is_nan()).collect();
            let (mean, sd) = (stats::mean(&seen), stats::variance(&seen).sqrt());
            let varies = seen.len() > 1 && sd > 1e-9 * (1.0 + mean.abs());
            varies.then(|| Scaler { name: name.to_string(), mean, sd })
        };
        Inputs { scalers: names().enumerate().filter_map(one).collect(), regimes }
    }
    pub fn width(&self) -> usize {
        self.scalers.len()
    }
    /// The places of the inputs; a name that is no longer known gives `None` and no forecast.
    fn columns(&self) -> Option<Vec<usize>> {
        self.scalers.iter().map(|s| names().position(|name| name == s.name)).collect()
    }
    /// Standardised inputs; what is absent is at its mean.
    fn standardise(&self, columns: &[usize], x: &[f64]) -> Vec<f64> {
        let one = |(j, scaler): (&usize, &Scaler)| {
            let z = (x[*j] - scaler.mean) / scaler.sd;
            if z.is_nan() { 0.0 } else { z.clamp(-LIMIT, LIMIT) }
        };
        columns.iter().zip(&self.scalers).map(one).collect()
    }
}

/// Rows to learn from, all instruments together, in order of time and, within an instant, of name.
pub(super) struct Pool {
    pub levels: BySymbol<Level>,
    pub inputs: Inputs,
    /// Standardised inputs, row by row.
    pub z: Vec<f64>,
    /// Outcome over the horizon in units of the long mean, without its extremes.
    pub target: Vec<f64>,
    /// Return over the horizon over the standard deviation that belongs to the long mean.
    pub ret: Vec<f64>,
    /// Which row each is.
    pub at: Vec<(Symbol, Ts)>,
}

struct Sample {
    at: (Symbol, Ts),
    x: Vec<f64>,
    target: f64,
    ret: f64,
}

fn samples(training: &Training<'_>, level: &Level, regimes: Option<&Hmm>) -> Vec<Sample> {
    let mut eye = Eye::new(regimes);
    let one = |(row, target): (&Row, &Option<Outcome>)| {
        let unit = unit(row);
        let (x, target) = (eye.see(row, unit)?, (*target)?);
        let mean = training.ahead as f64 * unit?;
        let (target, ret) = (target.rv / mean, target.ret / level.sd(mean));
        Some(Sample { at: (row.symbol, row.ts), x, target, ret })
    };
    training.rows.iter().zip(&training.targets).filter_map(one).collect()
}

/// The hidden Markov model whose regimes are inputs; none where rows are too few for one.
fn regimes(states: usize, panel: &Panel, ctx: &FitContext<'_>) -> Result<Option<Hmm>, Error> {
    if states == 0 {
        return Ok(None);
    }
    // As inputs, regimes need no last digit: one start, and steps that gain less than this are not made.
    let params = hmm::Params { states, starts: 1, iterations: 60, tolerance: 0.05, ..hmm::Params::default() };
    match Hmm::fit(&params, panel, ctx) {
        Ok(fitted) => Ok(Some(fitted)),
        Err(Error::TooLittle { .. } | Error::NoFit { .. }) => Ok(None),
        Err(why) => Err(why),
    }
}

impl Pool {
    /// The rows of a panel that have a long mean and an outcome.
    ///
    /// # Errors
    /// Too few, or an input in `drop` that does not exist.
    pub fn gather(model: &'static str, panel: &Panel, ctx: &FitContext<'_>, wanted: Wanted<'_>) -> Result<Pool, Error> {
        if let Some(name) = wanted.drop.iter().find(|d| names().all(|name| name != **d)) {
            let known: Vec<&str> = names().collect();
            return Err(Error::Params {
                model,
                why: format!("`drop` names `{name}`; inputs are {}", known.join(", ")),
            });
        }
        let quiet = FitContext { progress: &|_| (), ..*ctx };
        let regimes = regimes(wanted.regimes, panel, &quiet)?;
        let own = each(model, panel, &quiet, |training| {
            let level = training.level(NEED.0)?;
            let samples = samples(training, &level, regimes.as_ref());
            training.require(samples.len(), NEED.0)?;
            Ok((level, samples))
        })?;
        let (mut levels, mut all) = (BySymbol::new(), Vec::new());
        for (symbol, (level, samples)) in own {
            levels.insert(symbol, level);
            all.extend(samples);
        }
        for shifted in panel.shifted().iter().filter(|_| wanted.shifted) {
            // Where the shifted windows are too few they add nothing.
            let more = each(model, shifted, &quiet, |training| {
                let level = levels.get(&training.symbol()).ok_or_else(|| training.no_fit("no level"))?;
                Ok(samples(training, level, regimes.as_ref()))
            });
            all.extend(more.into_iter().flatten().flat_map(|(_, samples)| samples));
        }
        if all.len() < NEED.1 {
            let symbol = "the whole panel".to_string();
            return Err(Error::TooLittle { model, symbol, have: all.len(), need: NEED.1, end: panel.end() });
        }
        // Instruments stay in order of name within an instant, as they came.
        all.sort_by_key(|sample| sample.at.1);
        let targets: Vec<f64> = all.iter().map(|s| s.target).collect();
        let cap = stats::quantile(&stats::sorted(&targets), TARGET.1).max(TARGET.0);
        let ret = all.iter().map(|s| s.ret).collect();
        let at = all.iter().map(|s| s.at).collect();
        let x: Vec<Vec<f64>> = all.into_iter().map(|s| s.x).collect();
        let inputs = Inputs::fit(&x, regimes, wanted.drop);
        let columns = inputs.columns().unwrap_or_default();
        let z = x.iter().flat_map(|x| inputs.standardise(&columns, x)).collect();
        let target = targets.iter().map(|t| t.clamp(TARGET.0, cap)).collect();
        Ok(Pool { levels, inputs, z, target, ret, at })
    }
    pub fn rows(&self) -> usize {
        self.target.len()
    }
    pub fn width(&self) -> usize {
        self.inputs.width()
    }
    /// Standardised inputs of a row.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.z[i * self.width()..(i + 1) * self.width()]
    }
}

/// One instrument's place while a pooled model runs.
pub(super) struct Place {
    inputs: Inputs,
    columns: Option<Vec<usize>>,
    levels: BySymbol<Level>,
    level: Option<Level>,
    eye: Eye,
    early: Early,
    last: Option<Seen>,
}

/// The rows before the long mean is there.
#[derive(Default)]
struct Early {
    first: Option<Ts>,
    sum: f64,
    rows: f64,
}

/// What the last row said.
pub(super) struct Seen {
    pub issued: Ts,
    /// Mean variance per row.
    pub unit: f64,
    /// Standardised inputs.
    pub z: Vec<f64>,
}

impl Place {
    pub fn new(inputs: &Inputs, levels: &BySymbol<Level>) -> Place {
        Place {
            inputs: inputs.clone(),
            columns: inputs.columns(),
            levels: levels.clone(),
            level: None,
            eye: Eye::new(inputs.regimes.as_ref()),
            early: Early::default(),
            last: None,
        }
    }
    pub fn update(&mut self, row: &Row) {
        let Some(columns) = &self.columns else { return };
        self.level.get_or_insert_with(|| self.levels.get(&row.symbol).copied().unwrap_or(pooled(&self.levels)));
        let unit = unit(row).or_else(|| self.early.unit(row));
        if let (Some(x), Some(unit)) = (self.eye.see(row, unit), unit) {
            let z = self.inputs.standardise(columns, &x);
            self.last = Some(Seen { issued: row.ts, unit, z });
        } else if let Some(last) = &mut self.last {
            // A row without its long mean tells nothing new; what was forecast last still stands.
            last.issued = row.ts;
        }
    }
    /// The last row that told something, and the levels of its instrument.
    pub fn seen(&self) -> Option<(&Level, &Seen)> {
        Some((self.level.as_ref()?, self.last.as_ref()?))
    }
}

impl Early {
    /// The mean variance of the rows so far, from the first day on.
    fn unit(&mut self, row: &Row) -> Option<f64> {
        let rv = row.get(Feature::Rv).filter(|rv| *rv > 0.0)?;
        let first = *self.first.get_or_insert(row.ts_open);
        self.sum += rv;
        self.rows += 1.0;
        (row.ts - first >= Span::DAY).then_some(self.sum / self.rows)
    }
}

/// Levels of an instrument that was not in training: returns as those of the middle instrument, and
/// no bounds of its own.
fn pooled(levels: &BySymbol<Level>) -> Level {
    let all: Vec<f64> = levels.values().map(|l| l.ret2_per_rv).collect();
    let ret2_per_rv = stats::quantile(&stats::sorted(&all), 0.5);
    Level { ret2_per_rv, rv_mean: f64::NAN, rv_min: f64::MIN_POSITIVE, rv_max: f64::MAX }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::base::{Horizon, Seed};
    use crate::forecast::Track;
    use crate::forecast::training::fixture;

    /// In the middle of a calm stretch.
    const CUT: usize = 430;

    /// Raw inputs, as bits, of the rows before the cut: regimes are learnt from the first `learnt` rows
    /// and those of a row are read `later` rows after it. The rows after the cut are `wild` times as wild.
    fn seen_before_the_cut(wild: f64, learnt: usize, later: usize) -> Vec<Vec<u64>> {
        let rows = fixture::rows(600, |i| {
            let calm = if i % 60 < 40 { 1.0 } else { 9.0 };
            let rv = 1e-4 * calm * (1.0 + (i * 7919 % 31) as f64 / 31.0) * if i < CUT { 1.0 } else { wild };
            (rv.sqrt() * if i % 2 == 0 { 1.0 } else { -1.0 }, rv)
        });
        let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.clone()))]);
        let panel = Panel::until(&history, Ts(i64::MIN), rows[learnt - 1].ts_known);
        let ctx = FitContext {
            horizon: Horizon(Span::DAY),
            step: Span::DAY,
            seed: Seed(1),
            members: &BTreeMap::new(),
            track: &Track::default(),
            progress: &|_| (),
        };
        let regimes = regimes(2, &panel, &ctx).unwrap().expect("rows enough for two states");
        let mut eye = Eye::new(Some(&regimes));
        let all: Vec<Vec<f64>> = rows.iter().filter_map(|row| eye.see(row, Some(1e-4))).collect();
        let own = INPUTS.len();
        let one = |i: usize| all[i][..own].iter().chain(&all[i + later][own..]).map(|v| v.to_bits()).collect();
        (0..CUT).map(one).collect()
    }

    #[test]
    fn regimes_as_inputs_are_blind_to_later_rows_and_planted_leaks_are_caught() {
        let leaks = |learnt, later| seen_before_the_cut(1.0, learnt, later) != seen_before_the_cut(30.0, learnt, later);
        assert!(!leaks(CUT, 0));
        // Planted: regimes learnt from rows after the cut; regimes smoothed by the row that follows.
        assert!(leaks(CUT + 100, 0));
        assert!(leaks(CUT, 1));
    }
}
