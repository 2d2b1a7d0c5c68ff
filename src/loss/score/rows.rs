//! The rows of the scoreboard: what happened, what was forecast, and what one line says.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::loss_function::qlike;
use crate::base::{Horizon, Symbol, Ts};
use crate::loss::test::traffic_light::Light;

/// What happened over one window. Absent numbers are NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutcomeRow {
    /// The instrument.
    pub symbol: Symbol,
    /// Start of the window: when forecasts of it are issued.
    pub ts: Ts,
    /// Realised variance; rows where it is not positive are left out.
    pub rv: f64,
    /// Log return.
    pub ret: f64,
    /// A realised variance above this is a spike.
    pub spike_threshold: f64,
}

/// What one model forecast of one window. Absent numbers are NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct ForecastRow {
    /// Instance name.
    pub model: Arc<str>,
    /// The instrument.
    pub symbol: Symbol,
    /// Issue time: start of the window.
    pub ts: Ts,
    /// Forecast of the realised variance; where it is not positive the row is left out for every
    /// model.
    pub rv: f64,
    /// 1 % quantile of the log return.
    pub q01: f64,
    /// 99 % quantile of the log return.
    pub q99: f64,
    /// Probability of a spike.
    pub p_spike: f64,
}

/// One line of the scoreboard. Absent statistics are those that the rows do not allow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelScore {
    /// How far ahead.
    pub horizon: Horizon,
    /// The instrument; absent on the pooled line, which is written as `ALL`.
    #[serde(with = "pooled")]
    pub symbol: Option<Symbol>,
    /// Instance name.
    pub model: String,
    /// Rows scored.
    pub n: usize,
    /// Instruments in the line.
    pub symbols: usize,
    /// Mean QLIKE of the variance.
    pub qlike: f64,
    /// Over that of the base.
    pub ratio: Option<f64>,
    /// Diebold-Mariano statistic against the base; positive is better than the base.
    pub dm: Option<f64>,
    /// Its two-sided p-value.
    pub dm_p: Option<f64>,
    /// Instruments on which the mean QLIKE is below the base's (pooled line).
    pub wins: Option<usize>,
    /// Mean squared error of the log variance.
    pub mse_log: f64,
    /// Mean squared error of the variance over the squared mean variance of the instrument.
    pub mse: f64,
    /// Share of the log variance's squares explained by the forecast as it is.
    pub r2_log: Option<f64>,
    /// Squared correlation of log variance and log forecast within instruments.
    pub r2_mz: Option<f64>,
    /// Sum of realised over sum of forecast variances.
    pub bias: f64,
    /// Mean pinball loss of the 1 % quantile over the standard deviation of returns.
    pub pinball01: Option<f64>,
    /// Of the 99 % quantile.
    pub pinball99: Option<f64>,
    /// Share of returns below the 1 % quantile.
    pub hits01: Option<f64>,
    /// Share of returns above the 99 % quantile.
    pub hits99: Option<f64>,
    /// Kupiec p-value of the 1 % quantile (one instrument).
    pub kupiec01_p: Option<f64>,
    /// Of the 99 % quantile (one instrument).
    pub kupiec99_p: Option<f64>,
    /// Christoffersen independence p-value of the 1 % quantile (one instrument).
    pub christoffersen_ind_p: Option<f64>,
    /// Conditional coverage p-value of the 1 % quantile (one instrument).
    pub cc_p: Option<f64>,
    /// Basel zone of the 1 % quantile (one instrument).
    pub traffic_light: Option<Light>,
    /// Instruments whose Kupiec p-value of the 1 % quantile is above 5 % (pooled line).
    pub kupiec01_pass: Option<usize>,
    /// Instruments whose conditional coverage p-value is above 5 % (pooled line).
    pub cc_pass: Option<usize>,
    /// Rows with a spike.
    pub spikes: Option<usize>,
    /// Area under the ROC curve for spikes.
    pub auc: Option<f64>,
    /// Share of spikes caught at 5 % false alarms.
    pub recall05: Option<f64>,
    /// Spikes whose previous window was none.
    pub onsets: Option<usize>,
    /// Area under the ROC curve for onsets.
    pub auc_onset: Option<f64>,
    /// Mean squared error of the spike probability.
    pub brier: Option<f64>,
}

/// The pooled line's symbol on disk.
mod pooled {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::base::Symbol;

    const ALL: &str = "ALL";

    pub fn serialize<S: Serializer>(symbol: &Option<Symbol>, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(symbol.as_ref().map_or(ALL, Symbol::as_str))
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Symbol>, D::Error> {
        let text = String::deserialize(d)?;
        if text == ALL { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
    }
}

/// What happened, with whether the window before was a spike.
#[derive(Clone, Copy)]
pub(super) struct Truth {
    pub ts: Ts,
    pub rv: f64,
    pub ret: f64,
    pub threshold: f64,
    pub after_spike: bool,
}

/// One instrument: the windows that every model forecast, and each model's forecasts of them.
pub(super) struct Cell<'a> {
    pub symbol: Symbol,
    pub truth: Vec<Truth>,
    pub models: BTreeMap<&'a str, Vec<&'a ForecastRow>>,
}

impl Cell<'_> {
    pub fn qlikes<'b>(&'b self, model: &str) -> Option<impl Iterator<Item = f64> + 'b> {
        let rows = self.models.get(model)?;
        Some(self.truth.iter().zip(rows).map(|(t, f)| qlike(t.rv, f.rv)))
    }
}
