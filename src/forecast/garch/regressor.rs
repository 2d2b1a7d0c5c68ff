//! Features of the row as regressors of the variance.

use serde::{Deserialize, Serialize};

use crate::feature::{Feature, Row};

/// A feature in units of its mean size in training, kept within its training range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Regressor {
    /// Name of the feature.
    feature: String,
    /// Mean size in training; 0 for one that was never there or always zero.
    size: f64,
    /// Mean in these units.
    mean: f64,
    /// Least and greatest value in these units.
    range: (f64, f64),
}

/// The features of these names.
pub(super) fn features(names: &[String]) -> Result<Vec<Feature>, String> {
    let one = |name: &String| Feature::named(name).ok_or_else(|| format!("`exogenous`: `{name}` is no feature"));
    names.iter().map(one).collect()
}

impl Regressor {
    /// From the rows of the training window.
    pub fn learn<'a>(feature: Feature, rows: impl Iterator<Item = &'a Row> + Clone) -> Regressor {
        let values = || rows.clone().filter_map(|row| row.get(feature)).filter(|v| v.is_finite());
        let count = values().count().max(1) as f64;
        let size = values().map(f64::abs).sum::<f64>() / count;
        let mut own = Regressor { feature: feature.spec().name.into(), size, mean: 0.0, range: (0.0, 0.0) };
        if size > 0.0 && size.is_finite() {
            own.mean = values().map(|v| v / size).sum::<f64>() / count;
            let bounds = |(low, high): (f64, f64), v: f64| (low.min(v / size), high.max(v / size));
            own.range = values().fold((f64::INFINITY, f64::NEG_INFINITY), bounds);
        } else {
            own.size = 0.0;
        }
        own
    }
    /// The value of a row; the mean where it is missing.
    pub fn of(&self, row: &Row) -> f64 {
        let value = Feature::named(&self.feature).and_then(|f| row.get(f)).filter(|v| v.is_finite());
        match value {
            Some(value) if self.size > 0.0 => (value / self.size).clamp(self.range.0, self.range.1),
            _ => self.mean,
        }
    }
    /// The mean in training.
    pub fn mean(&self) -> f64 {
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::training::fixture;

    #[test]
    fn a_regressor_keeps_to_its_training_range_and_mean() {
        let mut rows = fixture::rows(4, |_| (0.0, 0.0));
        for (row, trades) in rows.iter_mut().zip([10.0, 20.0, 30.0, f64::NAN]) {
            row.set(Feature::Trades, trades);
        }
        let x = Regressor::learn(Feature::Trades, rows.iter());
        assert_eq!(rows.iter().map(|r| x.of(r)).collect::<Vec<_>>(), [0.5, 1.0, 1.5, 1.0]);
        rows[0].set(Feature::Trades, 1e9);
        assert_eq!(x.of(&rows[0]), 1.5);
        let never = Regressor::learn(Feature::Kyle, rows.iter());
        assert_eq!(never.of(&rows[0]), 0.0);
    }
}
