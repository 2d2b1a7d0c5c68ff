//! What the models shared by all instruments have in common: the pool they learn from, in units of
//! each instrument's own long mean, and the place of one instrument when they run.
//!
//! An instrument that was not in training runs as well, from its first day: until its long mean is
//! there it is measured in the mean of the rows so far, and its returns have the pool's scale.

use serde::{Deserialize, Serialize};

use super::pooled_input::{INPUTS, inputs, unit};
use super::training::{Level, Training, each};
use super::{BySymbol, Error, FitContext, Outcome, Panel};
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

/// The inputs used, standardised by their training rows; those that were absent or constant
/// throughout are not among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Inputs(pub Vec<Scaler>);

impl Inputs {
    /// From raw inputs of many rows, without those named in `drop`.
    fn fit(rows: &[Vec<f64>], drop: &[String]) -> Inputs {
        let one = |j: usize| {
            let name = INPUTS[j].name;
            if drop.iter().any(|d| d == name) {
                return None;
            }
            let seen: Vec<f64> = rows.iter().map(|x| x[j]).filter(|v| !v.is_nan()).collect();
            let (mean, sd) = (stats::mean(&seen), stats::variance(&seen).sqrt());
            let varies = seen.len() > 1 && sd > 1e-9 * (1.0 + mean.abs());
            varies.then(|| Scaler { name: name.to_string(), mean, sd })
        };
        Inputs((0..INPUTS.len()).filter_map(one).collect())
    }
    pub fn width(&self) -> usize {
        self.0.len()
    }
    /// The places of the inputs; a name that is no longer known gives `None` and no forecast.
    fn columns(&self) -> Option<Vec<usize>> {
        self.0.iter().map(|s| INPUTS.iter().position(|i| i.name == s.name)).collect()
    }
    /// Standardised inputs; what is absent is at its mean.
    fn standardise(&self, columns: &[usize], x: &[f64]) -> Vec<f64> {
        let one = |(j, scaler): (&usize, &Scaler)| {
            let z = (x[*j] - scaler.mean) / scaler.sd;
            if z.is_nan() { 0.0 } else { z.clamp(-LIMIT, LIMIT) }
        };
        columns.iter().zip(&self.0).map(one).collect()
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

fn samples(training: &Training<'_>, level: &Level) -> Vec<Sample> {
    let one = |(row, target): (&Row, &Option<Outcome>)| {
        let (unit, target) = (unit(row)?, (*target)?);
        let mean = training.ahead as f64 * unit;
        let (target, ret) = (target.rv / mean, target.ret / level.sd(mean));
        Some(Sample { at: (row.symbol, row.ts), x: inputs(row, unit), target, ret })
    };
    training.rows.iter().zip(&training.targets).filter_map(one).collect()
}

impl Pool {
    /// The rows of a panel that have a long mean and an outcome.
    ///
    /// # Errors
    /// Too few, or an input in `drop` that does not exist.
    pub fn gather(model: &'static str, panel: &Panel, ctx: &FitContext<'_>, drop: &[String]) -> Result<Pool, Error> {
        if let Some(name) = drop.iter().find(|d| INPUTS.iter().all(|i| i.name != **d)) {
            let known: Vec<&str> = INPUTS.iter().map(|i| i.name).collect();
            return Err(Error::Params {
                model,
                why: format!("`drop` names `{name}`; inputs are {}", known.join(", ")),
            });
        }
        let quiet = FitContext { progress: &|_| (), ..*ctx };
        let own = each(model, panel, &quiet, |training| {
            let level = training.level(NEED.0)?;
            let samples = samples(training, &level);
            training.require(samples.len(), NEED.0)?;
            Ok((level, samples))
        })?;
        let (mut levels, mut all) = (BySymbol::new(), Vec::new());
        for (symbol, (level, samples)) in own {
            levels.insert(symbol, level);
            all.extend(samples);
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
        let inputs = Inputs::fit(&x, drop);
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
}

/// One instrument's place while a pooled model runs.
pub(super) struct Place {
    inputs: Inputs,
    columns: Option<Vec<usize>>,
    levels: BySymbol<Level>,
    level: Option<Level>,
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
            early: Early::default(),
            last: None,
        }
    }
    pub fn update(&mut self, row: &Row) {
        let Some(columns) = &self.columns else { return };
        self.level.get_or_insert_with(|| self.levels.get(&row.symbol).copied().unwrap_or(pooled(&self.levels)));
        if let Some(unit) = unit(row).or_else(|| self.early.unit(row)) {
            let z = self.inputs.standardise(columns, &inputs(row, unit));
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
