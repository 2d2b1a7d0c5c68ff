//! What is estimated: a mean, a variance process, a distribution of residuals, and what stands before.

use serde::{Deserialize, Serialize};

use super::innovation::{Density, Innovation};
use super::numeric::number::Number;
use super::process::{Before, Family, Process, Recursion, Start, family};
use super::running::RunningProcess;

/// Most coefficients.
pub(super) const MOST: usize = 16;

/// The mean return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mean {
    /// Estimated.
    #[default]
    Constant,
    /// Zero.
    Zero,
    /// A constant and this many past returns: `mu + sum ar_i r_(t-i)`.
    Ar(usize),
}

impl Mean {
    /// Past returns in it.
    pub fn lags(self) -> usize {
        if let Mean::Ar(lags) = self { lags } else { 0 }
    }
    pub(super) fn count(self) -> usize {
        if self == Mean::Zero { 0 } else { 1 + self.lags() }
    }
}

/// Which process is estimated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The mean return.
    pub mean: Mean,
    /// The variance.
    pub process: Process,
    /// The distribution of the standardised residual.
    pub innovation: Innovation,
    /// What stands before the sample.
    pub start: Start,
}

impl Spec {
    /// The coefficients that are estimated, in order.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        if self.mean != Mean::Zero {
            names.push("mu".to_string());
        }
        names.extend((1..=self.mean.lags()).map(|i| format!("ar[{i}]")));
        names.extend(family!(&self.process, f => f.names()));
        names.extend(self.innovation.names().iter().map(|n| n.to_string()));
        names
    }

    pub(super) fn count(&self) -> usize {
        self.mean.count() + family!(&self.process, f => f.names().len()) + self.innovation.names().len()
    }

    /// Coefficients of the mean, of the process, of the shape.
    pub(super) fn split<'c, T>(&self, c: &'c [T]) -> (&'c [T], &'c [T], &'c [T]) {
        let (mean, rest) = c.split_at(self.mean.count());
        let (process, shape) = rest.split_at(self.count() - mean.len() - self.innovation.names().len());
        (mean, process, &shape[..self.innovation.names().len()])
    }

    /// Error unless there is room for the coefficients.
    pub(super) fn fits(&self) -> Result<(), String> {
        let count = self.count();
        if count <= MOST { Ok(()) } else { Err(format!("{count} coefficients, at most {MOST} are estimated")) }
    }

    pub(super) fn begin(&self, coefficients: &[f64], before: f64) -> RunningProcess {
        let (mean, process, shape) = self.split(coefficients);
        let density = Density::new(self.innovation, shape);
        let before = Before { start: self.start, value: before };
        let recursion: Box<dyn Recursion<f64> + Send> =
            family!(&self.process, f => Box::new(f.begin(process, before, &density)));
        RunningProcess::new(mean.to_vec(), self.mean.lags(), recursion, &density)
    }

    /// Coefficients for returns of another unit.
    pub(super) fn in_units<T: Number>(&self, c: &[T], unit: f64) -> Vec<T> {
        let (mean, process, shape) = self.split(c);
        let mut out: Vec<T> = mean.iter().enumerate().map(|(i, m)| if i == 0 { *m * unit } else { *m }).collect();
        out.extend(family!(&self.process, f => f.in_units(process, unit)));
        out.extend_from_slice(shape);
        out
    }
}
