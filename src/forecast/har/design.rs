//! The regressors of a row.

use super::{Form, Params, Season};
use crate::feature::{Feature, Row};

/// Variances are floored here before the logarithm, fraction squared.
const FLOOR: f64 = 1e-12;

/// One row of the regression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Design {
    /// Regressors, without the constant.
    pub x: Vec<f64>,
    /// What the target per row is divided by: the season's factor in level form, else 1.
    pub unit: f64,
    /// Square root of the weight of the squared error.
    pub weight: f64,
    /// Mean variance over the long lag, the scale of the insanity filter.
    pub long: f64,
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

/// The regressors of a row, `None` where one is absent.
pub(super) fn design(params: &Params, ahead: usize, row: &Row) -> Option<Design> {
    let log = params.form == Form::Log;
    let value = |v: f64| if log { v.max(FLOOR).ln() } else { v };
    let diurnal = params.season == Season::Diurnal;
    let lags = if diurnal {
        [Feature::Deseason1, Feature::DeseasonMid, Feature::DeseasonLong]
    } else {
        [Feature::Rv, Feature::RvMid, Feature::RvLong]
    };
    let mut lag = [0.0; 3];
    for (v, feature) in lag.iter_mut().zip(lags) {
        *v = row.get(feature)?;
    }
    let mut x: Vec<f64> = lag.iter().map(|v| value(*v)).collect();
    let mut unit = 1.0;
    match params.season {
        Season::None => (),
        Season::Weekly => {
            let weekday = row.get(Feature::NextWeekday)?;
            x.push(value(row.get(Feature::Tail4)?));
            x.push(f64::from(weekday >= 5.0));
            x.push(f64::from(weekday == 0.0));
        }
        Season::Diurnal if log => x.push(season_ahead(row, ahead)?.ln()),
        Season::Diurnal => unit = season_ahead(row, ahead)?,
    }
    let long = row.get(Feature::RvLong)?;
    if params.leverage {
        let ret = row.get(Feature::Ret)? / long.max(FLOOR).sqrt();
        x.extend([ret, ret.min(0.0)]);
    }
    if params.quarticity {
        let (rv, root) = (row.get(Feature::Rv)?, row.get(Feature::Rq)?.max(0.0).sqrt());
        x.push(if log { value(root) - value(rv) } else { root * rv });
    }
    let weight = if params.form == Form::Wls { 1.0 / lag[1].max(FLOOR).sqrt() } else { 1.0 };
    Some(Design { x, unit, weight, long })
}
