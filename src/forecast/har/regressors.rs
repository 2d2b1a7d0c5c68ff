//! The regressors of a row, and what is kept of the rows before it.

use std::collections::VecDeque;

use super::form::Form;
use crate::feature::{Feature, Row};

/// One row of the regression.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Design {
    /// Names of the regressors.
    pub names: Vec<&'static str>,
    /// Regressors, without the constant.
    pub x: Vec<f64>,
    /// How many of them, from the first, are variances.
    pub variances: usize,
    /// What the target per row is divided by: the season's factor in levels and roots, else 1.
    pub unit: f64,
    /// Square root of the weight of the squared error.
    pub weight: f64,
    /// Mean variance over the long lag, the scale of the insanity filter.
    pub long: f64,
}

impl Design {
    /// Adds a regressor.
    pub fn push(&mut self, name: &'static str, value: f64) {
        self.names.push(name);
        self.x.push(value);
    }
    /// Cuts the variances at `room` times `cuts`.
    pub fn cut(&mut self, cuts: &[f64], room: f64) {
        self.x.iter_mut().zip(cuts).for_each(|(x, cut)| *x = x.min(room * cut));
    }
}

/// The diurnal factor of the window of `ahead` rows: that of the next row below 8 rows, the mean of
/// the next 8 below 24 rows, the mean of the next 24 from there on.
pub(in crate::forecast) fn season_ahead(row: &Row, ahead: usize) -> Option<f64> {
    let feature = match ahead {
        0..8 => Feature::SeasonNext,
        8..24 => Feature::SeasonNext8,
        _ => Feature::SeasonNext24,
    };
    row.get(feature).filter(|s| *s > 0.0)
}

/// The last rows, as far as the settings look back; a dropped window is no row and is skipped.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    /// Newest last.
    ln_rv: VecDeque<f64>,
    pub ret: VecDeque<f64>,
}

impl Past {
    /// Takes the next row; keeps what `geometric` lags and so many falls need.
    pub fn push(&mut self, geometric: Option<[usize; 2]>, falls: usize, row: &Row) {
        let long = geometric.map_or(0, |g| g[1]);
        for (kept, value, size) in
            [(&mut self.ln_rv, Form::Log.of(row.raw(Feature::Rv)), long), (&mut self.ret, row.raw(Feature::Ret), falls)]
        {
            kept.push_back(value);
            while kept.len() > size {
                kept.pop_front();
            }
        }
    }
    /// Mean of the last `k` logarithms of variance; `None` where there are fewer, or one is absent.
    pub fn mean_log(&self, k: usize) -> Option<f64> {
        let from = self.ln_rv.len().checked_sub(k)?;
        let mean = self.ln_rv.range(from..).sum::<f64>() / k as f64;
        mean.is_finite().then_some(mean)
    }
}
