//! Which settings of the regression go together.

use super::form::{Form, Lags, Reach, Season, Weights};
use super::model::Params;
use crate::base::Problems;

impl Params {
    /// Says which settings are out of range, or do not go together.
    pub(super) fn problems(&self, problems: &mut Problems) {
        problems.range("winsor", self.winsor, 0.5, 1.0);
        problems.range("falls", self.falls as f64, 0.0, 22.0);
        problems.range("residual_window", self.residual_window as f64, 0.0, 1e6);
        problems.range("min_rows", self.min_rows as f64, 0.0, 1e6);
        let none = Reach::None;
        let plain = self.lags == Lags::Total && self.jump == none && self.quarticity == none && !self.power_law;
        let geometric = self.geometric.unwrap_or([1, 2]);
        let (log, own_lags) = (self.form == Form::Log, self.lags == Lags::Total);
        let rules: [(&str, bool, &str); 7] = [
            (
                "geometric",
                self.geometric.is_none() || (log && own_lags && self.season != Season::Diurnal),
                "such lags are means of the logarithm of the variance itself; use form `log` with \
                 `lags = \"total\"` and another season than `diurnal`",
            ),
            (
                "geometric",
                1 <= geometric[0] && geometric[0] < geometric[1] && geometric[1] <= 1000,
                "the two windows must rise, from 1 to at most 1000",
            ),
            (
                "season",
                self.season != Season::Diurnal || plain,
                "`diurnal` needs lags without their time of day, which only `lags = \"total\"` has, without `jump`, \
                 `quarticity` and `power_law`; use season `none`, `weekday` or `weekly`",
            ),
            (
                "quarticity",
                self.form != Form::Sqrt || self.quarticity == none,
                "it is the error of a variance or of its logarithm, not of its root; use form `level` or `log`",
            ),
            (
                "quarticity",
                self.lags != Lags::Continuous || self.quarticity != Reach::Lags,
                "with `lags = \"continuous\"` it is that of the last row; use `quarticity = \"row\"`",
            ),
            (
                "weights",
                self.form == Form::Level || self.weights == Weights::Equal,
                "logarithms and roots even the errors out already; use `weights` with form `level`",
            ),
            (
                "winsor",
                !log || self.winsor >= 1.0,
                "logarithms leave no large values to cut; use `winsor` with form `level` or `sqrt`",
            ),
        ];
        rules.iter().filter(|(_, fits, _)| !fits).for_each(|(key, _, why)| problems.say(key, why));
    }
}
