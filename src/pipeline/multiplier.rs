//! Multipliers that are no blend: always the same, or the volatility of one model over that of another.

use serde::{Deserialize, Serialize};

use super::error::Error;
use crate::margin::Chain;

/// What a baseline is multiplied with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum RuleMultiplier {
    /// Always the same.
    Constant {
        /// Above 0.
        constant: f64,
    },
    /// How far the forecast requirement `f = U sd / sd'` lies above the baseline `b`, kept between `min` and
    /// `max`: `U` is the measured loss, `sd` and `sd'` the volatilities of two models.
    Forecast {
        /// The instance whose volatility is the forecast.
        forecast: String,
        /// The instance whose volatility it is compared with: that of the baseline, as a rule.
        over: String,
        /// Least multiplier.
        #[serde(default = "one")]
        min: f64,
        /// Largest multiplier.
        #[serde(default = "two")]
        max: f64,
    },
}

fn one() -> f64 {
    1.0
}
fn two() -> f64 {
    2.0
}

impl RuleMultiplier {
    /// The instances whose volatilities it compares.
    pub fn models(&self) -> Option<[&str; 2]> {
        match self {
            RuleMultiplier::Constant { .. } => None,
            RuleMultiplier::Forecast { forecast, over, .. } => Some([forecast, over]),
        }
    }
    /// Whether its numbers can be.
    ///
    /// # Errors
    /// They cannot.
    pub fn check(&self) -> Result<(), Error> {
        let ok = match self {
            RuleMultiplier::Constant { constant } => constant.is_finite() && *constant > 0.0,
            RuleMultiplier::Forecast { min, max, .. } => *min > 0.0 && min <= max && max.is_finite(),
        };
        let why = "multiplier: `constant` and `min` above 0, `max` at least `min`";
        if ok { Ok(()) } else { Err(Error::Settings(why.into())) }
    }
    /// The multiplier of a baseline that was made of a measured loss, and the forecast requirement; `sd` are
    /// the volatilities of [`RuleMultiplier::models`].
    pub(super) fn chain(&self, baseline: f64, measured: f64, sd: Option<[f64; 2]>) -> (Chain, Option<f64>) {
        let (m0, m, forecast) = match (self, sd) {
            (RuleMultiplier::Constant { constant }, _) => (*constant, *constant, None),
            (RuleMultiplier::Forecast { min, max, .. }, Some([sd, over])) => {
                let f = measured * sd / over;
                (f / baseline, (f / baseline).max(*min).min(*max), Some(f))
            }
            // Where a model is silent nothing is decided.
            (RuleMultiplier::Forecast { min, .. }, None) => (*min, *min, None),
        };
        (Chain { m0, m1: m, m2: m, m3: m, m4: m, reasons: Vec::new() }, forecast)
    }
}
