//! How rows are built.

use serde::{Deserialize, Serialize};

use crate::base::Span;

/// Which estimator of a window's variance is the target and the `rv` feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VarianceMeasure {
    /// Sum over bars of the Parkinson range variance.
    #[default]
    Parkinson,
    /// Sum over bars of the Garman-Klass range variance.
    GarmanKlass,
    /// Sum over bars of the squared log return.
    SquaredReturn,
}

/// How rows are built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowConfig {
    /// Length of the bars, from the vendor or made from trades.
    pub bar: Span,
    /// Length of the window of one row; a whole number of bars.
    pub row: Span,
    /// The target's measure of variance.
    #[serde(default)]
    pub measure: VarianceMeasure,
    /// Middle lag, in rows.
    pub mid: usize,
    /// Long lag, in rows; also the mean against which the diurnal ratio is taken.
    pub long: usize,
    /// Very long lag, in rows.
    pub far: usize,
    /// Longest time that the market may be closed between two windows without a gap: the row after a
    /// night, a weekend or a holiday opens where the one before it closed. Zero: it never closes.
    #[serde(default, skip_serializing_if = "never")]
    pub closure: Span,
}

fn never(closure: &Span) -> bool {
    *closure == Span(0)
}

/// Longest lag that a configuration may name, in rows.
const FAR_LIMIT: usize = 100_000;
/// Most bars that a row may have.
const BARS_LIMIT: i64 = 1_000_000;

impl RowConfig {
    /// Whether rows can be built so.
    ///
    /// # Errors
    /// The row is not a whole number of bars, or lags do not rise.
    pub fn check(&self) -> Result<(), Error> {
        let bad = |why: String| Err(Error::Config(why));
        if self.bar.0 <= 0 || self.row.0 < self.bar.0 || self.row.0 % self.bar.0 != 0 {
            return bad(format!("row {} is not a whole number of bars of {}; make it one", self.row, self.bar));
        }
        if self.row.0 / self.bar.0 > BARS_LIMIT {
            return bad(format!("row {} has more than {BARS_LIMIT} bars of {}; lengthen the bar", self.row, self.bar));
        }
        if !(1 <= self.mid && self.mid < self.long && self.long < self.far && self.far <= FAR_LIMIT) {
            let RowConfig { mid, long, far, .. } = self;
            return bad(format!("lags mid {mid}, long {long}, far {far} must rise, from 1 to at most {FAR_LIMIT}"));
        }
        if self.closure.0 < 0 {
            return bad(format!("closure {}: zero or a length of time", self.closure));
        }
        Ok(())
    }
    /// Rows a day, where a day is a whole number of rows.
    pub(super) fn rows_per_day(&self) -> Option<usize> {
        (Span::DAY.0 % self.row.0 == 0).then(|| (Span::DAY.0 / self.row.0) as usize)
    }
}

/// A configuration of rows that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of range.
    #[error("features: {0}")]
    Config(String),
}
