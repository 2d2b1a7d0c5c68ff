//! What a calibration of margin policies may choose, and how often.

use serde::{Deserialize, Serialize};

use crate::base::{Problems, Span};

/// Settings `[margin.calibrate]`: a backtest chooses blend and pace anew at its origins, on decisions and outcomes known
/// there, each horizon for itself. A service never changes its policy by itself.
///
/// | setting | default | range |
/// |---|---|---|
/// | `every` | `91d` | between choices, at least a row; a choice is made at the next origin of the study |
/// | `least` | `182d` | of decisions before the first choice; until then the configured policy holds |
/// | `rises` | the control's | largest worst rises over 1, 5 and 20 rows, each above 0 |
/// | `apply` | true | whether what is chosen is charged from its origin on; else it is shown and proposed only |
/// | `dearest` | 1.25 | largest average margin over the average baseline, above 0 to 3 |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct CalibrationSettings {
    pub every: Span,
    pub least: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rises: Option<[f64; 3]>,
    pub dearest: f64,
    pub apply: bool,
}

impl Default for CalibrationSettings {
    fn default() -> CalibrationSettings {
        CalibrationSettings {
            every: Span::DAY.times(91),
            least: Span::DAY.times(182),
            rises: None,
            dearest: 1.25,
            apply: true,
        }
    }
}

impl CalibrationSettings {
    /// Says which settings are out of range, for rows of this length.
    pub fn problems(&self, row: Span, p: &mut Problems) {
        p.want("every", self.every >= row, self.every, format_args!("at least a row, {row}"));
        p.want("least", self.least >= row, self.least, format_args!("at least a row, {row}"));
        for rise in self.rises.iter().flatten() {
            p.within("rises", *rise, 1e-9, f64::MAX, "three numbers above 0");
        }
        p.within("dearest", self.dearest, 1e-9, 3.0, "above 0 to 3");
    }
}
