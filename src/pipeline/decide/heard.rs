//! What the forecasts of a row say to a decider.

use std::collections::BTreeSet;

use super::measure::Measure;
use crate::base::{Horizon, Prob};
use crate::loss::baseline::BaselineEstimate;
use crate::pipeline::named_forecast::NamedForecast;
use crate::pipeline::settings::Margin;

/// What the forecasts of a row say to a decider.
pub(super) struct Heard<'a> {
    pub serving: Option<&'a NamedForecast>,
    /// Its 99 % loss, fraction of notional.
    pub loss: Option<f64>,
    /// Probability of the stressed regime.
    pub p_stress: Option<f64>,
    /// Volatility of the forecast over that of the baseline, where the multiplier is made of them.
    pub ratio: Option<[f64; 2]>,
    /// The measured loss; absent where it is not wanted, not known, or a model that it needs is silent.
    pub estimate: Option<BaselineEstimate>,
}

impl Heard<'_> {
    /// The emergency lane wants a second voice: the serving forecast's own spike probability.
    pub fn spike(&self) -> Option<f64> {
        self.serving.and_then(|f| f.forecast.spike).map(Prob::get)
    }
}

/// What it takes to hear them.
pub(super) struct Listener<'d> {
    pub margin: &'d Margin,
    pub horizon: Horizon,
    /// Models that people froze.
    pub silenced: &'d BTreeSet<String>,
    pub measure: &'d Measure,
}

impl Listener<'_> {
    /// What an instance says, where it speaks and is not frozen.
    fn of<'a>(&self, forecasts: &'a [NamedForecast], name: &str) -> Option<&'a NamedForecast> {
        let mut heard = forecasts.iter().filter(|f| !self.silenced.contains(&*f.name));
        heard.find(|f| &*f.name == name && f.forecast.horizon == self.horizon)
    }
    /// The forecast that is blended.
    pub fn serving<'a>(&self, forecasts: &'a [NamedForecast]) -> Option<&'a NamedForecast> {
        self.of(forecasts, &self.margin.forecast)
    }
    /// What the forecasts say. An estimate that nothing remembers is not worked out before it is wanted.
    pub fn hear<'a>(&self, forecasts: &'a [NamedForecast], publish: bool) -> Heard<'a> {
        let (margin, side) = (self.margin, self.margin.baseline.side);
        let of = |name: &str| self.of(forecasts, name);
        let serving = self.serving(forecasts);
        let sd = |name: &str| of(name).map(|f| f.forecast.dist.sd);
        let ratio = margin.multiplier.as_ref().and_then(|m| m.models()).map(|pair| pair.map(sd));
        let silent = ratio.is_some_and(|pair| pair.contains(&None));
        // What a forecast costs is held against the baseline, published or not.
        let compared = serving.is_some() && margin.multiplier.is_none();
        let wanted = (publish || margin.remembers() || compared) && !silent;
        let estimate = wanted.then(|| self.measure.estimate(&of)).flatten();
        Heard {
            serving,
            loss: serving.map(|f| side.var(&f.forecast.dist)),
            p_stress: of(&margin.regime).and_then(|f| f.forecast.regime).map(|r| r.stress),
            ratio: ratio.and_then(|[a, b]| Some([a?, b?])),
            estimate,
        }
    }
}
