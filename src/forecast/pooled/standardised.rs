//! The inputs of a row, standardised by their training rows, with the regimes of a hidden Markov model
//! among them.

use serde::{Deserialize, Serialize};

use super::input::{INPUTS, inputs};
use crate::base::stats;
use crate::feature::Row;
use crate::forecast::hmm::Hmm;
use crate::forecast::{Forecaster, Model as _};

/// Standardised inputs and log variances over the long mean are cut off beyond this.
pub(super) const LIMIT: f64 = 6.0;

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

/// The inputs used, standardised by their training rows; those that were absent or constant
/// throughout are not among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Inputs {
    scalers: Vec<Scaler>,
    pub regimes: Option<Hmm>,
}

/// Reads the rows of one instrument in order.
pub(super) struct Reader(Option<Box<dyn Forecaster>>);

impl Reader {
    pub fn new(regimes: Option<&Hmm>) -> Reader {
        Reader(regimes.map(Hmm::start))
    }
    /// Takes the next row; gives its regimes, NaN where there are none.
    pub fn take(&mut self, row: &Row) -> Regimes {
        let Some(filter) = &mut self.0 else { return [f64::NAN; REGIME.len()] };
        filter.update(row);
        match filter.regime().map(|r| r.probs()) {
            Some([_, p @ ..]) => [p[0], p[1], p[2], filter.dwell().map_or(f64::NAN, |d| f64::from(d.rows).ln())],
            None => [f64::NAN; REGIME.len()],
        }
    }
    /// Raw inputs of the next row in units of `unit`, NaN for absence; none without a unit.
    pub fn read(&mut self, row: &Row, unit: Option<f64>) -> Option<Vec<f64>> {
        let regimes = self.take(row);
        Some(raw(row, unit?, &regimes))
    }
}

/// Regime inputs of a row.
pub(super) type Regimes = [f64; REGIME.len()];

/// Raw inputs of a row in units of `unit`.
pub(super) fn raw(row: &Row, unit: f64, regimes: &Regimes) -> Vec<f64> {
    let mut x = inputs(row, unit);
    x.extend(regimes);
    x
}

impl Inputs {
    /// From raw inputs of many rows, without those named in `drop`.
    pub fn fit(rows: &[Vec<f64>], regimes: Option<Hmm>, drop: &[String]) -> Inputs {
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
    /// With means that have seen something else.
    #[cfg(test)]
    pub fn leaked(mut self, leak: f64) -> Inputs {
        self.scalers.iter_mut().for_each(|s| s.mean += leak);
        self
    }
    pub fn width(&self) -> usize {
        self.scalers.len()
    }
    /// The places of the inputs; a name that is no longer known gives `None` and no forecast.
    pub fn columns(&self) -> Option<Vec<usize>> {
        self.scalers.iter().map(|s| names().position(|name| name == s.name)).collect()
    }
    /// Standardised inputs; what is absent is at its mean.
    pub fn standardise(&self, columns: &[usize], x: &[f64]) -> Vec<f64> {
        let one = |(j, scaler): (&usize, &Scaler)| {
            let z = (x[*j] - scaler.mean) / scaler.sd;
            if z.is_nan() { 0.0 } else { z.clamp(-LIMIT, LIMIT) }
        };
        columns.iter().zip(&self.scalers).map(one).collect()
    }
}
