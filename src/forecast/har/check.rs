//! Which settings of the regression go together.

use super::form::{Form, LagReach, Lags, Season, Weights};
use super::model::{Har, Params};
use crate::forecast::training::in_range;
use crate::forecast::{Error, Model as _};

impl Params {
    /// Whether these settings go together.
    pub(super) fn check(&self) -> Result<(), Error> {
        in_range(Har::NAME, "winsor", self.winsor, 0.5, 1.0)?;
        in_range(Har::NAME, "falls", self.falls as f64, 0.0, 22.0)?;
        let none = LagReach::None;
        let plain = self.lags == Lags::Total && self.jump == none && self.quarticity == none && !self.power_law;
        let geometric = self.geometric.unwrap_or([1, 2]);
        let why = if self.geometric.is_some()
            && (self.form != Form::Log || self.lags != Lags::Total || self.season == Season::Diurnal)
        {
            "`geometric` lags are means of the logarithm of the variance itself; use form `log` with `lags = \"total\"` \
             and another season than `diurnal`"
        } else if !(1 <= geometric[0] && geometric[0] < geometric[1] && geometric[1] <= 1000) {
            "the two windows of `geometric` must rise, from 1 to at most 1000"
        } else if self.season == Season::Diurnal && !plain {
            "season `diurnal` needs lags without their time of day, which only `lags = \"total\"` has, without `jump`, \
             `quarticity` and `power_law`; use season `none`, `weekday` or `weekly`"
        } else if self.form == Form::Sqrt && self.quarticity != none {
            "`quarticity` is the error of a variance or of its logarithm, not of its root; use form `level` or `log`"
        } else if self.lags == Lags::Continuous && self.quarticity == LagReach::Lags {
            "with `lags = \"continuous\"` the quarticity is that of the last row; use `quarticity = \"row\"`"
        } else if self.form != Form::Level && self.weights != Weights::Equal {
            "logarithms and roots even the errors out already; use `weights` with form `level`"
        } else if self.form == Form::Log && self.winsor < 1.0 {
            "logarithms leave no large values to cut; use `winsor` with form `level` or `sqrt`"
        } else {
            return Ok(());
        };
        Err(Error::Params { model: Har::NAME, why: why.into() })
    }
}
