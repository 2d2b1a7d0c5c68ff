//! How rows are built.

use serde::{Deserialize, Serialize};

use crate::base::{Problems, Span};

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
        let mut problems = Problems::default();
        self.problems(&mut problems);
        problems.done().map_err(|problems| Error::Config(problems.to_string()))
    }
    /// Says which settings are out of range.
    pub fn problems(&self, p: &mut Problems) {
        p.want("bar", self.bar > Span(0), self.bar, "above 0s");
        let bar = self.bar.0.max(1);
        let whole = self.row.0 >= bar && self.row.0 % bar == 0 && self.row.0 / bar <= BARS_LIMIT;
        p.want("row", whole, self.row, format_args!("a whole number of bars of {}, at most {BARS_LIMIT}", self.bar));
        p.want("mid", self.mid >= 1, self.mid, "1 or more: lags mid, long, far must rise");
        p.want("long", self.long > self.mid, self.long, "more than `mid`: lags must rise");
        let far = self.far > self.long && self.far <= FAR_LIMIT;
        p.want("far", far, self.far, format_args!("more than `long`, at most {FAR_LIMIT}: lags must rise"));
        p.want("closure", self.closure >= Span(0), self.closure, "0s or more");
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
