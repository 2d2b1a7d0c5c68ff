//! What the settings of the regression may be.

use serde::{Deserialize, Serialize};

/// Variances are floored here before the logarithm, fraction squared.
pub(super) const FLOOR: f64 = 1e-12;

/// In which form the regression runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// In levels.
    #[default]
    Level,
    /// In square roots.
    Sqrt,
    /// In logarithms.
    Log,
}

/// Of which measure the lags are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lags {
    /// The realised variance itself (HAR).
    #[default]
    Total,
    /// Bipower variation, which leaves jumps out (CHAR).
    Continuous,
    /// The last row's variance is split by the sign of its returns (SHAR).
    Semivariance,
}

/// Over which of the lags a further regressor is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// None: it is no regressor.
    #[default]
    None,
    /// The last row.
    Row,
    /// The last row, the middle and the long lag.
    Lags,
}

/// Which season the regression knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Season {
    /// None.
    #[default]
    None,
    /// Weekend and Monday.
    Weekday,
    /// Weekend, Monday and the last quarter of the window.
    Weekly,
    /// Time of day.
    Diurnal,
}

/// What the squared errors are weighted with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// One.
    #[default]
    Equal,
    /// `1 / rv`.
    Rv,
    /// `1 / rv_mid`.
    RvMid,
}

/// What becomes of a forecast that no training target supports (the insanity filter).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Insanity {
    /// It is moved to the nearest end of the range of targets; in levels and roots also up to the
    /// 1 % quantile of `y / rv_long` times `rv_long`.
    #[default]
    Range,
    /// Below zero or above the largest target it becomes the mean of the targets (R's HARModel).
    Mean,
    /// It stands, if it is positive.
    None,
}

impl Reach {
    /// How many of the three lags.
    pub(super) fn lags(self) -> usize {
        match self {
            Reach::None => 0,
            Reach::Row => 1,
            Reach::Lags => 3,
        }
    }
}

impl Form {
    /// A variance in this form.
    pub(super) fn of(self, v: f64) -> f64 {
        match self {
            Form::Level => v,
            Form::Sqrt => v.max(0.0).sqrt(),
            Form::Log => v.max(FLOOR).ln(),
        }
    }
}
